"""Jobs of this domain."""

from tenantry.kit import jobs
from tenantry.registrations.actions.applying import prove_waiting
from tenantry.registrations.actions.rotating import finish_due
from tenantry.registrations.actions.watching import watch_certificates


@jobs.every("23 * * * * 0", "registrations.finish")
def finish_renewals() -> None:
    """Every hour: remove replaced certificates whose time is over."""
    finish_due()


@jobs.every("* * * * * 40", "registrations.prove")
def prove_first_certificates() -> None:
    """Every minute: a new registration's certificate that Microsoft did not know yet."""
    prove_waiting()


@jobs.every("41 * * * * 20", "registrations.watch")
def watch() -> None:
    """Every hour: certificates that are near their end."""
    watch_certificates()
