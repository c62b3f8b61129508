"""Making the changes in the administrator's name: recorded, sent, read back, and the loan given back.

The tenant is looked at first; when it is no longer what was confirmed, nothing is sent and the new plan is shown. Every
change has its intent. "Already exists" and an answer that never came are neither success nor failure: the look at the
end decides, and it is made with our own rights, so that nothing is called done that would not last.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.customers.queries import Customer
from tenantry.graph import errors
from tenantry.graph.calls import role_giving
from tenantry.graph.calls.role_giving import PimRequest
from tenantry.graph.people import Person
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.intent import Intent
from tenantry.roads.actions.planning import LOAN_MAY_REMAIN, about, plan_fields, plan_of
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState
from tenantry.roads.policies import ROLE_GIVER, ChangeKind
from tenantry.tenants.actions import check_connection
from tenantry.tenants.models import Connection
from tenantry.tenants.policies import AppKind
from tenantry.tenants.queries import connection_to, group_name_of

LEASE: Final = dt.timedelta(minutes=3)
"""A process that works longer than this is taken for dead, and the work may be begun anew."""
_LOOKS: Final = 4
_PAUSE: Final = 2.0  # seconds between looks: what was written replicates
_PATIENCE_FOR_NEW: Final = 6
_UPDATES: Final = frozenset({ChangeKind.PIM_UPDATE, ChangeKind.PIM_UPDATE_OF_GROUP})
_EVENTS: Final = {
    ChangeKind.CREATE_GROUP: RoadEvent.GROUP_CREATED,
    ChangeKind.ADD_MEMBER: RoadEvent.MEMBER_ADDED,
}


def carry_out(
    *, actor: Actor, work: Work, customer: Customer, person: Person, may_go_on: Callable[[], bool] | None
) -> Work:
    """Do the work, or try it dry, and give back what the sign-in lent us. Never raises a GraphError.

    Args:
        actor: who the record says acts.
        work: taken by this process, with a lease.
        customer: whose.
        person: who signed in.
        may_go_on: asked before each change; None when another process is at work on the same road.
    """
    worker = _Worker(actor, work, customer, person, may_go_on)
    try:
        if may_go_on is None:
            message = "Somebody else was doing the same at that moment, so nothing was sent."
            worker.stop(message, "Wait a minute and look at the page again.", "busy")
            # To give back now would take the other's loan away under its feet; the other gives back for both.
            work.remains = [LOAN_MAY_REMAIN]
        else:
            worker.run()
    except errors.GraphError as error:
        worker.stop(error.message, "Look at the page and sign in again: it goes on where it stands.", error.code)
    finally:
        if may_go_on is not None:
            worker.give_back()
    work.leased_until = None
    work.finished_at = clock.now()
    work.save()
    audit.record(
        actor=actor,
        action=RoadEvent.WORK_ENDED,
        about=about(work, customer),
        justification=work.justification,
        ticket=work.ticket,
        result=Result.DONE if work.state == WorkState.DONE else Result.NONE,
        summary=f"{WorkState(work.state).label}. {work.message}".strip(),
        details={"work_id": str(work.pk), "steps": work.steps, "remains": work.remains},
    )
    return work


class _Worker:
    def __init__(
        self, actor: Actor, work: Work, customer: Customer, person: Person, may_go_on: Callable[[], bool] | None
    ) -> None:
        self._actor, self._work, self._customer, self._person = actor, work, customer, person
        self._may_go_on = may_go_on or (lambda: False)
        self._app = AppKind(work.app)
        self._group_id = ""

    def run(self) -> None:
        connection = self._look()
        if connection is None:
            self.stop("The customer was disconnected meanwhile.", "Connect it again.", "not_connected")
            return
        plan = plan_of(connection)
        if plan.digest != self._work.digest:
            self._show_anew(connection)
            return
        if self._work.is_dry_run:
            self._try(connection)
            return
        for index in range(len(self._work.steps)):
            if not self._make(index, connection):
                return
        self._prove()

    def _show_anew(self, connection: Connection) -> None:
        """The tenant is not what was confirmed: done already, or to be confirmed anew."""
        plan = plan_of(connection)
        fields = plan_fields(plan)
        self._work.steps, self._work.obstacles, self._work.digest = (
            fields["steps"],
            fields["obstacles"],
            fields["digest"],
        )
        if plan.is_empty:
            self._work.state = WorkState.DONE
            self._work.message = "Everything was as it should be. Nothing was changed."
        else:
            self._work.state = WorkState.PLANNED
            self._work.message = "The tenant has changed since you confirmed, so nothing was sent."
            self._work.remedy = "Look at the new plan and confirm it."

    # --- a dry run ----------------------------------------------------------------------------------------------------

    def _try(self, connection: Connection) -> None:
        """Ask what can be asked without changing anything."""
        for step in self._work.steps:
            step["state"], step["note"] = "accepted", "Nothing speaks against it. Microsoft offers no rehearsal for it."
            if step["kind"] not in {ChangeKind.PIM_ASSIGN, *_UPDATES} and not (
                step["kind"] == ChangeKind.PIM_ASSIGN_TO_GROUP and step["group_id"]
            ):
                continue
            try:
                role_giving.validate_pim(
                    tenant_id=self._work.tenant_id, request=self._pim(step, connection), via=self._person.token
                )
                step["note"] = "PIM would accept it."
            except errors.GraphError as error:
                step["state"], step["note"] = "failed", self._words(error)
        failed = any(step["state"] == "failed" for step in self._work.steps)
        self._work.state = WorkState.STOPPED if failed else WorkState.PLANNED
        self._work.message = (
            "Dry run: Microsoft would refuse. Nothing was changed."
            if failed
            else "Dry run passed. Nothing was changed."
        )

    # --- the changes --------------------------------------------------------------------------------------------------

    def _make(self, index: int, connection: Connection) -> bool:
        """One change. Returns whether to go on."""
        if not self._may_go_on():
            self.stop(
                "The link ended or was revoked meanwhile. Nothing more was sent.", "Make a new link.", "link_ended"
            )
            return False
        step = self._work.steps[index]
        kind = ChangeKind(step["kind"])
        intent = audit.begin(
            actor=self._actor,
            action=_EVENTS.get(kind, RoadEvent.ROLE_ASSIGNED),
            about=about(self._work, self._customer),
            justification=self._work.justification,
            ticket=self._work.ticket,
            summary=f"{step['title']} In the name of {self._person.user_name}.",
            details={"work_id": str(self._work.pk), "kind": str(kind)},
        )
        step["state"], step["event_id"] = "sent", intent.event_id
        self._work.leased_until = clock.now() + LEASE
        self._work.save(update_fields=["steps", "leased_until"])
        try:
            self._patiently(lambda: self._send(kind, step, connection, intent))
        except errors.AlreadyExists as error:
            step["state"], step["note"] = "there_already", "Microsoft says that it is there already; a look decides."
            audit.close(intent, result=Result.NONE, summary=f"There already: {error.message}")
        except errors.UnknownOutcome as error:
            step["state"], step["note"] = "unknown", "No answer came; a look decides."
            audit.close(intent, result=Result.UNKNOWN, summary=error.message)
        except errors.GraphError as error:
            step["state"], step["note"] = "failed", self._words(error)
            audit.close(intent, result=Result.REFUSED, summary=str(error), details={"request_id": error.request_id})
            self.stop(step["note"], self._remedy(error), error.code)
            return False
        else:
            step["state"], step["note"] = "accepted", ""
            audit.close(intent, result=Result.DONE, summary="Microsoft accepted it; a look proves it.")
        self._work.save(update_fields=["steps"])
        return True

    def _patiently(self, send: Callable[[], None]) -> None:
        """A group of a moment ago may not have arrived where it is needed."""
        for attempt in range(_PATIENCE_FOR_NEW):
            try:
                send()
            except errors.NotFound:
                if attempt == _PATIENCE_FOR_NEW - 1:
                    raise
                clock.sleep(_PAUSE * (attempt + 1))
            else:
                return

    def _send(self, kind: ChangeKind, step: dict[str, Any], connection: Connection, intent: Intent) -> None:
        principal = str(connection.service_principal_id)
        role_id, via = str(connection.wanted_role_id), self._person.token
        if kind is ChangeKind.CREATE_GROUP:
            name = group_name_of(connection)
            self._group_id = role_giving.create_role_group(
                intent=intent,
                name=name,
                description=f"Holds the directory role of {connection.app_display_name}.",
                nickname=_nickname(name),
                via=via,
            )
        elif kind is ChangeKind.ADD_MEMBER:
            group_id = self._group_of(step)
            role_giving.add_group_member(intent=intent, group_id=group_id, object_id=principal, via=via)
        elif kind is ChangeKind.ASSIGN:
            role_giving.assign_role(intent=intent, principal_id=principal, role_id=role_id, via=via)
        elif kind is ChangeKind.ASSIGN_TO_GROUP:
            role_giving.assign_role(intent=intent, principal_id=self._group_of(step), role_id=role_id, via=via)
        else:
            role_giving.request_pim(intent=intent, request=self._pim(step, connection), via=via)

    def _pim(self, step: dict[str, Any], connection: Connection) -> PimRequest:
        is_group = step["kind"] in {ChangeKind.PIM_ASSIGN_TO_GROUP, ChangeKind.PIM_UPDATE_OF_GROUP}
        return PimRequest(
            action="adminUpdate" if step["kind"] in _UPDATES else "adminAssign",
            principal_id=self._group_of(step) if is_group else str(connection.service_principal_id),
            role_id=str(connection.wanted_role_id),
            duration=step["duration"],
            justification=self._work.justification,
            ticket=self._work.ticket,
        )

    def _group_of(self, step: dict[str, Any]) -> str:
        """The group: known from the plan, made a moment ago, or found by a look because no answer told its id."""
        if step["group_id"] or self._group_id:
            return str(step["group_id"] or self._group_id)
        connection = self._look()
        from tenantry.tenants.queries import facts_of  # noqa: PLC0415  only here

        group = facts_of(connection).group.group if connection is not None else None
        if group is None:
            raise errors.NotFound("The group that was just created is not visible yet.", code="group_not_visible")
        self._group_id = group.group_id
        return self._group_id

    # --- the proof ----------------------------------------------------------------------------------------------------

    def _prove(self) -> None:
        """Done is what our own look finds; the rest waits and is found by the looks that follow."""
        for attempt in range(_LOOKS):
            if attempt:
                clock.sleep(_PAUSE)
            connection = self._look()
            if connection is not None and not plan_of(connection).changes:
                call_done(self._work)
                return
        self._work.state = WorkState.WAITING
        self._work.message = "Microsoft has taken the changes, and a look does not show all of them yet."
        self._work.remedy = "Nothing to do: we keep looking. If it stays so, do it again; nothing is made twice."

    def _look(self) -> Connection | None:
        check_connection(tenant_id=self._work.tenant_id)
        return connection_to(self._work.tenant_id, app=self._app)

    # --- the loan -----------------------------------------------------------------------------------------------------

    def give_back(self) -> None:
        """Take the delegated grant of this sign-in out of the tenant, and say what remains."""
        base = connection_to(self._work.tenant_id)
        if base is None or base.service_principal_id is None:
            return
        principal, via = str(base.service_principal_id), self._person.token
        tenant_id = uuid.UUID(str(self._work.tenant_id))
        try:
            for grant in role_giving.delegated_grants(tenant_id=tenant_id, object_id=principal, via=via):
                self._remove(grant)
            left = role_giving.delegated_grants(tenant_id=tenant_id, object_id=principal, via=via)
        except errors.GraphError as error:
            self._work.remains = [f"Possibly a delegated grant of {base.app_display_name}: {error.message}"]
            return
        self._work.remains = [f"Delegated grant of {base.app_display_name}: {', '.join(g.scopes)}" for g in left]
        if not left:  # also what works before this one were not sure of
            unsure = Work.objects.filter(tenant_id=self._work.tenant_id, remains=[LOAN_MAY_REMAIN])
            unsure.exclude(pk=self._work.pk).update(remains=[])

    def _remove(self, grant: role_giving.DelegatedGrant) -> None:
        intent = audit.begin(
            actor=self._actor,
            action=RoadEvent.GRANT_TAKEN_BACK,
            about=about(self._work, self._customer),
            summary=f"Take back what the sign-in of {self._person.user_name} lent us: {', '.join(grant.scopes)}.",
            details={"work_id": str(self._work.pk), "grant_id": grant.grant_id},
            is_taking_back=True,
        )
        try:
            role_giving.remove_delegated_grant(intent=intent, grant_id=grant.grant_id, via=self._person.token)
        except errors.NotFound as error:
            audit.close(intent, result=Result.DONE, summary=f"It was gone already: {error.message}")
        except errors.GraphError as error:
            is_unknown = isinstance(error, errors.UnknownOutcome)
            audit.close(intent, result=Result.UNKNOWN if is_unknown else Result.REFUSED, summary=str(error))
        else:
            audit.close(intent, result=Result.DONE, summary="Microsoft accepted it; a read proves it.")

    # --- words --------------------------------------------------------------------------------------------------------

    def stop(self, message: str, remedy: str, code: str) -> None:
        self._work.state = WorkState.STOPPED
        self._work.message, self._work.remedy, self._work.error_code = message, remedy, code[:80]

    def _words(self, error: errors.GraphError) -> str:
        if isinstance(error, errors.Refused) and error.code == "Authorization_RequestDenied":
            if "AAD Premium" in error.message:
                return "Microsoft refuses: the tenant has no Entra ID P1 licence in force."
            return f"Microsoft refuses: {self._person.user_name} may not give roles in this tenant."
        return f"Microsoft refuses: {error.message}"

    def _remedy(self, error: errors.GraphError) -> str:
        if isinstance(error, errors.Refused):
            return f"Sign in again with {ROLE_GIVER}."
        if "MfaRule" in error.message:
            return "The role's rules ask for multifactor authentication: sign in again and pass it."
        if "TicketingRule" in error.message:
            return "The role's rules ask for a ticket: enter its number and sign in again."
        return "Look at the reason, then sign in again: it goes on where it stands."


def call_done(work: Work) -> None:
    """Say that a look has found everything; what was sent without a certain answer is certain now."""
    for step in work.steps:
        if step["state"] != "done" and step.get("event_id"):
            audit.close_event(step["event_id"], result=Result.DONE, summary="Read back from the tenant.")
        step["state"], step["note"] = "done", "Read back from the tenant."
    work.state = WorkState.DONE
    work.message, work.remedy = "Done, and read back from the tenant.", ""


def _nickname(name: str) -> str:
    """A mail nickname: at most 64 characters of ASCII, no blanks, none of the signs that Graph's page forbids."""
    found = re.sub(r"[^A-Za-z0-9._-]", "", name)[:48]
    return f"{found or 'tenantry'}-{uuid.uuid4().hex[:8]}"
