"""Who may change what about a colleague. Pure: shown beside the button, and required by the action.

Nobody gives or takes away a role that may do more than their own, and nobody decides about themselves. The last owner
is safe through both together, as long as two owners cannot act on each other at the same moment; the actions lock.
"""

from tenantry.kit.decision import Allowed, Decision, Denied
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import SERVICE_ROLES, Permission, Role, grantable, holders


def may_manage(actor: Technician, target: Technician) -> Decision:
    """Whether `actor` may change the role of `target`, switch them off or on, or end their sessions."""
    if not actor.may(Permission.TECHNICIANS_MANAGE):
        return Denied(
            "role_too_small",
            f"Your role, {actor.get_role_display()}, does not include this.",
            "Ask a colleague who may do it.",
            holders(Permission.TECHNICIANS_MANAGE),
        )
    if actor.pk == target.pk:
        return Denied(
            "own_account",
            "This is your own account. Nobody changes their own role or switches themselves off.",
            "Ask a colleague to do it.",
            "a colleague",
        )
    if target.role not in grantable(actor.role):
        return Denied(
            "role_above",
            f"{target.display_name} is {_article(target.role)}, and may do more than you.",
            "Ask somebody with the same role as theirs.",
            _article(target.role),
        )
    return Allowed()


def may_give(actor: Technician, role: str) -> Decision:
    """Whether `actor` may give `role` to somebody."""
    if role in grantable(actor.role) and actor.is_active:
        return Allowed()
    return Denied(
        "role_not_grantable",
        f"You cannot give the role {Role(role).label if role in Role.values else role}: it may do more than yours.",
        "Choose another role, or ask somebody who has it.",
        holders(Permission.TECHNICIANS_MANAGE),
    )


def may_have(target: Technician, role: str) -> Decision:
    """Whether `target` may have `role` at all: a service account only some."""
    if target.is_service and role not in SERVICE_ROLES:
        return Denied(
            "not_for_services",
            f"A service account cannot be {_article(role)}.",
            "Choose engineer, help desk or auditor.",
            "nobody",
        )
    return Allowed()


def may_stop_being_owner(target: Technician, *, active_owners: int, is_last_local_way_in: bool = False) -> Decision:
    """Whether `target` may lose the role or the account.

    Args:
        target: whose role or account it is.
        active_owners: how many there are now.
        is_last_local_way_in: no other of them could sign in here without Microsoft.
    """
    if target.is_owner and target.is_active and active_owners <= 1:
        return Denied(
            "last_owner",
            f"{target.display_name} is the last active owner. "
            "A console without an owner cannot be repaired from within.",
            "Make somebody else an owner first.",
            "an owner",
        )
    if target.is_owner and target.is_active and is_last_local_way_in:
        return Denied(
            "last_local_way_in",
            f"{target.display_name} is the last owner who can sign in here without Microsoft.",
            "Another owner sets a password or adds a passkey first.",
            "an owner",
        )
    return Allowed()


def may_place(actor: Technician, member: Technician) -> Decision:
    """Whether `actor` may put `member` into a team or take them out: as for their role, but one's own teams too."""
    if not actor.may(Permission.TEAMS_MANAGE):
        return Denied(
            "role_too_small",
            f"Your role, {actor.get_role_display()}, does not include this.",
            "Ask a colleague who may do it.",
            holders(Permission.TEAMS_MANAGE),
        )
    return Allowed() if actor.pk == member.pk else may_manage(actor, member)


def _article(role: str) -> str:
    return {
        Role.OWNER: "an owner",
        Role.ADMINISTRATOR: "an administrator",
        Role.ENGINEER: "an engineer",
        Role.HELP_DESK: "somebody of the help desk",
        Role.AUDITOR: "an auditor",
    }.get(Role(role), role)
