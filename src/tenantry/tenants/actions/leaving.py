"""Disconnecting: forgetting a tenant here, and taking our roles away there when that is asked for.

What is removed in the tenant is recorded before it is sent and counts as removed only when a read shows it. The
connection is forgotten last: whatever stops this in the middle, the same can be asked again and finds what is left.
"""

import dataclasses
import uuid
from typing import Final

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import record
from tenantry.audit.models import Result
from tenantry.customers.queries import get_customer
from tenantry.graph import errors, tokens
from tenantry.graph.apps import App
from tenantry.graph.calls import role_taking
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.decision import Allowed, Decision, Denied
from tenantry.kit.errors import NotAllowed, require
from tenantry.kit.intent import Intent
from tenantry.notifications.actions import end_of_tenant
from tenantry.reach import permissions
from tenantry.technicians.models import Technician
from tenantry.tenants.actions.checking import look_for
from tenantry.tenants.actions.settling import about, locked_of_customer
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, Farewell
from tenantry.tenants.policies import Holding, Remnant, remnants, role_list
from tenantry.tenants.queries import canary_is_running, connection_of, facts_of

_PATIENCE: Final = 6.0  # seconds a person waits at a call that Microsoft delays
_SECOND_READ_AFTER: Final = 2.0
_TAKES_ROLES: Final = "RoleManagement.ReadWrite.Directory"


def may_remove(elevation: Connection | None) -> Decision:
    """Whether our roles can be taken away from here: only the elevation app has the permission for it."""
    if elevation is None:
        return Denied(
            "no_elevation_app",
            "The help-desk app may not remove roles, and the elevation app is not connected.",
            "An administrator of the customer removes what remains; the page names it with the steps.",
            "an administrator of the customer",
        )
    if _TAKES_ROLES not in permissions.names(elevation.permission_ids) or elevation.trouble:
        return Denied(
            "elevation_cannot",
            f"The elevation app cannot remove roles now: {elevation.cause or 'its permission is missing.'}",
            elevation.fix or "Choose Re-consent for the elevation app.",
            elevation.who or "an administrator of the customer",
        )
    return Allowed()


def disconnect(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    app: AppKind = AppKind.HELPDESK,
    remove_in_tenant: bool = False,
) -> Farewell:
    """Forget a connection, and with the help-desk app's the mirrored directory and the tokens.

    The tenant's bare row stays, because operations done there are kept; without a connection it counts for nothing.
    The elevation app never stands alone: it goes with the help-desk app.

    Args:
        actor: who acts.
        technician: for what they may see.
        customer_id: the customer.
        tenant_id: the tenant the form was made for.
        app: which connection.
        remove_in_tenant: take our role assignments away in the tenant first.

    Returns:
        What was removed, and what remains there.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: it is connected to another tenant than the form says.
        NotAllowed: the roles cannot be taken away from here, Microsoft gave no answer, or a canary account is not gone
            yet; nothing is disconnected.
    """
    get_customer(technician=technician, customer_id=customer_id)
    with transaction.atomic():
        base = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id, app=app)
    if canary_is_running(tenant_id):
        raise NotAllowed(
            "A canary account is in the tenant, and only the elevation app can remove it.",
            remedy="Wait until its run has ended; it stands under Features.",
            code="canary_running",
        )
    elevation = connection_of(customer_id, app=AppKind.ELEVATION)
    leaving = [base] if app == AppKind.ELEVATION or elevation is None else [base, elevation]
    removed: list[str] = []
    if remove_in_tenant:
        require(may_remove(elevation))
        for connection in leaving:  # the elevation app last: it is the one that removes
            removed += _remove_roles(connection, actor=actor)
    remaining = [remnant for connection in leaving for remnant in _remaining(connection, is_fresh=remove_in_tenant)]
    farewell = _forget(
        actor=actor,
        customer_id=customer_id,
        tenant_id=tenant_id,
        app=app,
        removed=removed,
        remaining=remaining,
        was_asked=remove_in_tenant,
    )
    tokens.forget(tenant_id)
    return farewell


