"""What the record says about itself."""

from enum import StrEnum


class AuditEvent(StrEnum):
    """Tags of the record."""

    PRUNED = "audit.record_pruned"
