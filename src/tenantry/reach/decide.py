"""May this connection do this to that user, and if not, why not and what would change it.

Order of the answers: what the account itself rules out (guest, synced, federated), then the restricted management
unit, then the consented permission, then the directory role. The first that denies is the one told.

Predictions follow Microsoft's tables (`tenantry.reach.matrices`); a refusal by Graph wins over a prediction here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tenantry.kit.decision import Allowed, Decision, Denied
from tenantry.reach import roles, words
from tenantry.reach.facts import Action, Reacher, Target
from tenantry.reach.matrices import Row, scoped
from tenantry.reach.permissions import REQUIRED_BY_FEATURE, wanted

__all__ = ["Action", "Reacher", "Target", "decide", "explain_all", "least_roles"]

_LEAST_FIRST: Final[Mapping[Action, tuple[str, ...]]] = {
    # "Update user" asks for at least User Administrator when an app sets a password, so the two smaller
    # roles of the table are never recommended, only accepted.
    Action.RESET_PASSWORD: (
        roles.USER_ADMINISTRATOR,
        roles.AUTHENTICATION_ADMINISTRATOR,
        roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ),
    Action.BLOCK_SIGN_IN: (
        roles.USER_ADMINISTRATOR,
        roles.AUTHENTICATION_ADMINISTRATOR,
        roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ),
    Action.UNBLOCK_SIGN_IN: (
        roles.USER_ADMINISTRATOR,
        roles.AUTHENTICATION_ADMINISTRATOR,
        roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ),
    # Not asked of an app; what a user would need, and what is named should Microsoft refuse all the same.
    Action.ACCESS_PASS: (roles.AUTHENTICATION_ADMINISTRATOR, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR),
    # The definition of Password Administrator lacks invalidating refresh tokens, whatever the table's title says.
    Action.REVOKE_SESSIONS: (
        roles.HELPDESK_ADMINISTRATOR,
        roles.USER_ADMINISTRATOR,
        roles.AUTHENTICATION_ADMINISTRATOR,
        roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ),
}
"""Roles we would recommend, least first. Global Administrator reaches nobody more, so it is never among them."""

_RESETS_AS_APP: Final = frozenset({*_LEAST_FIRST[Action.RESET_PASSWORD], roles.GLOBAL_ADMINISTRATOR})
"""Roles with which an app's reset is known to work; below User Administrator Microsoft does not promise it."""


def decide(*, action: Action, reacher: Reacher, target: Target) -> Decision:
    """Predict whether the connection `reacher` can do `action` to `target`, with the reason.

    With several target roles one role of the connection must be allowed for every one of them. Microsoft's page says
    so of one actor role; two roles that each cover a part are not counted together.

    Returns:
        `Allowed`, its note telling what to know first, or `Denied` with one of the codes `guest_account`,
        `synced_account`, `federated_domain`, `restricted_unit`, `permission_missing`, `role_missing`,
        `role_eligible_only`, `role_scoped_to_unit`, `role_insufficient`.
    """
    # A `Denied` is falsy, so the answers are compared with None and never joined with `or`.
    denial = _account_rules_out(action, target)
    if denial is None:
        denial = _unit_rules_out(action, reacher, target)
    if denial is None:
        denial = _permission_rules_out(action, reacher, target)
    if denial is None:
        denial = _role_rules_out(action, reacher, target)
    return denial if denial is not None else Allowed(note=_note(action, reacher, target))


def explain_all(reacher: Reacher, target: Target) -> dict[Action, Decision]:
    """Return the decision for every action on this user."""
    return {action: decide(action=action, reacher=reacher, target=target) for action in Action}


def least_roles(action: Action, target: Target) -> tuple[roles.Role, ...]:
    """Return the roles that would do, least first; empty when no role can.

    For a user in a restricted management unit these must be scoped to that unit, otherwise they count tenant-wide.
    """
    if _account_rules_out(action, target) is not None:
        return ()
    table = scoped(action.table) if target.is_restricted else action.table
    rows = target.rows()
    return tuple(roles.role(each) for each in _LEAST_FIRST[action] if rows <= table.get(each, frozenset()))


def _least(action: Action, target: Target) -> str:
    return next((role.name for role in least_roles(action, target)), "")


def _account_rules_out(action: Action, target: Target) -> Denied | None:
    """Deny what no role and no permission could make possible here."""
    # revokeSignInSessions does nothing for external users: their home tenant keeps the sessions.
    if target.is_guest and action in {Action.RESET_PASSWORD, Action.REVOKE_SESSIONS, Action.ACCESS_PASS}:
        return words.guest_account(action, target)
    if action is Action.RESET_PASSWORD and target.is_synced:
        return words.synced_account(action, target)
    if action is Action.RESET_PASSWORD and target.domain_is_federated:
        return words.federated_domain(action, target)
    return None


