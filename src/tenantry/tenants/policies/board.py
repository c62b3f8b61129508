"""The readiness board: each feature of a customer ready, propagating, needing attention, or not wanted (J6).

Every line that is not green carries its cause, what to do, who must do it, and the page on which it is done.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Collection
from typing import Final

from tenantry.kit.decision import Denied
from tenantry.reach import Action, Reacher, Target, decide, permissions, roles
from tenantry.reach.permissions import Feature
from tenantry.tenants.models import ConnectionState
from tenantry.tenants.policies.standing import CONSENT_GIVER, OURSELVES, Facts, Standing, next_state
from tenantry.tenants.policies.wishes import Wish


class Ready(enum.StrEnum):
    """How a feature stands."""

    READY = "ready"
    PROPAGATING = "propagating"
    ATTENTION = "attention"
    NOT_WANTED = "not_wanted"


READY_WORDS: Final[dict[Ready, str]] = {
    Ready.READY: "Ready",
    Ready.PROPAGATING: "Propagating",
    Ready.ATTENTION: "Needs attention",
    Ready.NOT_WANTED: "Not wanted",
}


_SHORT: Final[dict[str, str]] = {
    "Consent needed": "Consent",
    "Needs attention": "Attention",
    "Not connected": "None",
    "Not looked yet": "Looking",
    "Not reachable": "Offline",
    "Not wanted": "Off",
    "Not with this role": "Role",
    "Only in part": "In part",
    "Permission missing": "Consent",
    "Role missing": "Role",
}


class Where(enum.StrEnum):
    """The page on which a line is mended."""

    NOWHERE = ""
    CUSTOMER = "customer"
    FEATURES = "features"
    CONNECT = "connect"
    ELEVATION = "elevation"


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A feature of the board.

    Attributes:
        key: a stable name, also in addresses.
        label: its name for people.
        short: the same for the head of a column.
        icon: a Lucide icon.
        wish: what must be wanted for it; None when it always is.
    """

    key: str
    label: str
    short: str
    icon: str
    wish: Wish | None


COLUMNS: Final = (
    Column("users", "Show users", "Users", "users", None),
    Column("reset_users", "Reset passwords", "Reset", "key-round", Wish.RESET_USERS),
    Column("reset_admins", "Reset administrators' passwords", "Admins", "shield-user", Wish.RESET_ADMINS),
    Column("block", "Block and unblock sign-in", "Block", "ban", Wish.BLOCK),
    Column("revoke", "Revoke sessions", "Revoke", "log-out", Wish.RESET_USERS),
    Column("access_pass", "Temporary Access Passes", "Passes", "ticket-check", Wish.ACCESS_PASS),
    Column("jit", "Just-in-time grants", "JIT", "shield-plus", Wish.JIT),
    Column("notices", "Expiry notices", "Notices", "bell", Wish.NOTICES),
)
"""The features in the order of the board."""

_NEEDS: Final[dict[str, tuple[Feature, Action | None]]] = {
    "users": (Feature.READ_DIRECTORY, None),
    "reset_users": (Feature.RESET_PASSWORD, Action.RESET_PASSWORD),
    "reset_admins": (Feature.RESET_PASSWORD, Action.RESET_PASSWORD),
    "block": (Feature.BLOCK_SIGN_IN, Action.BLOCK_SIGN_IN),
    "revoke": (Feature.REVOKE_SESSIONS, Action.REVOKE_SESSIONS),
    "access_pass": (Feature.ACCESS_PASS, None),
    "notices": (Feature.READ_DOMAINS, None),
}
_USER: Final = Target(display_name="a user without a role")
_ADMIN: Final = Target(display_name="a Global Administrator", role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR}))


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One feature as it stands.

    Attributes:
        column: which.
        state: how it stands.
        word: the same in a word or two, more exact.
        kind: good, wait, bad or mute, as the components name states.
        cause: what happened and why; empty when all is well.
        fix: what to do.
        who: who must act.
        until: when the propagation window closes, while it is open.
        where: the page on which it is mended.
        proof: for a ready line, what proves it.
        proven_at: when that was seen.
    """

    column: Column
    state: Ready
    word: str
    kind: str
    cause: str = ""
    fix: str = ""
    who: str = ""
    until: dt.datetime | None = None
    where: Where = Where.NOWHERE
    proof: str = ""
    proven_at: dt.datetime | None = None

    @property
    def label(self) -> str:
        """The feature's name."""
        return self.column.label

    @property
    def short_word(self) -> str:
        """One word for a narrow column."""
        return _SHORT.get(self.word, READY_WORDS[self.state])

    @property
    def icon(self) -> str:
        """Its icon."""
        return self.column.icon


def board(facts: Facts, elevation: Facts | None, wishes: Collection[Wish], now: dt.datetime) -> tuple[Line, ...]:
    """Every feature at `now`.

    Args:
        facts: the help-desk app's connection.
        elevation: the elevation app's; None when there is none.
        wishes: what is wanted at the customer.
        now: the time.
    """
    return tuple(_line(column, facts, elevation, wishes, now) for column in COLUMNS)


def not_connected() -> tuple[Line, ...]:
    """The board of a customer without a connection."""
    return tuple(
        _attention(column, "Not connected", _NOT_CONNECTED, Where.CONNECT)
        if column.wish is None
        else Line(column, Ready.NOT_WANTED, "Not connected", "mute")
        for column in COLUMNS
    )


