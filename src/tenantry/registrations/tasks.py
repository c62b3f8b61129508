"""Jobs of this domain."""

from tenantry.kit import jobs
from tenantry.registrations.actions.applying import prove_waiting
from tenantry.registrations.actions.rotating import finish_due


@jobs.every("23 * * * * 0", "registrations.finish")
def finish_renewals() -> None:
    """Every hour: remove replaced certificates whose time is over."""
    finish_due()


@jobs.every("* * * * * 40", "registrations.prove")
def prove_first_certificates() -> None:
    """Every minute: a new registration's certificate that Microsoft did not know yet."""
    prove_waiting()
