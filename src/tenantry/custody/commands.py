"""`tenantry audit anchor`. Exit codes: 0 done, 1 somebody could not be given it."""

from collections.abc import Callable

from tenantry.audit.chain.sealing import seal_all
from tenantry.audit.models import Anchor
from tenantry.custody import queries
from tenantry.custody.actions import keeping

Say = Callable[[str], None]


def anchor(say: Say) -> int:
    """Seal what waits, take an anchor now, and hand it and what waits to everybody who keeps them."""
    seal_all()
    count = keeping.take_and_hand_over(is_asked_for=True)
    newest = Anchor.objects.filter(customer_id=None).order_by("-sequence").first()
    if newest is None:
        say("There is nothing to anchor yet.")
        return 0
    words = "Anchored" if count else "Nothing was sealed since the last anchor,"
    say(f"{words} at {newest.sequence}: {bytes(newest.hash).hex()}")
    is_well = True
    for one in queries.kept():
        keeper = one.keeper
        is_well = is_well and not one.waiting
        say(
            f"FAILED {keeper}: {keeper.last_outcome} {one.waiting} wait."
            if one.waiting
            else f"{keeper.last_outcome or 'Has it'}: {keeper}"
        )
    say("Keep a copy where this machine cannot change it.")
    return 0 if is_well else 1