_NOT_CONNECTED: Final = Standing(
    ConnectionState.NOT_CONNECTED,
    "The customer's tenant is not connected.",
    "Connect it, with a Global Administrator of the customer at hand.",
    CONSENT_GIVER,
)


def _is_wanted(column: Column, wishes: Collection[Wish]) -> bool:
    if column.key == "revoke":  # both Microsoft's table and the permission go with either
        return bool({Wish.RESET_USERS, Wish.RESET_ADMINS, Wish.BLOCK} & set(wishes))
    return column.wish is None or column.wish in wishes


def _line(column: Column, facts: Facts, elevation: Facts | None, wishes: Collection[Wish], now: dt.datetime) -> Line:
    if not _is_wanted(column, wishes):
        return Line(column, Ready.NOT_WANTED, "Not wanted", "mute")
    if column.key == "jit":
        return _jit(column, elevation, now)
    standing = next_state(facts, now)
    if standing.state == ConnectionState.OFFLINE:
        return _offline(column, standing, Where.CONNECT)
    feature, action = _NEEDS[column.key]
    needs = permissions.REQUIRED_BY_FEATURE[feature]
    if lacking := permissions.missing(facts.granted, required=needs):
        return _lacking(column, lacking, Where.CONNECT)
    if action is None:
        return Line(column, Ready.READY, "Ready", "good", proof="The permission was read back, and the tenant answers.")
    return _by_role(column, action, facts, now)


def _by_role(column: Column, action: Action, facts: Facts, now: dt.datetime) -> Line:
    """A feature whose permissions are there: by the role that is in force."""
    standing = next_state(dataclasses.replace(facts, required=frozenset()), now)
    if standing.state == ConnectionState.CONSENTED:
        return _not_looked(column)
    is_lacking = standing.state in {ConnectionState.ROLE_MISSING, ConnectionState.DEGRADED}
    reacher = Reacher(role_ids=facts.role_ids, unit_role_ids=facts.unit_roles, permissions=facts.granted)
    decision = decide(action=action, reacher=reacher, target=_ADMIN if column.key == "reset_admins" else _USER)
    if isinstance(decision, Denied) and not is_lacking and not facts.covering & frozenset(facts.custom):
        why = Standing(standing.state, decision.reason, decision.remedy, decision.who)
        return _attention(column, "Not with this role", why, Where.FEATURES)
    if is_lacking:
        word = "Role missing" if isinstance(decision, Denied) else "Only in part"
        return _attention(column, word, standing, Where.CUSTOMER)
    return _by_standing(column, standing, facts)


def _jit(column: Column, facts: Facts | None, now: dt.datetime) -> Line:
    """Just-in-time grants: by the elevation app alone (AC-2.5, AC-2.6)."""
    if facts is None:
        why = Standing(
            ConnectionState.NOT_CONNECTED,
            "The customer has not accepted the elevation app.",
            "Connect the elevation app; password functions do not wait for it.",
            CONSENT_GIVER,
        )
        return _attention(column, "Consent needed", why, Where.ELEVATION)
    standing = next_state(facts, now)
    if standing.state == ConnectionState.OFFLINE:
        return _offline(column, standing, Where.ELEVATION)
    if lacking := permissions.missing(facts.granted, required=facts.required):
        return _lacking(column, lacking, Where.ELEVATION)
    if standing.state == ConnectionState.CONSENTED:
        return _not_looked(column)
    if standing.state in {ConnectionState.ROLE_MISSING, ConnectionState.DEGRADED}:
        return _attention(column, "Role missing", standing, Where.CUSTOMER)
    return _by_standing(column, standing, facts)


def _by_standing(column: Column, standing: Standing, facts: Facts) -> Line:
    if standing.state == ConnectionState.READY:
        return Line(column, Ready.READY, "Ready", "good", proof=standing.proof, proven_at=standing.proven_at)
    if standing.state == ConnectionState.PROPAGATING:
        return Line(
            column,
            Ready.PROPAGATING,
            "Propagating",
            "wait",
            standing.cause,
            standing.fix,
            standing.who,
            until=facts.propagates_until,
            where=Where.CUSTOMER,
        )
    return _attention(column, "Needs attention", standing, Where.CUSTOMER)


def _not_looked(column: Column) -> Line:
    return Line(
        column,
        Ready.PROPAGATING,
        "Not looked yet",
        "wait",
        "We are about to look for the role.",
        "Nothing to do: this shows by itself.",
        "nobody",
        where=Where.CUSTOMER,
    )


def _offline(column: Column, standing: Standing, consent_page: Where) -> Line:
    """Not reachable: a new consent helps only where the consent is what is missing."""
    where = consent_page if standing.code == "withdrawn" else Where.CUSTOMER
    return _attention(column, "Not reachable", standing, where if standing.who != OURSELVES else Where.CUSTOMER)


def _lacking(column: Column, lacking: tuple[permissions.Permission, ...], where: Where) -> Line:
    names = ", ".join(permission.name for permission in lacking)
    why = Standing(
        ConnectionState.RECONSENT_NEEDED,
        f"{names} {'is' if len(lacking) == 1 else 'are'} not granted in this tenant.",
        "Choose Re-consent and let an administrator of the customer accept.",
        CONSENT_GIVER,
    )
    return _attention(column, "Permission missing", why, where)


def _attention(column: Column, word: str, why: Standing, where: Where) -> Line:
    kind = "wait" if why.state in {ConnectionState.ROLE_MISSING, ConnectionState.NOT_CONNECTED} else "bad"
    return Line(column, Ready.ATTENTION, word, kind, why.cause, why.fix, why.who, where=where)
