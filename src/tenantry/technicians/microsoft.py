"""Signing technicians in with the provider's own Entra tenant.

The tenant is pinned by the settings and again in the id token. An account is known by tenant id and object id, which
never change hands. The first time it is matched to an existing technician: by its user name, whose domain the tenant
has verified, or by an e-mail address that Microsoft says is verified; never a guest, and never to somebody who has
another account already. Nobody is created here: an invitation comes first.

A second factor at Microsoft counts only when the id token proves it; otherwise our own is asked for. It never counts
before the account is linked, and it is linked when the technician is signed in, so after our own factor was shown: a
user name given to somebody else opens nothing, however often they try.
"""

import base64
import contextlib
import dataclasses
import json
import uuid
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.audit.models import Result
from tenantry.graph import identity
from tenantry.graph.apps import Registration
from tenantry.graph.identity import Identity
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotAllowed
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal
from tenantry.technicians.actions import about, actor_for
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import MicrosoftAccount, Technician, microsoft_mark

METHOD: Final = "microsoft"
_KEPT: Final = "tenantry_microsoft"
_TO_LINK: Final = "tenantry_microsoft_to_link"
_LIFETIME_SECONDS: Final = 900.0


@dataclasses.dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody who came back from Microsoft.

    Attributes:
        technician: who they are here.
        has_proved_mfa: whether our own second factor may be skipped.
        next_page: where they wanted to go.
    """

    technician: Technician
    has_proved_mfa: bool
    next_page: str


def is_offered() -> bool:
    """Whether the settings name a tenant and an app registration for it."""
    return bool(settings.SIGN_IN_TENANT_ID and settings.SIGN_IN_CLIENT_ID and settings.SIGN_IN_CREDENTIAL.is_set)


def leave(request: HttpRequest, *, next_page: str) -> str:
    """Begin a sign-in; the address to send the browser to. What is needed on the way back is sealed in the session.

    Raises:
        TenantUnreachable, TenantGone: as `identity.depart`.
    """
    departure = identity.depart(
        through=_registration(),
        redirect_uri=redirect_uri(),
        tenant=settings.SIGN_IN_TENANT_ID,
        context=settings.SIGN_IN_CONTEXT,
    )
    key = uuid.uuid4().hex
    payload = json.dumps({"flow": departure.flow, "next": next_page})
    request.session[_KEPT] = {
        "key": key,
        "until": clock.now().timestamp() + _LIFETIME_SECONDS,
        "sealed": base64.b64encode(seal(Secret(payload), **_place(key))).decode(),
    }
    return departure.url


def come_back(request: HttpRequest, *, address: str) -> Arrived:
    """Who came back, and how much that proves; a sign-in works once.

    Raises:
        NotAllowed: no sign-in was begun in this browser, or nobody here has this account.
        SignInRefused, OurCredential, NotConsented, TenantUnreachable, TenantGone: as `identity.arrive`.
    """
    kept = _take(request)
    found = identity.arrive(
        through=_registration(),
        flow=kept["flow"],
        answer=request.GET.dict(),
        tenant_id=uuid.UUID(settings.SIGN_IN_TENANT_ID),
    )
    technician, is_first = match(found, address=address)
    request.session.pop(_TO_LINK, None)
    if is_first:
        request.session[_TO_LINK] = {
            "who": str(technician.pk),
            "tenant_id": str(found.tenant_id),
            "object_id": str(found.object_id),
            "user_name": found.user_name[:320],
            "until": clock.now().timestamp() + _LIFETIME_SECONDS,
        }
    proves = found.proves_mfa(context=settings.SIGN_IN_CONTEXT)
    return Arrived(technician, has_proved_mfa=proves and not is_first, next_page=str(kept["next"]))


def match(found: Identity, *, address: str) -> tuple[Technician, bool]:
    """The technician of an account, and whether it is not linked to them yet.

    Raises:
        NotAllowed: there is none, they are switched off, or another account is theirs.
    """
    known = (
        MicrosoftAccount.objects.select_related("technician")
        .filter(tenant_id=found.tenant_id, object_id=found.object_id)
        .first()
    )
    if known is not None:
        if not known.technician.is_active:
            raise _refused(found, address, known.technician, "This account is switched off.", "Ask an owner.")
        return known.technician, False
    technician = _first_match(found)
    if technician is None:
        raise _refused(
            found,
            address,
            None,
            "Nobody here has this Microsoft account.",
            "Ask an owner to invite you under the address you sign in to Microsoft with.",
        )
    if MicrosoftAccount.objects.filter(technician=technician).exists():
        raise _refused(
            found, address, technician, "Another Microsoft account is linked to this technician.", "Ask an owner."
        )
    return technician, True


def link_pending(request: HttpRequest, technician: Technician, *, address: str) -> None:
    """Link the account that a first sign-in in this browser came with, now that the technician is signed in.

    It is linked for good, so whoever signs in must be the technician: where they have a factor here, it was shown. An
    account that somebody else was faster with is left alone.
    """
    wanted = request.session.pop(_TO_LINK, None) or {}
    if wanted.get("who") != str(technician.pk) or clock.now().timestamp() > float(wanted["until"]):
        return
    tenant_id, object_id = uuid.UUID(wanted["tenant_id"]), uuid.UUID(wanted["object_id"])
    with contextlib.suppress(IntegrityError), transaction.atomic():
        MicrosoftAccount.objects.create(
            technician=technician,
            tenant_id=tenant_id,
            object_id=object_id,
            user_name=wanted["user_name"],
            linked_at=clock.now(),
        )
        mark = microsoft_mark(tenant_id=tenant_id, object_id=object_id)
        technician.known_as = sorted({*technician.known_as, mark})
        technician.save(update_fields=["known_as"])
        audit.record(
            actor=actor_for(technician, address),
            action=TechnicianEvent.MICROSOFT_LINKED,
            about=about(technician),
            summary=f"First sign-in with the Microsoft account {wanted['user_name']}.",
            details={"tenant_id": str(tenant_id), "object_id": str(object_id)},
        )


def redirect_uri() -> str:
    """Where Microsoft sends technicians back to; registered as a redirect address of the platform "web"."""
    return f"{settings.PUBLIC_URL}{reverse('technicians:microsoft-return')}"


def _first_match(found: Identity) -> Technician | None:
    if found.is_guest is True or "#ext#" in found.user_name.lower():
        return None
    addresses = {found.user_name.strip().lower()}
    if found.is_email_verified:
        addresses.add(found.email.strip().lower())
    people = list(Technician.objects.filter(email__in=addresses - {""}, is_active=True, is_service=False)[:2])
    return people[0] if len(people) == 1 else None


def _refused(found: Identity, address: str, technician: Technician | None, reason: str, remedy: str) -> NotAllowed:
    """Record a sign-in that led nowhere, and say why."""
    with transaction.atomic():
        audit.record(
            actor=Actor(kind="system", id=None, name="Somebody signed out", address=address),
            action=TechnicianEvent.SIGN_IN_REFUSED,
            about=about(technician) if technician else About(target_kind="technician", target_name=found.user_name),
            result=Result.REFUSED,
            summary=f"A sign-in with Microsoft was refused: {reason}",
            details={"tenant_id": str(found.tenant_id), "object_id": str(found.object_id)},
        )
    return NotAllowed(reason, remedy=remedy, who="an owner", code="no_such_technician")


def _take(request: HttpRequest) -> dict[str, Any]:
    entry = request.session.pop(_KEPT, None) or {}
    lost = NotAllowed(
        "This sign-in was not begun in this browser, took too long, or was used before.",
        remedy="Start again from the sign-in page.",
        code="sign_in_lost",
    )
    if not entry or clock.now().timestamp() > float(entry["until"]):
        raise lost
    try:
        opened = unseal(base64.b64decode(entry["sealed"]), **_place(entry["key"]))
    except CannotUnseal as error:
        raise lost from error
    kept: dict[str, Any] = json.loads(opened.reveal())
    return kept


def _place(key: str) -> dict[str, str]:
    return {"table": "session", "row": key, "column": "microsoft"}


def _registration() -> Registration:
    return Registration(settings.SIGN_IN_CLIENT_ID.lower(), settings.SIGN_IN_CREDENTIAL, "Tenantry Sign-in")
