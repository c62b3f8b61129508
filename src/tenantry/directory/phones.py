"""A user's mobile number as the directory holds it, in the one writing that providers take (E.164). Pure.

The number comes from the directory alone: whoever calls may say any number, and it is never used. What is not read is
said: the telephones that people registered for signing in ("authentication methods") take a permission that this
console does not ask for.
"""

import dataclasses
import datetime as dt
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

RECENT: Final = dt.timedelta(days=30)
"""So long a new number is a warning: who takes an account over changes the number first, and waits."""
_TAKES_TEXTS: Final = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """What became of the text in the directory.

    Attributes:
        e164: the number, such as +4915123456789; empty when there is none that can be used.
        obstacle: why not; empty when it can.
    """

    e164: str = ""
    obstacle: str = ""


def number_of(text: str | None, *, country: str) -> Number:
    """The number that a directory's text means.

    Args:
        text: `mobilePhone` as written; None: not read yet.
        country: the user's `usageLocation` (ISO 3166-1 alpha-2), for numbers written without a country code.
    """
    if text is None:
        return Number(obstacle="The mobile number of this user was not read yet. It comes with the next full read.")
    if not text.strip():
        return Number(
            obstacle="The directory holds no mobile number for this user. "
            "Telephones that people registered for signing in are not read."
        )
    try:
        parsed = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not country:
            return Number(
                obstacle="The mobile number in the directory has no country code, and the user no usage location."
            )
        return Number(obstacle="What the directory holds as the mobile number is no telephone number.")
    obstacle = _obstacle(parsed)
    return Number(obstacle=obstacle) if obstacle else Number(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))


def _obstacle(parsed: phonenumbers.PhoneNumber) -> str:
    if parsed.extension:
        return "The mobile number in the directory has an extension, so no text message reaches it."
    if not phonenumbers.is_valid_number(parsed):
        return "What the directory holds as the mobile number is no number that exists."
    if phonenumbers.number_type(parsed) not in _TAKES_TEXTS:
        return "The number in the directory is no mobile number, so no text message reaches it."
    return ""


def masked_number(e164: str) -> str:
    """As much of a number as somebody who knows it needs to recognise it: country code and the last three digits."""
    parsed = phonenumbers.parse(e164)
    return f"+{parsed.country_code} … {e164[-3:]}"


def warning(*, now: dt.datetime, changed_at: dt.datetime | None, created_at: dt.datetime | None) -> str:
    """What speaks against the number, for the technician; empty for nothing.

    Args:
        now: the time.
        changed_at: when it was seen to replace another number, or none.
        created_at: when the account was made.
    """
    if changed_at is not None and changed_at > now - RECENT:
        return (
            f"This number is new: the change was noticed on {_day(changed_at)}. Somebody who takes over an account "
            "changes the number first. Prefer another method, or ask somebody who knows the person."
        )
    if created_at is not None and created_at > now - RECENT:
        return f"The account itself is new: it was made on {_day(created_at)}."
    return ""


def known_since(*, now: dt.datetime, since: dt.datetime | None) -> str:
    """How far the mirror can tell of changes, while that is less than `RECENT`; empty after."""
    if since is None or since <= now - RECENT:
        return ""
    return f"It has been known here since {_day(since)}; whether it was another before is not known."


def is_changed_lately(*, now: dt.datetime, changed_at: dt.datetime | None) -> bool:
    """Whether the number was seen to change within `RECENT`."""
    return changed_at is not None and changed_at > now - RECENT


def _day(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
