"""Attempts that nobody answers, and passes that nobody uses, end by themselves."""

import logging

from tenantry.kit import jobs
from tenantry.verification import actions

log = logging.getLogger(__name__)


@jobs.every("* * * * * */20", "verification.expire")
def expire() -> None:
    """End what is over."""
    count = actions.expire_due()
    if count:
        log.info("%d verifications ran out", count)
    actions.close_ended_codes()
