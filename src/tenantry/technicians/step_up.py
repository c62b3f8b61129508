"""Fresh proof that it is still you, before a dangerous act; and the request that was interrupted for it.

A passkey, a security key or a code of the authenticator app, given in this browser within the last ten minutes, at
sign-in or since. Whoever has none of them enrols first (`middleware.EnrolmentMiddleware`); only in the demo does a
password stand in, and nothing where there is no password either.

The interrupted request is kept sealed in the session (what somebody typed may be a password), bound to session and
technician, for ten minutes and one use. The proof gives the session a new key; what is kept goes with it. After the
proof the browser is sent on with 307, which makes it POST to the same address again; `middleware.StepUpMiddleware` puts
the kept form in place of the one that was sent. So the act runs through every check of an ordinary request, its answer
has its own address, and no script is needed.
"""

import base64
import dataclasses
import datetime as dt
import json
import secrets
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from tenantry.kit import clock
from tenantry.kit.errors import Refusal
from tenantry.kit.needs import SAFE
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal
from tenantry.technicians.factors import has_second_factor
from tenantry.technicians.models import Technician
from tenantry.technicians.sessions import mark_of

LIFETIME: Final = dt.timedelta(minutes=10)
RESUME: Final = "resume"
"""The parameter that names the kept request on the way back."""

_MOST_BYTES: Final = 64 * 1024  # the longest form of the console has a few hundred; more is not kept
_PROOF: Final = "tenantry_proof"
_KEPT: Final = "tenantry_kept_request"
_CODE: Final = "step_up_required"

View = TypeVar("View", bound=Callable[..., HttpResponse])


