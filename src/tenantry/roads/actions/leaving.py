"""The administrator's trip to Microsoft: leaving, and the answer.

The answer comes as a GET that anybody can forge, so it opens only what its single-use `state` fits: this work, this
technician or link, this browser. The PKCE verifier and the nonce are sealed until then, and gone after. The access
token lives as long as the request that redeems it.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
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
from tenantry.roads.actions.carrying import LEASE, carry_out
from tenantry.roads.actions.planning import LOAN_MAY_REMAIN, Holder, about, prepare_by_link
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState
from tenantry.technicians.models import Technician

SCOPES: Final = ("RoleManagement.ReadWrite.Directory", "DelegatedPermissionGrant.ReadWrite.All")
"""Delegated permissions the administrator lends us: to give the role, and to take this very loan back."""
RETURN_PATH: Final = "/connect/administrator/return"
TRIP_LIFETIME: Final = dt.timedelta(minutes=30)
LONGEST_JUSTIFICATION: Final = 500
LONGEST_TICKET: Final = 64  # as long as the record keeps it
_LONGEST_NAME: Final = 200  # as long as the record keeps it


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
    confirmed = _Confirmed(digest, session_key, justification.strip(), ticket.strip(), is_dry_run)
    who = {"technician_id": technician.pk, "technician_name": technician.display_name, "link_id": None}
    return _leave(actor, customer, work, confirmed, who)


def leave_by_link(
    *,
    address: str,
    holder: Holder,
    digest: str,
    browser: str,
    justification: str = "",
    ticket: str = "",
    is_dry_run: bool = False,
) -> str:
    """The same for whoever holds a link.

    Args:
        address: the network address they come from.
        holder: the link.
        digest: of the plan that was shown.
        browser: what only their browser has; the answer is taken from no other.
        justification: what PIM keeps with the assignment.
        ticket: the ticket's number, where the role's rules ask for one.
        is_dry_run: change nothing.

    Raises:
        NotHere: the link opens nothing any more.
        Conflict, NotAllowed, Invalid, GraphError: as for `leave`.
    """
    work = prepare_by_link(holder)
    if work.link_id != holder.link_id:
        raise Conflict("This is being done at this moment.", remedy="Wait a minute, then open the page again.")
    confirmed = _Confirmed(digest, browser, justification.strip(), ticket.strip(), is_dry_run)
    who = {"technician_id": None, "technician_name": holder.made_by, "link_id": holder.link_id}
    return _leave(_actor_by_link(holder, address), holder.customer, work, confirmed, who)


@dataclasses.dataclass(frozen=True, slots=True)
class _Confirmed:
    """What somebody confirmed, and in which browser."""

    digest: str
    browser: str
    justification: str
    ticket: str
    is_dry_run: bool


def _leave(actor: Actor, customer: Customer, work: Work, confirmed: _Confirmed, who: Mapping[str, object]) -> str:
    if work.digest != confirmed.digest:
        raise Conflict("The plan has changed since this page was shown.", remedy="Look at the new plan and confirm it.")
    if work.obstacles:
        raise NotAllowed(work.obstacles[0]["what"], remedy=work.obstacles[0]["fix"], who=work.obstacles[0]["who"])
    if any(step["kind"].startswith("pim") for step in work.steps) and not confirmed.justification:
        raise Invalid("PIM asks for a justification.", field="justification", remedy="Say why in one sentence.")
    if len(confirmed.justification) > LONGEST_JUSTIFICATION:
        raise Invalid(f"A justification has at most {LONGEST_JUSTIFICATION} characters.", field="justification")
    if len(confirmed.ticket) > LONGEST_TICKET:
        raise Invalid(f"A ticket has at most {LONGEST_TICKET} characters.", field="ticket")
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
            Work.objects.filter(pk=work.pk, digest=confirmed.digest)
            .exclude(state=WorkState.WORKING, leased_until__gt=now)
            .exclude(state=WorkState.DONE)
            .update(
                state=WorkState.AWAY,
                state_digest=_digest(departure.state),
                session_digest=_digest(confirmed.browser),
                flow=flow,
                expires_at=now + TRIP_LIFETIME,
                justification=confirmed.justification,
                ticket=confirmed.ticket,
                is_dry_run=confirmed.is_dry_run,
                message="",
                remedy="",
                error_code="",
                **who,
            )
        )
        if not moved:
            raise Conflict("This work is under way.", remedy="Wait until it ends; the page shows where it stands.")
        record(
            actor=actor,
            action=RoadEvent.ADMINISTRATOR_LEFT,
            about=about(work, customer),
            justification=confirmed.justification,
            ticket=confirmed.ticket,
            summary="Left for Microsoft, so that an administrator of the customer signs in"
            + (" for a dry run." if confirmed.is_dry_run else "."),
            details={"work_id": str(work.pk), "app": work.app, "plan": [step["title"] for step in work.steps]},
        )
    return departure.url


def is_by_link(state: str) -> bool:
    """Whether an answer with this `state` belongs to a trip that a link began."""
    return bool(state) and Work.objects.filter(state_digest=_digest(state), link_id__isnull=False).exists()


def answer_sign_in(*, actor: Actor, technician: Technician, session_key: str, query: Mapping[str, str]) -> Answered:
    """Take Microsoft's answer, once, and do what was confirmed in the name of whoever signed in."""
    work = _work_of(query)
    if work is None:
        return Answered(None, "This answer from Microsoft was not asked for, or was used before.")
    if work.technician_id != technician.pk or not _is_browser_of(work, session_key):
        return Answered(None, "This answer from Microsoft belongs to another session.")
    customer = get_customer(technician=technician, customer_id=work.customer_id)
    taken = _take(work, query)
    if taken is None:
        return Answered(None, "This answer from Microsoft was used before.")
    return Answered(_go_on(actor, taken, customer, query, lambda: True))


