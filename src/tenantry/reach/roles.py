"""The built-in directory roles, and which of them a connection may be given.

A directory role is known by its template id, which is the same GUID in every tenant.
"""

import dataclasses
from typing import Final

from tenantry.reach import builtin_roles

AUTHENTICATION_ADMINISTRATOR: Final = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
DIRECTORY_READERS: Final = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
ENTRA_SOC_IDENTITY_RESPONDER: Final = "58f930cc-fcf4-4152-852c-1d7dbf502139"
GLOBAL_ADMINISTRATOR: Final = "62e90394-69f5-4237-9190-012177145e10"
GLOBAL_READER: Final = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
GROUPS_ADMINISTRATOR: Final = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
GUEST_INVITER: Final = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
HELPDESK_ADMINISTRATOR: Final = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
MESSAGE_CENTER_READER: Final = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
PARTNER_TIER1_SUPPORT: Final = "4ba39ca4-527c-499a-b93d-d9b492c50246"
PARTNER_TIER2_SUPPORT: Final = "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8"
PASSWORD_ADMINISTRATOR: Final = "966707d0-3269-4727-9be2-8c3a10f19b9d"  # noqa: S105  a role's id
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: Final = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
PRIVILEGED_ROLE_ADMINISTRATOR: Final = "e8611ab8-c189-46e8-94e1-60213ab1f814"
REPORTS_READER: Final = "4a5d8f65-41da-4de4-8968-e035b65339cf"
SECURITY_ADMINISTRATOR: Final = "194ae4cb-b126-40b2-bd5b-6091b380977d"
SECURITY_OPERATOR: Final = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"
USAGE_SUMMARY_REPORTS_READER: Final = "75934031-6c7e-415a-99d7-48dbd49e875e"
USER_ADMINISTRATOR: Final = "fe930be7-5e62-47db-91af-98c3a49a38b1"
USER_EXPERIENCE_SUCCESS_MANAGER: Final = "27460883-1df1-4691-b032-3b79643e5e63"


@dataclasses.dataclass(frozen=True, slots=True)
class Role:
    """One built-in directory role.

    Attributes:
        name: display name as the portal shows it.
        template_id: the same GUID in every tenant, lower case.
        is_privileged: Microsoft labels it privileged.
        is_assignable: somebody can be given it; false for the implicit roles of members and guests.
    """

    name: str
    template_id: str
    is_privileged: bool
    is_assignable: bool


def _all_roles() -> tuple[Role, ...]:
    groups = (
        (builtin_roles.PRIVILEGED, True, True),
        (builtin_roles.ORDINARY, False, True),
        (builtin_roles.IMPLICIT, False, False),
        (builtin_roles.RETIRED, False, False),
    )
    found = [
        Role(name, template_id, privileged, assignable)
        for names, privileged, assignable in groups
        for template_id, name in names.items()
    ]
    return tuple(sorted(found, key=lambda role: role.name.casefold()))


ROLES: Final = _all_roles()
"""Every built-in role by name."""

IMPLICIT_ROLES: Final = frozenset(builtin_roles.IMPLICIT)
"""Held by every account of its kind; they never count as a role somebody was given."""

_BY_TEMPLATE_ID = {role.template_id: role for role in ROLES}
_BY_NAME = {role.name.casefold(): role for role in ROLES}


def role(template_id: str) -> Role:
    """Return the built-in role with this template id.

    Raises:
        KeyError: the id belongs to no built-in role, so it is a custom role or a mistake.
    """
    return _BY_TEMPLATE_ID[template_id.lower()]


def find_role(template_id: str) -> Role | None:
    """Return the built-in role with this template id, or None for a custom role."""
    return _BY_TEMPLATE_ID.get(template_id.lower())


def role_by_name(name: str) -> Role:
    """Return the built-in role with this display name, whatever its case.

    Raises:
        KeyError: no built-in role has this name.
    """
    return _BY_NAME[name.strip().casefold()]