class StepUpRequired(Refusal):
    """The act needs fresh proof; nothing was done."""

    code = _CODE

    def __init__(self) -> None:
        super().__init__(
            "This act needs fresh proof that it is you.",
            remedy="Confirm with your passkey or authenticator app, then send it again.",
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A request that waits for proof.

    Attributes:
        path: where it was sent.
        query: its query, without the question mark.
        body: its form, as it was encoded; empty for a request that sent none.
        back: the page it came from.
    """

    path: str
    query: str
    body: str
    back: str


def note_proof(request: HttpRequest, *, technician: Technician, method: str, kind: str) -> None:
    """Remember in the session that `technician` has just given proof."""
    by = kind if method == "mfa" else method
    if by in {"totp", "webauthn", "password"}:
        request.session[_PROOF] = {"who": str(technician.pk), "at": clock.now().timestamp(), "by": by}


def is_fresh(request: HttpRequest) -> bool:
    """Whether proof that counts for this technician was given within the last ten minutes."""
    proof = request.session.get(_PROOF) or {}
    technician = request.user
    if not isinstance(technician, Technician) or proof.get("who") != str(technician.pk):
        return False
    age = clock.now().timestamp() - float(proof["at"])
    if not 0 <= age <= LIFETIME.total_seconds():
        return False
    return proof["by"] != "password" or (settings.IS_DEMO and not has_second_factor(technician))


def is_asked_of(technician: Technician) -> bool:
    """Whether proof is asked at all: of everybody, but for the demo's technician who has nothing to prove it with."""
    return not settings.IS_DEMO or technician.has_usable_password() or has_second_factor(technician)


def require_step_up(request: HttpRequest) -> None:
    """Go on only with fresh proof.

    Raises:
        StepUpRequired: there is none; the middleware keeps the request and asks.
    """
    technician = request.user
    if not isinstance(technician, Technician) or (is_asked_of(technician) and not is_fresh(request)):
        raise StepUpRequired


def step_up(view: View) -> View:
    """Mark a view whose form is a dangerous act: sending it needs fresh proof, opening it does not."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401  the view's own
        if request.method not in SAFE:
            require_step_up(request)
        return view(request, *args, **kwargs)

    return cast("View", guarded)


def interrupt(request: HttpRequest, *, is_act: bool = True) -> HttpResponse:
    """Keep the request and lead to the proof; programs are told plainly instead.

    Args:
        request: what was sent.
        is_act: a dangerous act of ours, for which a password is no proof; else one of the library's about the account.
    """
    if wants_json(request):
        refusal = StepUpRequired()
        body = {
            "type": "about:blank",
            "title": "Step-up required",
            "status": HTTPStatus.FORBIDDEN,
            "detail": f"{refusal.reason} {refusal.remedy}",
            "code": refusal.code,
        }
        return JsonResponse(body, status=HTTPStatus.FORBIDDEN, content_type="application/problem+json")
    ways = get_adapter(request).get_reauthentication_methods(request.user)
    back = _page_before(request)
    has_nothing_that_counts = (
        is_act and not settings.IS_DEMO and not has_second_factor(cast("Technician", request.user))
    )
    if not ways or has_nothing_that_counts:
        messages.info(request, "This act needs a second factor. Set one up, then send it again.")
        return lead(request, reverse("technicians:protect"))
    key = _keep(request, back)
    if not key:
        messages.warning(request, "Confirm it is you, then send the form again: it was too large to be kept.")
    request.session[STATE_SESSION_KEY] = {"state": {"key": key, "back": back}, "callback": f"{__name__}.resume"}
    return lead(request, f"{ways[0]['url']}?{urlencode({'next': back})}")


def resume(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """Go on with what was interrupted; allauth calls this after the proof."""
    back = str(state.get("back") or reverse("technicians:settings"))
    if not is_fresh(request) and not _is_about_the_account(request):
        messages.warning(request, "A recovery code lets you in, it does not confirm an act. Set up a new factor first.")
        return redirect("technicians:settings")
    kept = _open(request, str(state.get("key", "")))
    if kept is None:
        return HttpResponseRedirect(back)
    query = QueryDict(kept.query, mutable=True)
    query[RESUME] = str(state["key"])
    # 307: the browser sends a POST again; 302 would make a GET of it.
    status = HTTPStatus.TEMPORARY_REDIRECT if kept.body else HTTPStatus.FOUND
    if status == HTTPStatus.FOUND:
        forget(request)
        return HttpResponseRedirect(kept.path + (f"?{kept.query}" if kept.query else ""))
    return HttpResponse(status=status, headers={"Location": f"{kept.path}?{query.urlencode()}"})


def put_back(request: HttpRequest) -> None:
    """Give a resumed request the form it was first sent with; used up by this."""
    key = request.GET.get(RESUME, "")
    if request.method != "POST" or not key:
        return
    kept = _open(request, key)
    if kept is None or kept.path != request.path:
        return
    forget(request)
    request.FILES.clear()  # first: reading it reads the form that was sent
    form = QueryDict(kept.body)
    request.POST = form
    request.META["QUERY_STRING"] = kept.query
    request.GET = QueryDict(kept.query)


def forget(request: HttpRequest) -> None:
    """Drop the kept request."""
    request.session.pop(_KEPT, None)


def waiting(request: HttpRequest) -> Kept | None:
    """The request that waits for proof in this session, for the words of the page."""
    entry = request.session.get(_KEPT) or {}
    return _open(request, str(entry.get("key", "")))


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks rather than a person with a browser."""
    accepted = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("application/json" in accepted and "text/html" not in accepted)


def _is_about_the_account(request: HttpRequest) -> bool:
    """Whether the kept request is one of the library's: those accept a recovery code, or nobody could set up anew."""
    kept = waiting(request)
    return kept is not None and (kept.path.startswith("/accounts/") or kept.path == reverse("technicians:settings"))


def _keep(request: HttpRequest, back: str) -> str:
    """Seal the request into the session; the key to it, empty when it is too large."""
    form = request.POST.copy() if request.method == "POST" else QueryDict(mutable=True)
    form.pop("csrfmiddlewaretoken", None)
    body = form.urlencode()
    if len(body) > _MOST_BYTES or request.FILES:
        forget(request)
        return ""
    if request.method == "POST":
        body = body or "_="  # an empty form is a form
    payload = json.dumps(
        {"path": request.path, "query": request.META.get("QUERY_STRING", ""), "body": body, "back": back}
    )
    key = secrets.token_urlsafe(16)
    sealed = seal(Secret(payload), **_place(request, key))
    request.session[_KEPT] = {
        "key": key,
        "until": (clock.now() + LIFETIME).timestamp(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    return key


def _open(request: HttpRequest, key: str) -> Kept | None:
    entry = request.session.get(_KEPT) or {}
    if not key or not secrets.compare_digest(str(entry.get("key", "")), key):
        return None
    if clock.now().timestamp() > float(entry["until"]):
        forget(request)
        return None
    try:
        opened = unseal(base64.b64decode(entry["sealed"]), **_place(request, key))
    except CannotUnseal:
        forget(request)
        return None
    return Kept(**json.loads(opened.reveal()))


def _place(request: HttpRequest, key: str) -> dict[str, str]:
    """Where the sealed request belongs: another session or another technician cannot open it."""
    return {"table": "session", "row": f"{mark_of(request)}/{request.user.pk}", "column": f"kept/{key}"}


def _page_before(request: HttpRequest) -> str:
    """A page of ours to go back to: the one the form was on."""
    if request.method in SAFE:
        return request.get_full_path()
    named = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    parts = urlsplit(named)
    is_ours = parts.path.startswith("/") and not parts.path.startswith("//")  # "//host" would leave this console
    if is_ours and parts.netloc in {"", request.get_host()}:
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return reverse("technicians:settings")


def lead(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect the whole page, also when a part of it asked."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
