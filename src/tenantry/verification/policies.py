"""Methods of verifying a caller, how much each proves, and what stands in the way of one. Pure."""

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tenantry.directory.phones import Number, masked_number
from tenantry.safeguards.policies import STRENGTH_WORDS, Strength

LINK_LIFETIME: Final = dt.timedelta(minutes=10)
VOUCH_LIFETIME: Final = dt.timedelta(minutes=30)
"""A manager has to be found, and to speak with the caller, before they sign in."""
PASS_LIFETIME: Final = dt.timedelta(minutes=15)
"""As long as a conversation: who calls again is verified again."""
TRIES: Final = 5
CODE_DIGITS: Final = 6
DENIED_LATE: Final = "denied_at"
"""In the proof of a pass that was used before its owner said that they did not call."""
NUMBER_DIGITS: Final = 2


class Method(StrEnum):
    """How a caller is verified."""

    OWN_SIGN_IN = "own_sign_in"
    DUO_PUSH = "duo_push"
    MANAGER = "manager"
    TEXT_CODE = "text_code"
    MAIL_CODE = "mail_code"


CODES: Final = frozenset({Method.TEXT_CODE, Method.MAIL_CODE})
"""Methods in which the caller reads a code to the technician."""


LINKS: Final = frozenset({Method.OWN_SIGN_IN, Method.MANAGER})
"""Methods in which somebody opens a link and signs in."""


def lifetime_of_link(method: str) -> dt.timedelta:
    """How long the link of an attempt lives."""
    return VOUCH_LIFETIME if method == Method.MANAGER else LINK_LIFETIME


class Wrong(StrEnum):
    """Why an answer did not count. Each is told and recorded by its own name."""

    CODE = "wrong_code"
    CODE_GONE = "code_gone"
    CODE_TRIES = "code_tries"
    NO_ANSWER = "provider_silent"
    TENANT = "wrong_tenant"
    ACCOUNT = "wrong_account"
    NOT_MANAGER = "not_the_manager"
    NUMBER = "wrong_number"
    HELP_DESK = "voucher_of_help_desk"
    OLD_SIGN_IN = "old_sign_in"
    NO_TIME = "no_sign_in_time"
    REFUSED = "sign_in_refused"


WRONG_WORDS: Final[Mapping[Wrong, str]] = MappingProxyType(
    {
        Wrong.CODE: "The code was wrong.",
        Wrong.CODE_GONE: "The provider knows this code no longer: it was used, cancelled, or is too old. Begin again.",
        Wrong.CODE_TRIES: "The provider takes no more tries for this code. Begin again.",
        Wrong.NO_ANSWER: "The provider did not tell whether the code was right. It may be gone now.",
        Wrong.TENANT: "Somebody signed in to another tenant than the customer's.",
        Wrong.ACCOUNT: "Somebody signed in with another account than this user's.",
        Wrong.NOT_MANAGER: "Somebody signed in with another account than the manager's.",
        Wrong.NUMBER: "The number that the caller told their manager was another one.",
        Wrong.HELP_DESK: "The manager works in this help desk, so their word proves nothing to it.",
        Wrong.OLD_SIGN_IN: "Microsoft did not ask for credentials again: the sign-in is older than the question.",
        Wrong.NO_TIME: (
            "Microsoft did not say when the credentials were given. "
            "The app registration has to ask for the optional claim auth_time in id tokens."
        ),
        Wrong.REFUSED: "The sign-in at Microsoft was broken off or refused.",
    }
)


class Stopped(StrEnum):
    """Why a technician stops an attempt, or takes a pass back."""

    ENDED = "stopped"
    DIFFERS = "number_differs"
    DENIED = "denied"


STOPPED_WORDS: Final[Mapping[Stopped, str]] = MappingProxyType(
    {
        Stopped.ENDED: "Stopped.",
        Stopped.DIFFERS: "The caller could not tell the number that their page shows.",
    }
)
"""For the record; a denial has words of its own."""


@dataclasses.dataclass(frozen=True, slots=True)
class MethodAbout:
    """A method as screens and records name it.

    Attributes:
        label: for the button.
        about: what the caller has to do.
        least: what it proves in any case.
        most: what it proves at best.
        icon: a Lucide icon.
    """

    label: str
    about: str
    least: Strength
    most: Strength
    icon: str


