"""The state machine of a connection: `next_state(facts, now)`.

Consented -> Role missing -> Propagating -> Ready, and the ways off it: Needs attention, Degraded, Re-consent needed,
Offline. Facts come from reads of the tenant and from actions that worked or were refused; nothing else moves a state.

Microsoft promises no time after which an assigned role is in force. Inside `PROPAGATION_WINDOW` a refusal therefore
says nothing, and after it a refusal is taken seriously (AC-6.2, AC-6.4).
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from typing import Final

from tenantry.graph import errors
from tenantry.graph.explained import Explanation, explain, explain_code
from tenantry.reach import permissions, roles
from tenantry.tenants.models import AppKind, ConnectionState, RolePath
from tenantry.tenants.policies.holdings import (
    CustomRoleFacts,
    GroupFacts,
    GroupProblem,
    GroupStanding,
    Holding,
    RoleRules,
    RoleStanding,
    RoleState,
    covering_roles,
    group_standing,
    role_standing,
)

PROPAGATION_WINDOW: Final = dt.timedelta(minutes=15)
"""How long after the first positive role check a 403 is put down to propagation (AC-6.2)."""

NEEDS_SOMEBODY: Final = (
    ConnectionState.ROLE_MISSING,
    ConnectionState.NEEDS_ATTENTION,
    ConnectionState.DEGRADED,
    ConnectionState.RECONSENT_NEEDED,
    ConnectionState.OFFLINE,
)
"""States that stay until a person does something, or Microsoft answers again."""

IN_MOTION: Final = (ConnectionState.CONSENTED, ConnectionState.ROLE_MISSING, ConnectionState.PROPAGATING)
"""States of the set-up, in which a page looks every few seconds."""

ROLE_GIVER: Final = "a Global Administrator or Privileged Role Administrator of the tenant"
CONSENT_GIVER: Final = "a Global Administrator of the tenant"
OURSELVES: Final = "you, who run this console"
NOBODY: Final = "nobody"


class Trouble(enum.StrEnum):
    """Why a tenant cannot be reached at all."""

    WITHDRAWN = "withdrawn"
    APP_DISABLED = "app_disabled"
    OUR_CREDENTIAL = "our_credential"
    TENANT_GONE = "tenant_gone"
    UNREACHABLE = "unreachable"
    READS_REFUSED = "reads_refused"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a connection.

    Attributes:
        wanted_role_id: template id of the role the technician chose.
        app_name: the enterprise app's name as it stands in the tenant.
        granted: names (or ids) of the application permissions the tenant granted.
        required: names of those our app asks for.
        role_ids: template ids of its active tenant-wide roles, direct and through groups.
        unit_roles: administrative unit id to the template ids of roles limited to that unit.
        unit_names: administrative unit id to its display name.
        app_is_enabled: the enterprise app may sign in.
        roles_are_read: a look has told which roles there are.
        role_seen_at: the first look that found a role that does; None while there is none.
        role_lost_at: the first look that no longer found it; None while there is one, or never was.
        refused_at: the last 403 on an action that was predicted possible.
        refused_note: Microsoft's words for it.
        worked_at: the last action that was read back.
        probed_at: the last look, if a fresh token carried the role and every permission; else None.
        trouble: why the tenant cannot be reached; None when it can.
        trouble_note: Microsoft's words for that.
        app: which of our two apps this is.
        path: the road on which the role is to come.
        holdings: every role held or eligible, with its time; empty before the first look.
        groups: groups that have to do with the path by group.
        group_name: the name that the role-assignable group is to have.
        rules: what the wanted role's policy demands of an active assignment; None when PIM tells none.
        custom: custom roles among the holdings, by id.
    """

    wanted_role_id: str
    app_name: str = ""
    granted: frozenset[str] = frozenset()
    required: frozenset[str] = permissions.HELPDESK_REQUIRED
    role_ids: frozenset[str] = frozenset()
    unit_roles: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    unit_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    app_is_enabled: bool = True
    roles_are_read: bool = True
    role_seen_at: dt.datetime | None = None
    role_lost_at: dt.datetime | None = None
    refused_at: dt.datetime | None = None
    refused_note: str = ""
    worked_at: dt.datetime | None = None
    probed_at: dt.datetime | None = None
    trouble: Trouble | None = None
    trouble_note: str = ""
    app: AppKind = AppKind.HELPDESK
    path: RolePath = RolePath.DIRECT
    holdings: tuple[Holding, ...] = ()
    groups: tuple[GroupFacts, ...] = ()
    group_name: str = ""
    rules: RoleRules | None = None
    custom: Mapping[str, CustomRoleFacts] = dataclasses.field(default_factory=dict)

    @property
    def covering(self) -> frozenset[str]:
        """The active tenant-wide roles of which each alone does for the wanted one."""
        return covering_roles(self.role_ids, self.wanted_role_id, self.custom)

    @property
    def role(self) -> RoleStanding:
        """How the app stands to the wanted role: none, eligible, active until, active."""
        return role_standing(self.holdings, self.wanted_role_id, self.custom)

    @property
    def group(self) -> GroupStanding:
        """How the path by group stands."""
        return group_standing(self.groups, self.group_name, self.wanted_role_id, self.custom)

    def role_title(self, role_id: str) -> str:
        """A role's name for people; custom roles by their own."""
        custom = self.custom.get(role_id.lower())
        return custom.name if custom else roles.role_name(role_id)

    @property
    def wanted_role(self) -> str:
        """Its display name."""
        return roles.role_name(self.wanted_role_id)

    @property
    def propagates_until(self) -> dt.datetime | None:
        """When the propagation window closes; None without a role."""
        return None if self.role_seen_at is None else self.role_seen_at + PROPAGATION_WINDOW


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Where a connection stands, and what that means for people.

    Attributes:
        state: the state.
        cause: what happened and why; empty when all is well.
        fix: what to do.
        who: who must act.
        code: a stable name of the cause.
        proof: for READY, what proves it.
        proven_at: when that was seen.
    """

    state: ConnectionState
    cause: str = ""
    fix: str = ""
    who: str = ""
    code: str = ""
    proof: str = ""
    proven_at: dt.datetime | None = None


def next_state(facts: Facts, now: dt.datetime) -> Standing:
    """Where a connection with these facts stands at `now`."""
    if facts.trouble is not None:
        return _offline(facts, facts.trouble)
    if not facts.app_is_enabled:
        return _offline(facts, Trouble.APP_DISABLED)
    if lacking := permissions.missing(facts.granted, required=facts.required):
        return _reconsent(tuple(permission.name for permission in lacking))
    if not facts.roles_are_read:
        return Standing(ConnectionState.CONSENTED)
    if not facts.covering or facts.role_seen_at is None:
        return _role_missing(facts)
    return _with_role(facts, facts.role_seen_at, now)


def _with_role(facts: Facts, seen_at: dt.datetime, now: dt.datetime) -> Standing:
    window_ends = seen_at + PROPAGATION_WINDOW
    worked_at = _since(facts.worked_at, seen_at)
    refused_at = _since(facts.refused_at, worked_at or seen_at)
    if refused_at is None and worked_at is not None:
        return Standing(ConnectionState.READY, proof="An action worked and was read back.", proven_at=worked_at)
    # A refusal inside the window is overcome by a look after the window, one after it only by an action that works.
    probed_at = _since(facts.probed_at, seen_at if refused_at is None else window_ends)
    is_late_refusal = refused_at is not None and refused_at >= window_ends
    if probed_at is not None and not is_late_refusal:
        return Standing(
            ConnectionState.READY,
            proof="A fresh token carries the role and every permission, and Microsoft lists the assignment.",
            proven_at=probed_at,
        )
    if now < window_ends:
        return Standing(
            ConnectionState.PROPAGATING,
            cause=f"{facts.wanted_role} is assigned. Microsoft takes up to 15 minutes until it is in force everywhere.",
            fix="Nothing to do: this page turns green by itself. The user list is there already.",
            who=NOBODY,
            code="propagating",
        )
    if refused_at is not None:
        return _refused(facts, refused_at)
    # Whether an app's token names its roles at all is not promised by Microsoft's pages, so its silence is no fault.
    return Standing(
        ConnectionState.READY,
        proof="Microsoft lists the assignment, it is older than 15 minutes, and nothing was refused.",
        proven_at=window_ends,
    )


def _since(moment: dt.datetime | None, start: dt.datetime) -> dt.datetime | None:
    """`moment`, unless something newer has made it meaningless."""
    return moment if moment is not None and moment >= start else None


def _refused(facts: Facts, refused_at: dt.datetime) -> Standing:
    held = ", ".join(sorted(map(facts.role_title, facts.covering)))
    said = f" Microsoft said: {facts.refused_note.rstrip('.')}." if facts.refused_note else ""
    app = facts.app_name or "our enterprise app"
    return Standing(
        ConnectionState.NEEDS_ATTENTION,
        cause=f"Microsoft refused an action at {refused_at:%H:%M} UTC, although {held} has been assigned for more than "
        f"15 minutes and every permission is granted.{said}",
        fix=f"In Roles and administrators check that {facts.wanted_role} is assigned to {app} as active and for the "
        "whole tenant, or assign it anew; then try the action again. The first one that works turns this green.",
        who=ROLE_GIVER,
        code="refused",
    )


def _reconsent(names: tuple[str, ...]) -> Standing:
    listed = ", ".join(names)
    verb, them = ("is", "it") if len(names) == 1 else ("are", "them")
    return Standing(
        ConnectionState.RECONSENT_NEEDED,
        cause=f"{listed} {verb} not granted in this tenant. Only what needs {them} is off.",
        fix="Choose Re-consent and let an administrator of the customer accept; everything else keeps working.",
        who=CONSENT_GIVER,
        code="permission_missing",
    )


def _role_missing(facts: Facts) -> Standing:
    cause, fix, code = _why_missing(facts)
    if facts.role_lost_at is None:
        return Standing(ConnectionState.ROLE_MISSING, cause, fix, ROLE_GIVER, code)
    return Standing(
        ConnectionState.DEGRADED,
        f"Role missing: it was there and was taken away. {cause} Users can still be read.",
        fix,
        ROLE_GIVER,
        code,
    )


def _why_missing(facts: Facts) -> tuple[str, str, str]:
    """Cause, fix and code of a role that is not in force: the nearest thing that is there, and what it lacks."""
    app = facts.app_name or "our enterprise app"
    wanted = facts.wanted_role
    assign = f"In Roles and administrators assign {wanted} to {app}, active and for the whole tenant."
    role = facts.role
    if role.state is RoleState.ELIGIBLE_ONLY:
        via = f" through the group “{role.best.group_name}”" if role.best and role.best.group_id else ""
        cause = f"{wanted} is only eligible for {app}{via}. An app cannot activate itself, so it has no rights from it."
        fix = f"In Roles and administrators open {wanted} and make the assignment Active, for good if it can be."
        return cause, fix, "role_eligible_only"
    if facts.path is RolePath.GROUP and (told := _why_group_fails(facts)) is not None:
        return told
    units = [
        facts.unit_names.get(unit_id) or unit_id
        for unit_id, held in sorted(facts.unit_roles.items())
        if covering_roles(held, facts.wanted_role_id, facts.custom)
    ]
    if units:
        named = ", ".join(f"“{unit}”" for unit in units)
        noun = "unit" if len(units) == 1 else "units"
        cause = f"{wanted} is limited to {noun} {named}; only an assignment for the whole tenant counts."
        return cause, assign, "role_limited_to_unit"
    for role_id in sorted(facts.role_ids & frozenset(facts.custom)):
        custom = facts.custom[role_id]
        if lacking := custom.lacks(facts.wanted_role_id):
            return (
                f"The custom role “{custom.name}” lacks {', '.join(lacking)}.",
                f"Add these actions to “{custom.name}”, or assign {wanted} to {app}.",
                "custom_role_lacks_actions",
            )
    if facts.role_ids:
        held = ", ".join(sorted(map(facts.role_title, facts.role_ids)))
        return f"{wanted} is missing. {app} holds {held}, which does not do the same.", assign, "role_insufficient"
    return f"{wanted} is missing: {app} holds no directory role in this tenant.", assign, "role_missing"


def _why_group_fails(facts: Facts) -> tuple[str, str, str] | None:
    """The same for the path by group (AC-7.5); None when the group is not what is wrong."""
    app = facts.app_name or "our enterprise app"
    standing = facts.group
    name = standing.group.name if standing.group else facts.group_name
    ids = ", ".join(standing.ids)
    told: dict[GroupProblem, tuple[str, str]] = {
        GroupProblem.NO_GROUP: (
            f"There is no group named “{name}” yet, so {facts.wanted_role} cannot come through it.",
            "Create the group as the checklist says, with Microsoft Entra roles allowed.",
        ),
        GroupProblem.NOT_ASSIGNABLE: (
            f"The group “{name}” ({ids}) cannot hold a role: that is fixed when a group is created.",
            f"Delete or rename it, then create a new group “{name}” with Microsoft Entra roles allowed.",
        ),
        GroupProblem.TWO_GROUPS: (
            f"Several groups are named “{name}”: {ids}. We cannot know which is meant.",
            f"Add {app} to the right one, or delete or rename the others.",
        ),
        GroupProblem.NOT_MEMBER: (
            f"The group “{name}” is there, but {app} is not a member of it.",
            f"Add {app} to the members of “{name}”.",
        ),
        GroupProblem.NO_ROLE: (
            f"{app} is in the group “{name}”, but the group does not hold {facts.wanted_role}.",
            f"In Roles and administrators assign {facts.wanted_role} to the group “{name}”, as active.",
        ),
    }
    words = told.get(standing.problem)
    return None if words is None else (*words, f"group_{standing.problem}")


def _offline(facts: Facts, trouble: Trouble) -> Standing:
    app = facts.app_name or "our enterprise app"
    cause, fix, who = _OFFLINE[trouble]
    said = f" Microsoft said: {facts.trouble_note.rstrip('.')}." if facts.trouble_note else ""
    return Standing(ConnectionState.OFFLINE, cause.format(app=app) + said, fix.format(app=app), who, str(trouble))


def _why(told: Explanation) -> str:
    return f"{told.what} {told.why}"


_WITHDRAWN: Final = explain(errors.NotConsented(""))
_DISABLED: Final = explain_code("AADSTS7000112")
_CREDENTIAL: Final = explain(errors.OurCredential(""))
_GONE: Final = explain_code("AADSTS90002")

_OFFLINE: Final[dict[Trouble, tuple[str, str, str]]] = {
    Trouble.WITHDRAWN: (
        _why(_WITHDRAWN),
        "Choose Re-consent and let an administrator of the customer accept.",
        CONSENT_GIVER,
    ),
    Trouble.APP_DISABLED: (
        _why(_DISABLED),
        "In Enterprise applications open {app}, Properties, and set “Enabled for users to sign-in” to Yes.",
        CONSENT_GIVER,
    ),
    Trouble.OUR_CREDENTIAL: (
        _why(_CREDENTIAL),
        _CREDENTIAL.fix,
        OURSELVES,
    ),
    Trouble.TENANT_GONE: (
        _why(_GONE),
        f"{_GONE.fix} If it is gone for good, disconnect it.",
        _GONE.who,
    ),
    Trouble.UNREACHABLE: (
        "Microsoft has given no usable answer several times in a row.",
        "Nothing to do: we keep asking, and this heals by itself. If it lasts, look at Microsoft's service health.",
        NOBODY,
    ),
    Trouble.READS_REFUSED: (
        "Microsoft refuses to let us read this tenant, although permissions are granted.",
        "Look for a Conditional Access policy for workload identities that blocks {app}, and exclude it.",
        CONSENT_GIVER,
    ),
}
"""Cause, fix and who, for each way not to reach a tenant: the catalogue's words, and what only this page knows."""
