"""Sessions of technicians: where somebody is signed in, since when, and the two limits after which it ends."""

import datetime as dt
import uuid
from typing import Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from tenantry.audit import actions as audit
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotHere
from tenantry.technicians import session_store
from tenantry.technicians.actions import about
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import BrowserSession, Technician

_ENTRY: Final = "tenantry_session"
_WRITTEN_EVERY: Final = 60.0  # seconds; a page must not cost a write each time


def begin(request: HttpRequest, technician: Technician, *, address: str) -> None:
    """Note a sign-in: the limits count from now, and the list on the settings page shows it."""
    now = clock.now()
    if request.session.session_key is None:
        request.session.save()
    agent = str(request.META.get("HTTP_USER_AGENT", ""))[:300]
    BrowserSession.objects.filter(technician=technician, seen_at__lt=now - _absolute()).delete()
    row = BrowserSession.objects.create(
        technician=technician,
        session_key=_stored(request),
        started_at=now,
        seen_at=now,
        address=address,
        agent=agent,
    )
    request.session[_ENTRY] = {"id": str(row.pk), "started": now.timestamp(), "seen": now.timestamp()}


def mark_of(request: HttpRequest) -> str:
    """What a trip to Microsoft or a kept request is bound to: this sign-in in this browser, whatever its key is now.

    It is known to the server alone: the browser's own data never holds it.
    """
    entry = request.session.get(_ENTRY)
    return str(entry["id"]) if entry else request.session.session_key or ""


def renew(request: HttpRequest) -> None:
    """Give the session at hand a new key after a fresh proof; the old one opens nothing from now on.

    Source: OWASP ASVS 5.0, 7.2.4.
    """
    before = _stored(request)
    request.session.cycle_key()
    entry = request.session.get(_ENTRY)
    if entry is not None:
        request.session[_ENTRY] = {**entry, "key": _stored(request)}
        BrowserSession.objects.filter(pk=entry["id"]).update(session_key=_stored(request))
    if before:
        session_store.note_replaced(before)


def why_ended(request: HttpRequest) -> str:
    """Why the session at hand is over, in words for the person; empty while it goes on."""
    if isinstance(request.user, Technician) and request.user.is_service:
        return "A service account does not sign in."  # no way leads here; if one ever does, it ends here
    entry = request.session.get(_ENTRY)
    if entry is None:
        return ""
    now = clock.now().timestamp()
    if now - float(entry["started"]) >= _absolute().total_seconds():
        return f"You were signed out: a session ends after {settings.SESSION_HOURS} hours. Sign in again."
    if now - float(entry["seen"]) >= settings.SESSION_IDLE_MINUTES * 60:
        return f"You were signed out after {settings.SESSION_IDLE_MINUTES} minutes without activity. Sign in again."
    return ""


def touch(request: HttpRequest) -> None:
    """Note that somebody is at work. Parts of pages that ask by themselves are no activity."""
    entry = request.session.get(_ENTRY)
    if entry is None or (request.method == "GET" and request.headers.get("HX-Request") == "true"):
        return
    now = clock.now()
    key = _stored(request)
    if now.timestamp() - float(entry["seen"]) < _WRITTEN_EVERY and entry.get("key", key) == key:
        return
    request.session[_ENTRY] = {**entry, "seen": now.timestamp(), "key": key}
    BrowserSession.objects.filter(pk=entry["id"]).update(seen_at=now, session_key=key)


def end_noted(request: HttpRequest) -> None:
    """The session at hand is over: take it off the list."""
    entry = request.session.get(_ENTRY)
    if entry is not None:
        BrowserSession.objects.filter(pk=entry["id"]).delete()


def sessions_of(technician: Technician) -> list[BrowserSession]:
    """Where the technician is signed in, the latest activity first."""
    now = clock.now()
    idle = dt.timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    live = BrowserSession.objects.filter(
        technician=technician, seen_at__gt=now - idle, started_at__gt=now - _absolute()
    )
    return list(live.order_by("-seen_at"))


def current_id(request: HttpRequest) -> uuid.UUID | None:
    """The id of the session at hand."""
    entry = request.session.get(_ENTRY)
    return uuid.UUID(entry["id"]) if entry else None


def end_one(*, actor: Actor, technician: Technician, session_id: uuid.UUID) -> None:
    """End one session of the technician's own, at once.

    Raises:
        NotHere: they have no such session.
    """
    with transaction.atomic():
        row = BrowserSession.objects.select_for_update().filter(pk=session_id, technician=technician).first()
        if row is None:
            raise NotHere("There is no such session.")
        _end(row)
        audit.record(
            actor=actor,
            action=TechnicianEvent.SESSION_ENDED,
            about=about(technician),
            summary="Signed out in one other browser.",
        )


def end_rows(technician: Technician, *, but: uuid.UUID | None = None) -> None:
    """End every noted session of a technician, at once, except one."""
    for row in BrowserSession.objects.filter(technician=technician):
        if row.pk != but:
            _end(row)


def _end(row: BrowserSession) -> None:
    if row.session_key:
        session_store.end(row.session_key)
    row.delete()


def _stored(request: HttpRequest) -> str:
    """Under what the session at hand stands in the database; empty for one that was never saved."""
    return session_store.digest(request.session.session_key) if request.session.session_key else ""


def _absolute() -> dt.timedelta:
    return dt.timedelta(hours=settings.SESSION_HOURS)
