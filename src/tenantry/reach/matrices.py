"""Microsoft's two tables of who may act on whom, as sets.

Page: "Privileged roles and permissions in Microsoft Entra ID", tables "Who can reset passwords" (which also covers
invalidating refresh tokens) and "Who can perform sensitive actions" (`accountEnabled` among them), and the sentences
under them. A column is the actor's role at tenant scope, a row is what the target holds.

The tables are the rule even where a role definition says more: Directory Writers and the partner support roles hold
the directory actions for enabling and disabling users, yet the second table has no column for them.
"""

import enum
from collections.abc import Mapping
from typing import Final

from tenantry.reach import roles


class Row(enum.StrEnum):
    """The rows that are not one role. Every other row is named by a role's template id."""

    NO_ROLE = "no_role"
    ROLE_ASSIGNABLE_GROUP = "role_assignable_group"
    ROLE_SCOPED_TO_RESTRICTED_UNIT = "role_scoped_to_restricted_unit"
    ANY_OTHER_ROLE = "any_other_role"


_MINOR: Final = frozenset({Row.NO_ROLE, roles.DIRECTORY_READERS, roles.GUEST_INVITER, roles.PASSWORD_ADMINISTRATOR})
_READERS: Final = frozenset(
    {
        roles.MESSAGE_CENTER_READER,
        roles.REPORTS_READER,
        roles.USER_EXPERIENCE_SUCCESS_MANAGER,
        roles.USAGE_SUMMARY_REPORTS_READER,
    }
)
_HELPDESK: Final = _MINOR | _READERS | {roles.HELPDESK_ADMINISTRATOR}
_AUTHENTICATION: Final = _MINOR | _READERS | {roles.AUTHENTICATION_ADMINISTRATOR}
_USER: Final = _HELPDESK | {roles.USER_ADMINISTRATOR, roles.GROUPS_ADMINISTRATOR}
_NON_ADMINISTRATORS: Final = frozenset[str]({Row.NO_ROLE})

LISTED_ROLES: Final = (_USER | _AUTHENTICATION) - {Row.NO_ROLE} | {
    roles.GLOBAL_ADMINISTRATOR,
    roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    roles.PRIVILEGED_ROLE_ADMINISTRATOR,
}
"""Template ids of the roles that have a row of their own; all others share `Row.ANY_OTHER_ROLE`."""

ROWS: Final = frozenset[str](LISTED_ROLES | set(Row))
"""Every row of both tables."""

RESET: Final[Mapping[str, frozenset[str]]] = {
    roles.PASSWORD_ADMINISTRATOR: _MINOR,
    roles.HELPDESK_ADMINISTRATOR: _HELPDESK,
    roles.AUTHENTICATION_ADMINISTRATOR: _AUTHENTICATION,
    roles.USER_ADMINISTRATOR: _USER,
    roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: ROWS,
    roles.GLOBAL_ADMINISTRATOR: ROWS,
    # The sentences under the table.
    roles.PARTNER_TIER2_SUPPORT: ROWS,
    roles.PARTNER_TIER1_SUPPORT: _NON_ADMINISTRATORS,
    roles.SECURITY_OPERATOR: _NON_ADMINISTRATORS,
    roles.ENTRA_SOC_IDENTITY_RESPONDER: _NON_ADMINISTRATORS,
}
"""Actor's template id to the rows whose password it may reset and whose refresh tokens it may invalidate."""

SENSITIVE: Final[Mapping[str, frozenset[str]]] = {
    roles.AUTHENTICATION_ADMINISTRATOR: _AUTHENTICATION,
    roles.USER_ADMINISTRATOR: _USER,
    roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: ROWS,
    roles.GLOBAL_ADMINISTRATOR: ROWS,
    # The sentences under the table.
    roles.SECURITY_OPERATOR: _NON_ADMINISTRATORS,
    roles.ENTRA_SOC_IDENTITY_RESPONDER: _NON_ADMINISTRATORS,
}
"""Actor's template id to the rows whose sign-in it may block and unblock."""

_SCOPED_NON_ADMINISTRATORS: Final = frozenset(
    {roles.PASSWORD_ADMINISTRATOR, roles.HELPDESK_ADMINISTRATOR, roles.AUTHENTICATION_ADMINISTRATOR}
)
_SCOPED_AS_TABLE: Final = frozenset({roles.USER_ADMINISTRATOR, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})


def row_of(template_id: str) -> str:
    """Return the row of a role that the target holds; custom and unlisted roles share one."""
    return template_id if template_id in LISTED_ROLES else Row.ANY_OTHER_ROLE


def scoped(table: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return what the columns of `table` come to when the actor's role is scoped to an administrative unit.

    Page: "Assign Microsoft Entra roles with administrative unit scope". Only some roles can be scoped; three of them
    then reach non-administrators only. Nobody reaches a Global Administrator in a restricted management unit: no
    scoped role does, and tenant-wide roles do not count there.
    """
    narrowed = {
        actor: rows & _NON_ADMINISTRATORS for actor, rows in table.items() if actor in _SCOPED_NON_ADMINISTRATORS
    }
    same = {actor: rows - {roles.GLOBAL_ADMINISTRATOR} for actor, rows in table.items() if actor in _SCOPED_AS_TABLE}
    return narrowed | same
