"""Reading the mirror: one user, what protects whom, freshness, licences. Lists and search stand in `listing`."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from tenantry.directory.models import (
    DirectorySync,
    DirectoryUser,
    RoleGroup,
    RoleGroupMember,
    RoleHolding,
    SyncState,
    TenantDomain,
    TenantLicence,
)
from tenantry.directory.products import product_name
from tenantry.reach import Target, roles

_P1: Final = uuid.UUID("41781fb2-bc02-4b7c-bd55-b576c07bb09d")
_P2: Final = uuid.UUID("eec0eb4f-6444-4f95-aba0-50c24d67f998")
_GOVERNANCE: Final = uuid.UUID("e866a266-3cff-43a3-acca-0c90a7e00c8b")


def find_user(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> DirectoryUser | None:
    """The user of this tenant, removed ones included; None when the mirror has none."""
    return DirectoryUser.objects.filter(tenant_id=tenant_id, object_id=object_id).first()


@dataclasses.dataclass(frozen=True, slots=True)
class _Protection:
    """What stands around one user in the mirror."""

    holdings: tuple[RoleHolding, ...]
    memberships: tuple[RoleGroupMember, ...]
    domain: TenantDomain | None


def find_by_name(*, tenant_id: uuid.UUID, name: str) -> DirectoryUser | None:
    """The user with this sign-in name, whatever its case; None when the mirror has none."""
    found = DirectoryUser.objects.select_related("tenant__customer").filter(tenant_id=tenant_id, removed_at=None)
    return found.filter(user_principal_name__iexact=name).first()


def target_of(user: DirectoryUser) -> Target:
    """What `reach` must know about a user. Three queries, none when `user_details` was asked of the same object."""
    return targets_of([user])[user.object_id]


def targets_of(users: Sequence[DirectoryUser]) -> dict[uuid.UUID, Target]:
    """What `reach` must know about each user, by object id. Three queries, whatever the number.

    Raises:
        ValueError: the users are of several tenants.
    """
    found = _protection_of(users)
    return {user.object_id: _target(user, found[user.object_id]) for user in users}


def _protection_of(users: Sequence[DirectoryUser]) -> dict[uuid.UUID, _Protection]:
    """Roles, role-assignable groups and domain of each user; kept on the objects, for the length of one request."""
    if len({user.tenant_id for user in users}) > 1:
        raise ValueError("protection is asked for one tenant at a time")
    unknown = [user for user in users if "protection" not in user.__dict__]
    if unknown:
        tenant_id = unknown[0].tenant_id
        ids = [user.object_id for user in unknown]
        holdings: dict[uuid.UUID, list[RoleHolding]] = {}
        for holding in RoleHolding.objects.filter(tenant_id=tenant_id, principal_id__in=ids):
            holdings.setdefault(holding.principal_id, []).append(holding)
        memberships: dict[uuid.UUID, list[RoleGroupMember]] = {}
        for membership in RoleGroupMember.objects.filter(tenant_id=tenant_id, principal_id__in=ids):
            memberships.setdefault(membership.principal_id, []).append(membership)
        names = {user.domain for user in unknown}
        domains = {domain.name: domain for domain in TenantDomain.objects.filter(tenant_id=tenant_id, name__in=names)}
        for user in unknown:
            user.__dict__["protection"] = _Protection(
                holdings=tuple(holdings.get(user.object_id, ())),
                memberships=tuple(memberships.get(user.object_id, ())),
                domain=domains.get(user.domain),
            )
    return {user.object_id: user.__dict__["protection"] for user in users}


def _target(user: DirectoryUser, found: _Protection) -> Target:
    held = [holding for holding in found.holdings if not holding.is_eligible]
    return Target(
        display_name=user.display_name or user.user_principal_name,
        role_ids=frozenset(str(holding.role_template_id) for holding in held),
        custom_role_names={
            str(holding.role_template_id): holding.role_name
            for holding in held
            if roles.find_role(str(holding.role_template_id)) is None
        },
        eligible_role_ids=frozenset(str(each.role_template_id) for each in found.holdings if each.is_eligible),
        holds_role_scoped_to_restricted_unit=any(holding.is_scope_restricted for holding in held),
        is_in_role_assignable_group=bool(found.memberships),
        is_management_restricted=user.is_management_restricted,
        is_synced=user.is_synced,
        domain_is_federated=found.domain is not None and found.domain.is_federated,
        is_guest=user.is_guest,
    )


def is_last_global_administrator(user: DirectoryUser) -> bool:
    """Whether nobody else in the tenant is a Global Administrator whose sign-in is open, as the mirror knows it.

    Whoever may only activate the role does not count: nobody knows whether they ever did.
    """
    holders = RoleHolding.objects.filter(
        tenant_id=user.tenant_id,
        role_template_id=uuid.UUID(roles.GLOBAL_ADMINISTRATOR),
        directory_scope_id="/",
        is_eligible=False,
    ).values("principal_id")
    able = DirectoryUser.objects.filter(
        tenant_id=user.tenant_id, object_id__in=holders, account_enabled=True, removed_at=None
    )
    able_ids = set(able.values_list("object_id", flat=True)[:2])
    return able_ids == {user.object_id}


def are_roles_known(tenant_id: uuid.UUID) -> bool:
    """Whether who holds or may activate which directory role was read, and nothing of it is missing. One query.

    Without that nobody of the tenant can be called an ordinary user.
    """
    row = DirectorySync.objects.filter(tenant_id=tenant_id).values_list("roles_read_at", "gaps").first()
    return row is not None and _are_known(*row)


def _are_known(read_at: dt.datetime | None, gaps: Mapping[str, str]) -> bool:
    return read_at is not None and not {"roles", "eligible", "groups"} & gaps.keys()


@dataclasses.dataclass(frozen=True, slots=True)
class SyncSummary:
    """How fresh the mirror of a tenant is.

    Attributes:
        state: a `SyncState`.
        users: users in the mirror after the last completed read.
        users_read: users of the read that runs.
        users_expected: how many it will be; None when Microsoft does not say.
        finished_at: the last completed read; None before the first.
        requested_at: when somebody last asked for a read.
        cause: why it cannot be read; empty while all is well.
        fix: what to do about that.
        gaps: what could not be read beside the users, a sentence each.
        are_roles_known: whether who holds which role was read (see `are_roles_known`).
    """

    state: str
    users: int
    users_read: int
    users_expected: int | None
    finished_at: dt.datetime | None
    requested_at: dt.datetime | None
    cause: str
    fix: str
    gaps: tuple[str, ...]
    are_roles_known: bool = False

    @property
    def is_reading(self) -> bool:
        """Whether a full read is going on (or about to begin) whose progress is worth watching."""
        return self.state in {SyncState.NEVER, SyncState.FIRST, SyncState.RESYNC}

    @property
    def is_stale(self) -> bool:
        """Whether the last read failed."""
        return bool(self.cause)


_NEVER = SyncSummary(SyncState.NEVER, 0, 0, None, None, None, "", "", ())


def sync_summary(tenant_id: uuid.UUID) -> SyncSummary:
    """The freshness of a tenant's mirror. One query."""
    row = DirectorySync.objects.filter(tenant_id=tenant_id).first()
    if row is None:
        return _NEVER
    return SyncSummary(
        state=row.state,
        users=row.users,
        users_read=row.users_read,
        users_expected=row.users_expected,
        finished_at=row.finished_at,
        requested_at=row.requested_at,
        cause=row.cause,
        fix=row.fix,
        gaps=tuple(row.gaps.values()),
        are_roles_known=_are_known(row.roles_read_at, row.gaps),
    )


