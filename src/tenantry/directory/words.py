"""Why a directory cannot be read, in words for people."""

import dataclasses

from tenantry.graph import errors


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What happened and why, and what to do about it."""

    cause: str
    fix: str


_BY_KIND: tuple[tuple[type[errors.GraphError], str, str], ...] = (
    (
        errors.Throttled,
        "Microsoft asked us to slow down for this tenant.",
        "Nothing to do: the read goes on by itself when Microsoft allows it.",
    ),
    (
        errors.NotConsented,
        "The tenant no longer lets our enterprise app in: consent was withdrawn or the app was disabled.",
        "Ask an administrator of the customer to consent again, from the customer's connection card.",
    ),
    (
        errors.Refused,
        "Microsoft refused to list users: the permission User.Read.All is missing in this tenant.",
        "Ask an administrator of the customer to consent again, from the customer's connection card.",
    ),
    (
        errors.OurCredential,
        "Microsoft does not accept our certificate or client secret.",
        "Check TENANTRY_CLIENT_CERTIFICATE or TENANTRY_CLIENT_SECRET; `tenantry doctor` says what is wrong.",
    ),
    (
        errors.TenantGone,
        "Microsoft does not know this tenant: it was deleted or lives in another cloud.",
        "Disconnect the customer, or check the cloud setting of this console.",
    ),
    (
        errors.TenantUnreachable,
        "Microsoft did not answer, or answered with an error of its own.",
        "Nothing to do: the read is tried again by itself. Until then the list shows what was read last.",
    ),
)


def explain(error: errors.GraphError) -> Explanation:
    """The words for an error while reading users."""
    for kind, cause, fix in _BY_KIND:
        if isinstance(error, kind):
            return Explanation(cause, fix)
    return Explanation(
        f"Microsoft rejected the read: {error.message}".rstrip(". ") + ".",
        "The read is tried again by itself. If it stays so, Microsoft's support needs the request id from the log.",
    )


PARTS = {
    "roles": ("directory roles", "RoleManagement.Read.Directory"),
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
            "Ask an administrator of the customer to consent again, from the customer's connection card.",
        )
    if isinstance(error, errors.NotFound):
        return Explanation("Microsoft does not know this user any more.", "Read the tenant again.")
    if isinstance(error, errors.Throttled | errors.TenantUnreachable):
        return Explanation(explain(error).cause, "Wait a moment and try again.")
    return explain(error)
