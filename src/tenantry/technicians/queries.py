"""Reading technicians and one-time links."""

import dataclasses
import hashlib
import uuid
from collections.abc import Iterable
from enum import StrEnum

from django.db.models import QuerySet
from django.db.models.functions import Lower

from tenantry.kit import clock
from tenantry.technicians.models import LinkPurpose, MicrosoftAccount, OneTimeLink, Team, Technician
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


def teams_with(ids: Iterable[uuid.UUID]) -> list[Team]:
    """The teams with these ids; what is gone is left out."""
    return list(Team.objects.filter(pk__in=list(ids)))


def active_members_of(teams: QuerySet[Team]) -> list[Technician]:
    """Everybody active in any of these teams, by name."""
    members = Technician.objects.filter(teams__in=teams, is_active=True).distinct()
    return list(members.order_by(Lower("display_name")))


def count_owners() -> int:
    """How many owners can sign in."""
    return Technician.objects.filter(role=Role.OWNER, is_active=True).count()


def find_technician(email: str) -> Technician | None:
    """The active technician with this e-mail address, whatever its case."""
    return Technician.objects.filter(email=email.strip().lower(), is_active=True, is_service=False).first()


def technician_by_id(technician_id: uuid.UUID) -> Technician | None:
    """The technician with this id, switched off or not, as they are now."""
    return Technician.objects.filter(pk=technician_id).first()


def addresses_of(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The e-mail addresses of these technicians; service accounts have none."""
    people = Technician.objects.filter(pk__in=list(ids), is_service=False)
    return dict(people.values_list("pk", "email"))


def is_somebody(*, tenant_id: uuid.UUID, object_id: uuid.UUID, addresses: Iterable[str]) -> bool:
    """Whether an account at Microsoft belongs to a technician: it signs one in, or one has this address here."""
    if MicrosoftAccount.objects.filter(tenant_id=tenant_id, object_id=object_id).exists():
        return True
    known = [address.strip().lower() for address in addresses if address.strip()]
    return Technician.objects.filter(email__in=known).exists()


def active_technicians() -> list[Technician]:
    """Everybody who can sign in, by name."""
    return list(Technician.objects.filter(is_active=True, is_service=False).order_by("display_name", "email"))


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
    if link is None or not _is_for_somebody(link):
        return FoundLink(LinkState.UNKNOWN, None)
    is_in = link.purpose == LinkPurpose.INVITATION and link.technician is not None and link.technician.is_active
    if link.used_at is not None or is_in:
        return FoundLink(LinkState.USED, link)
    if link.expires_at <= clock.now():
        return FoundLink(LinkState.EXPIRED, link)
    return FoundLink(LinkState.READY, link)


def _is_for_somebody(link: OneTimeLink) -> bool:
    """Whether there is somebody it may serve: an invitation is for who is not in yet, any other link for who is."""
    return link.technician is None or link.technician.is_active or link.purpose == LinkPurpose.INVITATION
