"""What stands around the users: roles, role-assignable groups, licences, domains. Read whole, replaced whole."""

import dataclasses
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from django.db import models

from tenantry.directory.models import (
    DirectoryUser,
    RoleGroup,
    RoleGroupMember,
    RoleHolding,
    TenantDomain,
    TenantLicence,
)
from tenantry.directory.words import explain_gap
from tenantry.graph import errors
from tenantry.graph.calls import directory_roles
from tenantry.graph.calls.domains import Domain, list_domains
from tenantry.graph.calls.groups import RoleAssignableGroup, role_assignable_groups
from tenantry.graph.calls.licences import SubscribedSku, subscribed_skus

log = logging.getLogger(__name__)
T = TypeVar("T")
_UNIT: Final = "/administrativeUnits/"
_HOPELESS: Final = (errors.NotConsented, errors.OurCredential, errors.TenantGone)


@dataclasses.dataclass(frozen=True, slots=True)
class _Roles:
    definitions: dict[str, directory_roles.RoleDefinition]
    assignments: list[directory_roles.RoleAssignment]
    restricted_units: frozenset[str]


@dataclasses.dataclass(slots=True)
class Surroundings:
    """What was read; None for a part that could not be, with the reason in `gaps`."""

    roles: _Roles | None = None
    eligible: list[directory_roles.RoleAssignment] | None = None
    groups: list[RoleAssignableGroup] | None = None
    licences: list[SubscribedSku] | None = None
    domains: list[Domain] | None = None
    gaps: dict[str, str] = dataclasses.field(default_factory=dict)


