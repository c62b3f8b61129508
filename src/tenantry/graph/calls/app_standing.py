"""Everything a look at one of our enterprise apps needs, in two batches of reads.

First what is known by the app's own id; then what hangs on its groups and on custom roles. Each part is read on its
own: what could not be read is its error, and the caller judges what that means.

Sources: the pages named at each call in `service_principals`, `organization`, `licences`, `groups` and `pim`.
"""

import dataclasses
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from tenantry.graph import batch, errors, pages, transport
from tenantry.graph.calls import licences, organization, pim, service_principals
from tenantry.graph.calls.licences import SubscribedSku
from tenantry.graph.calls.organization import Organization
from tenantry.graph.calls.pim import RoleInstance, RoleRules
from tenantry.graph.calls.service_principals import AppPermission, HeldRole, ServicePrincipal
from tenantry.graph.tokens import Token

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One part of a look: its value, or the error that stood in its way."""

    value: T | None = None
    error: errors.GraphError | None = None

    def or_raise(self) -> T:
        """The value.

        Raises:
            GraphError: it could not be read.
        """
        if self.error is not None:
            raise self.error
        if self.value is None:
            raise errors.TenantUnreachable("A part of Microsoft's answer is missing.")
        return self.value


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A group as far as the role path by group needs it.

    Attributes:
        group_id: its object id.
        name: its display name, empty when Microsoft does not tell it to us.
        is_assignable: Microsoft Entra roles can be assigned to it; fixed when it was created.
        has_app: our enterprise app is a member.
        active: roles assigned to it now.
        eligible: roles it may only activate.
    """

    group_id: uuid.UUID
    name: str
    is_assignable: bool
    has_app: bool = False
    active: tuple[RoleInstance, ...] = ()
    eligible: tuple[RoleInstance, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class CustomRole:
    """A custom role of the tenant: its name and the directory actions in it."""

    role_id: str
    name: str
    actions: frozenset[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AppStanding:
    """One of our enterprise apps in a tenant, and what stands around it.

    Attributes:
        app: the enterprise app, found by application id.
        organization: the tenant.
        skus: its licences.
        granted: the application permissions it was granted.
        direct: active roles assigned to the app itself, wherever they count.
        effective: tenant-wide active roles, through groups too.
        pim_active: the same with their time; refused or without licence in many tenants.
        pim_eligible: roles the app may only activate.
        rules: what the wanted role's policy demands; None when the tenant has none for it.
        groups: groups the app is in, and those with the wanted name.
        custom_roles: custom roles among those held, by id.
    """

    app: Part[ServicePrincipal]
    organization: Part[Organization]
    skus: Part[list[SubscribedSku]]
    granted: Part[tuple[AppPermission, ...]]
    direct: Part[tuple[HeldRole, ...]]
    effective: Part[tuple[HeldRole, ...]]
    pim_active: Part[tuple[RoleInstance, ...]]
    pim_eligible: Part[tuple[RoleInstance, ...]]
    rules: Part[RoleRules | None]
    groups: Part[tuple[Group, ...]]
    custom_roles: Mapping[str, CustomRole]


def read_app_standing(
    *,
    tenant_id: uuid.UUID,
    app_id: str,
    role_id: str,
    builtin_roles: Collection[str],
    token: Token,
    object_id: str = "",
    group_name: str = "",
    patience: float = transport.PATIENT,
) -> AppStanding:
    """Read how the enterprise app of `app_id` stands in a tenant.

    Args:
        tenant_id: where.
        app_id: our application id.
        role_id: template id of the role that is wanted, for its rules.
        builtin_roles: template ids that need no definition; any other role held is read with its actions.
        token: ours, or that of an administrator who signed in.
        object_id: the enterprise app's object id, where the token does not tell it (an administrator's).
        group_name: also look for groups with exactly this name.
        patience: seconds that may be spent waiting.

    Raises:
        GraphError: nothing could be read at all. What could not be read alone is in its part.
    """
    reader = _Reader(tenant_id, token, patience, builtin_roles)
    assumed = object_id or (token.object_id if token.app is not None else "")
    if not assumed:
        found = service_principals.find_service_principal(
            tenant_id=tenant_id, app_id=app_id, via=token, patience=patience
        )
        assumed = str(found.object_id)
    standing = reader.first(app_id, assumed, role_id, group_name)
    if standing.app.value is not None and str(standing.app.value.object_id) != assumed.lower():
        standing = reader.first(app_id, str(standing.app.value.object_id), role_id, group_name)
    return reader.second(standing)


class _Reader:
    def __init__(self, tenant_id: uuid.UUID, token: Token, patience: float, builtin_roles: Collection[str]) -> None:
        self._builtin_roles = frozenset(builtin_roles)
        self._tenant_id = tenant_id
        self._token = token
        self._patience = patience

    def _read(self, urls: list[str]) -> list[dict[str, Any] | errors.GraphError]:
        answers = batch.read(self._tenant_id, urls, patience=self._patience, via=self._token)
        return [answer if isinstance(answer, errors.GraphError) else self._whole(answer) for answer in answers]

    def _whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Follow the next link of a collection that did not fit on one page."""
        following = answer.get("@odata.nextLink")
        if following:
            rest = pages.pages_from(self._tenant_id, following, patience=self._patience, via=self._token)
            answer["value"] = [*answer.get("value", ()), *(row for page in rest for row in page.rows)]
        return answer

    def first(self, app_id: str, object_id: str, role_id: str, group_name: str) -> AppStanding:
        principal = f"/servicePrincipals/{object_id}"
        urls = [
            service_principals.by_app_id_url(app_id),
            organization.URL,
            licences.URL,
            f"{principal}/appRoleAssignments?$select=id,appRoleId,createdDateTime,resourceId",
            service_principals.role_assignments_url(object_id),
            f"{principal}/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,displayName,roleTemplateId",
            pim.active_url(object_id),
            pim.eligible_url(object_id),
            pim.rules_url(role_id),
            f"{principal}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName,isAssignableToRole",
        ]
        if group_name:
            doubled = group_name.replace("'", "''")
            condition = quote(f"displayName eq '{doubled}'")
            urls.append(f"/groups?$filter={condition}&$select=id,displayName,isAssignableToRole")
        answers = self._read(urls)
        return AppStanding(
            app=_part(answers[0], service_principals.service_principal),
            organization=_part(answers[1], organization.organization),
            skus=_part(answers[2], licences.skus),
            granted=_part(answers[3], service_principals.app_permissions),
            direct=_part(answers[4], service_principals.held_roles),
            effective=_part(answers[5], service_principals.directory_roles),
            pim_active=_part(answers[6], pim.instances),
            pim_eligible=_part(answers[7], pim.instances),
            rules=_part(answers[8], pim.rules),
            groups=_groups(answers[9], answers[10] if group_name else None),
            custom_roles={},
        )

    def second(self, standing: AppStanding) -> AppStanding:
        groups = [group for group in standing.groups.value or () if group.is_assignable]
        has_pim = standing.pim_active.error is None
        held = {role.role_id for part in (standing.direct, standing.effective) for role in part.value or ()}
        held |= {role.role_id for part in (standing.pim_active, standing.pim_eligible) for role in part.value or ()}
        custom = sorted(held - self._builtin_roles)
        urls: list[str] = [f"/roleManagement/directory/roleDefinitions/{role_id}" for role_id in custom]
        for group in groups:
            urls.append(service_principals.role_assignments_url(str(group.group_id)))
            if has_pim:
                urls += [pim.active_url(str(group.group_id)), pim.eligible_url(str(group.group_id))]
        if not urls:
            return standing
        answers = self._read(urls)
        per_group = 3 if has_pim else 1
        filled = {
            group.group_id: _with_roles(group, answers[start : start + per_group])
            for group, start in zip(groups, range(len(custom), len(urls), per_group), strict=True)
        }
        all_groups = tuple(filled.get(group.group_id, group) for group in standing.groups.value or ())
        return dataclasses.replace(
            standing,
            groups=dataclasses.replace(standing.groups, value=all_groups if standing.groups.error is None else None),
            custom_roles={role.role_id: role for role in map(_custom_role, answers[: len(custom)]) if role is not None},
        )


def _part(answer: dict[str, Any] | errors.GraphError, parse: Callable[[dict[str, Any]], T]) -> Part[T]:
    if isinstance(answer, errors.GraphError):
        return Part(error=answer)
    try:
        return Part(value=parse(answer))
    except (KeyError, TypeError, ValueError) as error:
        return Part(error=errors.TenantUnreachable(f"Microsoft's answer is not readable ({type(error).__name__})."))
    except errors.GraphError as error:
        return Part(error=error)


def _groups(
    of_app: dict[str, Any] | errors.GraphError, named: dict[str, Any] | errors.GraphError | None
) -> Part[tuple[Group, ...]]:
    for answer in (of_app, named):
        if isinstance(answer, errors.GraphError):
            return Part(error=answer)
    found: dict[str, Group] = {}
    for answer, has_app in ((of_app, True), (named, False)):
        for row in answer.get("value") or () if isinstance(answer, dict) else ():
            if row["id"] not in found:
                found[row["id"]] = Group(
                    group_id=uuid.UUID(row["id"]),
                    name=str(row.get("displayName") or ""),
                    is_assignable=row.get("isAssignableToRole") is True,
                    has_app=has_app,
                )
    return Part(value=tuple(found.values()))


def _with_roles(group: Group, answers: list[dict[str, Any] | errors.GraphError]) -> Group:
    """The group with its roles: with their time where PIM tells it, else as plain assignments."""
    direct, *timed = answers
    active: tuple[RoleInstance, ...] = ()
    if not isinstance(direct, errors.GraphError):
        active = tuple(
            RoleInstance(role.role_id, "/" if role.is_tenant_wide else f"/administrativeUnits/{role.unit_id}", None)
            for role in service_principals.held_roles(direct)
        )
    eligible: tuple[RoleInstance, ...] = ()
    if timed:
        if not isinstance(timed[0], errors.GraphError):
            known = pim.instances(timed[0])
            seen = {(role.role_id, role.scope) for role in known}
            active = (*known, *(role for role in active if (role.role_id, role.scope) not in seen))
        if not isinstance(timed[1], errors.GraphError):
            eligible = pim.instances(timed[1])
    return dataclasses.replace(group, active=active, eligible=eligible)


def _custom_role(answer: dict[str, Any] | errors.GraphError) -> CustomRole | None:
    if isinstance(answer, errors.GraphError):
        return None
    allowed = {
        str(action).lower()
        for permission in answer.get("rolePermissions") or ()
        for action in permission.get("allowedResourceActions") or ()
    }
    return CustomRole(str(answer["id"]).lower(), str(answer.get("displayName") or ""), frozenset(allowed))
