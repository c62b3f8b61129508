"""What Microsoft's errors mean, in words a technician uses: the one catalogue of explained errors.

Pure: a code and a message go in, words come out. Screens add what they know beyond it (which role, which permission);
what is the same wherever the code appears stands here and nowhere else. `docs/errors.md` and the page "Look up an
error" are made from it.

app_only    our credential, our enterprise app, the tenant, the sign-in service
people      consenting, signing in, second steps, Conditional Access
directory   Microsoft Graph: rights, objects, content, throttling
pim         role assignments and Privileged Identity Management

Sources: "Microsoft Entra authentication and authorization error codes" and "Microsoft Graph error responses and
resource types"; codes that no page of Microsoft's explains say so.
"""

import dataclasses
import re
from collections.abc import Iterator
from typing import Final

from tenantry.graph import errors
from tenantry.graph.explained import app_only, directory, people, pim
from tenantry.graph.explained.entry import ERRORS_PAGE, THROTTLING_PAGE, Basis, Entry, Who

__all__ = [
    "CATALOGUE",
    "Basis",
    "Entry",
    "Explanation",
    "Who",
    "explain",
    "explain_code",
    "lookup",
]

CATALOGUE: Final[dict[str, tuple[Entry, ...]]] = {
    "Our credential": app_only.OUR_CREDENTIAL,
    "Our enterprise app": app_only.OUR_APP,
    "The tenant": app_only.TENANT,
    "Consent": people.CONSENT,
    "Accounts of another directory": people.OTHER_DIRECTORY,
    "Passwords and blocked accounts": people.PASSWORDS,
    "Sessions": people.SESSIONS,
    "Second step": people.SECOND_STEP,
    "Conditional Access": people.CONDITIONAL_ACCESS,
    "Rights in Graph": directory.RIGHTS,
    "Objects": directory.OBJECTS,
    "Content of a request": directory.CONTENT,
    "Roles and PIM": pim.ENTRIES,
    "Sign-in requests": app_only.REQUESTS,
    "Microsoft's sign-in service": app_only.SERVICE,
    "Microsoft Graph itself": directory.SERVICE,
}
"""The catalogue by subject, in the order it is printed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """An error in words.

    Attributes:
        what: what happened.
        why: why.
        fix: what to do.
        who: who must do it.
        code: Microsoft's code; empty when there was no answer.
        is_known: whether the catalogue knows the code. If not, `why` carries Microsoft's own words.
        heals: waiting helps.
        page: Microsoft's page that it comes from.
        basis: whether Microsoft documents it.
        request_id: Microsoft's id of the failed request, for their support.
    """

    what: str
    why: str
    fix: str
    who: Who
    code: str = ""
    is_known: bool = True
    heals: bool = False
    page: str = ""
    basis: Basis = Basis.DOCUMENTED
    request_id: str = ""


_WITHOUT_CODE: Final[dict[type[errors.GraphError], Entry]] = {
    errors.Throttled: directory.SERVICE[0],
    errors.Refused: next(entry for entry in directory.RIGHTS if not entry.pattern),
    errors.NotConsented: Entry(
        (),
        "The tenant does not let us in.",
        "Our enterprise app is missing or disabled there, or the consent was withdrawn.",
        "Connect the tenant again from the customer's page, and let an administrator of the customer consent again.",
        Who.GLOBAL_ADMIN,
    ),
    errors.OurCredential: Entry(
        (),
        "Microsoft does not accept our own credential.",
        "Our certificate or client secret is wrong or has expired. It concerns every tenant.",
        "`tenantry doctor` says what is wrong. `tenantry apps mend` puts back a certificate that the console keeps; "
        "else check TENANTRY_CLIENT_CERTIFICATE or TENANTRY_CLIENT_SECRET.",
        Who.OPERATOR,
    ),
    errors.SignInRefused: Entry(
        (),
        "The sign-in gave no token.",
        "It was declined, it is not allowed, or its answer belongs to another sign-in.",
        "Start again, and finish in the same browser.",
        Who.SIGNING_IN,
    ),
    errors.TenantGone: app_only.TENANT[0],
    errors.NotFound: directory.OBJECTS[0],
    errors.TokenExpired: next(entry for entry in directory.RIGHTS if "InvalidAuthenticationToken" in entry.codes),
    errors.ResyncNeeded: directory.SERVICE[2],
    errors.AlreadyExists: next(entry for entry in directory.CONTENT if "already exist" in entry.pattern),
    errors.TenantUnreachable: Entry(
        (),
        "Microsoft did not answer, or answered with an error of its own.",
        "The network, or Microsoft's service. {said}",
        "Nothing to do: it is tried again by itself. If it lasts, look at the network and Microsoft's service health.",
        Who.NOBODY,
        heals=True,
        page=ERRORS_PAGE,
    ),
    errors.UnknownOutcome: Entry(
        (),
        "It was sent, and no answer came.",
        "It may or may not have taken effect; only a read can tell.",
        "Nothing to do: it is read until it is certain.",
        Who.NOBODY,
        heals=True,
        page=THROTTLING_PAGE,
    ),
}
"""What an error means that came without a code: most of these never reached Microsoft, or no answer came back."""

_BY_CODE: Final[dict[str, tuple[Entry, ...]]] = {}
for _entry in (entry for entries in CATALOGUE.values() for entry in entries):
    for _code in _entry.codes:
        _BY_CODE[_code.lower()] = (*_BY_CODE.get(_code.lower(), ()), _entry)


def explain(error: errors.GraphError) -> Explanation:
    """The words for an error of Graph or of the sign-in service."""
    if error.code:
        return explain_code(error.code, error.message, request_id=error.request_id)
    for kind in type(error).__mro__:
        if (entry := _WITHOUT_CODE.get(kind)) is not None:
            return _explained(entry, "", error.message, error.request_id)
    return _unknown("", error.message, error.request_id)


def explain_code(code: str, message: str = "", *, request_id: str = "") -> Explanation:
    """The words for a code.

    Args:
        code: "AADSTS65001", "65001", a code of Graph ("Request_BadRequest") or of OAuth ("invalid_grant"). Of an OAuth
            code the AADSTS number in `message` says more, and is taken instead.
        message: Microsoft's message; tells the meanings of one code apart, and is quoted where it says more than we do.
        request_id: Microsoft's id of the failed request.
    """
    code = code.strip()
    if code.isdigit():
        code = f"AADSTS{code}"
    named = re.search(r"\bAADSTS(\d{4,8})\b", message)
    if named and not code.upper().startswith("AADSTS"):
        code = named.group(0)
    if code.upper().startswith("AADSTS"):
        code = code.upper()
    entry = next((entry for entry in _BY_CODE.get(code.lower(), ()) if entry.means(message)), None)
    return _explained(entry, code, message, request_id) if entry else _unknown(code, message, request_id)


def lookup(text: str) -> Iterator[tuple[str, Entry]]:
    """Every meaning of the catalogue that answers to a search, with the subject it belongs to.

    Args:
        text: a code, an AADSTS number, or a whole error message that holds one; else words that an entry must hold.
    """
    named = {
        f"aadsts{number}" for number in re.findall(r"(?<![\w-])(?:AADSTS)?(\d{4,8})(?![\w-])", text, re.IGNORECASE)
    }
    named |= {word.lower() for word in re.findall(r"[\w.]+", text)} & _BY_CODE.keys()
    words = text.lower().split()
    if not named and re.fullmatch(r"(?:AADSTS)?\d+", text.strip(), re.IGNORECASE):
        return  # a number that no code has; as a word it would be found inside others
    for subject, entries in CATALOGUE.items():
        for entry in entries:
            if named:
                found = bool(named.intersection(code.lower() for code in entry.codes))
                is_only_the_code = len(words) == 1
                found = found and (is_only_the_code or entry.means(text))
            else:
                whole = " ".join((*entry.codes, entry.what, entry.why, entry.fix)).lower()
                found = bool(words) and all(word in whole for word in words)
            if found:
                yield subject, entry


def _explained(entry: Entry, code: str, message: str, request_id: str) -> Explanation:
    # Not str.format: Microsoft's words may hold braces.
    said = message.strip() or "nothing more."
    return Explanation(
        what=entry.what,
        why=entry.why.replace("{said}", said if said.endswith((".", "!", "?")) else f"{said}."),
        fix=entry.fix,
        who=entry.who,
        code=code,
        heals=entry.heals,
        page=entry.page,
        basis=entry.basis,
        request_id=request_id,
    )


def _unknown(code: str, message: str, request_id: str) -> Explanation:
    is_sign_in = code.startswith("AADSTS")
    where = f"https://login.microsoftonline.com/error?code={code.removeprefix('AADSTS')}" if is_sign_in else ERRORS_PAGE
    with_id = f" (request id {request_id})" if request_id else ""
    return Explanation(
        what=f"Microsoft answered with {code or 'an error without a code'}, which this console does not know.",
        why=f"Microsoft says: {message.strip() or 'nothing more.'}",
        fix=f"Try again. If it stays, give the code and the request id{with_id} to Microsoft's support"
        + (", or look it up at login.microsoftonline.com/error." if is_sign_in else "."),
        who=Who.TECHNICIAN,
        code=code,
        is_known=False,
        page=where if is_sign_in else ERRORS_PAGE,
        basis=Basis.SEEN,
        request_id=request_id,
    )