def read(*, tenant_id: uuid.UUID) -> Surroundings:
    """Read every part that can be read.

    Raises:
        NotConsented, OurCredential, TenantGone: nothing can be read any more.
    """
    found = Surroundings()

    def part(name: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except _HOPELESS:
            raise
        except errors.GraphError as error:
            log.warning("Tenant %s: %s not read (%s, request %s)", tenant_id, name, error, error.request_id)
            found.gaps[name] = explain_gap(name, error)
            return None

    found.roles = part("roles", lambda: _read_roles(tenant_id))
    if found.roles is not None:  # one permission covers both, and without roles nobody is called ordinary anyway
        found.eligible = part("eligible", lambda: directory_roles.role_eligibilities(tenant_id=tenant_id))
        if found.eligible:
            found.roles = dataclasses.replace(
                found.roles,
                restricted_units=found.roles.restricted_units
                | _restricted(tenant_id, found.eligible, known=found.roles.assignments),
            )
    found.groups = part("groups", lambda: role_assignable_groups(tenant_id=tenant_id))
    found.licences = part("licences", lambda: subscribed_skus(tenant_id=tenant_id))
    found.domains = part("domains", lambda: list_domains(tenant_id=tenant_id))
    return found


def _read_roles(tenant_id: uuid.UUID) -> _Roles:
    assignments = directory_roles.role_assignments(tenant_id=tenant_id)
    return _Roles(
        definitions=directory_roles.role_definitions(tenant_id=tenant_id),
        assignments=assignments,
        restricted_units=_restricted(tenant_id, assignments),
    )


def _restricted(
    tenant_id: uuid.UUID,
    assignments: Iterable[directory_roles.RoleAssignment],
    *,
    known: Iterable[directory_roles.RoleAssignment] = (),
) -> frozenset[str]:
    """Which units that these are limited to are restricted; those of `known` were asked for already."""
    units = _units(assignments) - _units(known)
    return directory_roles.restricted_units(tenant_id=tenant_id, unit_ids=units) if units else frozenset()


def _units(assignments: Iterable[directory_roles.RoleAssignment]) -> set[str]:
    scopes = (assignment.directory_scope_id for assignment in assignments)
    return {scope.removeprefix(_UNIT) for scope in scopes if scope.startswith(_UNIT)}


def store(*, tenant_id: uuid.UUID, found: Surroundings) -> None:
    """Replace what was read, in the transaction at hand; a part that could not be read keeps what it had."""
    if found.groups is not None:
        _replace(
            RoleGroup, tenant_id, [{"group_id": g.group_id, "display_name": g.display_name[:256]} for g in found.groups]
        )
        _replace(
            RoleGroupMember,
            tenant_id,
            [
                {"group_id": group.group_id, "principal_id": principal, "is_owner": is_owner}
                for group in found.groups
                for is_owner, principals in ((False, group.member_ids), (True, group.owner_ids))
                for principal in principals
            ],
        )
    if found.roles is not None:
        _replace(
            RoleHolding, tenant_id, list(_holdings(tenant_id, found.roles, found.roles.assignments)), is_eligible=False
        )
        if found.eligible is not None:
            _replace(RoleHolding, tenant_id, list(_holdings(tenant_id, found.roles, found.eligible)), is_eligible=True)
    if found.licences is not None:
        _replace(
            TenantLicence,
            tenant_id,
            [
                {
                    "sku_id": sku.sku_id,
                    "part_number": sku.part_number[:120],
                    "capability_status": sku.capability_status[:24],
                    "enabled_units": sku.enabled_units,
                    "consumed_units": sku.consumed_units,
                    "service_plan_ids": sorted(sku.service_plan_ids),
                }
                for sku in found.licences
            ],
        )
    if found.domains is not None:
        _replace(TenantDomain, tenant_id, [dataclasses.asdict(domain) for domain in found.domains])
    refresh_flags(tenant_id=tenant_id)


def _holdings(
    tenant_id: uuid.UUID, read_roles: _Roles, assignments: Iterable[directory_roles.RoleAssignment]
) -> Iterable[dict[str, Any]]:
    members: dict[uuid.UUID, list[uuid.UUID]] = {}
    in_groups = RoleGroupMember.objects.filter(tenant_id=tenant_id, is_owner=False)
    for group_id, principal_id in in_groups.values_list("group_id", "principal_id"):
        members.setdefault(group_id, []).append(principal_id)
    groups_known = set(RoleGroup.objects.filter(tenant_id=tenant_id).values_list("group_id", flat=True))
    for assignment in assignments:
        definition = read_roles.definitions.get(assignment.definition_id)
        scope = assignment.directory_scope_id
        holding = {
            "role_template_id": definition.role_id if definition else uuid.UUID(assignment.definition_id),
            "role_name": (definition.display_name if definition else "Unknown role")[:256],
            "directory_scope_id": scope[:120],
            "is_scope_restricted": scope.removeprefix(_UNIT) in read_roles.restricted_units,
        }
        if assignment.principal_id in groups_known:
            for principal_id in members.get(assignment.principal_id, ()):
                yield {**holding, "principal_id": principal_id, "via_group_id": assignment.principal_id}
        else:
            yield {**holding, "principal_id": assignment.principal_id, "via_group_id": None}


def refresh_flags(*, tenant_id: uuid.UUID) -> None:
    """Bring `is_admin` and `is_protected` of the tenant's users in line with roles and groups."""
    holders = RoleHolding.objects.filter(tenant_id=tenant_id).values("principal_id")
    protected = RoleGroupMember.objects.filter(tenant_id=tenant_id).values("principal_id")
    users = DirectoryUser.objects.filter(tenant_id=tenant_id)
    users.filter(object_id__in=holders, is_admin=False).update(is_admin=True)
    users.filter(is_admin=True).exclude(object_id__in=holders).update(is_admin=False)
    users.filter(object_id__in=protected, is_protected=False).update(is_protected=True)
    users.filter(is_protected=True).exclude(object_id__in=protected).update(is_protected=False)


def _replace(model: type[models.Model], tenant_id: uuid.UUID, rows: list[dict[str, Any]], **part: bool) -> None:
    """Make the tenant's rows of `model` exactly `rows`; an unchanged set, the usual case, writes nothing.

    `part` names columns and their value where only some of the tenant's rows are meant.
    """
    mine = model._default_manager.filter(tenant_id=tenant_id, **part)  # noqa: SLF001  Django's accessor for any model
    names = sorted(rows[0]) if rows else []
    if rows:
        have = sorted(map(repr, mine.values_list(*names)))
        if have == sorted(repr(tuple(row[name] for name in names)) for row in rows):
            return
    mine.delete()
    mine.bulk_create([model(tenant_id=tenant_id, **part, **row) for row in rows])
