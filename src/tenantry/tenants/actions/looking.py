"""One look at a tenant: a fresh token, our enterprise app by application id, its permissions and roles, the tenant.

Nothing is written anywhere. Errors become a `Trouble`, so that one bad tenant is a fact on its row and never an
exception that stops the others.
"""

import dataclasses
import uuid

from tenantry.graph import errors, transport
from tenantry.graph.apps import App, registration
from tenantry.graph.calls.organization import Organization, read_organization
from tenantry.graph.calls.service_principals import (
    AppPermission,
    HeldRole,
    ServicePrincipal,
    app_permissions_of,
    directory_roles_of_service_principal,
    find_service_principal,
    role_assignments_of_principal,
)
from tenantry.graph.tokens import Token, token_for
from tenantry.reach import permissions
from tenantry.tenants.policies import Trouble

APP_DISABLED_CODE = "AADSTS7000112"


@dataclasses.dataclass(slots=True)
class Findings:
    """What one look told. Parts that could not be read are None.

    Attributes:
        trouble: why the tenant cannot be reached; None when it can.
        code: Microsoft's code for the trouble.
        note: Microsoft's words for it.
        token_permissions: names of the permissions that the token carries (a hint).
        token_role_ids: template ids of the roles that the token carries (a hint).
        organization: the tenant.
        app: our enterprise app there.
        granted: what it was granted.
        held: its directory roles, direct and through groups.
    """

    trouble: Trouble | None = None
    code: str = ""
    note: str = ""
    token_permissions: frozenset[str] = frozenset()
    token_role_ids: frozenset[str] = frozenset()
    organization: Organization | None = None
    app: ServicePrincipal | None = None
    granted: tuple[AppPermission, ...] | None = None
    held: tuple[HeldRole, ...] | None = None

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


def look(tenant_id: uuid.UUID, *, patience: float = transport.PATIENT) -> Findings:
    """Look at a tenant with a fresh token. Never raises a GraphError."""
    findings = Findings()
    try:
        # A token from memory may be older than the consent or the role that is being looked for.
        token = token_for(tenant_id, fresh=True)
        findings.token_permissions = token.roles
        findings.token_role_ids = token.role_template_ids
        _read(findings, tenant_id, token, patience)
    except errors.Refused as error:
        _judge_refusal(findings, error)
    except errors.GraphError as error:
        findings.trouble, findings.code, findings.note = trouble_of(error), error.code, error.message
    return findings


def _read(findings: Findings, tenant_id: uuid.UUID, token: Token, patience: float) -> None:
    findings.app = find_service_principal(
        tenant_id=tenant_id, app_id=registration(App.HELPDESK).client_id, via=token, patience=patience
    )
    object_id = findings.app.object_id
    findings.granted = app_permissions_of(tenant_id=tenant_id, object_id=object_id, via=token, patience=patience)
    findings.organization = read_organization(tenant_id=tenant_id, via=token, patience=patience)
    direct = role_assignments_of_principal(tenant_id=tenant_id, object_id=object_id, via=token, patience=patience)
    through_groups = directory_roles_of_service_principal(
        tenant_id=tenant_id, object_id=object_id, via=token, patience=patience
    )
    findings.held = tuple(dict.fromkeys((*direct, *through_groups)))


def _judge_refusal(findings: Findings, error: errors.Refused) -> None:
    """A read was refused: by a permission that is missing, or although none is."""
    findings.code, findings.note = error.code, error.message
    if not findings.token_permissions:
        findings.trouble = Trouble.WITHDRAWN
    elif not permissions.missing(findings.permission_ids):
        findings.trouble = Trouble.READS_REFUSED