def _covers(table: Mapping[str, frozenset[str]], held: Iterable[str], rows: frozenset[str]) -> frozenset[str]:
    """Return the roles in `held` that reach every row."""
    return frozenset(role_id for role_id in held if rows <= table.get(role_id, frozenset()))


def _unit_roles(reacher: Reacher, target: Target) -> frozenset[str]:
    """Return our roles scoped to any of the restricted units that the user is in."""
    return frozenset().union(*(reacher.unit_role_ids.get(unit, ()) for unit in target.restricted_unit_ids))


def _unit_rules_out(action: Action, reacher: Reacher, target: Target) -> Denied | None:
    """Page: "Restricted management administrative units in Microsoft Entra ID"."""
    if not target.is_restricted:
        return None
    if roles.GLOBAL_ADMINISTRATOR in target.role_ids:
        return words.restricted_global_administrator(action, target)
    table = scoped(action.table)
    if not any(role_id in table for role_id in _unit_roles(reacher, target)):
        return words.restricted_unit(action, target, least=_least(action, target))
    return None


def _permission_rules_out(action: Action, reacher: Reacher, target: Target) -> Denied | None:
    lacking = wanted(REQUIRED_BY_FEATURE[action.feature] - reacher.permissions)
    # `wanted` keeps what some app asks for; a feature's needs are always part of that.
    return words.permission_missing(action, target, lacking) if lacking else None


def _role_rules_out(action: Action, reacher: Reacher, target: Target) -> Denied | None:
    if not action.needs_role and not target.is_restricted:
        return None
    table = scoped(action.table) if target.is_restricted else action.table
    held = _unit_roles(reacher, target) if target.is_restricted else reacher.role_ids
    rows = target.rows()
    if _covers(table, held, rows):
        return None
    least = _least(action, target)
    if usable := [role_id for role_id in held if role_id in table]:
        # Speak of the role that comes nearest; the name settles ties, so that the sentence is always the same.
        nearest = min(usable, key=lambda role_id: (len(rows - table[role_id]), roles.role_name(role_id)))
        return words.role_insufficient(
            action,
            target,
            held=roles.role_name(nearest),
            blocking=rows - table[nearest],
            least=least,
            unit=target.is_restricted,
        )
    return _no_usable_role(action, reacher, target, least=least)


def _no_usable_role(action: Action, reacher: Reacher, target: Target, *, least: str) -> Denied:
    """Deny a connection without any role of the table, and tell the nearest thing it has."""
    table = action.table
    if eligible := _names(_covers(table, reacher.eligible_role_ids, target.rows())):
        return words.role_eligible_only(action, target, eligible=eligible, least=least)
    in_units = frozenset().union(*reacher.unit_role_ids.values())
    if limited := _names(role_id for role_id in in_units if role_id in table):
        return words.role_scoped_to_unit(action, target, held=limited, least=least)
    reset_only = {roles.HELPDESK_ADMINISTRATOR, roles.PASSWORD_ADMINISTRATOR} & reacher.role_ids
    if reset_only:
        return words.role_cannot_do_this(action, target, held=_names(reset_only), least=least)
    return words.role_missing(action, target, least=least)


def _names(role_ids: Iterable[str]) -> str:
    found = sorted(roles.role_name(role_id) for role_id in role_ids)
    return words.listed(found) if found else ""


def _note(action: Action, reacher: Reacher, target: Target) -> str:
    """Tell what the technician should know before doing something that is allowed."""
    table = scoped(action.table) if target.is_restricted else action.table
    held = _unit_roles(reacher, target) if target.is_restricted else reacher.role_ids
    covering = _covers(table, held, target.rows())
    notes = []
    if action is Action.RESET_PASSWORD and not covering & _RESETS_AS_APP:
        notes.append(
            f"The connection holds {_names(covering)}. Microsoft's table allows this, but its API page asks for at "
            "least User Administrator when an app resets a password, so Microsoft may refuse."
        )
    if action is Action.REVOKE_SESSIONS and covering == {roles.PASSWORD_ADMINISTRATOR}:
        notes.append(
            "The connection holds Password Administrator. Microsoft's table allows this, but the role's definition "
            "does not name it, so Microsoft may refuse."
        )
    if target.is_synced and action is Action.BLOCK_SIGN_IN:
        notes.append(
            "The account is synced: the next sync may undo this. Disable it in the on-premises Active Directory too."
        )
    if target.is_synced and action is Action.UNBLOCK_SIGN_IN:
        notes.append(
            "The account is synced: the next sync may undo this. Enable it in the on-premises Active Directory too."
        )
    if target.domain_is_federated and action is Action.REVOKE_SESSIONS:
        notes.append(
            "The domain is federated: a session at its identity provider lives on and may sign the user in again."
        )
    if action is Action.ACCESS_PASS and target.rows() != frozenset({Row.NO_ROLE}):
        notes.append("With a pass somebody signs in as an administrator, without any other method.")
    if target.is_guest:
        notes.append("This concerns the guest's access to this tenant only, not the account at home.")
    return " ".join(notes)
