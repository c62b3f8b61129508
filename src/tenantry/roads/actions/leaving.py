"""The administrator's trip to Microsoft: leaving, and the answer.

The answer comes as a GET that anybody can forge, so it opens only what its single-use `state` fits: this work, this
technician, this session. The PKCE verifier and the nonce are sealed until then, and gone after. The access token lives
as long as the request that redeems it.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from tenantry.audit.actions import record
from tenantry.audit.models import Result
from tenantry.customers.queries import Customer, get_customer
from tenantry.graph import errors, people
from tenantry.graph.apps import App
from tenantry.kit import clock, sealed
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed, NotHere
from tenantry.roads.actions.carrying import carry_out
from tenantry.roads.actions.planning import about
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState
from tenantry.technicians.models import Technician

SCOPES: Final = ("RoleManagement.ReadWrite.Directory", "DelegatedPermissionGrant.ReadWrite.All")
"""Delegated permissions the administrator lends us: to give the role, and to take this very loan back."""
RETURN_PATH: Final = "/connect/administrator/return"
TRIP_LIFETIME: Final = dt.timedelta(minutes=30)
LONGEST_JUSTIFICATION: Final = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Answered:
    """Where an answer led: the work it belongs to, or why it fits none."""

    work: Work | None
    reason: str = ""


def redirect_uri() -> str:
    """Where Microsoft sends the administrator back to; registered with the help-desk app exactly like this."""
    return f"{settings.PUBLIC_URL}{RETURN_PATH}"


def leave(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    work_id: uuid.UUID,
    digest: str,
    session_key: str,
    justification: str = "",
    ticket: str = "",
    is_dry_run: bool = False,
) -> str:
    """Open the trip for a plan that was shown, and return the address to send the browser to.

    Raises:
        NotHere: no such customer or work.
        Conflict: the plan shown is not the one on the row, or the work is under way.
        NotAllowed: something stands in the way.
        Invalid: a justification or ticket is missing or too long.
        GraphError: Microsoft's sign-in service does not answer.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    work = Work.objects.filter(pk=work_id, customer_id=customer_id).first()
    if work is None:
        raise NotHere("There is no such work.")
    if work.digest != digest:
        raise Conflict("The plan has changed since this page was shown.", remedy="Look at the new plan and confirm it.")
    if work.obstacles:
        raise NotAllowed(work.obstacles[0]["what"], remedy=work.obstacles[0]["fix"], who=work.obstacles[0]["who"])
    justification = justification.strip()
    if any(step["kind"].startswith("pim") for step in work.steps) and not justification:
        raise Invalid("PIM asks for a justification.", field="justification", remedy="Say why in one sentence.")
    if len(justification) > LONGEST_JUSTIFICATION:
        raise Invalid(f"A justification has at most {LONGEST_JUSTIFICATION} characters.", field="justification")
    departure = people.depart(
        scopes=SCOPES,
        redirect_uri=redirect_uri(),
        tenant=str(work.tenant_id),
        through=App.HELPDESK,
        login_hint=work.signed_in_as,
    )
    now = clock.now()
    flow = sealed.seal(sealed.Secret(json.dumps(departure.flow)), table="roads_work", row=work.pk, column="flow")
    with transaction.atomic():
        moved = (
            Work.objects.filter(pk=work.pk, digest=digest)
            .exclude(state=WorkState.WORKING, leased_until__gt=now)
            .exclude(state=WorkState.DONE)
            .update(
                state=WorkState.AWAY,
                state_digest=_digest(departure.state),
                session_digest=_digest(session_key),
                flow=flow,
                expires_at=now + TRIP_LIFETIME,
                justification=justification,
                ticket=ticket.strip()[:100],
                is_dry_run=is_dry_run,
                technician_id=technician.pk,
                technician_name=technician.display_name,
                message="",
                remedy="",
                error_code="",
            )
        )
        if not moved:
            raise Conflict("This work is under way.", remedy="Wait until it ends; the page shows where it stands.")
        record(
            actor=actor,
            action=RoadEvent.ADMINISTRATOR_LEFT,
            about=about(work, customer),
            justification=justification,
            ticket=ticket,
            summary="Left for Microsoft, so that an administrator of the customer signs in"
            + (" for a dry run." if is_dry_run else "."),
            details={"work_id": str(work.pk), "app": work.app, "plan": [step["title"] for step in work.steps]},
        )
    return departure.url


