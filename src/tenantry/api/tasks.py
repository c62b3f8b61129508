"""Answers whose time is over are dropped."""

from tenantry.api import actions
from tenantry.kit import jobs


@jobs.every("20 * * * * 0", "api.forget_answers")
def forget_answers() -> None:
    """Drop the answers that were kept for a day."""
    actions.forget_answers()
