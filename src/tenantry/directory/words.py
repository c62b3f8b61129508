"""Why a directory cannot be read, in words for people."""

import dataclasses

from tenantry.graph import errors, explained


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What happened and why, and what to do about it."""

    cause: str
    fix: str


_CONSENT_AGAIN = "Ask an administrator of the customer to consent again, from the customer's connection card."


def explain(error: errors.GraphError) -> Explanation:
    """The words for an error while reading users: the catalogue's, but for what only this read knows."""
    told = explained.explain(error)
    match error:
        case errors.Refused():
            return Explanation(
                "Microsoft refused to list users: the permission User.Read.All is missing in this tenant.",
                _CONSENT_AGAIN,
            )
        case errors.TenantUnreachable():
            return Explanation(told.what, f"{told.fix} Until then the list shows what was read last.")
        case _:
            return Explanation(f"{told.what} {told.why}", told.fix)


PARTS = {
    "roles": ("directory roles", "RoleManagement.Read.Directory"),
    "eligible": ("roles that somebody may activate", "RoleManagement.Read.Directory"),
    "groups": ("role-assignable groups", "GroupMember.Read.All"),
    "licences": ("licences", "LicenseAssignment.Read.All"),
    "domains": ("domains", "Domain.Read.All"),
}


def explain_gap(part: str, error: errors.GraphError) -> str:
    """One sentence on why something beside the users could not be read."""
    name, permission = PARTS[part]
    if isinstance(error, errors.Refused):
        return f"The {name} cannot be read: the permission {permission} is missing in this tenant."
    return f"The {name} could not be read: {explain(error).cause}"


def explain_live(error: errors.GraphError, *, what: str, permission: str) -> Explanation:
    """The words for something that was to be read while a technician waits."""
    if isinstance(error, errors.Refused):
        return Explanation(
            f"The {what} cannot be read: the permission {permission} is missing in this tenant.",
            _CONSENT_AGAIN,
        )
    if isinstance(error, errors.NotFound):
        return Explanation("Microsoft does not know this user any more.", "Read the tenant again.")
    if isinstance(error, errors.Throttled | errors.TenantUnreachable):
        return Explanation(explain(error).cause, "Wait a moment and try again.")
    return explain(error)
