"""The Graph application permissions we ask for, each with the feature that needs it and its reason in words.

Two apps ask (AC-X.4): the *help-desk* app reads, resets, blocks and revokes; the *elevation* app, consented only where
just-in-time grants are switched on, manages roles and creates accounts. Functions take what a tenant granted as names,
as ids, or mixed.
"""

import dataclasses
import enum
from collections.abc import Iterable
from typing import Final

from tenantry.reach.permission_ids import PERMISSION_IDS

GRAPH_APP_ID: Final = "00000003-0000-0000-c000-000000000000"
"""Application id of Microsoft Graph, the resource whose app roles these are."""


class Feature(enum.StrEnum):
    """What a connection can do; each is on or off by itself."""

    READ_DIRECTORY = "read_directory"
    READ_DOMAINS = "read_domains"
    READ_LICENCES = "read_licences"
    READ_ROLES = "read_roles"
    READ_PROTECTED_GROUPS = "read_protected_groups"
    CHECK_CONNECTION = "check_connection"
    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of a feature
    BLOCK_SIGN_IN = "block_sign_in"
    REVOKE_SESSIONS = "revoke_sessions"
    ACCESS_PASS = "access_pass"  # noqa: S105  as above
    GRANT_ROLES = "grant_roles"
    CREATE_ACCOUNTS = "create_accounts"
    REMOVE_ACCOUNTS = "remove_accounts"


