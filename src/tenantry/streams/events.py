"""What the record says about its own streams."""

from enum import StrEnum


class StreamEvent(StrEnum):
    """Tags of the record."""

    ADDED = "streams.stream_added"
    REMOVED = "streams.stream_removed"
