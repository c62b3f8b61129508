"""Who acts. Every action takes an `Actor` first, so that the record can always name somebody."""

import dataclasses
import uuid


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts.

    Attributes:
        kind: "technician" or "system".
        id: the technician's id; None for the system.
        name: the name to show and to record.
        address: the network address the request came from, empty for the system.
    """

    kind: str
    id: uuid.UUID | None
    name: str
    address: str = ""


def system(name: str) -> Actor:
    """The actor of work nobody asked for by hand, e.g. `system("directory sync")`."""
    return Actor(kind="system", id=None, name=f"Tenantry ({name})")