FEATURE_LABELS: Final[dict[Feature, str]] = {
    Feature.READ_DIRECTORY: "Show users",
    Feature.READ_DOMAINS: "Show domains and password expiry",
    Feature.READ_LICENCES: "Show licences",
    Feature.READ_ROLES: "Show directory roles",
    Feature.READ_PROTECTED_GROUPS: "Recognise members of role-assignable groups",
    Feature.CHECK_CONNECTION: "Check the connection",
    Feature.RESET_PASSWORD: "Reset passwords",
    Feature.BLOCK_SIGN_IN: "Block and unblock sign-in",
    Feature.REVOKE_SESSIONS: "Revoke sessions",
    Feature.ACCESS_PASS: "Create Temporary Access Passes",
    Feature.GRANT_ROLES: "Give and take back directory roles",
    Feature.CREATE_ACCOUNTS: "Create just-in-time accounts",
    Feature.REMOVE_ACCOUNTS: "Remove just-in-time accounts",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Permission:
    """One Graph application permission that we ask for.

    Attributes:
        name: as Microsoft's consent page and Graph's documentation name it.
        id: its app role id, the same in every tenant.
        reason: one sentence for the technician, shown before the browser leaves for consent.
        features: what is off without it.
    """

    name: str
    id: str
    reason: str
    features: frozenset[Feature]


_ACTIONS = (Feature.RESET_PASSWORD, Feature.BLOCK_SIGN_IN, Feature.REVOKE_SESSIONS)
_ACCOUNTS = (Feature.CREATE_ACCOUNTS, Feature.REMOVE_ACCOUNTS)


def _permission(name: str, reason: str, *features: Feature) -> Permission:
    return Permission(name, PERMISSION_IDS[name], reason, frozenset(features))


PERMISSIONS: Final = (
    _permission(
        "User.Read.All",
        "Lists the tenant's users and reads back whether an action took effect.",
        Feature.READ_DIRECTORY,
        *_ACTIONS,
        Feature.ACCESS_PASS,
        *_ACCOUNTS,
    ),
    _permission(
        "Organization.Read.All",
        "Reads the tenant's name and verified domains, which proves that consent works.",
        Feature.READ_DIRECTORY,
        Feature.CHECK_CONNECTION,
    ),
    _permission(
        "Domain.Read.All",
        "Reads when passwords of a domain expire and whether the domain is federated.",
        Feature.READ_DOMAINS,
        Feature.CREATE_ACCOUNTS,
    ),
    _permission(
        "LicenseAssignment.Read.All",
        "Reads which licences the tenant owns, and so whether Privileged Identity Management is available.",
        Feature.READ_LICENCES,
    ),
    _permission(
        "RoleManagement.Read.Directory",
        "Reads who holds or may activate which directory role, our own connection included.",
        Feature.READ_ROLES,
        Feature.CHECK_CONNECTION,
        Feature.GRANT_ROLES,
    ),
    _permission(
        "Application.Read.All",
        "Finds our own enterprise app in the tenant and reads what was really consented.",
        Feature.CHECK_CONNECTION,
    ),
    _permission(
        "User-PasswordProfile.ReadWrite.All",
        "Resets the passwords of users; a directory role is needed as well.",
        Feature.RESET_PASSWORD,
    ),
    _permission(
        "User.EnableDisableAccount.All",
        "Blocks and unblocks the sign-in of users; a directory role is needed as well.",
        Feature.BLOCK_SIGN_IN,
        Feature.REMOVE_ACCOUNTS,
    ),
    _permission(
        "User.RevokeSessions.All",
        "Signs a user out everywhere.",
        Feature.REVOKE_SESSIONS,
        Feature.REMOVE_ACCOUNTS,
    ),
    _permission(
        "UserAuthMethod-TAP.ReadWrite.All",
        "Creates Temporary Access Passes, with which a user signs in and registers new methods; only where wanted.",
        Feature.ACCESS_PASS,
    ),
    _permission(
        "GroupMember.Read.All",
        "Reads members and owners of role-assignable groups, whose accounts Microsoft protects.",
        Feature.READ_PROTECTED_GROUPS,
    ),
    _permission(
        "RoleManagement.ReadWrite.Directory",
        "Gives a just-in-time role and takes it back; it could make anybody Global Administrator.",
        Feature.GRANT_ROLES,
    ),
    _permission(
        "User.Create",
        "Creates the just-in-time account that a technician works with.",
        Feature.CREATE_ACCOUNTS,
    ),
    _permission(
        "User.DeleteRestore.All",
        "Deletes the just-in-time account when its time is over.",
        Feature.REMOVE_ACCOUNTS,
    ),
)
"""Everything that either app asks for, in the order of the consent screen."""

CORE: Final = frozenset(
    {
        "User.Read.All",
        "Organization.Read.All",
        "Domain.Read.All",
        "LicenseAssignment.Read.All",
        "RoleManagement.Read.Directory",
        "Application.Read.All",
    }
)
"""Reading only; both apps ask for these."""

HELPDESK_REQUIRED: Final = CORE | {
    "User-PasswordProfile.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
    "GroupMember.Read.All",
}
"""Names that the help-desk app asks for."""

HELPDESK_OPTIONAL: Final = frozenset({"UserAuthMethod-TAP.ReadWrite.All"})
"""Names that the help-desk app asks for only once some customer wants the feature that needs them."""

ELEVATION_REQUIRED: Final = CORE | {
    "RoleManagement.ReadWrite.Directory",
    "User.Create",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
}
"""Names that the elevation app asks for. RoleManagement.ReadWrite.Directory also covers PIM schedule requests."""


def required_of(app: str) -> frozenset[str]:
    """Names that an app asks for, by its kind: "helpdesk" or "elevation"."""
    return ELEVATION_REQUIRED if app == "elevation" else HELPDESK_REQUIRED


REQUIRED_BY_FEATURE: Final[dict[Feature, frozenset[str]]] = {
    feature: frozenset(p.name for p in PERMISSIONS if feature in p.features) for feature in Feature
}
"""Names that must all be granted for a feature to work."""

_NAME_BY_ID = {permission_id: name for name, permission_id in PERMISSION_IDS.items()}
_BY_NAME = {p.name: p for p in PERMISSIONS}


def permission(name: str) -> Permission:
    """Return a permission that we ask for.

    Raises:
        KeyError: neither app asks for it.
    """
    return _BY_NAME[name]


def permission_id(name: str) -> str:
    """Return the app role id of a Graph application permission.

    Raises:
        KeyError: the name is not known here.
    """
    return PERMISSION_IDS[name]


def permission_name(permission_id: str) -> str:
    """Return the name for an app role id; an unknown id comes back as it is, so that it can still be shown."""
    return _NAME_BY_ID.get(permission_id.lower(), permission_id)


def names(granted: Iterable[str]) -> frozenset[str]:
    """Turn granted ids or names into names; unknown ids stay as they are."""
    return frozenset(permission_name(item) for item in granted)


def wanted(required: Iterable[str] = HELPDESK_REQUIRED) -> tuple[Permission, ...]:
    """Return the permissions of an app in the order of the consent screen."""
    keep = frozenset(required)
    return tuple(p for p in PERMISSIONS if p.name in keep)


def missing(granted: Iterable[str], *, required: Iterable[str] = HELPDESK_REQUIRED) -> tuple[Permission, ...]:
    """Return what the app asks for and the tenant has not granted, in the order of the consent screen."""
    have = names(granted)
    return tuple(p for p in wanted(required) if p.name not in have)


def features_off(
    granted: Iterable[str], *, required: Iterable[str] = HELPDESK_REQUIRED
) -> dict[Feature, tuple[Permission, ...]]:
    """Return each feature of the app that cannot work, with the permissions it lacks (AC-1.5).

    A feature belongs to the app when the app asks for all that the feature needs.
    """
    asked = frozenset(required)
    have = names(granted)
    lacking = {feature: wanted(needs - have) for feature, needs in REQUIRED_BY_FEATURE.items() if needs <= asked}
    return {feature: permissions for feature, permissions in lacking.items() if permissions}


def surplus(granted: Iterable[str], *, required: Iterable[str] = HELPDESK_REQUIRED) -> tuple[str, ...]:
    """Return names (or unknown ids) that the tenant granted and the app does not ask for, sorted."""
    return tuple(sorted(names(granted) - frozenset(required)))
