"""What the record says about rules and approvals."""

from enum import StrEnum


class SafeguardEvent(StrEnum):
    """Tags of the record."""

    APPROVAL_ASKED = "safeguards.approval_asked"
    APPROVAL_DENIED = "safeguards.approval_denied"
    APPROVAL_EXPIRED = "safeguards.approval_expired"
    APPROVAL_GIVEN = "safeguards.approval_given"
    APPROVAL_WITHDRAWN = "safeguards.approval_withdrawn"
    EMERGENCY_MARKED = "safeguards.emergency_account_marked"
    EMERGENCY_UNMARKED = "safeguards.emergency_account_unmarked"
    RULE_CHANGED = "safeguards.rule_changed"
    RULES_RESET = "safeguards.rules_reset"
    VERIFICATION_OVERRIDDEN = "safeguards.verification_overridden"
