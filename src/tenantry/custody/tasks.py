"""Jobs of this domain: anchors every hour, a check and a pruning every day."""

from tenantry.custody.actions import checking, keeping, retaining
from tenantry.custody.models import Keeper
from tenantry.kit import clock, jobs


@jobs.every("17 * * * * 0", "custody.anchor")
def anchor() -> None:
    """Take an anchor and hand it to everybody who keeps them."""
    keeping.take_and_hand_over()


@jobs.every("* * * * * 40", "custody.keepers")
def hand_over() -> None:
    """Try again where anchors were not taken."""
    for keeper_id in Keeper.objects.filter(next_try_at__lte=clock.now()).values_list("pk", flat=True):
        keeping.hand_over(keeper_id)


@jobs.every("40 3 * * * 0", "custody.check_daily")
def check_daily() -> None:
    """Check what is new, and once a week all of it."""
    checking.check_by_schedule()


@jobs.every("40 4 * * * 0", "custody.prune")
def prune() -> None:
    """Remove what the settings no longer keep."""
    retaining.prune_by_schedule()


@jobs.task(checking.CHECK_JOB)
def check(check_id: int) -> None:
    """Check the whole record because somebody asked."""
    checking.run(check_id)