def answer_sign_in(*, actor: Actor, technician: Technician, session_key: str, query: Mapping[str, str]) -> Answered:
    """Take Microsoft's answer, once, and do what was confirmed in the name of whoever signed in."""
    state = query.get("state", "")
    work = Work.objects.filter(state_digest=_digest(state)).first() if state else None
    if work is None:
        return Answered(None, "This answer from Microsoft was not asked for, or was used before.")
    if work.technician_id != technician.pk or not constant_time_compare(
        bytes(work.session_digest or b""), _digest(session_key)
    ):
        return Answered(None, "This answer from Microsoft belongs to another session.")
    flow = bytes(work.flow or b"")
    # Taken by exactly one request; the verifier is gone from here on.
    taken = Work.objects.filter(pk=work.pk, state=WorkState.AWAY, state_digest=_digest(state)).update(
        state=WorkState.STOPPED, state_digest=None, session_digest=None, flow=None
    )
    if not taken:
        return Answered(None, "This answer from Microsoft was used before.")
    work.refresh_from_db()
    customer = get_customer(technician=technician, customer_id=work.customer_id)
    return Answered(_take(actor, work, customer, flow, query))


def _take(actor: Actor, work: Work, customer: Customer, flow: bytes, query: Mapping[str, str]) -> Work:
    """An answer that is ours: too late, refused, or a person in whose name the work is done."""
    if work.expires_at is None or clock.now() >= work.expires_at:
        return _stop(work, "The answer came too late.", "Sign in again.", "expired")
    if query.get("error"):
        return _refused_at_microsoft(work, query)
    try:
        opened = sealed.unseal(flow, table="roads_work", row=work.pk, column="flow")
        person = people.arrive(flow=json.loads(opened.reveal()), answer=query, through=App.HELPDESK)
    except errors.GraphError as error:
        return _stop(work, error.message, "Try again.", error.code)
    if person.tenant_id != work.tenant_id:
        message = f"{person.user_name} belongs to another tenant. Nothing was changed."
        return _stop(work, message, "Sign in with an administrator of this very tenant.", "other_tenant")
    work.signed_in_as = person.user_name[:320]
    work.save(update_fields=["signed_in_as"])
    record(
        actor=actor,
        action=RoadEvent.ADMINISTRATOR_SIGNED_IN,
        about=about(work, customer),
        justification=work.justification,
        ticket=work.ticket,
        result=Result.DONE,
        summary=f"{person.user_name} signed in. Nothing of the sign-in is kept.",
        details={"work_id": str(work.pk), "object_id": person.token.object_id},
    )
    return carry_out(actor=actor, work=work, customer=customer, person=person)


def _refused_at_microsoft(work: Work, query: Mapping[str, str]) -> Work:
    description = query.get("error_description", "")
    code = description.split(":", 1)[0] if description.startswith("AADSTS") else query.get("error", "")[:40]
    if code == "AADSTS65004" or query.get("error_subcode") == "cancel":
        return _stop(work, "Whoever signed in chose Cancel.", "Sign in again when the administrator is ready.", code)
    if code in {"AADSTS90094", "AADSTS65001", "AADSTS90093"}:
        remedy = "Sign in with a Global Administrator or Privileged Role Administrator of the customer."
        return _stop(work, "That account may not lend us these rights.", remedy, code)
    words = description.split(" Trace ID:", 1)[0].split("\r\n", 1)[0][:300] or "Microsoft reported an error."
    return _stop(work, words, "Try again; Microsoft's support needs the code.", code)


def _stop(work: Work, message: str, remedy: str, code: str) -> Work:
    work.state = WorkState.STOPPED
    work.message, work.remedy, work.error_code = message, remedy, code[:80]
    work.finished_at = clock.now()
    work.save()
    return work


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
