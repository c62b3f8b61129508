"""Reading operations, and what can be done to a user."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.db import connection as database
from django.urls import reverse

from tenantry.customers.queries import Customer, get_customer
from tenantry.directory import queries as directory
from tenantry.helpdesk import policies
from tenantry.helpdesk.kinds import BY_KIND, KINDS, Kind
from tenantry.helpdesk.models import (
    OPEN_STATES,
    BulkRun,
    LinkState,
    Operation,
    OperationKind,
    OperationState,
    SecretLink,
)
from tenantry.kit import clock
from tenantry.kit.decision import Allowed, Decision
from tenantry.kit.errors import NotHere
from tenantry.safeguards import queries as safeguards
from tenantry.safeguards.policies import Deed, judge, rule_for
from tenantry.technicians.models import Technician
from tenantry.tenants import queries as tenants

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.tenants.models import Connection

_RECENT: Final = 10
_IN_A_LINE: Final = ("kind", "state", "technician_name", "created_at")
REPEAT_WINDOW: Final = dt.timedelta(minutes=2)
"""So long after an operation was done, the same again is taken for a slip: back button, second tab, second click."""
_OPPOSITES: Final = {
    OperationKind.BLOCK_SIGN_IN: OperationKind.UNBLOCK_SIGN_IN,
    OperationKind.UNBLOCK_SIGN_IN: OperationKind.BLOCK_SIGN_IN,
}
# Each request to do something reads this; Django would compile it anew each time.
_MARKS: Final = """
    SELECT id, kind, state, finished_at FROM helpdesk_operation
    WHERE tenant_id = %s AND object_id = %s ORDER BY created_at DESC, id DESC LIMIT 10
"""


@dataclasses.dataclass(frozen=True, slots=True)
class ActionRow:
    """One operation offered (or not) on a user's page.

    Attributes:
        kind: its slug in addresses.
        label: for the button.
        icon: a Lucide icon.
        decision: whether it can be done; `Denied` carries reason and remedy.
        confirm_url: the page that asks.
        is_danger: whether the user is kept from working by it.
        asks: what the rules ask for first, in words; empty for nothing.
        operation_url: the operation that is in the way; empty when none is.
    """

    kind: str
    label: str
    icon: str
    decision: Decision
    confirm_url: str
    is_danger: bool
    asks: str = ""
    operation_url: str = ""


def action_rows(
    *,
    technician: Technician,
    customer: Customer,
    connection: "Connection | None",
    user: "DirectoryUser",
    running: Operation | None,
    are_roles_known: bool | None = None,
) -> list[ActionRow]:
    """What can be done to `user`, each with the reason when it cannot. Five queries at most, whatever the user holds.

    `customer` comes from `get_customer`, which saw to it that it is the technician's; `connection` is its own;
    `running` is the user's operation that has not ended (`open_operation`, `open_among`).

    Of block and unblock only the one that would change something is offered.
    """
    reacher = tenants.reacher_of(connection) if connection is not None else None
    target = directory.target_of(user)
    idle = OperationKind.UNBLOCK_SIGN_IN if user.account_enabled else OperationKind.BLOCK_SIGN_IN
    standing = safeguards.standings_of(technician=technician, users=[user], are_roles_known=are_roles_known)[
        user.object_id
    ]
    rules = safeguards.rules()
    rows = []
    for kind in KINDS:
        if kind.kind == idle or not _is_wanted(kind, connection):
            continue
        decision: Decision = policies.may_operate(
            kind=kind,
            connection=connection,
            reacher=reacher,
            target=target,
            is_removed=user.removed_at is not None,
        )
        deed = Deed(kind.kind.value)
        verdict = judge(
            rule_for(rules, standing, deed),
            role=technician.role,
            target_class=standing.target_class,
            deed=deed,
            is_eligible=standing.is_eligible,
        )
        if verdict.denied is not None:
            decision = verdict.denied
        elif decision and running is not None:
            decision = policies.in_progress(running.get_kind_display())
        rows.append(
            ActionRow(
                kind=kind.slug,
                label=kind.label,
                icon=kind.icon,
                decision=decision,
                confirm_url=reverse("helpdesk:confirm", args=(customer.pk, user.object_id, kind.slug)),
                is_danger=kind.is_danger,
                asks=verdict.rule.asks() if verdict.denied is None else "",
                operation_url=reverse("helpdesk:operation", args=(customer.pk, running.pk)) if running else "",
            )
        )
    return rows


_LAST_ADMINISTRATOR: Final = (
    "This is the tenant's only Global Administrator who can sign in, as far as the directory was read. Without them "
    "nobody of the customer can administer the tenant or consent to our app again, and only Microsoft's support lets "
    "somebody back in. Make sure that another account can do it first."
)


def decision_for(*, kind: Kind, connection: "Connection | None", user: "DirectoryUser") -> Decision:
    """Whether `kind` can be done to this one user now, and what to know first."""
    decision = decisions_for(kind=kind, connection=connection, users=[user])[user.object_id]
    if (
        isinstance(decision, Allowed)
        and kind.kind == OperationKind.BLOCK_SIGN_IN
        and directory.is_last_global_administrator(user)
    ):
        return Allowed(note=f"{_LAST_ADMINISTRATOR} {decision.note}".strip())
    return decision


def decisions_for(
    *, kind: Kind, connection: "Connection | None", users: list["DirectoryUser"]
) -> dict[uuid.UUID, Decision]:
    """Whether `kind` can be done to each of these users now, by object id; the query count does not grow with them."""
    reacher = tenants.reacher_of(connection) if connection is not None else None
    targets = directory.targets_of(users)
    is_wanted = _is_wanted(kind, connection)
    return {
        user.object_id: policies.may_operate(
            kind=kind,
            connection=connection,
            reacher=reacher,
            target=targets[user.object_id],
            is_removed=user.removed_at is not None,
            is_wanted=is_wanted,
        )
        for user in users
    }


def _is_wanted(kind: Kind, connection: "Connection | None") -> bool:
    """Whether it is switched on for the customer; most kinds always are."""
    if kind.kind != OperationKind.ACCESS_PASS:
        return True
    return connection is not None and tenants.wants_access_passes(connection)


def find_user(*, customer_id: uuid.UUID, object_id: uuid.UUID) -> "tuple[Connection, DirectoryUser]":
    """The user of this customer's connected tenant, and the connection.

    Raises:
        NotHere: no connected tenant, or no such user in it.
    """
    connection = tenants.connection_of(customer_id)
    user = directory.find_user(tenant_id=connection.tenant_id, object_id=object_id) if connection is not None else None
    if connection is None or user is None:
        raise NotHere("This customer has no such user.")
    return connection, user


def recent_operations(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> list[Operation]:
    """The last operations on a user, newest first, with what a line about each tells."""
    rows = Operation.objects.filter(tenant_id=tenant_id, object_id=object_id).only(*_IN_A_LINE)
    return list(rows.order_by("-created_at", "-id")[:_RECENT])


def newest_operation(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> Operation | None:
    """The newest operation on a user."""
    rows = Operation.objects.filter(tenant_id=tenant_id, object_id=object_id)
    return rows.order_by("-created_at", "-id").first()


@dataclasses.dataclass(frozen=True, slots=True)
class Marks:
    """What was done to a user lately, as ids.

    Attributes:
        newest: the newest operation; None when there is none.
        is_open: whether it has not ended.
        repeated: the newest operation of the kind asked for, if it is open or was done a moment ago.
    """

    newest: uuid.UUID | None = None
    is_open: bool = False
    repeated: uuid.UUID | None = None


def marks(*, tenant_id: uuid.UUID, object_id: uuid.UUID, kind: Kind) -> Marks:
    """What was done to a user lately, and whether `kind` was among it."""
    with database.cursor() as cursor:
        cursor.execute(_MARKS, [tenant_id, object_id])
        rows = cursor.fetchall()
    if not rows:
        return Marks()
    since = clock.now() - REPEAT_WINDOW
    repeated = None
    for operation_id, its_kind, state, finished_at in rows:
        if its_kind == _OPPOSITES.get(kind.kind) and state == OperationState.DONE:
            break  # what was done before is undone, so doing it again is no slip
        if its_kind == kind.kind and (state in OPEN_STATES or (state == OperationState.DONE and finished_at > since)):
            repeated = operation_id
            break
    return Marks(newest=rows[0][0], is_open=rows[0][2] in OPEN_STATES, repeated=repeated)


def repeated_operation(*, tenant_id: uuid.UUID, object_id: uuid.UUID, kind: Kind) -> Operation | None:
    """The operation of this kind on a user that is open or was done a moment ago."""
    repeated = marks(tenant_id=tenant_id, object_id=object_id, kind=kind).repeated
    return Operation.objects.get(pk=repeated) if repeated is not None else None


def open_operation(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> Operation | None:
    """The operation on a user that has not ended; the database allows one."""
    return Operation.objects.filter(tenant_id=tenant_id, object_id=object_id, state__in=OPEN_STATES).first()


def open_among(operations: Iterable[Operation]) -> Operation | None:
    """The same, of a user's `recent_operations`: while one is open no other begins, so it is among the last."""
    return next((operation for operation in operations if operation.state in OPEN_STATES), None)


