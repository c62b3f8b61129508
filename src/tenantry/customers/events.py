"""Tags of this domain in the record."""

from enum import StrEnum


class CustomerEvent(StrEnum):
    """What can happen to a customer."""

    ADDED = "customers.added"
    ARCHIVED = "customers.archived"
    CHANGED = "customers.changed"
    PASSWORDS_HIDDEN = "customers.passwords_hidden"
    PASSWORDS_SHOWN = "customers.passwords_shown"
    RESTORED = "customers.restored"
