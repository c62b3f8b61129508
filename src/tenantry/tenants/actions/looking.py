"""One look at a tenant: a fresh token, our enterprise app by application id, its permissions and roles, the tenant.

Nothing is written anywhere. Errors become a `Trouble`, so that one bad tenant is a fact on its row and never an
exception that stops the others.
"""

import dataclasses
import uuid
from collections.abc import Iterable
from typing import Final

from tenantry.graph import errors, transport
from tenantry.graph.apps import App, registration
from tenantry.graph.calls import pim
from tenantry.graph.calls.app_standing import AppStanding, Part, read_app_standing
from tenantry.graph.calls.licences import SubscribedSku
from tenantry.graph.calls.organization import Organization
from tenantry.graph.calls.pim import RoleInstance
from tenantry.graph.calls.service_principals import AppPermission, HeldRole, ServicePrincipal
from tenantry.graph.tokens import token_for
from tenantry.reach import permissions, roles
from tenantry.tenants.policies import (
    CustomRoleFacts,
    GroupFacts,
    Holding,
    PimReading,
    RoleRules,
    ServiceSignal,
    Trouble,
    judge_pim,
    licence_signal,
)

APP_DISABLED_CODE: Final = "AADSTS7000112"
BUILTIN_ROLES: Final = frozenset(role.template_id for role in roles.ROLES)
_UNIT_PREFIX: Final = "/administrativeunits/"


@dataclasses.dataclass(slots=True)
class Findings:
    """What one look told. Parts that could not be read are None.

    Attributes:
        trouble: why the tenant cannot be reached; None when it can.
        code: Microsoft's code for the trouble.
        note: Microsoft's words for it.
        has_token: a token was had, so our enterprise app is in the tenant, whatever else cannot be read.
        token_permissions: names of the permissions that the token carries (a hint).
        token_role_ids: template ids of the roles that the token carries (a hint).
        organization: the tenant.
        app: our enterprise app there.
        granted: what it was granted.
        held: its directory roles, direct and through groups.
        holdings: every role held or eligible, with its time.
        groups: groups it is in, and those with the wanted name; None when they could not be read.
        rules: what the wanted role's policy demands; None when PIM tells none.
        custom_roles: custom roles among the holdings, by id.
        skus: the tenant's licences.
        pim: whether PIM is on; None when the tenant could not be reached at all.
    """

    trouble: Trouble | None = None
    code: str = ""
    note: str = ""
    has_token: bool = False
    token_permissions: frozenset[str] = frozenset()
    token_role_ids: frozenset[str] = frozenset()
    organization: Organization | None = None
    app: ServicePrincipal | None = None
    granted: tuple[AppPermission, ...] | None = None
    held: tuple[HeldRole, ...] | None = None
    holdings: tuple[Holding, ...] = ()
    groups: tuple[GroupFacts, ...] | None = None
    rules: RoleRules | None = None
    custom_roles: dict[str, CustomRoleFacts] = dataclasses.field(default_factory=dict)
    skus: list[SubscribedSku] | None = None
    pim: PimReading | None = None

    @property
    def permission_ids(self) -> tuple[str, ...]:
        """Ids of the granted permissions; names out of the token when the list itself could not be read."""
        if self.granted is None:
            return tuple(sorted(self.token_permissions))
        return tuple(sorted({grant.app_role_id for grant in self.granted}))

    @property
    def role_ids(self) -> frozenset[str]:
        """Template ids of the tenant-wide roles."""
        return frozenset(role.role_id for role in self.held or () if role.is_tenant_wide)

    @property
    def unit_roles(self) -> dict[str, list[str]]:
        """Administrative unit id to the template ids of roles limited to it."""
        found: dict[str, list[str]] = {}
        for role in self.held or ():
            if role.unit_id:
                found.setdefault(role.unit_id, []).append(role.role_id)
        return found

    @property
    def unit_names(self) -> dict[str, str]:
        """Administrative unit id to its name, as far as Microsoft told it."""
        return {role.unit_id: role.unit_name for role in self.held or () if role.unit_id and role.unit_name}


def note_of(code: str, message: str) -> str:
    """Microsoft's words for a trouble, led by its code, so that a screen can lead to the catalogue of errors."""
    return message if not code or message.startswith(code) else f"{code}: {message}"


def trouble_of(error: errors.GraphError) -> Trouble:
    """The trouble that an error stands for. Refusals of a read are judged by `look`, which knows the token."""
    if isinstance(error, errors.NotConsented):
        return Trouble.APP_DISABLED if error.code == APP_DISABLED_CODE else Trouble.WITHDRAWN
    if isinstance(error, errors.OurCredential):
        return Trouble.OUR_CREDENTIAL
    if isinstance(error, errors.TenantGone):
        return Trouble.TENANT_GONE
    if isinstance(error, errors.NotFound):
        return Trouble.WITHDRAWN  # the only object a look names is our own enterprise app
    if isinstance(error, errors.Refused):
        return Trouble.READS_REFUSED
    return Trouble.UNREACHABLE


