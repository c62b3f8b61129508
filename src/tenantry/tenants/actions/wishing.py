"""Choosing which features are wanted, with the role that follows; and taking back what is more than needed (J5)."""

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import transaction

from tenantry.audit.actions import record
from tenantry.customers.queries import get_customer
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid
from tenantry.reach import roles
from tenantry.technicians.models import Technician
from tenantry.tenants.actions.checking import enqueue_check, see_role
from tenantry.tenants.actions.reducing import wishes_of_tenant
from tenantry.tenants.actions.settling import about, locked_of_customer, settle
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, RolePath
from tenantry.tenants.policies import (
    WISH_LABELS,
    Difference,
    Wish,
    difference,
    does,
    kept_of,
    least_role,
    options_for,
)
from tenantry.tenants.queries import facts_of, wishes_of

_HELPDESK_WISHES = frozenset({Wish.RESET_USERS, Wish.RESET_ADMINS, Wish.BLOCK})


def check_role(role_id: str, *, path: RolePath, is_confirmed: bool) -> None:
    """Refuse a role that is not on offer, and Global Administrator without a yes to it (AC-5.1).

    Raises:
        Invalid: not on offer on this path, or not confirmed.
    """
    option = next((o for o in options_for((), path=path) if o.role.template_id == role_id), None)
    if option is None:
        if role_id == roles.GLOBAL_ADMINISTRATOR:
            raise Invalid("Global Administrator is offered only on the path by group.", field="wanted_role")
        raise Invalid("Choose one of the roles.", field="wanted_role")
    if option.needs_confirmation and not is_confirmed:
        raise Invalid(
            f"{option.role.name} can do everything in the tenant. Tick the box if that is really what you want.",
            field="is_confirmed",
        )


def choose_features(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    wishes: Collection[Wish],
    wanted_role_id: str = "",
    is_confirmed: bool = False,
) -> str:
    """Say which features are wanted at a customer. Nothing is changed in the tenant.

    Args:
        actor: who acts.
        technician: for what they may see.
        customer_id: the customer.
        tenant_id: the tenant the form was made for.
        wishes: the features that are wanted; showing users always is.
        wanted_role_id: the role of the help-desk app; empty for the least that does.
        is_confirmed: a yes to Global Administrator, recorded.

    Returns:
        Template id of the role that is wanted now.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: it is connected to another tenant than the form says.
        Invalid: nothing is wanted that a connection is for, or the role does not do for it.
    """
    get_customer(technician=technician, customer_id=customer_id)
    chosen = frozenset(wishes)
    if Wish.RESET_ADMINS in chosen:
        chosen |= {Wish.RESET_USERS}  # a role that reaches administrators reaches everybody
    if not chosen & _HELPDESK_WISHES:
        raise Invalid("Choose at least resetting or blocking: that is what the help-desk app is for.", field="wishes")
    role_id = wanted_role_id or least_role(chosen)
    now = clock.now()
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id)
        check_role(role_id, path=RolePath(connection.path), is_confirmed=is_confirmed)
        if not does(role_id, chosen):
            raise Invalid(
                f"{roles.role_name(role_id)} does not do for all that is wanted; "
                f"{roles.role_name(least_role(chosen))} is the least role that does.",
                field="wanted_role",
            )
        _keep(connection, chosen, actor=actor)
        want_role(connection, role_id, actor=actor, now=now, is_confirmed=is_confirmed)
        settle(connection, now=now, actor=actor)
        enqueue_check(tenant_id)
    return role_id


def _keep(connection: Connection, chosen: frozenset[Wish], *, actor: Actor) -> None:
    tenant = connection.tenant
    before = wishes_of(connection)
    if before != chosen or tenant.wishes is None:
        tenant.wishes = kept_of(chosen)
        record(
            actor=actor,
            action=TenantEvent.FEATURES_CHOSEN,
            about=about(connection),
            summary=f"Wanted: {_named(chosen)}. Before: {_named(before)}.",
            details={"from": sorted(before), "to": sorted(chosen)},
        )
    is_jit_wanted = Wish.JIT in chosen
    if tenant.is_jit_wanted != is_jit_wanted:
        tenant.is_jit_wanted = is_jit_wanted
        record(
            actor=actor,
            action=TenantEvent.JIT_SWITCHED,
            about=about(connection),
            summary=f"Just-in-time grants were switched {'on' if is_jit_wanted else 'off'}.",
            details={"is_on": is_jit_wanted},
        )
    tenant.save(update_fields=["wishes", "is_jit_wanted"])


def _named(wishes: Collection[Wish]) -> str:
    return ", ".join(label for wish, label in WISH_LABELS.items() if wish in wishes) or "nothing"


def want_role(
    connection: Connection, role_id: str, *, actor: Actor, now: dt.datetime, is_confirmed: bool = False
) -> None:
    """Want another role on the locked row; one that is held already counts at once. The caller settles."""
    before = str(connection.wanted_role_id)
    if before == role_id:
        return
    connection.wanted_role_id = uuid.UUID(role_id)
    connection.role_lost_at = None
    connection.check_requested_at = now
    see_role(connection, now=now, is_loss=False)
    confirmed = " The technician confirmed it after a warning." if is_confirmed else ""
    record(
        actor=actor,
        action=TenantEvent.ROLE_CHOSEN,
        about=about(connection),
        summary=f"{roles.role_name(role_id)} instead of {roles.role_name(before)}.{confirmed}",
        details={"from": before, "to": role_id, "is_confirmed": is_confirmed},
    )


def propose_reduction(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    app: AppKind = AppKind.HELPDESK,
) -> None:
    """Want the least role that does, and show the steps that take away what is more than needed.

    Nothing is removed by this: an administrator of the customer walks the steps, and looks tick them off.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: connected to another tenant than the form says, or nothing is more than needed.
    """
    get_customer(technician=technician, customer_id=customer_id)
    now = clock.now()
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id, app=app)
        wishes = wishes_of_tenant(connection)
        least = least_role(wishes) if app == AppKind.HELPDESK else str(connection.wanted_role_id)
        found = difference(facts_of(connection), wishes, role_id=least)
        if not found.has_extra and least == str(connection.wanted_role_id):
            raise Conflict("Nothing is granted beyond what is needed.", remedy="Look at the page as it stands now.")
        want_role(connection, least, actor=actor, now=now)
        connection.reduction_asked_at = now
        record(
            actor=actor,
            action=TenantEvent.REDUCTION_PROPOSED,
            about=about(connection),
            summary=f"To take away: {_listed(found)}. Nothing was removed by this.",
            details={
                "roles": [extra.role_id for extra in found.extra_roles],
                "permissions": list(found.extra_permissions),
                "wanted_role_id": least,
            },
        )
        settle(connection, now=now, actor=actor)
        enqueue_check(tenant_id)


def _listed(found: Difference) -> str:
    parts = [extra.name for extra in found.extra_roles] + list(found.extra_permissions)
    return ", ".join(parts) if parts else "the greater role, once the lesser one is assigned"
