"""Reading technicians and one-time links."""

import dataclasses
import hashlib
from enum import StrEnum

from tenantry.kit import clock
from tenantry.technicians.models import LinkPurpose, OneTimeLink, Technician
from tenantry.technicians.permissions import Role


class LinkState(StrEnum):
    """What a link is good for now."""

    READY = "ready"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class FoundLink:
    """A presented link: its state and, when there is such a link, the row."""

    state: LinkState
    link: OneTimeLink | None


def has_owner() -> bool:
    """Whether somebody owns this deployment; while nobody does, a set-up link can make the first owner."""
    return Technician.objects.filter(role=Role.OWNER, is_active=True).exists()


def count_owners() -> int:
    """How many owners can sign in."""
    return Technician.objects.filter(role=Role.OWNER, is_active=True).count()


def find_technician(email: str) -> Technician | None:
    """The active technician with this e-mail address, whatever its case."""
    return Technician.objects.filter(email=email.strip().lower(), is_active=True).first()


def active_technicians() -> list[Technician]:
    """Everybody who can sign in, by name."""
    return list(Technician.objects.filter(is_active=True).order_by("display_name", "email"))


def token_digest(token: str) -> bytes:
    """What is stored of a link's token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def find_link(*, token: str, purpose: LinkPurpose) -> FoundLink:
    """What the link with this token is good for now; nothing is changed."""
    link = (
        OneTimeLink.objects.select_related("technician")
        .filter(token_digest=token_digest(token), purpose=purpose)
        .first()
    )
    if link is None or (link.technician is not None and not link.technician.is_active):
        return FoundLink(LinkState.UNKNOWN, None)
    if link.used_at is not None:
        return FoundLink(LinkState.USED, link)
    if link.expires_at <= clock.now():
        return FoundLink(LinkState.EXPIRED, link)
    return FoundLink(LinkState.READY, link)