def answer_by_link(*, address: str, holder: Holder, browser: str, query: Mapping[str, str]) -> Answered:
    """The same for whoever holds a link; `browser` is what only the browser that left has.

    A link that ended or was revoked on the way opens nothing: no token is asked for, and the work is stopped.
    """
    work = _work_of(query)
    if work is None or work.link_id != holder.link_id or not _is_browser_of(work, browser):
        return Answered(None, "This answer from Microsoft was not asked for here, or was used before.")
    taken = _take(work, query)
    if taken is None:
        return Answered(None, "This answer from Microsoft was used before.")
    if not holder.still_opens():
        taken.work.remains = _left_behind(query)
        _stop(
            taken.work, "The link ended or was revoked before the sign-in came back.", "Make a new link.", "link_ended"
        )
        return Answered(None, "The link has ended.")
    actor = _actor_by_link(holder, address)
    return Answered(_go_on(actor, taken, holder.customer, query, holder.still_opens))


@dataclasses.dataclass(frozen=True, slots=True)
class _Taken:
    """A trip whose answer came, once: from here on the row holds neither state nor verifier."""

    work: Work
    flow: bytes
    is_alone: bool  # no other process is at work on the same road


def _work_of(query: Mapping[str, str]) -> Work | None:
    state = query.get("state", "")
    return Work.objects.filter(state_digest=_digest(state)).first() if state else None


def _is_browser_of(work: Work, browser: str) -> bool:
    return constant_time_compare(bytes(work.session_digest or b""), _digest(browser))


def _take(work: Work, query: Mapping[str, str]) -> _Taken | None:
    """Take the answer for exactly one request; None when another had it."""
    now, state = clock.now(), _digest(query.get("state", ""))
    with transaction.atomic():
        rows = Work.objects.filter(tenant_id=work.tenant_id, app=work.app)
        rows = rows.filter(state__in=(WorkState.AWAY, WorkState.WORKING))
        locked = list(rows.select_for_update().order_by("pk"))
        mine = next((row for row in locked if row.pk == work.pk and bytes(row.state_digest or b"") == state), None)
        if mine is None or mine.state != WorkState.AWAY:
            return None
        flow = bytes(mine.flow or b"")
        is_busy = any(
            row.pk != mine.pk and row.state == WorkState.WORKING and row.leased_until and row.leased_until > now
            for row in locked
        )
        mine.state, mine.leased_until = WorkState.WORKING, now + LEASE
        mine.state_digest = mine.session_digest = mine.flow = None
        mine.save()
    return _Taken(mine, flow, is_alone=not is_busy)


def _go_on(
    actor: Actor, taken: _Taken, customer: Customer, query: Mapping[str, str], may_go_on: Callable[[], bool]
) -> Work:
    """An answer that is ours: too late, refused, or a person in whose name the work is done."""
    work = taken.work
    if work.expires_at is None or clock.now() >= work.expires_at:
        work.remains = _left_behind(query)
        return _stop(work, "The answer came too late.", "Sign in again.", "expired")
    if query.get("error"):
        return _refused_at_microsoft(work, query)
    try:
        opened = sealed.unseal(taken.flow, table="roads_work", row=work.pk, column="flow")
        person = people.arrive(flow=json.loads(opened.reveal()), answer=query, through=App.HELPDESK)
    except errors.GraphError as error:
        return _stop(work, error.message, "Try again.", error.code)
    if person.tenant_id != work.tenant_id:
        message = f"{person.user_name} belongs to another tenant. Nothing was changed."
        return _stop(work, message, "Sign in with an administrator of this very tenant.", "other_tenant")
    work.signed_in_as = person.user_name[:320]
    work.save(update_fields=["signed_in_as"])
    if work.link_id is not None:  # from here on somebody with a name acts
        name = f"{person.user_name}, by a link of {work.technician_name}"[:_LONGEST_NAME]
        actor = Actor(kind="link", id=None, name=name, address=actor.address)
    record(
        actor=actor,
        action=RoadEvent.ADMINISTRATOR_SIGNED_IN,
        about=about(work, customer),
        justification=work.justification,
        ticket=work.ticket,
        result=Result.DONE,
        summary=f"{person.user_name} signed in. Nothing of the sign-in is kept.",
        details={
            "work_id": str(work.pk),
            "object_id": person.token.object_id,
            "link_id": str(work.link_id) if work.link_id else "",
        },
    )
    worker_may = may_go_on if taken.is_alone else None
    return carry_out(actor=actor, work=work, customer=customer, person=person, may_go_on=worker_may)


def _left_behind(query: Mapping[str, str]) -> list[str]:
    """Whoever comes back with a code has lent us something at Microsoft, which is refused here and not used."""
    return [LOAN_MAY_REMAIN] if query.get("code") else []


def _actor_by_link(holder: Holder, address: str) -> Actor:
    name = f"The customer's administrator, by a link of {holder.made_by}"[:_LONGEST_NAME]
    return Actor(kind="link", id=None, name=name, address=address)


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
    work.leased_until, work.finished_at = None, clock.now()
    work.save()
    return work


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
