"""What a bench reports: figures, what they are compared with, and whether the bars hold."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A promise: `value` must be at most (or at least) `limit`."""

    what: str
    value: float
    limit: float
    unit: str = ""
    is_at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.value >= self.limit if self.is_at_least else self.value <= self.limit

    def words(self) -> str:
        """One line for people."""
        sign = ">=" if self.is_at_least else "<="
        mark = "holds" if self.holds else "MISSED"
        return f"{self.what}: {self.value:,.2f} {self.unit} ({sign} {self.limit:,g}) {mark}"


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one bench.

    Attributes:
        figure: the headline, a name and its value with the unit in the name.
        floor: the least that any program must spend on the same work.
        peer: what another program spends on it.
        ratios: figure against floor and peer.
        bars: what must hold.
        details: further figures and the circumstances.
    """

    figure: dict[str, float]
    bars: list[Bar]
    floor: dict[str, float] = dataclasses.field(default_factory=dict)
    peer: dict[str, float] = dataclasses.field(default_factory=dict)
    ratios: dict[str, float] = dataclasses.field(default_factory=dict)
    details: dict[str, Any] = dataclasses.field(default_factory=dict)
