"""Requests that nobody decided end by themselves."""

import logging

from tenantry.kit import jobs
from tenantry.safeguards import actions

log = logging.getLogger(__name__)


@jobs.every("* * * * * 15", "safeguards.expire")
def expire() -> None:
    """End requests whose time is over."""
    count = actions.expire_due()
    if count:
        log.info("%d requests for approval ran out", count)
