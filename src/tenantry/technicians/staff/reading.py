"""Reading colleagues and teams."""

import dataclasses
import uuid
from collections.abc import Iterable
from enum import StrEnum

from allauth.mfa.models import Authenticator
from django.db.models import Count, Prefetch, QuerySet
from django.db.models.functions import Lower

from tenantry.kit import clock
from tenantry.kit.errors import NotHere
from tenantry.technicians.models import LinkPurpose, OneTimeLink, Team, Technician

_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class Standing(StrEnum):
    """Where somebody stands; the value is the word shown."""

    ACTIVE = "Active"
    INVITED = "Invited"
    INVITATION_EXPIRED = "Invitation expired"
    COMING_BACK = "Coming back"
    OFF = "Switched off"

    @property
    def kind(self) -> str:
        """The kind of state on the screen."""
        kinds = {Standing.ACTIVE: "good", Standing.OFF: "mute", Standing.INVITATION_EXPIRED: "bad"}
        return kinds.get(self, "wait")


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A line of the list."""

    technician: Technician
    teams: list[Team]
    standing: Standing
    has_second_factor: bool
    link: OneTimeLink | None

    @property
    def address(self) -> str:
        """Their e-mail address; for a service account, which has none, what it is."""
        return "service account" if self.technician.is_service else self.technician.email


def list_people() -> list[Person]:
    """Everybody, those who are in first, by name, in four queries."""
    everybody = Technician.objects.order_by("-is_active", Lower("display_name"), "pk")
    return _people(everybody)


def get_person(technician_id: uuid.UUID) -> Person:
    """One colleague.

    Raises:
        NotHere: there is no such technician.
    """
    found = _people(Technician.objects.filter(pk=technician_id))
    if not found:
        raise NotHere("There is no such technician.")
    return found[0]


def list_teams() -> list[Team]:
    """Every team by name, with `member_count`."""
    return list(Team.objects.annotate(member_count=Count("members")).order_by(Lower("name"), "pk"))


def get_team(team_id: uuid.UUID) -> Team:
    """One team.

    Raises:
        NotHere: there is no such team.
    """
    team = Team.objects.filter(pk=team_id).first()
    if team is None:
        raise NotHere("There is no such team.")
    return team


def _people(technicians: QuerySet[Technician]) -> list[Person]:
    by_name = Prefetch("teams", queryset=Team.objects.order_by(Lower("name")))
    found = list(technicians.prefetch_related(by_name))
    keys = [technician.pk for technician in found]
    protected = set(Authenticator.objects.filter(user_id__in=keys, type__in=_FACTORS).values_list("user_id", flat=True))
    links = _latest_links(keys)
    return [
        Person(
            technician,
            list(technician.teams.all()),
            _standing(technician, links.get(technician.pk)),
            technician.pk in protected,
            links.get(technician.pk),
        )
        for technician in found
    ]


def _latest_links(keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, OneTimeLink]:
    links = OneTimeLink.objects.filter(
        technician_id__in=list(keys), technician__is_active=False, purpose=LinkPurpose.INVITATION
    ).order_by("created_at")
    return {link.technician_id: link for link in links if link.technician_id is not None}


def _standing(technician: Technician, link: OneTimeLink | None) -> Standing:
    is_open = link is not None and link.used_at is None and link.expires_at > clock.now()
    if technician.is_active:
        return Standing.ACTIVE
    if technician.is_invited:
        return Standing.INVITED if is_open else Standing.INVITATION_EXPIRED
    return Standing.COMING_BACK if is_open else Standing.OFF