def get_operation(*, technician: Technician, customer_id: uuid.UUID, operation_id: uuid.UUID) -> Operation:
    """One operation of this customer.

    Raises:
        NotHere: no such operation, or of another customer.
    """
    get_customer(technician=technician, customer_id=customer_id)
    found = (
        Operation.objects.select_related("tenant__customer")
        .filter(pk=operation_id, tenant__customer_id=customer_id)
        .first()
    )
    if found is None:
        raise NotHere("There is no such operation.")
    return found


def get_bulk_run(*, technician: Technician, customer_id: uuid.UUID, run_id: uuid.UUID) -> BulkRun:
    """One bulk run of this customer.

    Raises:
        NotHere: no such run, or of another customer.
    """
    get_customer(technician=technician, customer_id=customer_id)
    found = (
        BulkRun.objects.select_related("tenant__customer").filter(pk=run_id, tenant__customer_id=customer_id).first()
    )
    if found is None:
        raise NotHere("There is no such bulk run.")
    return found


def newest_link(operation: Operation) -> SecretLink | None:
    """The newest one-time link to the operation's password."""
    return operation.secret_links.select_related("operation").order_by("-created_at").first()


def state_of_link(link: SecretLink) -> LinkState:
    """What became of a link, by the clock."""
    if link.opened_at is not None:
        return LinkState.OPENED
    if link.closed_at is not None:
        return LinkState(link.closed_why)
    if link.expires_at <= clock.now():
        return LinkState.EXPIRED
    return LinkState.WAITING if link.operation.password_sealed is not None else LinkState.EMPTY


def kind_of(operation: Operation | BulkRun) -> Kind:
    """Its kind in words."""
    return BY_KIND[operation.kind]
