"""Changing only what differs, and reading it back."""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeVar

from tenantry.audit.actions import About, begin, close
from tenantry.audit.models import Result
from tenantry.graph import errors
from tenantry.graph.apps import Application
from tenantry.graph.calls import applications as calls
from tenantry.graph.people import Person
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.intent import Intent
from tenantry.registrations.actions.looking import Sight, sight_of
from tenantry.registrations.events import RegistrationEvent
from tenantry.registrations.models import AppRegistration
from tenantry.registrations.needs import Need, logo
from tenantry.registrations.policies import CERTIFICATE, LOGO, PRINCIPAL, Difference
from tenantry.registrations.queries import forget, standing

# What was written may not be readable for a while. Waits between looks, seconds.
READ_BACK_WAITS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_T = TypeVar("_T")


def keep(row: AppRegistration, found: Application, person: Person) -> None:
    """Store whose registration this is, before anything is built on it."""
    AppRegistration.objects.filter(pk=row.pk).update(
        client_id=found.client_id, object_id=found.object_id, home_tenant_id=person.tenant_id, name=found.name
    )
    row.refresh_from_db()
    forget()


def bring_into_shape(actor: Actor, person: Person, row: AppRegistration, sight: Sight) -> Sight:
    """Change what differs, then compare with what is read back."""
    found = sight.found
    if found is None:
        raise RuntimeError("nothing to mend")
    todo = {item.key: item for item in sight.mendable}
    if not todo:
        return sight
    fields = _fields(sight.mendable, sight)
    steps = []
    if fields:
        steps.append(
            _Step(
                RegistrationEvent.APP_CHANGED,
                " ".join(item.fix for item in sight.mendable if item.fields or item.key == CERTIFICATE),
                lambda intent: calls.update_application(
                    intent=intent, via=person.token, object_id=found.object_id, fields=fields
                ),
                lambda after: not _fields(after.mendable, after),
            )
        )
    if PRINCIPAL in todo:
        steps.append(
            _Step(
                RegistrationEvent.ENTERPRISE_APP_CREATED,
                "Make its enterprise app in its own tenant.",
                lambda intent: calls.create_service_principal(
                    intent=intent, via=person.token, client_id=found.client_id
                ),
                lambda after: after.has_principal,
            )
        )
    if LOGO in todo:
        steps.append(
            _Step(
                RegistrationEvent.LOGO_SET,
                "Upload the logo.",
                lambda intent: calls.set_logo(intent=intent, via=person.token, object_id=found.object_id, png=logo()),
                lambda after: bool(after.found and after.found.has_logo),
            )
        )
    for step in steps:
        _take(step, actor=actor, person=person, sight=sight)
    after = _look_again(person, sight) or sight
    if not sight.standing.is_in_settings and after.found is not None:
        keep(row, after.found, person)
    return after


def _fields(items: tuple[Difference, ...], sight: Sight) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for item in items:
        fields.update(item.fields)
    certificate = sight.standing.current or sight.standing.waiting
    if sight.found is not None and certificate is not None and any(item.key == CERTIFICATE for item in items):
        # A collection is replaced whole: those that are there are sent back as they came.
        fields["keyCredentials"] = [
            *(dict(key.raw) for key in sight.found.keys),
            calls.key_credential(certificate.certificate_pem, name="Tenantry"),
        ]
    return fields


@dataclasses.dataclass(frozen=True, slots=True)
class _Step:
    """One write of mending: its tag and words in the record, the effect, and what a look must show afterwards."""

    event: RegistrationEvent
    summary: str
    effect: Callable[[Intent], None]
    is_there: Callable[[Sight], bool]


def _take(step: _Step, *, actor: Actor, person: Person, sight: Sight) -> None:
    """Record, send, read back, close. A lost answer is decided by the read, like any other."""
    intent = begin(
        actor=actor,
        action=step.event,
        about=about(sight.standing.need, person.tenant_id, sight.found),
        summary=step.summary,
        details={"signed_in_as": person.user_name},
    )
    lost: errors.GraphError | None = None
    try:
        step.effect(intent)
    except (errors.UnknownOutcome, errors.AlreadyExists) as error:
        lost = error
    except errors.GraphError as error:
        close(intent, result=Result.REFUSED, summary=error.message)
        raise
    read = read_back(lambda: _require(_look_again(person, sight), step.is_there))
    if read is not None:
        close(intent, result=Result.DONE, summary="Read back as it has to be.")
        return
    close(intent, result=Result.UNKNOWN, summary="Sent, and not read back as it has to be yet.")
    raise lost or errors.UnknownOutcome(f"“{step.summary}” was accepted, and cannot be read back yet.")


def _look_again(person: Person, sight: Sight) -> Sight | None:
    if sight.found is None:
        return None
    found = calls.read_application(tenant_id=person.tenant_id, via=person.token, object_id=sight.found.object_id)
    return sight_of(person, standing(sight.app), found)


def _require(sight: Sight | None, is_there: Callable[[Sight], bool]) -> Sight:
    if sight is None or not is_there(sight):
        raise errors.NotFound("not there yet")
    return sight


def read_back(read: Callable[[], _T]) -> _T | None:
    """Read until it is there; None when it did not show in time. Other errors pass."""
    for wait in (0.0, *READ_BACK_WAITS):
        if wait:
            clock.sleep(wait)
        try:
            return read()
        except (errors.NotFound, errors.TenantUnreachable, errors.Throttled):
            continue
    return None


def about(need: Need, tenant_id: uuid.UUID, found: Application | None) -> About:
    """What an event of this domain is about: the registration, and before there is one, the app it is for."""
    return About(
        tenant_id=tenant_id,
        target_kind="app_registration",
        target_id=str(found.object_id) if found else need.app.value,
        target_name=found.name if found else need.name,
    )
