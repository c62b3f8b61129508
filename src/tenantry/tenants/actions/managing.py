"""Choosing another role or road."""

import uuid
from typing import Final

from django.db import transaction

from tenantry.audit.actions import record
from tenantry.customers.queries import get_customer
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid
from tenantry.technicians.models import Technician
from tenantry.tenants.actions.checking import enqueue_check
from tenantry.tenants.actions.settling import about, locked_of_customer, settle
from tenantry.tenants.actions.wishing import check_role, want_role
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, RolePath
from tenantry.tenants.policies import does, kept_of
from tenantry.tenants.queries import road_by_tenant, wishes_of

LONGEST_GROUP_NAME: Final = 256
"""Microsoft Graph, "group resource type": displayName."""


def choose_role(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    wanted_role_id: str,
    is_confirmed: bool = False,
) -> None:
    """Choose the role the connection is to have. A stronger one that is held already counts at once.

    Features that were chosen and that the role cannot do for are no longer wanted.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: it is connected to another tenant than the form says.
        Invalid: none of the roles on offer on this path, or Global Administrator without a yes (AC-5.1).
    """
    get_customer(technician=technician, customer_id=customer_id)
    now = clock.now()
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id)
        check_role(wanted_role_id, path=RolePath(connection.path), is_confirmed=is_confirmed)
        if str(connection.wanted_role_id) == wanted_role_id:
            return
        tenant = connection.tenant
        if tenant.wishes is not None:
            tenant.wishes = kept_of(wish for wish in wishes_of(connection) if does(wanted_role_id, (wish,)))
            tenant.save(update_fields=["wishes"])
        want_role(connection, wanted_role_id, actor=actor, now=now, is_confirmed=is_confirmed)
        settle(connection, now=now, actor=actor)
        enqueue_check(tenant_id)


def choose_path(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    path: RolePath | None,
    group_name: str = "",
    app: AppKind = AppKind.HELPDESK,
) -> None:
    """Choose the road on which a connection's role is to come; None leaves it to PIM's status (AC-4.1).

    A role that is in force already counts on whatever road it came.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: it is connected to another tenant than the form says.
        Invalid: the group's name cannot be one.
    """
    get_customer(technician=technician, customer_id=customer_id)
    group_name = " ".join(group_name.split())
    if len(group_name) > LONGEST_GROUP_NAME:
        raise Invalid(f"A group's name has at most {LONGEST_GROUP_NAME} characters.", field="group_name")
    now = clock.now()
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id, app=app)
        before = (connection.path, connection.path_is_chosen, connection.group_name)
        connection.path_is_chosen = path is not None
        connection.path = path or road_by_tenant(connection.tenant)
        connection.group_name = group_name
        if before == (connection.path, connection.path_is_chosen, connection.group_name):
            return
        connection.check_requested_at = now
        by = "chosen" if path is not None else "by PIM's status"
        record(
            actor=actor,
            action=TenantEvent.PATH_CHOSEN,
            about=about(connection),
            summary=f"Role path: {RolePath(connection.path).label} ({by}).",
            details={"from": str(before[0]), "to": str(connection.path), "group_name": group_name, "app": str(app)},
        )
        settle(connection, now=now, actor=actor)
        enqueue_check(tenant_id)
