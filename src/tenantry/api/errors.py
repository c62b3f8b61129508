"""Every error as `application/problem+json`. Source: RFC 9457."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import JsonResponse

from tenantry.helpdesk.actions import AlreadyThere
from tenantry.kit.errors import Conflict, Invalid, NotHere, Refusal

CONTENT_TYPE: Final = "application/problem+json"
_WORDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("malformed", "The request cannot be read."),
    401: ("token_missing", "Send a token that is valid: `Authorization: Bearer tnt_...`."),
    403: ("not_allowed", "This is not allowed."),
    404: ("not_here", "There is nothing here, or nothing that this token may see."),
    405: ("method_not_allowed", "This address does not know that method."),
    413: ("too_large", "The request is too large."),
    415: ("not_json", "Send JSON in UTF-8, uncompressed, with `Content-Type: application/json`."),
    422: ("invalid", "The request cannot be accepted."),
    429: ("too_many_requests", "Too many requests. Wait, then go on more slowly."),
    500: ("internal", "Something broke here. Nothing is known to have been done; look at the activity."),
}


class TooMany(Refusal):
    """More requests than the limit; `seconds` says when to try again."""

    code = "too_many_requests"

    def __init__(self, *, seconds: int) -> None:
        super().__init__(_WORDS[429][1], remedy=f"Wait up to {seconds} seconds.")
        self.seconds = seconds


class NoToken(Refusal):
    """No token, or none that is valid: it may be wrong, revoked, ended, or its technician switched off."""

    code = "token_missing"

    def __init__(self) -> None:
        super().__init__(
            "There is no valid token with this request.", remedy="Send one: `Authorization: Bearer tnt_...`."
        )


def problem(
    status: int, *, code: str = "", detail: str = "", headers: Mapping[str, str] | None = None, **more: object
) -> JsonResponse:
    """A problem document; empty members are left out."""
    known = _WORDS.get(status, ("refused", "The request was refused."))
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or known[1],
        "code": code or known[0],
    }
    body |= {name: value for name, value in more.items() if value}
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = 'Bearer realm="tenantry"'
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE, headers=sent)


def of_refusal(refusal: Refusal) -> JsonResponse:
    """A refusal of an action as a problem; the same reasons as on the screens."""
    match refusal:
        case NoToken():
            status = HTTPStatus.UNAUTHORIZED
        case TooMany():
            status = HTTPStatus.TOO_MANY_REQUESTS
        case NotHere():
            status = HTTPStatus.NOT_FOUND
        case Conflict():
            status = HTTPStatus.CONFLICT
        case Invalid():
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        case _:
            status = HTTPStatus.FORBIDDEN
    more: dict[str, object] = {"remedy": refusal.remedy, "who": refusal.who}
    if isinstance(refusal, Invalid) and refusal.field:
        more["errors"] = [{"field": refusal.field, "reason": refusal.reason}]
    if isinstance(refusal, AlreadyThere):
        more["operation_id"] = str(refusal.operation.pk)
    headers = {"Retry-After": str(refusal.seconds)} if isinstance(refusal, TooMany) else None
    return problem(status, code=refusal.code, detail=refusal.reason, headers=headers, **more)


def of_status(status: int) -> JsonResponse:
    """A problem that says no more than its status."""
    return problem(status if status in _WORDS else HTTPStatus(status).value)
