"""Reading rules, marks and requests, and what the rules say about one account."""

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.db.models import QuerySet

from tenantry.customers.queries import of_visible_customers, visible_customers
from tenantry.directory import queries as directory
from tenantry.kit import clock
from tenantry.kit.decision import Denied
from tenantry.kit.errors import NotHere
from tenantry.safeguards import policies
from tenantry.safeguards.models import ApprovalRequest, ApprovalState, EmergencyAccount, StoredRule
from tenantry.safeguards.policies import DEFAULTS, FIXED, Deed, Proofs, Rule, Standing, Strength, TargetClass, Verdict
from tenantry.technicians.models import Technician, microsoft_mark
from tenantry.technicians.permissions import Permission, holders

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser

PAGE_SIZE: Final = 50
_WAITING: Final = (
    "SELECT count(*) FROM safeguards_approvalrequest WHERE state = %s AND expires_at > %s AND requester_id <> %s"
)


def rules() -> dict[tuple[TargetClass, Deed], Rule]:
    """Every rule in force. One query."""
    found = dict(DEFAULTS)
    for row in StoredRule.objects.all():
        try:
            key = TargetClass(row.target_class), Deed(row.deed)
        except ValueError:  # of a later version; what this one does not know it does not do
            continue
        if key[0] not in FIXED:
            found[key] = rule_of(row)
    return found


def rule_of(row: StoredRule) -> Rule:
    """A stored rule as a value."""
    return Rule(frozenset(row.roles), row.step_up, Strength(row.strength), row.needs_approval)


def standings_of(
    *, technician: Technician, users: "Sequence[DirectoryUser]", are_roles_known: bool | None = None
) -> dict[uuid.UUID, Standing]:
    """The kind of account of each of these users of one tenant, by object id, as `technician` stands to them.

    `are_roles_known` spares a query when the caller has read how fresh the mirror is.
    """
    if not users:
        return {}
    tenant_id = users[0].tenant_id
    ids = [user.object_id for user in users]
    targets = directory.targets_of(users)
    marked = EmergencyAccount.objects.filter(tenant_id=tenant_id, object_id__in=ids).values_list("object_id", flat=True)
    emergency = frozenset(marked)
    are_known = directory.are_roles_known(tenant_id) if are_roles_known is None else are_roles_known
    return {
        user.object_id: policies.standing_of(
            target=targets[user.object_id],
            is_emergency=user.object_id in emergency,
            is_own=is_own(technician, user),
            are_roles_known=are_known,
        )
        for user in users
    }


def is_own(technician: Technician, user: "DirectoryUser") -> bool:
    """Whether the account is the technician's own: by the Microsoft account that signs them in, or by an address.

    Addresses they had before count as well: who gives themselves another has the same account.
    """
    own = {name.strip().casefold() for name in (technician.email, *technician.known_as)} - {""}
    account = microsoft_mark(tenant_id=user.tenant_id, object_id=user.object_id)
    return bool(own & {user.user_principal_name.strip().casefold(), (user.mail or "").strip().casefold(), account})


def verdicts(
    *,
    technician: Technician,
    users: "Sequence[DirectoryUser]",
    deed: Deed,
    proofs: Mapping[uuid.UUID, Proofs] | None = None,
    default: Proofs = policies.NOTHING_SHOWN,
) -> dict[uuid.UUID, Verdict]:
    """What the rules say about `deed` on each of these users of one tenant, by object id."""
    in_force = rules()
    shown = proofs or {}
    return {
        object_id: policies.judge(
            policies.rule_for(in_force, standing, deed),
            role=technician.role,
            target_class=standing.target_class,
            deed=deed,
            proofs=shown.get(object_id, default),
            is_eligible=standing.is_eligible,
        )
        for object_id, standing in standings_of(technician=technician, users=users).items()
    }


def verdict_of(
    *, technician: Technician, user: "DirectoryUser", deed: Deed, proofs: Proofs = policies.NOTHING_SHOWN
) -> Verdict:
    """What the rules say about `deed` on this one user."""
    return verdicts(technician=technician, users=[user], deed=deed, default=proofs)[user.object_id]