def _remove_roles(connection: Connection, *, actor: Actor) -> list[str]:
    """Take every role assigned to the app itself away; returns the names of those that a read shows gone."""
    tenant_id = connection.tenant_id
    principal = str(connection.service_principal_id or "")
    if not principal:
        return []
    via = App.ELEVATION

    def held() -> dict[str, role_taking.Assignment]:
        found = role_taking.assignments_of(tenant_id=tenant_id, principal_id=principal, via=via, patience=_PATIENCE)
        return {each.assignment_id: each for each in found}

    try:
        before = held()
        sent: list[tuple[role_taking.Assignment, Intent, errors.GraphError | None]] = []
        for assignment in before.values():
            intent = audit.begin(
                actor=actor,
                action=TenantEvent.ASSIGNMENT_REMOVED,
                about=dataclasses.replace(about(connection), target_name=connection.app_display_name),
                summary=f"Remove {facts_of(connection).role_title(assignment.role_id)} ({assignment.scope}) from "
                f"{connection.app_display_name}.",
                details={"assignment_id": assignment.assignment_id, "role_id": assignment.role_id},
            )
            sent.append((assignment, intent, _sent(intent, assignment)))
        after = held() if sent else {}
        if after:  # a replica may be behind
            clock.sleep(_SECOND_READ_AFTER)
            after = held()
    except errors.GraphError as error:
        raise NotAllowed(
            f"Microsoft gave no usable answer while our roles were being removed: {error.message}",
            remedy="Nothing was disconnected. Try again; what is removed already is found gone. Or disconnect without "
            "removing, and let the customer remove what remains.",
            code="not_removed",
        ) from error
    gone = []
    for assignment, intent, problem in sent:
        name = facts_of(connection).role_title(assignment.role_id)
        is_gone = assignment.assignment_id not in after
        why = "" if problem is None else f" Microsoft said: {problem.message}"
        audit.close(
            intent,
            result=Result.DONE if is_gone else Result.REFUSED if isinstance(problem, errors.Refused) else Result.FAILED,
            summary=f"{name} was read back as gone." if is_gone else f"{name} is still there.{why}",
        )
        if is_gone:
            gone.append(f"{name} of {connection.app_display_name}")
    return gone


def _sent(intent: Intent, assignment: role_taking.Assignment) -> errors.GraphError | None:
    """Send one removal; its error is returned, for the read that follows decides."""
    try:
        role_taking.remove_assignment(
            intent=intent, assignment_id=assignment.assignment_id, via=App.ELEVATION, patience=_PATIENCE
        )
    except errors.GraphError as error:
        return error
    return None


def _remaining(connection: Connection, *, is_fresh: bool) -> tuple[Remnant, ...]:
    """What remains of an app: read now when something was removed, else as the last look found it."""
    facts = facts_of(connection)
    holdings: tuple[Holding, ...] = facts.holdings
    if is_fresh:
        findings = look_for(connection, patience=_PATIENCE)
        if findings.trouble is None and findings.held is not None:
            holdings = findings.holdings
    return remnants(
        facts,
        object_id=str(connection.service_principal_id or ""),
        holdings=holdings,
        permissions=len(connection.permission_ids),
    )


def _forget(
    *,
    actor: Actor,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    app: AppKind,
    removed: list[str],
    remaining: list[Remnant],
    was_asked: bool,
) -> Farewell:
    from tenantry.directory.actions import forget_tenant  # noqa: PLC0415  the directory's actions call ours

    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id, app=app)
        tenant = connection.tenant
        gone = f" Removed there: {', '.join(removed)}." if removed else ""
        held = role_list(connection.active_role_ids)
        left = " ".join(remnant.what for remnant in remaining)
        what = "connection" if app == AppKind.ELEVATION else "connection and its mirror"
        record(
            actor=actor,
            action=TenantEvent.DISCONNECTED,
            about=about(connection),
            result=Result.DONE,
            summary=f"Our {what} to {tenant.primary_domain} ({app.label}) was removed here.{gone} In the tenant "
            f"remains: {left}",
            details={
                "app": str(app),
                "service_principal_id": str(connection.service_principal_id or ""),
                "roles_before": held,
                "removed": removed,
                "remaining": [remnant.what for remnant in remaining],
                "removal_asked": was_asked,
            },
        )
        farewell = Farewell.objects.create(
            customer_id=customer_id,
            tenant_id=tenant_id,
            domain=tenant.primary_domain,
            app=app,
            said_at=clock.now(),
            removed=removed,
            remaining=[remnant.to_json() for remnant in remaining],
        )
        tenant.is_jit_wanted = False
        if app == AppKind.ELEVATION:
            connection.delete()
            end_of_tenant(tenant_id=tenant_id, key=str(app), resolution=f"Disconnected by {actor.name}.")
            tenant.save(update_fields=["is_jit_wanted"])
            return farewell
        Connection.objects.filter(tenant_id=tenant_id).delete()
        tenant.wishes, tenant.board, tenant.neighbours, tenant.neighbours_read_at = None, {}, [], None
        tenant.save(update_fields=["is_jit_wanted", "wishes", "board", "neighbours", "neighbours_read_at"])
        end_of_tenant(tenant_id=tenant_id, resolution=f"Disconnected by {actor.name}.")
        forget_tenant(tenant_id=tenant_id)
    return farewell


def dismiss_farewell(*, technician: Technician, customer_id: uuid.UUID) -> None:
    """Put the notes about what remains away; the record keeps them."""
    get_customer(technician=technician, customer_id=customer_id)
    Farewell.objects.filter(customer_id=customer_id, dismissed_at=None).update(dismissed_at=clock.now())