def look(
    tenant_id: uuid.UUID,
    *,
    wanted_role_id: str,
    app: App = App.HELPDESK,
    group_name: str = "",
    patience: float = transport.PATIENT,
) -> Findings:
    """Look at a tenant with a fresh token. Never raises a GraphError.

    Args:
        tenant_id: the tenant.
        wanted_role_id: template id of the role that is wanted, for its rules in PIM.
        app: which of our apps.
        group_name: the name of the role-assignable group, on the path by group.
        patience: seconds that may be spent waiting.
    """
    findings = Findings()
    try:
        # A token from memory may be older than the consent or the role that is being looked for.
        token = token_for(tenant_id, app=app, fresh=True)
        findings.has_token = True
        findings.token_permissions = token.roles
        findings.token_role_ids = token.role_template_ids
        standing = read_app_standing(
            tenant_id=tenant_id,
            app_id=registration(app).client_id,
            role_id=wanted_role_id,
            builtin_roles=BUILTIN_ROLES,
            token=token,
            group_name=group_name,
            patience=patience,
        )
        take_around(findings, standing)
        _take(findings, standing)
    except errors.Refused as error:
        _judge_refusal(findings, error, app)
    except errors.GraphError as error:
        findings.trouble, findings.code, findings.note = trouble_of(error), error.code, error.message
    return findings


def _take(findings: Findings, standing: AppStanding) -> None:
    findings.app = standing.app.or_raise()
    findings.granted = standing.granted.or_raise()
    findings.organization = standing.organization.or_raise()
    direct, effective = standing.direct.or_raise(), standing.effective.or_raise()
    findings.held = tuple(dict.fromkeys((*direct, *effective)))
    findings.holdings = holdings_of(standing)


def take_around(findings: Findings, standing: AppStanding) -> None:
    """Keep what stands around the app: licences, PIM, groups, rules. Each may be missing on its own."""
    findings.skus = standing.skus.value
    findings.pim = judge_pim(licence_signal(standing.skus.value), service_signal(standing.pim_active))
    findings.groups = groups_of(standing)
    rules = standing.rules.value
    findings.rules = RoleRules(**dataclasses.asdict(rules)) if rules is not None else None
    findings.custom_roles = {
        role.role_id: CustomRoleFacts(role.name, role.actions) for role in standing.custom_roles.values()
    }


def service_signal(part: Part[tuple[RoleInstance, ...]]) -> ServiceSignal:
    """Signal B of J4 from the answer to the question for active schedules."""
    error = part.error
    if error is None:
        return ServiceSignal.WORKS
    if error.code == pim.NO_LICENCE:
        return ServiceSignal.NO_LICENCE
    if error.code == pim.NOT_ONBOARDED:
        return ServiceSignal.NOT_ONBOARDED
    return ServiceSignal.REFUSED if isinstance(error, errors.Refused) else ServiceSignal.NO_ANSWER


def groups_of(standing: AppStanding) -> tuple[GroupFacts, ...] | None:
    """The groups of a look as facts; None when they could not be read."""
    if standing.groups.error is not None:
        return None
    return tuple(
        GroupFacts(
            group_id=str(group.group_id),
            name=group.name,
            is_assignable=group.is_assignable,
            has_app=group.has_app,
            active=frozenset(role.role_id for role in group.active if role.scope == "/"),
            eligible=frozenset(role.role_id for role in group.eligible if role.scope == "/"),
        )
        for group in standing.groups.value or ()
    )


def holdings_of(standing: AppStanding) -> tuple[Holding, ...]:
    """Every role the app holds or may only activate: its own and its groups', each with its time where PIM tells it."""
    found = list(_own_holdings(standing))
    for group in standing.groups.value or ():
        if not group.has_app:
            continue
        for instances, is_active in ((group.active, True), (group.eligible, False)):
            found.extend(
                dataclasses.replace(holding, group_id=str(group.group_id), group_name=group.name)
                for holding in _timed(instances, is_active=is_active)
            )
    told = {(holding.role_id, holding.unit_id) for holding in found if holding.is_active}
    # In force, but through a group that we may not see.
    found.extend(
        Holding(role_id=role.role_id)
        for role in standing.effective.value or ()
        if role.is_tenant_wide and (role.role_id, "") not in told
    )
    return tuple(dict.fromkeys(found))


def _own_holdings(standing: AppStanding) -> Iterable[Holding]:
    timed = list(_timed(standing.pim_active.value or (), is_active=True))
    direct = [role for role in standing.direct.value or () if role.is_tenant_wide or role.unit_id]
    assigned = {(role.role_id, role.unit_id) for role in direct}
    # PIM also lists what comes through groups in some tenants; an assignment of the app's own is in both lists.
    yield from (holding for holding in timed if (holding.role_id, holding.unit_id) in assigned)
    told = {(holding.role_id, holding.unit_id) for holding in timed}
    yield from (
        Holding(role_id=role.role_id, unit_id=role.unit_id)
        for role in direct
        if (role.role_id, role.unit_id) not in told
    )
    yield from _timed(standing.pim_eligible.value or (), is_active=False)


def _timed(instances: Iterable[RoleInstance], *, is_active: bool) -> Iterable[Holding]:
    for role in instances:
        scope = role.scope.lower()
        if scope == "/" or scope.startswith(_UNIT_PREFIX):
            yield Holding(
                role_id=role.role_id,
                is_active=is_active,
                ends_at=role.ends_at,
                unit_id=scope.removeprefix(_UNIT_PREFIX) if scope != "/" else "",
            )


def _judge_refusal(findings: Findings, error: errors.Refused, app: App) -> None:
    """A read was refused: by a permission that is missing, or although none is."""
    findings.code, findings.note = error.code, error.message
    if not findings.token_permissions:
        findings.trouble = Trouble.WITHDRAWN
    elif not permissions.missing(findings.permission_ids, required=permissions.required_of(app)):
        findings.trouble = Trouble.READS_REFUSED