def role_name(template_id: str) -> str:
    """Return the display name of a role for people; "a custom role" when it is not built in."""
    found = find_role(template_id)
    return found.name if found else "a custom role"


@dataclasses.dataclass(frozen=True, slots=True)
class RoleOption:
    """A role that a connection may be given, and what to know before choosing it (AC-5.1).

    Attributes:
        role: the directory role.
        summary: what it is good for, one line.
        limit: where Microsoft's tables end it, for the technician to read before choosing.
        can_reset: resets passwords at least of users without a role.
        can_block: blocks and unblocks at least users without a role.
        is_recommended: preselect this one.
        needs_confirmation: choosing it must be confirmed and recorded.
    """

    role: Role
    summary: str
    limit: str
    can_reset: bool = True
    can_block: bool = True
    is_recommended: bool = False
    needs_confirmation: bool = False


_RESET_ONLY = (
    "Cannot block or unblock anybody. Microsoft's API page asks for at least User Administrator when an app resets a "
    "password, so a live refusal is possible."
)

_OPTIONS = (
    RoleOption(
        _BY_TEMPLATE_ID[PRIVILEGED_AUTHENTICATION_ADMINISTRATOR],
        "Full: resets, blocks and unblocks everybody, Global Administrators included.",
        "No limit by role. Accounts in a restricted management administrative unit stay out of reach.",
    ),
    RoleOption(
        _BY_TEMPLATE_ID[USER_ADMINISTRATOR],
        "Standard: the least role that both resets and blocks users who are not administrators.",
        "Of administrators only User, Helpdesk, Password and Groups Administrators and a few reading roles. Nobody "
        "with any other role, and no member or owner of a role-assignable group.",
    ),
    RoleOption(
        _BY_TEMPLATE_ID[AUTHENTICATION_ADMINISTRATOR],
        "Resets, blocks and unblocks users who are not administrators.",
        "Of administrators only Authentication and Password Administrators and a few reading roles. Not User, Helpdesk "
        "or Groups Administrators, and no member or owner of a role-assignable group.",
    ),
    RoleOption(
        _BY_TEMPLATE_ID[HELPDESK_ADMINISTRATOR],
        "Reset only: users who are not administrators, Helpdesk and Password Administrators and a few reading roles.",
        _RESET_ONLY,
        can_block=False,
    ),
    RoleOption(
        _BY_TEMPLATE_ID[PASSWORD_ADMINISTRATOR],
        "Reset only: users who are not administrators, Password Administrators, Directory Readers and Guest Inviters.",
        _RESET_ONLY,
        can_block=False,
    ),
)

_GLOBAL_ADMINISTRATOR_OPTION = RoleOption(
    _BY_TEMPLATE_ID[GLOBAL_ADMINISTRATOR],
    "Everything in the tenant, far beyond what the help desk needs.",
    "Reaches nobody that Privileged Authentication Administrator does not reach. Whoever steals the app's credential "
    "owns the tenant.",
    needs_confirmation=True,
)


def role_options(*, looks_after_admins: bool, group_path: bool = False) -> tuple[RoleOption, ...]:
    """Return the roles a connection may be given, most powerful help-desk role first, one of them recommended.

    Args:
        looks_after_admins: administrators' accounts are to be reset and blocked too.
        group_path: the role comes through a role-assignable group. Its recommendation is always Privileged
            Authentication Administrator; Global Administrator is offered last, never preselected.
    """
    full = looks_after_admins or group_path
    recommended = PRIVILEGED_AUTHENTICATION_ADMINISTRATOR if full else USER_ADMINISTRATOR
    options = tuple(
        dataclasses.replace(option, is_recommended=option.role.template_id == recommended) for option in _OPTIONS
    )
    return (*options, _GLOBAL_ADMINISTRATOR_OPTION) if group_path else options
