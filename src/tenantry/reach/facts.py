"""The facts a decision is made from: the action, our connection, the user."""

import dataclasses
import enum
from collections.abc import Iterable, Mapping

from tenantry.reach import roles
from tenantry.reach.matrices import RESET, SENSITIVE, Row, row_of
from tenantry.reach.permissions import Feature, names


class Action(enum.StrEnum):
    """What a technician can ask of a user's account."""

    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of an action
    BLOCK_SIGN_IN = "block_sign_in"
    UNBLOCK_SIGN_IN = "unblock_sign_in"
    REVOKE_SESSIONS = "revoke_sessions"
    ACCESS_PASS = "access_pass"  # noqa: S105  as above

    @property
    def feature(self) -> Feature:
        """The feature whose permissions this action needs."""
        return Feature.BLOCK_SIGN_IN if self is Action.UNBLOCK_SIGN_IN else Feature(self.value)

    @property
    def table(self) -> Mapping[str, frozenset[str]]:
        """Microsoft's table for this action; the title of the reset table covers invalidating refresh tokens."""
        return SENSITIVE if self in {Action.BLOCK_SIGN_IN, Action.UNBLOCK_SIGN_IN} else RESET

    @property
    def needs_role(self) -> bool:
        """Whether an app needs a directory role besides its permission; Microsoft's page asks users for one only."""
        return self is not Action.ACCESS_PASS


def _lower(ids: Iterable[str]) -> frozenset[str]:
    return frozenset(item.lower() for item in ids)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reacher:
    """Our connection to one tenant: what its enterprise app holds there now.

    Attributes:
        role_ids: template ids of tenant-wide active roles, direct and through groups.
        eligible_role_ids: template ids it may only activate; an app cannot activate itself, so they never count.
        unit_role_ids: administrative unit id to the template ids of active roles scoped to that unit.
        permissions: names or ids of the Graph application permissions that the tenant granted.
    """

    role_ids: frozenset[str] = frozenset()
    eligible_role_ids: frozenset[str] = frozenset()
    unit_role_ids: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict, hash=False)
    permissions: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "role_ids", _lower(self.role_ids))
        object.__setattr__(self, "eligible_role_ids", _lower(self.eligible_role_ids))
        units = {unit.lower(): _lower(held) for unit, held in self.unit_role_ids.items()}
        object.__setattr__(self, "unit_role_ids", units)
        object.__setattr__(self, "permissions", names(self.permissions))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The user to act on, as our mirror knows the account.

    Attributes:
        display_name: for the sentences.
        role_ids: template ids of its active roles at any scope, direct and through groups; of a custom role its own id.
        eligible_role_ids: those it may only activate. Microsoft's tables go by active ones, so `rows` leaves them out.
        custom_role_names: role id to display name, for roles that are not built in.
        holds_role_scoped_to_restricted_unit: one of its roles is scoped to a restricted management unit.
        is_in_role_assignable_group: member or owner of such a group.
        is_management_restricted: member of a restricted management unit (`isManagementRestricted`).
        restricted_unit_ids: those units, as far as they are known.
        is_synced: mastered on-premises (`onPremisesSyncEnabled`).
        domain_is_federated: the domain of its sign-in name authenticates elsewhere.
        is_guest: its home is another tenant (`userType` Guest).
    """

    display_name: str = "this user"
    role_ids: frozenset[str] = frozenset()
    eligible_role_ids: frozenset[str] = frozenset()
    custom_role_names: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    holds_role_scoped_to_restricted_unit: bool = False
    is_in_role_assignable_group: bool = False
    is_management_restricted: bool = False
    restricted_unit_ids: frozenset[str] = frozenset()
    is_synced: bool = False
    domain_is_federated: bool = False
    is_guest: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "role_ids", _lower(self.role_ids) - roles.IMPLICIT_ROLES)
        object.__setattr__(self, "eligible_role_ids", _lower(self.eligible_role_ids) - roles.IMPLICIT_ROLES)
        object.__setattr__(self, "restricted_unit_ids", _lower(self.restricted_unit_ids))
        custom = {role_id.lower(): name for role_id, name in self.custom_role_names.items()}
        object.__setattr__(self, "custom_role_names", custom)

    @property
    def is_restricted(self) -> bool:
        """Only roles scoped to its restricted management unit reach it."""
        return self.is_management_restricted or bool(self.restricted_unit_ids)

    def rows(self) -> frozenset[str]:
        """Return the rows of Microsoft's tables that this user is in; an actor must be allowed for every one."""
        found = {row_of(role_id) for role_id in self.role_ids}
        if self.is_in_role_assignable_group:
            found.add(Row.ROLE_ASSIGNABLE_GROUP)
        if self.holds_role_scoped_to_restricted_unit:
            found.add(Row.ROLE_SCOPED_TO_RESTRICTED_UNIT)
        return frozenset(found or {Row.NO_ROLE})

    def roles_in(self, rows: Iterable[str]) -> list[str]:
        """Return the names of the user's roles that fall into these rows, sorted."""
        wanted = frozenset(rows)
        return sorted(
            self.custom_role_names.get(role_id) or roles.role_name(role_id)
            for role_id in self.role_ids
            if row_of(role_id) in wanted
        )
