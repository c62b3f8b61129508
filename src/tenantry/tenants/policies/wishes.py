"""Which features are wanted at a customer, and the least role and permissions that they come to (J5, AC-5.1).

What is not wanted is neither asked for nor missed (AC-2.5).
"""

import dataclasses
import enum
from collections.abc import Collection, Iterable
from typing import Any, Final

from tenantry.reach import permissions, roles
from tenantry.reach.matrices import RESET, SENSITIVE, Row
from tenantry.reach.permissions import Feature
from tenantry.reach.roles import RoleOption
from tenantry.tenants.models import AppKind, RolePath
from tenantry.tenants.policies.holdings import BLOCK_ACTIONS, RESET_ACTION, REVOKE_ACTION, covering_roles
from tenantry.tenants.policies.standing import Facts


class Wish(enum.StrEnum):
    """A feature that a technician may want at a customer. Showing users is never in question."""

    RESET_USERS = "reset_users"
    RESET_ADMINS = "reset_admins"
    BLOCK = "block"
    ACCESS_PASS = "access_pass"  # noqa: S105  the name of a wish
    JIT = "jit"
    NOTICES = "notices"


WISH_LABELS: Final[dict[Wish, str]] = {
    Wish.RESET_USERS: "Reset passwords of ordinary users",
    Wish.RESET_ADMINS: "Look after administrators' accounts too",
    Wish.BLOCK: "Block and unblock sign-in",
    Wish.ACCESS_PASS: "Temporary Access Passes",
    Wish.JIT: "Just-in-time grants",
    Wish.NOTICES: "Notices before a password expires",
}
WISH_HINTS: Final[dict[Wish, str]] = {
    Wish.RESET_USERS: "New passwords for users who hold no directory role, and for a few lesser administrators.",
    Wish.RESET_ADMINS: "The same for every administrator, Global Administrators included.",
    Wish.BLOCK: "Switches an account off and on again.",
    Wish.ACCESS_PASS: (
        "A code for some hours with which a user signs in and registers new methods. Needs one more permission in the "
        "app registration and a new consent; the tenant's own policy must allow passes."
    ),
    Wish.JIT: "Rights for a limited time. Another app asks for them, with the role Privileged Role Administrator.",
    Wish.NOTICES: "Needs reading only, and no role.",
}
_PERMISSION_OF: Final[dict[Wish, Feature]] = {
    Wish.RESET_USERS: Feature.RESET_PASSWORD,
    Wish.BLOCK: Feature.BLOCK_SIGN_IN,
    Wish.ACCESS_PASS: Feature.ACCESS_PASS,
}
_LEAST_FIRST: Final = (roles.USER_ADMINISTRATOR, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
"""What is proposed, the least first. The two roles that only reset are accepted and never proposed: Microsoft's page of
the call asks for at least User Administrator when an app sets a password. Global Administrator is never proposed."""


def wishes_from(kept: Iterable[str] | None, *, wanted_role_id: str, is_jit_wanted: bool) -> frozenset[Wish]:
    """What is wanted: as chosen, or while nobody has chosen, what the wanted role is there for.

    Args:
        kept: what a technician chose; None when nobody did. Just-in-time grants are kept apart from it.
        wanted_role_id: template id of the wanted role.
        is_jit_wanted: just-in-time grants are switched on.
    """
    if kept is not None:
        found = {wish for wish in Wish if wish.value in set(kept)}
    else:
        found = {wish for wish in (Wish.RESET_USERS, Wish.RESET_ADMINS, Wish.BLOCK) if does(wanted_role_id, (wish,))}
    return frozenset({*(found - {Wish.JIT}), *((Wish.JIT,) if is_jit_wanted else ())})


def does(role_id: str, wishes: Collection[Wish]) -> bool:
    """Whether a role does for every wish that a help-desk role can do for, by Microsoft's tables."""
    nobody: frozenset[str] = frozenset()
    reset, sensitive = RESET.get(role_id.lower(), nobody), SENSITIVE.get(role_id.lower(), nobody)
    everybody = RESET[roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR]
    needs = {
        Wish.RESET_USERS: Row.NO_ROLE in reset,
        Wish.RESET_ADMINS: everybody <= reset,
        Wish.BLOCK: Row.NO_ROLE in sensitive,
    }
    return all(needs.get(wish, True) for wish in wishes)


def least_role(wishes: Collection[Wish]) -> str:
    """Template id of the least role that does for the wishes."""
    return next(role_id for role_id in _LEAST_FIRST if does(role_id, wishes))


def options_for(wishes: Collection[Wish], *, path: RolePath) -> tuple[RoleOption, ...]:
    """The roles on offer on a path, the least that does recommended; Global Administrator never is (AC-5.1)."""
    least = least_role(wishes)
    options = roles.role_options(looks_after_admins=True, group_path=path is RolePath.GROUP)
    return tuple(dataclasses.replace(option, is_recommended=option.role.template_id == least) for option in options)


def needed_permissions(wishes: Collection[Wish], app: AppKind) -> frozenset[str]:
    """Names of the permissions that the wishes come to; what is asked for only for the sake of others is left out."""
    asked = permissions.required_of(app)
    if app == AppKind.ELEVATION:
        return asked
    off: set[str] = set()
    for wish, feature in _PERMISSION_OF.items():
        if wish not in wishes and not (wish is Wish.RESET_USERS and Wish.RESET_ADMINS in wishes):
            off |= permissions.REQUIRED_BY_FEATURE[feature] - permissions.CORE
    return (asked | permissions.HELPDESK_OPTIONAL) - off


def needed_role_actions(wishes: Collection[Wish]) -> tuple[str, ...]:
    """The directory actions that a custom role must hold to do for the wishes, by name (AC-7.7)."""
    found: set[str] = set()
    if {Wish.RESET_USERS, Wish.RESET_ADMINS} & set(wishes):
        found |= {RESET_ACTION, REVOKE_ACTION}
    if Wish.BLOCK in wishes:
        found |= BLOCK_ACTIONS
    return tuple(sorted(found))


@dataclasses.dataclass(frozen=True, slots=True)
class ExtraRole:
    """A role that is held, or may be activated, and is not needed.

    Attributes:
        role_id: its id.
        name: its display name.
        via: the group it comes through; empty when it is direct.
        unit: the administrative unit it is limited to; empty for the whole tenant.
        is_active: in force; otherwise eligible only.
        is_relied_on: the wanted role is not held yet, and this one does its work until it is.
    """

    role_id: str
    name: str
    via: str = ""
    unit: str = ""
    is_active: bool = True
    is_relied_on: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """What a tenant granted, beside what the wishes need: both ways.

    Attributes:
        app: which of our apps.
        role: display name of the role that is needed.
        lacks_role: it is not in force, nor is anything that does the same.
        exact_role: it, or a custom role with its actions, is in force; not only a stronger one.
        missing: permissions that are needed and not granted.
        extra_roles: roles held that are not needed.
        extra_permissions: permissions granted that are not needed.
        is_read: a look has told; before, nothing is known.
    """

    app: AppKind
    role: str
    lacks_role: bool
    exact_role: bool
    missing: tuple[permissions.Permission, ...]
    extra_roles: tuple[ExtraRole, ...]
    extra_permissions: tuple[str, ...]
    is_read: bool

    @property
    def has_missing(self) -> bool:
        """Whether something needed is not there."""
        return self.is_read and (self.lacks_role or bool(self.missing))

    @property
    def has_extra(self) -> bool:
        """Whether more is there than needed."""
        return bool(self.extra_roles or self.extra_permissions)


def difference(facts: Facts, wishes: Collection[Wish], *, role_id: str = "") -> Difference:
    """Compare what is granted with what is needed.

    Args:
        facts: the connection.
        wishes: what is wanted at the customer.
        role_id: measure against this role instead of the wanted one (for a proposal).
    """
    wanted = (role_id or facts.wanted_role_id).lower()
    is_idle = facts.app == AppKind.ELEVATION and Wish.JIT not in wishes  # consented, and nothing of it is wanted
    keep = frozenset({wanted} | set(covering_roles(facts.custom, wanted, facts.custom))) if not is_idle else frozenset()
    has_exact = bool(keep & facts.role_ids)
    extra = [
        ExtraRole(
            role_id=holding.role_id,
            name=facts.role_title(holding.role_id),
            via=holding.group_name or holding.group_id,
            unit=(facts.unit_names.get(holding.unit_id) or holding.unit_id) if holding.unit_id else "",
            is_active=holding.is_active,
            is_relied_on=not has_exact
            and not is_idle
            and bool(covering_roles((holding.role_id,), wanted, facts.custom)),
        )
        for holding in facts.holdings
        if holding.role_id not in keep or (has_exact and bool(holding.unit_id))
    ]
    needed = frozenset() if is_idle else needed_permissions(wishes, facts.app)
    return Difference(
        app=facts.app,
        role=roles.role_name(wanted),
        lacks_role=not is_idle and not covering_roles(facts.role_ids, wanted, facts.custom),
        exact_role=has_exact,
        missing=permissions.missing(facts.granted, required=needed),
        extra_roles=tuple(dict.fromkeys(extra)),
        extra_permissions=permissions.surplus(facts.granted, required=needed),
        is_read=facts.roles_are_read,
    )


def kept_of(wishes: Iterable[Wish]) -> list[Any]:
    """As kept on the row: without just-in-time grants, which have a column of their own."""
    return sorted(str(wish) for wish in wishes if wish is not Wish.JIT)
