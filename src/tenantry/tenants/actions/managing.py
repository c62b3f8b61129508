"""Disconnecting, and choosing another role or road."""

import uuid
from typing import Final

from django.db import transaction

from tenantry.audit.actions import record
from tenantry.audit.models import Result
from tenantry.customers.queries import get_customer
from tenantry.graph import tokens
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid
from tenantry.reach import roles
from tenantry.technicians.models import Technician
from tenantry.tenants.actions.checking import enqueue_check, see_role
from tenantry.tenants.actions.settling import about, locked_of_customer, settle
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, RolePath
from tenantry.tenants.queries import road_by_tenant

LONGEST_GROUP_NAME: Final = 256
"""Microsoft Graph, "group resource type": displayName."""


def disconnect(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, tenant_id: uuid.UUID) -> None:
    """Forget the connection, the mirrored directory and the tokens. Nothing in the tenant is changed.

    The tenant's bare row stays, because operations done there are kept; without a connection it counts for nothing.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: it is connected to another tenant than the form says.
    """
    from tenantry.directory.actions import forget_tenant  # noqa: PLC0415  the directory's actions call ours

    get_customer(technician=technician, customer_id=customer_id)
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id)
        record(
            actor=actor,
            action=TenantEvent.DISCONNECTED,
            about=about(connection),
            result=Result.DONE,
            summary=f"Our connection to {connection.tenant.primary_domain} and its mirror were removed here. In the "
            f"tenant the enterprise app {connection.app_display_name}, its permissions and roles remain.",
            details={"service_principal_id": str(connection.service_principal_id or "")},
        )
        Connection.objects.filter(tenant_id=tenant_id).delete()  # the elevation app's too: it never stands alone
        forget_tenant(tenant_id=tenant_id)
    tokens.forget(tenant_id)


def choose_role(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, tenant_id: uuid.UUID, wanted_role_id: str
) -> None:
    """Choose the role the connection is to have. A stronger one that is held already counts at once.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: it is connected to another tenant than the form says.
        Invalid: none of the roles on offer.
    """
    get_customer(technician=technician, customer_id=customer_id)
    if wanted_role_id not in {
        option.role.template_id for option in roles.role_options(looks_after_admins=True, group_path=True)
    }:
        raise Invalid("Choose one of the roles.", field="wanted_role")
    now = clock.now()
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id)
        before = str(connection.wanted_role_id)
        if before == wanted_role_id:
            return
        connection.wanted_role_id = uuid.UUID(wanted_role_id)
        connection.role_lost_at = None
        connection.check_requested_at = now
        see_role(connection, now=now, is_loss=False)
        record(
            actor=actor,
            action=TenantEvent.ROLE_CHOSEN,
            about=about(connection),
            summary=f"{roles.role_name(wanted_role_id)} instead of {roles.role_name(before)}.",
            details={"from": before, "to": wanted_role_id},
        )
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
