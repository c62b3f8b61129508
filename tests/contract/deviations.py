"""Where we knowingly differ from the description, and why. See docs/not-verified-live.md."""

import re
from typing import Final

DEVIATIONS: Final[tuple[tuple[str, str], ...]] = (
    (
        r"^(PUT|DELETE) /applications/\{\}/logo \d+: not in the description$",
        "The cut of the description leaves streams out. Source: application resource type, property logo.",
    ),
    (
        r"^POST /applications/\{\}/(addKey|removeKey|addPassword|removePassword) \d+: not in the description$",
        "Actions the cut leaves out. Source: application: addKey, removeKey.",
    ),
    (
        r"^GET /servicePrincipals/\{\}/transitiveMemberOf/microsoft\.graph\.(group|directoryRole) 200: not in the",
        "The cut has the path without the cast. Source: servicePrincipal: List transitiveMemberOf.",
    ),
    (
        r"answer .*'createdDateTime' does not match any of the regexes: '@'$",
        "The service returns it for service principals, as example answers show; the type has no such property.",
    ),
    (
        r"^GET /organization.*'isMultipleDataLocationsForServicesEnabled' does not match",
        "Example answers show it; the type has no such property.",
    ),
    (
        r"roleDefinitions.*'isPrivileged' does not match",
        "Only the beta describes it; the simulator tells it, and nothing of the product reads it.",
    ),
    (
        r"roleManagementPolic.*'All' is not one of \['all',",
        'The examples of unifiedRoleManagementPolicyRuleTarget write operations as "All"; the enumeration has "all".',
    ),
)
"""A pattern for the line that the observer writes, and the reason."""

_PATTERNS: Final = tuple(re.compile(pattern) for pattern, _ in DEVIATIONS)


def is_known(line: str) -> bool:
    """Whether a line is one of the listed deviations."""
    return any(pattern.search(line) for pattern in _PATTERNS)