METHODS: Final[Mapping[Method, MethodAbout]] = MappingProxyType(
    {
        Method.OWN_SIGN_IN: MethodAbout(
            "Own Microsoft sign-in",
            "The caller opens a link and signs in to their own tenant. You both see the same number.",
            Strength.GOOD,
            Strength.STRONG,
            "log-in",
        ),
        Method.DUO_PUSH: MethodAbout(
            "Duo push",
            "The caller approves a push on the device that they enrolled with their company's Duo.",
            Strength.STRONG,
            Strength.STRONG,
            "smartphone",
        ),
        Method.MANAGER: MethodAbout(
            "Manager vouches",
            "The user's manager opens a link, gets a number from the caller, and signs in to vouch for them.",
            Strength.GOOD,
            Strength.GOOD,
            "user-check",
        ),
        Method.TEXT_CODE: MethodAbout(
            "Code by text message",
            "A code goes to the mobile number that the directory holds. The caller reads it to you.",
            Strength.GOOD,
            Strength.GOOD,
            "message-square",
        ),
        Method.MAIL_CODE: MethodAbout(
            "Code by mail",
            "A code goes to the address that the directory holds. The caller reads it to you.",
            Strength.BASIC,
            Strength.BASIC,
            "mail",
        ),
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a method can be used.

    Attributes:
        mail: the address in the directory.
        is_enabled: whether the account may sign in.
        has_mail_server: whether mail can be sent.
        has_app: whether there is an app registration to sign in through.
        number: the mobile number in the directory.
        number_warning: what speaks against that number.
        number_since: how far its changes are known.
        has_duo: whether the customer's Duo is set up.
        has_text_sender: whether there is a provider that sends text messages.
    """

    mail: str
    is_enabled: bool
    has_mail_server: bool
    has_app: bool
    number: Number
    number_warning: str
    number_since: str
    has_text_sender: bool
    has_duo: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A method for one user.

    Attributes:
        method: which.
        about: in words.
        obstacle: why it cannot be used; empty when it can.
        hint: what to know first; empty for nothing.
        warning: what speaks against it; empty for nothing.
    """

    method: Method
    about: MethodAbout
    obstacle: str = ""
    hint: str = ""
    warning: str = ""

    @property
    def strength_words(self) -> str:
        """How much it proves."""
        return strength_words(self.about)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A method as the whole deployment has it.

    Attributes:
        method: which.
        about: in words.
        lacks: what must be set up first; empty for nothing.
    """

    method: Method
    about: MethodAbout
    lacks: str

    @property
    def strength_words(self) -> str:
        """How much it proves."""
        return strength_words(self.about)


def standings(*, has_mail_server: bool, has_app: bool, has_text_sender: bool) -> tuple[Standing, ...]:
    """Every method, the strongest first."""
    lacks = {
        Method.OWN_SIGN_IN: "" if has_app else "The help-desk app registration is not set up.",
        Method.DUO_PUSH: "Each customer has a Duo of its own: set it up under Actions, Duo on the customer's page.",
        Method.MANAGER: "" if has_app else "The help-desk app registration is not set up.",
        Method.TEXT_CODE: "" if has_text_sender else "Nobody sends text messages yet: see below.",
        Method.MAIL_CODE: "" if has_mail_server else "No mail server is set (TENANTRY_MAIL_URL, TENANTRY_MAIL_FROM).",
    }
    return tuple(Standing(method, about, lacks[method]) for method, about in METHODS.items())


def strength_words(about: MethodAbout) -> str:
    """How much a method proves."""
    if about.least == about.most:
        return about.least.name.capitalize()
    return f"{about.least.name.capitalize()}, or {about.most.name.lower()} when a second factor is proven"


def offers(*, wanted: Strength, facts: Facts) -> tuple[Offer, ...]:
    """Every method, with the reason when it cannot be used; the strongest first."""
    return tuple(
        Offer(
            method,
            about,
            obstacle=_obstacle(method, about, wanted, facts),
            hint=_hint(method, about, wanted, facts),
            warning=facts.number_warning if method is Method.TEXT_CODE and facts.number.e164 else "",
        )
        for method, about in METHODS.items()
    )


def _obstacle(method: Method, about: MethodAbout, wanted: Strength, facts: Facts) -> str:
    if about.most < wanted:
        return f"It proves too little here: the rule asks for “{STRENGTH_WORDS[wanted]}”."
    match method:
        case Method.OWN_SIGN_IN:
            return _no_sign_in(facts)
        case Method.DUO_PUSH:
            return "" if facts.has_duo else "No Duo is set up for this customer (Actions, Duo on the customer's page)."
        case Method.MANAGER:
            return "" if facts.has_app else "The help-desk app registration is not set up."
        case Method.TEXT_CODE:
            return facts.number.obstacle or _no_text_sender(facts)
        case Method.MAIL_CODE:
            return _no_mail(facts)


def _no_sign_in(facts: Facts) -> str:
    if not facts.is_enabled:
        return "The sign-in of this account is blocked, so its owner cannot sign in."
    return "" if facts.has_app else "The help-desk app registration is not set up."


def _no_mail(facts: Facts) -> str:
    if not facts.mail:
        return "The directory holds no mail address for this user."
    return "" if facts.has_mail_server else "No mail server is set (TENANTRY_MAIL_URL and TENANTRY_MAIL_FROM)."


def _no_text_sender(facts: Facts) -> str:
    if facts.has_text_sender:
        return ""
    return "Nobody sends text messages yet: an administrator sets that up under Settings, Verifying callers."


def _hint(method: Method, about: MethodAbout, wanted: Strength, facts: Facts) -> str:
    if method is Method.MAIL_CODE and facts.mail:
        return f"It goes to {masked(facts.mail)}. An address that the caller tells you is never used."
    if method is Method.DUO_PUSH:
        return "It goes to the user whom Duo knows by the sign-in name or mail address of the directory."
    if method is Method.MANAGER:
        return "Who that is, is read from the tenant when you begin. It works while the user cannot sign in."
    if method is Method.TEXT_CODE and facts.number.e164:
        told = f"It goes to {masked_number(facts.number.e164)}. A number that the caller tells you is never used."
        return told if facts.number_warning else f"{told} {facts.number_since}".strip()
    if about.least < wanted:
        return "It suffices only when Microsoft proves the second factor."
    return ""


def masked(address: str) -> str:
    """A mail address as much as somebody who knows it needs to recognise it."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def code_of(typed: str) -> str:
    """What was typed of a code: people read it out in groups."""
    return re.sub(r"[\s.-]", "", typed)
