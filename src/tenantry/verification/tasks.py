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


@jobs.every("* * * * * */3", "verification.pushes")
def ask_about_pushes() -> None:
    """Ask Duo about the pushes that wait; nobody waits longer than a minute or so."""
    actions.ask_about_pushes()
