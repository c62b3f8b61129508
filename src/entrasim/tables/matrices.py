"""Who can act on whom: Microsoft's two tables of the page `privileged-roles-permissions`, row by row.

A letter stands for an acting role that may act on a target of that row; a role that is no column acts on nobody.
"""

import enum

PASSWORD_ADMINISTRATOR = "966707d0-3269-4727-9be2-8c3a10f19b9d"  # noqa: S105  a role's id
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
SECURITY_OPERATOR = "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f"
IDENTITY_RESPONDER = "58f930cc-fcf4-4152-852c-1d7dbf502139"
PARTNER_TIER1 = "4ba39ca4-527c-499a-b93d-d9b492c50246"
PARTNER_TIER2 = "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8"


class Standing(enum.StrEnum):
    """What a target is when it is not the holder of a role with a row of its own."""

    NO_ROLE = "no administrator role"
    GROUP_MEMBER = "member or owner of a role-assignable group"
    RESTRICTED_SCOPE = "holds a role scoped to a restricted management administrative unit"
    OTHER_ROLE = "any other built-in or custom role"


ACTORS = {
    "P": PASSWORD_ADMINISTRATOR,
    "H": HELPDESK_ADMINISTRATOR,
    "A": AUTHENTICATION_ADMINISTRATOR,
    "U": USER_ADMINISTRATOR,
    "V": PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    "G": GLOBAL_ADMINISTRATOR,
    # Named in the text under the tables, or deprecated.
    "S": SECURITY_OPERATOR,
    "R": IDENTITY_RESPONDER,
    "1": PARTNER_TIER1,
    "2": PARTNER_TIER2,
}

# Target: who may reset the password and invalidate refresh tokens; who may do sensitive actions.
_ROWS: dict[str, tuple[str, str]] = {
    AUTHENTICATION_ADMINISTRATOR: ("A VG2", "A VG"),
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": ("PHAUVG2", "AUVG"),  # Directory Readers
    GLOBAL_ADMINISTRATOR: ("VG2", "VG"),
    "fdd7a751-b60b-444a-984c-02652fe8fa1c": ("UVG2", "UVG"),  # Groups Administrator
    "95e79109-95c0-4d8e-aee3-d01accf2d47b": ("PHAUVG2", "AUVG"),  # Guest Inviter
    HELPDESK_ADMINISTRATOR: ("HUVG2", "UVG"),
    "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b": ("HAUVG2", "AUVG"),  # Message Center Reader
    PASSWORD_ADMINISTRATOR: ("PHAUVG2", "AUVG"),
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: ("VG2", "VG"),
    "e8611ab8-c189-46e8-94e1-60213ab1f814": ("VG2", "VG"),  # Privileged Role Administrator
    "4a5d8f65-41da-4de4-8968-e035b65339cf": ("HAUVG2", "AUVG"),  # Reports Reader
    Standing.NO_ROLE: ("PHAUVGSR12", "AUVGSR"),
    Standing.GROUP_MEMBER: ("VG2", "VG"),
    Standing.RESTRICTED_SCOPE: ("VG2", "VG"),
    USER_ADMINISTRATOR: ("UVG2", "UVG"),
    "27460883-1df1-4691-b032-3b79643e5e63": ("HAUVG2", "AUVG"),  # User Experience Success Manager
    "75934031-6c7e-415a-99d7-48dbd49e875e": ("HAUVG2", "AUVG"),  # Usage Summary Reports Reader
    Standing.OTHER_ROLE: ("VG2", "VG"),
}


def _actors(letters: str) -> frozenset[str]:
    return frozenset(ACTORS[letter] for letter in letters.replace(" ", ""))


RESET = {target: _actors(reset) for target, (reset, _) in _ROWS.items()}
"""Acting roles that may reset the password of a target, by the target's role id or standing."""

SENSITIVE = {target: _actors(sensitive) for target, (_, sensitive) in _ROWS.items()}
"""Acting roles that may do the sensitive actions."""

NAMED_ROLES = frozenset(target for target in _ROWS if not isinstance(target, Standing))
"""Roles with a row of their own."""
