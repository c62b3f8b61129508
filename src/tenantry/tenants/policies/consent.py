"""How a consent round trip ended, in words (AC-1.3).

Sources: "Admin consent on the Microsoft identity platform" and "Error and warning codes"; the error redirect as seen
from the service carries the AADSTS number in `error_description` only.
"""

import dataclasses
import datetime as dt
import re
from typing import Final

from tenantry.graph.explained import explain_code
from tenantry.tenants.models import ConsentOutcome

_DECLINED: Final = frozenset({65004})
_NOT_ADMIN: Final = frozenset({90094, 90093, 90095, 90097, 90099, 65001})
_OTHER_DIRECTORY: Final = frozenset({50020, 50034, 500200, 50177, 50178, 500208, 51004})


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentEnd:
    """The end of a round trip for people.

    Attributes:
        kind: good, wait, bad or info, as the components name notes.
        title: what happened.
        message: why.
        remedy: what to do.
    """

    kind: str
    title: str
    message: str
    remedy: str


def end_of_error(*, error: str, description: str, subcode: str = "") -> tuple[ConsentOutcome, str]:
    """The outcome that Microsoft's error redirect stands for, and its code ("AADSTS65004", or the OAuth error)."""
    found = re.search(r"AADSTS(\d{4,7})", description)
    number = int(found.group(1)) if found else 0
    code = f"AADSTS{number}" if number else re.sub(r"[^a-zA-Z0-9_.-]", "", error)[:40]
    if number in _NOT_ADMIN:
        return ConsentOutcome.NOT_ADMIN, code
    if number in _OTHER_DIRECTORY:
        return ConsentOutcome.OTHER_DIRECTORY, code
    if number in _DECLINED or subcode == "cancel" or (not number and error in {"permission_denied", "access_denied"}):
        return ConsentOutcome.DECLINED, code
    return ConsentOutcome.ERROR, code


def words_of(
    outcome: ConsentOutcome,
    *,
    tenant: str = "",
    expected: str = "",
    missing: str = "",
    since: dt.datetime | None = None,
    code: str = "",
) -> ConsentEnd:
    """What to tell about an outcome.

    Args:
        outcome: how it ended.
        tenant: the tenant that answered, by name or id.
        expected: the domain or tenant that was expected.
        missing: permissions that could not be read back.
        since: the oldest permission found in the tenant.
        code: Microsoft's code.
    """
    there = tenant or "The tenant"
    given = f" on {since.day} {since:%b %Y, %H:%M} UTC" if since else " before"
    nothing = "Nothing was connected."
    told = explain_code(code)
    return {
        ConsentOutcome.OPEN: ConsentEnd("info", "Waiting for Microsoft", "The answer has not come back yet.", ""),
        ConsentOutcome.VERIFYING: ConsentEnd(
            "wait",
            "Microsoft is still setting up",
            "The administrator accepted. We read the consent back from the tenant, which can take a few minutes.",
            "Nothing to do: this page goes on by itself.",
        ),
        ConsentOutcome.CONNECTED: ConsentEnd("good", "Connected", f"{there} is connected and was read back.", ""),
        ConsentOutcome.DECLINED: ConsentEnd(
            "wait",
            "The consent was declined",
            f"Whoever signed in at Microsoft chose Cancel. {nothing}",
            "Connect again when the administrator is ready to accept.",
        ),
        ConsentOutcome.NOT_ADMIN: ConsentEnd(
            "bad",
            "That account may not consent",
            f"The account that signed in at Microsoft is not a Global Administrator. {nothing}",
            "Connect again and sign in with a Global Administrator of the customer.",
        ),
        ConsentOutcome.OTHER_DIRECTORY: ConsentEnd(
            "bad",
            "That account belongs to another directory",
            f"The account that signed in at Microsoft is not a member of the tenant it was asked for. {nothing}",
            "Connect again with an account of the customer's own tenant. Signing out at Microsoft first, or a private "
            "window, helps.",
        ),
        ConsentOutcome.OTHER_CUSTOMER: ConsentEnd(
            "bad",
            "That tenant belongs to another customer",
            f"{there} is already connected to another customer here. It was not moved, and {nothing.lower()}",
            "If it was connected to the wrong customer, disconnect it there first.",
        ),
        ConsentOutcome.UNEXPECTED_TENANT: ConsentEnd(
            "wait",
            "Is this the right tenant?",
            f"{there} answered, and {expected or 'the expected domain'} is not one of its domains. "
            "Nothing is connected yet.",
            "Connect it only if you are sure that it is this customer's tenant.",
        ),
        ConsentOutcome.EARLIER_CONSENT: ConsentEnd(
            "wait",
            "This tenant knows us already",
            f"{there} gave its consent{given}, so the answer alone does not prove that it was given just now for this "
            "customer. Nothing is connected yet.",
            "Connect it only if you are sure that it is this customer's tenant.",
        ),
        ConsentOutcome.OTHER_TENANT: ConsentEnd(
            "bad",
            "Not the tenant of this customer",
            f"{there} answered, and this customer is connected to {expected or 'another tenant'}. Nothing was changed.",
            "Consent again with an administrator of the connected tenant, or disconnect that one first.",
        ),
        ConsentOutcome.REPLAYED: ConsentEnd(
            "info",
            "That answer was already used",
            "Each answer from Microsoft counts once; this one came a second time (a reload, or the back button). "
            "Nothing was changed.",
            "",
        ),
        ConsentOutcome.EXPIRED: ConsentEnd(
            "wait",
            "The answer came too late",
            f"Between leaving for Microsoft and coming back there may be 30 minutes at most. {nothing}",
            "Connect again; an administrator who has accepted already only has to sign in and accept once more.",
        ),
        ConsentOutcome.FOREIGN: ConsentEnd(
            "bad",
            "That answer belongs to another session",
            "It was started by another technician, in another browser, or before you signed in anew. "
            "It was not used, and nothing was connected.",
            "Go on in the browser where it was started, or connect again here.",
        ),
        ConsentOutcome.WRONG_STATE: ConsentEnd(
            "bad",
            "That answer was not asked for",
            "It does not fit any trip to Microsoft that started here, so it was not used. Nothing was connected.",
            "Connect from the customer's page and finish in the same browser.",
        ),
        ConsentOutcome.UNPROVEN: ConsentEnd(
            "bad",
            "The consent could not be proven",
            f"Microsoft's answer said yes, but the tenant does not show it"
            f"{f': {missing} could not be read back' if missing else ''}. {nothing}",
            "Connect again. If it keeps failing, look in the tenant's Enterprise applications whether our app is there "
            "and enabled.",
        ),
        ConsentOutcome.ERROR: ConsentEnd(
            "bad",
            "Microsoft reported an error",
            f"{told.what} {told.why} {nothing}" if told.is_known else f"{told.what} {nothing}",
            told.fix,
        ),
    }[outcome]
