"""What happens inside allauth and Django's sign-in, written to the record through their signals."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth_signals
from django.core.cache import cache
from django.http import HttpRequest

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.kit.actor import Actor
from tenantry.technicians import microsoft, queries, sessions
from tenantry.technicians.actions import about, actor_for
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import Technician
from tenantry.technicians.step_up import note_proof

_FACTORS = {
    "totp": "an authenticator app",
    "webauthn": "a passkey or security key",
    "recovery_codes": "a recovery code",
}
_STEPS = {"password": "a password", "link": "a one-time link", "microsoft": "Microsoft"}
_ADDED = {"totp": "an authenticator app", "webauthn": "a passkey or security key", "recovery_codes": "recovery codes"}


def connect() -> None:
    """Start recording. Called once when the apps are ready; a second call changes nothing."""
    for signal, receiver in (
        (account_signals.user_logged_in, _signed_in),
        (account_signals.authentication_step_completed, _proof_given),
        (auth_signals.user_logged_in, _session_begun),
        (auth_signals.user_logged_out, _signed_out),
        (auth_signals.user_login_failed, _sign_in_refused),
        (account_signals.password_changed, _password_changed),
        (account_signals.password_set, _password_changed),
        (mfa_signals.authenticator_added, _factor_added),
        (mfa_signals.authenticator_removed, _factor_removed),
        (mfa_signals.authenticator_reset, _codes_made),
        (mfa_signals.authentication_failed, _factor_refused),
    ):
        signal.connect(receiver, dispatch_uid=f"tenantry.technicians.{receiver.__name__}")


def network_address(request: HttpRequest | None) -> str:
    """Where a request came from, behind the trusted proxy if there is one; empty when unknown."""
    if request is None or not request.META.get("REMOTE_ADDR"):
        return ""
    return str(get_adapter(request).get_client_ip(request))


def _record(
    request: HttpRequest | None,
    technician: Technician,
    action: TechnicianEvent,
    summary: str,
    *,
    actor: Actor | None = None,
    result: Result = Result.NONE,
) -> None:
    audit.record(
        actor=actor or actor_for(technician, network_address(request)),
        action=action,
        about=about(technician),
        result=result,
        summary=summary,
    )


def _ways(request: HttpRequest, technician: Technician) -> str:
    """How the session at hand was signed in: "a password and an authenticator app"."""
    ways = [
        _FACTORS.get(step.get("type", ""), "a second factor")
        if step["method"] == "mfa"
        else _STEPS.get(step["method"], step["method"])
        for step in get_authentication_records(request, technician)
    ]
    return " and ".join(dict.fromkeys(ways)) or "an unknown way"


def _signed_in(*, request: HttpRequest, user: Technician, **_: Any) -> None:  # noqa: ANN401  signals pass anything
    microsoft.link_pending(request, user, address=network_address(request))
    _record(request, user, TechnicianEvent.SIGNED_IN, f"Signed in with {_ways(request, user)}.")


def _session_begun(*, request: HttpRequest, user: Technician, **_: Any) -> None:  # noqa: ANN401  as above
    sessions.begin(request, user, address=network_address(request))


def _proof_given(*, request: HttpRequest, user: Technician, method: str, **more: Any) -> None:  # noqa: ANN401  as above
    if more.get("enrolled"):
        return
    note_proof(request, technician=user, method=method, kind=str(more.get("type", "")))
    if more.get("reauthenticated"):  # a sign-in gets its new key from Django
        sessions.renew(request)


def _signed_out(*, request: HttpRequest, user: Technician | None, **_: Any) -> None:  # noqa: ANN401  as above
    if user is not None:
        sessions.end_noted(request)
        _record(request, user, TechnicianEvent.SIGNED_OUT, "Signed out.")


def _sign_in_refused(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:  # noqa: ANN401  as above
    # Only addresses of technicians are recorded: what else is typed there may be a password in the wrong field.
    technician = queries.find_technician(str(credentials.get("email") or credentials.get("username") or ""))
    if technician is None:
        return
    somebody = Actor(kind="system", id=None, name="Somebody signed out", address=network_address(request))
    summary = "A wrong password was given."
    _record(request, technician, TechnicianEvent.SIGN_IN_REFUSED, summary, actor=somebody, result=Result.REFUSED)


def note_lock(request: HttpRequest, email: str) -> None:
    """Record, once for each lock, that an account of ours does not accept a password for now."""
    technician = queries.find_technician(email)
    # Five minutes are the account's limit, see ACCOUNT_RATE_LIMITS.
    if technician is None or not cache.add(f"sign-in-locked:{technician.pk}", value=True, timeout=300):
        return
    somebody = Actor(kind="system", id=None, name="Somebody signed out", address=network_address(request))
    summary = "Too many wrong passwords: no password is accepted for five minutes."
    _record(request, technician, TechnicianEvent.SIGN_IN_LOCKED, summary, actor=somebody, result=Result.REFUSED)


def _password_changed(*, request: HttpRequest, user: Technician, **_: Any) -> None:  # noqa: ANN401  as above
    sessions.end_rows(user, but=sessions.current_id(request))
    _record(request, user, TechnicianEvent.PASSWORD_CHANGED, "Password changed; other sessions ended.")


def _factor_added(*, request: HttpRequest, user: Technician, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401  as above
    words = _ADDED.get(authenticator.type, "a second factor")
    _record(request, user, TechnicianEvent.SECOND_FACTOR_ADDED, f"Set up {words}.")
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        # Who has just set it up has shown it: the recovery codes that come with it are seen without asking again. It is
        # no proof for a dangerous act.
        record_authentication(request, user, "mfa", type=authenticator.type, reauthenticated=True, enrolled=True)


def _factor_removed(*, request: HttpRequest, user: Technician, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401  as above
    words = _ADDED.get(authenticator.type, "a second factor")
    _record(request, user, TechnicianEvent.SECOND_FACTOR_REMOVED, f"Removed {words}.")


def _codes_made(*, request: HttpRequest, user: Technician, **_: Any) -> None:  # noqa: ANN401  as above
    _record(
        request, user, TechnicianEvent.RECOVERY_CODES_MADE, "Made new recovery codes; the old ones stopped working."
    )


def _factor_refused(*, request: HttpRequest, user: Technician, **_: Any) -> None:  # noqa: ANN401  as above
    _record(request, user, TechnicianEvent.SECOND_FACTOR_REFUSED, "A wrong code was given.", result=Result.REFUSED)