def user_counts(tenant_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Users of each of these tenants after its last completed read. One query."""
    rows = DirectorySync.objects.filter(tenant_id__in=tenant_ids, finished_at__isnull=False)
    return dict(rows.values_list("tenant_id", "users"))


@dataclasses.dataclass(frozen=True, slots=True)
class LicenceFacts:
    """Which premium plans a tenant owns in a licence that is in force."""

    has_p1: bool
    has_p2: bool
    has_governance: bool


def licence_facts(tenant_id: uuid.UUID) -> LicenceFacts:
    """The premium plans of a tenant. An expired licence (status not Enabled or Warning) does not count. One query."""
    plans: set[uuid.UUID] = set()
    rows = TenantLicence.objects.filter(tenant_id=tenant_id, capability_status__in=("Enabled", "Warning"))
    for service_plan_ids in rows.values_list("service_plan_ids", flat=True):
        plans.update(service_plan_ids)
    return LicenceFacts(has_p1=_P1 in plans or _P2 in plans, has_p2=_P2 in plans, has_governance=_GOVERNANCE in plans)


@dataclasses.dataclass(frozen=True, slots=True)
class HeldRole:
    """A directory role of a user as the page shows it."""

    name: str
    group_name: str  # empty: assigned directly
    is_limited_to_unit: bool
    is_unit_restricted: bool
    is_eligible: bool = False  # not in force; the user may activate it


@dataclasses.dataclass(frozen=True, slots=True)
class HeldGroup:
    """A role-assignable group a user is in, or owns."""

    name: str
    is_owner: bool


@dataclasses.dataclass(frozen=True, slots=True)
class UserDetails:
    """What the page of a user shows beside the user's own row."""

    roles: list[HeldRole]
    groups: list[HeldGroup]
    licences: list[str]  # product names, else part numbers; an id where the tenant's licences could not be read
    domain: TenantDomain | None


def user_details(user: DirectoryUser) -> UserDetails:
    """Roles, role-assignable groups, licences and domain of a user. Three to five queries."""
    tenant_id = user.tenant_id
    protection = _protection_of([user])[user.object_id]
    group_ids = {membership.group_id for membership in protection.memberships}
    group_ids |= {holding.via_group_id for holding in protection.holdings if holding.via_group_id}
    groups = RoleGroup.objects.filter(tenant_id=tenant_id, group_id__in=group_ids)
    names = dict(groups.values_list("group_id", "display_name"))
    skus = TenantLicence.objects.filter(tenant_id=tenant_id, sku_id__in=user.sku_ids)
    part_numbers = dict(skus.values_list("sku_id", "part_number"))
    return UserDetails(
        roles=sorted(
            (
                HeldRole(
                    name=holding.role_name,
                    group_name=names.get(holding.via_group_id, "a group") if holding.via_group_id else "",
                    is_limited_to_unit=holding.directory_scope_id != "/",
                    is_unit_restricted=holding.is_scope_restricted,
                    is_eligible=holding.is_eligible,
                )
                for holding in protection.holdings
            ),
            key=lambda role: (role.name, role.is_eligible, role.group_name),
        ),
        groups=sorted(
            (HeldGroup(names.get(m.group_id) or str(m.group_id), m.is_owner) for m in protection.memberships),
            key=lambda group: (group.name, group.is_owner),
        ),
        licences=sorted(product_name(part_numbers.get(sku_id) or str(sku_id)) for sku_id in user.sku_ids),
        domain=protection.domain,
    )
