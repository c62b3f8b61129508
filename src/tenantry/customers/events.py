"""Tags of this domain in the record."""

from enum import StrEnum


class CustomerEvent(StrEnum):
    """What can happen to a customer."""

    ADDED = "customers.added"
    ARCHIVED = "customers.archived"
    CHANGED = "customers.changed"
    GROUPED = "customers.grouped"
    GROUP_CHANGED = "customers.group_changed"
    GROUP_CREATED = "customers.group_created"
    GROUP_DELETED = "customers.group_deleted"
    PASSWORDS_HIDDEN = "customers.passwords_hidden"
    PASSWORDS_SHOWN = "customers.passwords_shown"
    RESTORED = "customers.restored"
    UNGROUPED = "customers.ungrouped"
