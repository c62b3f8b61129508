"""Tags of this domain in the record."""

from enum import StrEnum


class CustodyEvent(StrEnum):
    """What is done about the record itself."""

    CHECKED = "custody.record_checked"
    KEEPER_ADDED = "custody.anchor_receiver_added"
    KEEPER_REMOVED = "custody.anchor_receiver_removed"