def emergency_account(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> EmergencyAccount | None:
    """The mark of an emergency access account, if the user carries one."""
    return EmergencyAccount.objects.filter(tenant_id=tenant_id, object_id=object_id).first()


@dataclasses.dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as somebody sees it.

    Attributes:
        request: the row.
        is_own: whether they asked for it themselves.
        is_open: whether somebody can still decide.
    """

    request: ApprovalRequest
    is_own: bool
    is_open: bool


def visible_requests(technician: Technician) -> QuerySet[ApprovalRequest]:
    """The requests about the technician's customers."""
    return ApprovalRequest.objects.filter(customer__in=visible_customers(technician))


def list_requests(*, technician: Technician, is_open: bool) -> list[RequestRow]:
    """Requests that wait, oldest first; or the last that were decided or ran out, newest first."""
    waiting = {"state": ApprovalState.PENDING, "expires_at__gt": clock.now()}
    rows = visible_requests(technician)
    found = (
        rows.filter(**waiting).order_by("requested_at", "pk")
        if is_open
        else rows.exclude(**waiting).order_by("-requested_at", "-pk")
    )
    return [_row(technician, request) for request in found[:PAGE_SIZE]]


def count_to_decide(technician: Technician) -> int:
    """How many requests wait for somebody like `technician`; their own do not count."""
    if not technician.may(Permission.APPROVALS_DECIDE):
        return 0
    theirs, values = of_visible_customers(technician)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_WAITING} AND {theirs}",
            (ApprovalState.PENDING, clock.now(), technician.pk, *values),
        )
        return int(cursor.fetchone()[0])


def get_request(*, technician: Technician, request_id: uuid.UUID) -> RequestRow:
    """One request.

    Raises:
        NotHere: no such request, or about another's customer.
    """
    found = visible_requests(technician).select_related("requester").filter(pk=request_id).first()
    if found is None:
        raise NotHere("There is no such request.")
    return _row(technician, found)


def may_not_decide(*, technician: Technician, row: RequestRow) -> Denied | None:
    """Why `technician` cannot decide this request; None when they can."""
    if row.is_own:
        return Denied(
            "ones_own_request", "Nobody decides their own request.", "A colleague must look at it.", "a colleague"
        )
    if not technician.may(Permission.APPROVALS_DECIDE):
        words = holders(Permission.APPROVALS_DECIDE)
        return Denied("role_too_small", "Your role does not include this.", f"It takes {words}.", words)
    return may_not_approve(technician=technician, request=row.request)


def may_not_approve(*, technician: Technician, request: ApprovalRequest) -> Denied | None:
    """Why the rules do not let `technician` agree to this request; None when they do."""
    target_class, deed = TargetClass(request.target_class), Deed(request.deed)
    standing = Standing(target_class)
    if target_class is TargetClass.OWN_ACCOUNT:  # of who asked; who agrees must be one who may act on such an account
        user = directory.find_user(tenant_id=request.tenant_id, object_id=request.object_id)
        if user is not None:
            standing = standings_of(technician=request.requester, users=[user])[user.object_id]
    rule = policies.rule_for(rules(), standing, deed)
    return policies.may_approve(rule, role=technician.role, target_class=target_class, deed=deed)


def request_made_by(*, confirmation_id: uuid.UUID, technician: Technician) -> ApprovalRequest | None:
    """The request that this very page made before; None when it made none."""
    return ApprovalRequest.objects.filter(confirmation_id=confirmation_id, requester=technician).first()


def open_request(*, tenant_id: uuid.UUID, object_id: uuid.UUID, deed: Deed) -> ApprovalRequest | None:
    """The request about this deed on this user that waits."""
    return ApprovalRequest.objects.filter(
        tenant_id=tenant_id, object_id=object_id, deed=deed, state=ApprovalState.PENDING, expires_at__gt=clock.now()
    ).first()


def _row(technician: Technician, request: ApprovalRequest) -> RequestRow:
    is_open = request.state == ApprovalState.PENDING and request.expires_at > clock.now()
    if request.state == ApprovalState.PENDING and not is_open:
        request.state = ApprovalState.EXPIRED  # as it will be stored by the next sweep
    return RequestRow(request, request.requester_id == technician.pk, is_open)
