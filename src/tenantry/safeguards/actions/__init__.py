"""Changing rules, marking emergency access accounts, and deciding requests."""

from tenantry.safeguards.actions.approvals import Wish, approve, ask, deny, expire_due, withdraw
from tenantry.safeguards.actions.emergency import mark, unmark
from tenantry.safeguards.actions.rules import change_rules, reset_rules

__all__ = ["Wish", "approve", "ask", "change_rules", "deny", "expire_due", "mark", "reset_rules", "unmark", "withdraw"]
