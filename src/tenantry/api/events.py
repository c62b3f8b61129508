"""What the record says about tokens."""

from enum import StrEnum


class ApiEvent(StrEnum):
    """Tags of the record."""

    TOKEN_MADE = "api.token_made"  # noqa: S105  a name, not a token
    TOKEN_REVOKED = "api.token_revoked"  # noqa: S105  as above
