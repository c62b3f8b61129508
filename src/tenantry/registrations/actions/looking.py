"""Looking at our registrations in a person's name: what is there, what differs, what only looks alike."""

import dataclasses
import uuid
from typing import Final

from tenantry.graph import errors
from tenantry.graph.apps import App, Application
from tenantry.graph.calls.applications import find_applications, read_application
from tenantry.graph.calls.service_principals import find_service_principal
from tenantry.graph.people import Person
from tenantry.kit import clock
from tenantry.kit.errors import NotAllowed, Refusal
from tenantry.registrations.models import AppRegistration
from tenantry.registrations.policies import Difference, differences
from tenantry.registrations.queries import Standing, standing

SCOPES: Final = ("Application.ReadWrite.All",)
"""The one delegated permission that is asked for; it reads, makes and changes app registrations."""

# A registration that was asked for a short while ago may not be listed yet: this many looks, this far apart, seconds.
_PATIENT_LOOKS: Final = (2.0, 4.0, 8.0, 16.0)
_RECENT_SECONDS: Final = 15 * 60


@dataclasses.dataclass(frozen=True, slots=True)
class Sight:
    """One of our registrations, looked at.

    Attributes:
        standing: how this deployment has it.
        tenant_id: the tenant that was looked at.
        found: the registration; None when there is none of ours.
        has_principal: whether its enterprise app is in that tenant.
        differences: what is not as it has to be.
        look_alikes: registrations of the same name that are not known to be ours.
    """

    standing: Standing
    tenant_id: uuid.UUID
    found: Application | None = None
    has_principal: bool = False
    differences: tuple[Difference, ...] = ()
    look_alikes: tuple[Application, ...] = ()

    @property
    def app(self) -> App:
        """Which of our apps."""
        return self.standing.app

    @property
    def mendable(self) -> tuple[Difference, ...]:
        """What we can mend."""
        return tuple(item for item in self.differences if item.can_mend)


def look(*, person: Person, app: App, waits: bool = False) -> Sight:
    """Look at one of our registrations in the tenant that somebody signed in to; changes nothing there.

    Args:
        person: in whose name.
        app: which of our apps.
        waits: look again for a while when nothing is found although one was asked for a short while ago.

    Raises:
        Refusal: it is kept for another tenant, or the person may not look; in words.
    """
    ours = standing(app)
    require_home(ours, person)
    try:
        found = _find(person, ours, waits=waits)
        if found is None:
            alike = find_applications(tenant_id=person.tenant_id, via=person.token, name=ours.need.name)
            return Sight(ours, person.tenant_id, look_alikes=tuple(a for a in alike if not _is_tagged(ours, a)))
        return sight_of(person, ours, found)
    except errors.GraphError as error:
        raise in_words(error, person) from error


def sight_of(person: Person, ours: Standing, found: Application) -> Sight:
    """Compare a registration that was read.

    Raises:
        GraphError: the enterprise app cannot be read.
    """
    has_principal = _has_principal(person, found.client_id)
    return Sight(
        standing=ours,
        tenant_id=person.tenant_id,
        found=found,
        has_principal=has_principal,
        differences=differences(
            need=ours.need,
            seen=found,
            has_principal=has_principal,
            ours=ours.our_key,
            known_thumbprints=ours.known_thumbprints,
            tag="" if ours.is_in_settings or ours.row is None else ours.row.tag,
            now=clock.now(),
        ),
    )


def require_home(ours: Standing, person: Person) -> None:
    """Refuse when the registration is kept for another tenant than the one signed in to.

    Raises:
        NotAllowed: it is.
    """
    home = ours.row.home_tenant_id if ours.row is not None and not ours.is_in_settings else None
    if home is not None and home != person.tenant_id:
        raise NotAllowed(
            f"{person.user_name} signed in to tenant {person.tenant_id}, but the {ours.title.lower()} is registered in "
            f"tenant {home}.",
            remedy="Sign in with an administrator of your own tenant, the one the apps are registered in.",
            code="other_tenant",
        )


def in_words(error: errors.GraphError, person: Person) -> Refusal:
    """A failure in a person's name, for people."""
    if isinstance(error, errors.Refused):
        return NotAllowed(
            f"{person.user_name} may not manage app registrations in this tenant. Microsoft says: {error.message}",
            remedy="Sign in as Application Administrator, Cloud Application Administrator or Global Administrator of "
            "your own tenant.",
            who="an administrator of your own tenant",
            code="no_role",
        )
    if isinstance(error, errors.TokenExpired):
        return NotAllowed("The sign-in has ended.", remedy="Sign in again; what is done already stays.", code="ended")
    if isinstance(error, (errors.TenantUnreachable, errors.Throttled)):
        return NotAllowed(
            f"Microsoft does not answer as it should: {error.message}",
            remedy="Try again in a few minutes; what is done already is found again.",
            who="nobody; Microsoft is busy or out of reach",
            code="unreachable",
        )
    if isinstance(error, errors.UnknownOutcome):
        return NotAllowed(
            f"A request was sent and its answer never came: {error.message}",
            remedy="Run the same again: it looks first at what is there.",
            code="unknown_outcome",
        )
    return NotAllowed(
        f"Microsoft refused it: {error.message} ({error.code or error.status})",
        remedy=f"Look up the code; for Microsoft's support the request id is {error.request_id or 'not known'}.",
        code="refused",
    )


def _find(person: Person, ours: Standing, *, waits: bool) -> Application | None:
    """By object id, by application id, by our tag; never by name."""
    row = ours.row
    if ours.is_in_settings or row is None or row.object_id is None:
        client_id = ours.ours.client_id if ours.is_in_settings else (row.client_id if row else "")
        if client_id:
            return _read(person, client_id=client_id)
        return _find_tagged(person, row, waits=waits) if row is not None else None
    return _read(person, object_id=row.object_id)


def _find_tagged(person: Person, row: AppRegistration, *, waits: bool) -> Application | None:
    asked = row.create_sent_at
    is_recent = asked is not None and (clock.now() - asked).total_seconds() < _RECENT_SECONDS
    for wait in (0.0, *(_PATIENT_LOOKS if waits and is_recent else ())):
        if wait:
            clock.sleep(wait)
        found = find_applications(tenant_id=person.tenant_id, via=person.token, tag=row.tag)
        if found:
            oldest = min(found, key=lambda each: (each.created_at or clock.now(), str(each.object_id)))
            return _read(person, object_id=oldest.object_id) or oldest  # lists leave the keys' content out
    return None


def _read(person: Person, *, object_id: uuid.UUID | None = None, client_id: str = "") -> Application | None:
    try:
        return read_application(tenant_id=person.tenant_id, via=person.token, object_id=object_id, client_id=client_id)
    except errors.NotFound:
        return None


def _has_principal(person: Person, client_id: str) -> bool:
    try:
        find_service_principal(tenant_id=person.tenant_id, app_id=client_id, via=person.token)
    except errors.NotFound:
        return False
    return True


def _is_tagged(ours: Standing, found: Application) -> bool:
    return ours.row is not None and ours.row.tag in found.tags
