"""Jobs of this domain. The rows say what is due."""

from tenantry.kit import jobs
from tenantry.roads.actions.settling import settle


@jobs.every("* * * * * 25", "roads.settle")
def settle_works() -> None:
    """Every minute: end what nobody ended, and look again where Microsoft took its time."""
    settle()
