"""Jobs of the record: sealing what facts and outcomes left, and anchors."""

import logging

from tenantry.audit.chain import anchors, sealing
from tenantry.kit import jobs

_log = logging.getLogger(__name__)


@jobs.every("* * * * * */5", "audit.seal")
def seal() -> None:
    """Give every committed event its link. Intents have theirs before they are sent; this takes the others."""
    sealing.seal_all()


@jobs.every("17 * * * * 0", "audit.anchor")
def anchor() -> None:
    """Copy the heads of the chain to the file of the settings, every hour."""
    try:
        anchors.take()
    except OSError as error:
        _log.error("The anchor of the record cannot be written: %s", error)
