"""What this domain refuses with."""

from tenantry.kit.errors import Refusal
from tenantry.technicians.queries import LinkState

_REASONS = {
    LinkState.USED: "This link was used already. A one-time link works once.",
    LinkState.EXPIRED: "This link has expired.",
    LinkState.UNKNOWN: "There is no such link. It may have been cut off when it was copied.",
}


class LinkUnusable(Refusal):
    """A one-time link does nothing (any more); `state` says why."""

    code = "link_unusable"

    def __init__(self, state: LinkState) -> None:
        super().__init__(
            _REASONS.get(state, "This link cannot be used."),
            remedy="Ask for a new link: `tenantry link`, run where Tenantry runs, prints one.",
            code=f"link_{state}",
        )
        self.state = state
