"""Jobs of the record: sealing what facts and outcomes left, and acts without an outcome."""

import logging

from tenantry.audit import unfinished
from tenantry.audit.chain import sealing
from tenantry.kit import jobs

_log = logging.getLogger(__name__)


@jobs.every("* * * * * */5", "audit.seal")
def seal() -> None:
    """Give every committed event its link. Intents have theirs before they are sent; this takes the others."""
    sealing.seal_all()


@jobs.every("*/5 * * * * 30", "audit.unfinished")
def find_unfinished() -> None:
    """Mark intents that a killed process left without an outcome."""
    count = unfinished.sweep()
    if count:
        _log.warning("%d acts were left without an outcome; they are marked as unknown", count)
