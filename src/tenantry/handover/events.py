"""Tags of this domain in the record."""

from enum import StrEnum


class HandoverEvent(StrEnum):
    """What happens to a page for the customer's administrator."""

    LINK_MADE = "handover.link_made"
    LINK_REVOKED = "handover.link_revoked"
    LINK_OPENED = "handover.link_opened"
