"""Enterprise apps beside ours: what an earlier provider left behind, and who is named like us (J8)."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any, Final


class Origin(enum.StrEnum):
    """Whose enterprise app it is."""

    OURS = "ours"
    PARTNER = "partner"
    CUSTOMER = "customer"
    MICROSOFT = "microsoft"
    OTHER = "other"


ORIGIN_WORDS: Final[dict[Origin, str]] = {
    Origin.OURS: "Ours",
    Origin.PARTNER: "Registered where ours are, but not one of this console's",
    Origin.CUSTOMER: "The customer's own",
    Origin.MICROSOFT: "Microsoft's",
    Origin.OTHER: "Another provider's",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An enterprise app beside ours.

    Attributes:
        object_id: its id in the tenant.
        app_id: the application id, by which an app is known; a name says nothing.
        name: its display name there.
        origin: whose it is.
        owner_id: the tenant in which it is registered; empty when unknown.
        roles: names of the directory roles it holds.
        is_enabled: it may sign in.
        is_look_alike: named exactly like one of ours, and not ours (AC-8.4).
        since: the oldest permission granted to it; None when it has none.
    """

    object_id: str
    app_id: str
    name: str
    origin: Origin
    owner_id: str = ""
    roles: tuple[str, ...] = ()
    is_enabled: bool = True
    is_look_alike: bool = False
    since: dt.datetime | None = None

    @property
    def is_leftover(self) -> bool:
        """Whether somebody should review it: another provider's with a role, or one that passes for us (AC-8.3)."""
        return self.is_look_alike or (bool(self.roles) and self.origin in {Origin.OTHER, Origin.PARTNER})

    @property
    def whose(self) -> str:
        """Its origin in words."""
        return ORIGIN_WORDS[self.origin]

    def to_json(self) -> dict[str, Any]:
        """As kept on the row."""
        return {
            **dataclasses.asdict(self),
            "roles": list(self.roles),
            "since": self.since.isoformat() if self.since else None,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Neighbour":
        """Back from the row."""
        since = kept.get("since")
        return cls(
            **{
                **kept,
                "origin": Origin(kept["origin"]),
                "roles": tuple(kept["roles"]),
                "since": dt.datetime.fromisoformat(since) if since else None,
            }
        )


def origin_of(*, app_id: str, owner_id: str, kind: str, ours: frozenset[str], tenant_id: str, our_home: str) -> Origin:
    """Whose an enterprise app is: by application id, then by the tenant it is registered in.

    Args:
        app_id: its application id.
        owner_id: the tenant it is registered in; empty when unknown.
        kind: Microsoft's word for its kind; a managed identity belongs to the tenant itself.
        ours: our application ids.
        tenant_id: the tenant it stands in.
        our_home: the tenant in which ours are registered; empty when unknown.
    """
    if app_id in ours:
        return Origin.OURS
    if kind == "ManagedIdentity" or owner_id == tenant_id:
        return Origin.CUSTOMER
    if owner_id == _MICROSOFT:
        return Origin.MICROSOFT
    return Origin.PARTNER if our_home and owner_id == our_home else Origin.OTHER


_MICROSOFT: Final = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
