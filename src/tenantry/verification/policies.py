"""Methods of verifying a caller, how much each proves, and what stands in the way of one. Pure."""

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tenantry.safeguards.policies import STRENGTH_WORDS, Strength

LINK_LIFETIME: Final = dt.timedelta(minutes=10)
PASS_LIFETIME: Final = dt.timedelta(minutes=15)
"""As long as a conversation: who calls again is verified again."""
TRIES: Final = 5
CODE_DIGITS: Final = 6
NUMBER_DIGITS: Final = 2


class Method(StrEnum):
    """How a caller is verified."""

    OWN_SIGN_IN = "own_sign_in"
    MAIL_CODE = "mail_code"


class Wrong(StrEnum):
    """Why an answer did not count. Each is told and recorded by its own name."""

    CODE = "wrong_code"
    TENANT = "wrong_tenant"
    ACCOUNT = "wrong_account"
    OLD_SIGN_IN = "old_sign_in"
    NO_TIME = "no_sign_in_time"
    REFUSED = "sign_in_refused"


WRONG_WORDS: Final[Mapping[Wrong, str]] = MappingProxyType(
    {
        Wrong.CODE: "The code was wrong.",
        Wrong.TENANT: "Somebody signed in to another tenant than the customer's.",
        Wrong.ACCOUNT: "Somebody signed in with another account than this user's.",
        Wrong.OLD_SIGN_IN: "Microsoft did not ask for credentials again: the sign-in is older than the question.",
        Wrong.NO_TIME: (
            "Microsoft did not say when the credentials were given. "
            "The app registration has to ask for the optional claim auth_time in id tokens."
        ),
        Wrong.REFUSED: "The sign-in at Microsoft was broken off or refused.",
    }
)


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
    """

    mail: str
    is_enabled: bool
    has_mail_server: bool
    has_app: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A method for one user.

    Attributes:
        method: which.
        about: in words.
        obstacle: why it cannot be used; empty when it can.
        hint: what to know first; empty for nothing.
    """

    method: Method
    about: MethodAbout
    obstacle: str = ""
    hint: str = ""

    @property
    def strength_words(self) -> str:
        """How much it proves."""
        least, most = self.about.least, self.about.most
        if least == most:
            return least.name.capitalize()
        return f"{least.name.capitalize()}, or {most.name.lower()} when a second factor is proven"


def offers(*, wanted: Strength, facts: Facts) -> tuple[Offer, ...]:
    """Every method, with the reason when it cannot be used; the strongest first."""
    return tuple(
        Offer(
            method,
            about,
            obstacle=_obstacle(method, about, wanted, facts),
            hint=_hint(method, about, wanted, facts),
        )
        for method, about in METHODS.items()
    )


def _obstacle(method: Method, about: MethodAbout, wanted: Strength, facts: Facts) -> str:
    if about.most < wanted:
        return f"It proves too little here: the rule asks for “{STRENGTH_WORDS[wanted]}”."
    if method is Method.MAIL_CODE:
        if not facts.mail:
            return "The directory holds no mail address for this user."
        if not facts.has_mail_server:
            return "No mail server is set (TENANTRY_MAIL_URL and TENANTRY_MAIL_FROM)."
    if method is Method.OWN_SIGN_IN:
        if not facts.is_enabled:
            return "The sign-in of this account is blocked, so its owner cannot sign in."
        if not facts.has_app:
            return "The help-desk app registration is not set up."
    return ""


def _hint(method: Method, about: MethodAbout, wanted: Strength, facts: Facts) -> str:
    if method is Method.MAIL_CODE and facts.mail:
        return f"It goes to {masked(facts.mail)}. An address that the caller tells you is never used."
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
