"""What a technician may do, as one alphabetised enum, and the roles as named sets of it.

A role says what somebody may do at all; teams say for which customers (`customers.queries.visible_customers`); the
rules of the help desk say on what kind of account, and after which proof (`helpdesk.rules`). All three must agree.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from django.db import models


class Permission(StrEnum):
    """`<area>:<resource>:<action>`."""

    ACTIVITY_EXPORT = "activity:events:export"
    ACTIVITY_READ = "activity:events:read"
    ALERTS_ACKNOWLEDGE = "alerts:alerts:acknowledge"
    ALERTS_READ = "alerts:alerts:read"
    API_TOKENS_MANAGE = "api:tokens:manage"
    APPROVALS_DECIDE = "approvals:requests:decide"
    APPROVALS_READ = "approvals:requests:read"
    CONNECTIONS_CHECK = "connections:connections:check"
    CONNECTIONS_MANAGE = "connections:connections:manage"
    CONNECTIONS_READ = "connections:connections:read"
    CUSTOMERS_GROUP = "customers:groups:manage"
    CUSTOMERS_MANAGE = "customers:customers:manage"
    CUSTOMERS_READ = "customers:customers:read"
    EMERGENCY_MARK = "safeguards:emergency:mark"
    HELPDESK_ACT = "helpdesk:users:act"
    HELPDESK_BULK = "helpdesk:users:act-in-bulk"
    SETTINGS_APPS = "settings:apps:manage"
    SETTINGS_AUDIT = "settings:audit:manage"
    SETTINGS_CHANNELS = "settings:channels:manage"
    SETTINGS_PANIC = "settings:panic:press"
    SETTINGS_PANIC_LIFT = "settings:panic:lift"
    SETTINGS_RULES = "settings:rules:manage"
    SETTINGS_RULES_READ = "settings:rules:read"
    SETTINGS_VERIFICATION = "settings:verification:manage"
    TEAMS_MANAGE = "technicians:teams:manage"
    TECHNICIANS_MANAGE = "technicians:technicians:manage"
    TECHNICIANS_READ = "technicians:technicians:read"
    USERS_READ = "directory:users:read"
    USERS_SYNC = "directory:users:sync"
    VERIFICATION_OVERRIDE = "verification:passes:override"
    VERIFICATION_START = "verification:passes:start"


class Role(models.TextChoices):
    """What a technician is here."""

    OWNER = "owner", "Owner"
    ADMINISTRATOR = "administrator", "Administrator"
    ENGINEER = "engineer", "Engineer"
    HELP_DESK = "help_desk", "Help desk"
    AUDITOR = "auditor", "Auditor"


_P = Permission
_READ: Final = frozenset(
    {
        _P.ACTIVITY_READ,
        _P.ALERTS_READ,
        _P.APPROVALS_READ,
        _P.CONNECTIONS_READ,
        _P.CUSTOMERS_READ,
        _P.SETTINGS_RULES_READ,
        _P.USERS_READ,
    }
)
_HELP_DESK: Final = _READ | {
    _P.ALERTS_ACKNOWLEDGE,
    _P.API_TOKENS_MANAGE,
    _P.CONNECTIONS_CHECK,
    _P.HELPDESK_ACT,
    _P.USERS_SYNC,
    _P.VERIFICATION_START,
}
_ENGINEER: Final = _HELP_DESK | {
    _P.ACTIVITY_EXPORT,
    _P.APPROVALS_DECIDE,
    _P.CUSTOMERS_MANAGE,
    _P.EMERGENCY_MARK,
    _P.HELPDESK_BULK,
}
# AC-X.2: connecting, disconnecting and choosing a role are for owners and administrators; engineers check and see.
_OWNER: Final = frozenset(Permission)

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.OWNER: _OWNER,
        Role.ADMINISTRATOR: _OWNER - {_P.SETTINGS_APPS, _P.SETTINGS_PANIC_LIFT},
        Role.ENGINEER: _ENGINEER,
        Role.HELP_DESK: _HELP_DESK,
        Role.AUDITOR: _READ | {_P.ACTIVITY_EXPORT, _P.TECHNICIANS_READ},
    }
)
"""What each role may do. The Owner's set is everything, so that a new permission is never nobody's."""

ABOUT: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.OWNER: "Everything, the apps in your own tenant and other owners included. Sees every customer.",
        Role.ADMINISTRATOR: "Connections, colleagues, teams and rules; neither apps nor owners. Sees every customer.",
        Role.ENGINEER: "Adds customers, works on users, decides requests; connects none. Sees their teams' customers.",
        Role.HELP_DESK: "Works on users, as far as the rules allow. Sees the customers of their teams.",
        Role.AUDITOR: "Reads and exports, changes nothing. Sees the customers of their teams.",
    }
)

SEES_EVERY_CUSTOMER: Final = frozenset({Role.OWNER, Role.ADMINISTRATOR})
"""Roles that need no team."""


SERVICE_ROLES: Final = (Role.ENGINEER, Role.HELP_DESK, Role.AUDITOR)
"""What a service account can be. Colleagues, teams and rules are people's to change."""


def permissions_of(role: str) -> frozenset[Permission]:
    """What `role` may do; a role this version does not know may do nothing."""
    return PERMISSIONS.get(Role(role), frozenset()) if role in Role.values else frozenset()


def grantable(role: str) -> tuple[Role, ...]:
    """The roles somebody with `role` may give to another: none that may do more than they may themselves."""
    own = permissions_of(role)
    if Permission.TECHNICIANS_MANAGE not in own:
        return ()
    return tuple(wanted for wanted in Role if PERMISSIONS[wanted] <= own)


def holders(permission: Permission) -> str:
    """The roles that have `permission`, in words: "an owner or an administrator"."""
    articles = {Role.OWNER: "an owner", Role.ADMINISTRATOR: "an administrator", Role.ENGINEER: "an engineer"}
    articles |= {Role.HELP_DESK: "somebody of the help desk", Role.AUDITOR: "an auditor"}
    words = [articles[role] for role in Role if permission in PERMISSIONS[role]]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
