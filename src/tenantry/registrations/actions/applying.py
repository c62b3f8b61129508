"""Making, taking over and mending our registrations in a person's name (their token is handed in, used and dropped).

Every write is recorded before it is sent and read back after. Each step starts with a look, so the whole can stop
anywhere and be run again: what is there is found, and nothing is made twice.
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any, Final

from django.db import transaction

from tenantry.audit.actions import About, begin, close, record
from tenantry.audit.models import Result
from tenantry.graph import errors
from tenantry.graph.apps import App, Application, Registration, with_id_token_claims
from tenantry.graph.calls import applications as calls
from tenantry.graph.people import Person
from tenantry.graph.tokens import token_with
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Conflict, NotAllowed
from tenantry.registrations import certificates
from tenantry.registrations.actions.looking import Sight, in_words, look, sight_of
from tenantry.registrations.actions.mending import about, bring_into_shape, keep, read_back
from tenantry.registrations.events import RegistrationEvent
from tenantry.registrations.models import AppRegistration, Certificate, CertificateState
from tenantry.registrations.needs import AUDIENCE, need_of
from tenantry.registrations.policies import differences_words, digest
from tenantry.registrations.queries import forget, standing

# A new key may not be known for a while. Waits between tries, seconds.
PROOF_WAITS: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Agreed:
    """What somebody agreed to beforehand.

    Attributes:
        take_over: client id of a look-alike that is ours after all; empty for none.
        beside: make a new registration although one of the same name is there.
        shown: digest of the changes that were shown; empty when whatever differs may be mended.
        proof_waits: seconds between tries of a new certificate; a page waits less, and the worker goes on.
    """

    take_over: str = ""
    beside: bool = False
    shown: str = ""
    proof_waits: tuple[float, ...] = PROOF_WAITS


_PROVE_FOR: Final = dt.timedelta(days=1)
NOTHING_AGREED: Final = Agreed()


def plan_of(sight: Sight) -> tuple[str, ...]:
    """What making or mending would do, in words; empty when nothing is to be done."""
    if sight.found is None:
        need = need_of(sight.app)
        return (
            f"Register “{need.name}” for any organizational directory, with a certificate made here.",
            f"Have it ask for {len(need.permissions)} application permissions of Microsoft Graph.",
            *(f"Redirect address: {uri}" for uri in need.redirect_uris),
            "Make its enterprise app in your own tenant, without any permission there, and upload the logo.",
        )
    return tuple(item.fix for item in sight.mendable)


def create(*, actor: Actor, person: Person, app: App, agreed: Agreed = NOTHING_AGREED) -> Sight:
    """Register one of our apps, or bring what an earlier run made to its end. The second time nothing is changed.

    Raises:
        NotAllowed: the settings name it already, look-alikes are there, the person may not, or Microsoft refuses.
        Conflict: something at Microsoft changed while we looked.
    """
    if standing(app).is_in_settings:
        raise NotAllowed(
            f"The settings name the {standing(app).title.lower()} already, and they win.",
            remedy="Use `tenantry apps check`. To have this console keep it, take the settings away first.",
            code="in_settings",
        )
    row, _ = AppRegistration.objects.get_or_create(app=app, defaults={"created_at": clock.now()})
    certificate = None if standing(app).current else certificates.new_certificate(row)
    try:
        sight = look(person=person, app=app, waits=True)
        found = sight.found
        if found is None and row.object_id is not None:
            raise Conflict(
                f"The registration {row.client_id} that this console made is gone from tenant {row.home_tenant_id}.",
                remedy="Restore it in the admin center (App registrations, Deleted applications) within 30 days, or "
                "run `tenantry apps forget` and register anew; customers then consent again.",
                code="gone",
            )
        if found is None and agreed.take_over:
            found = _adopt(actor, person, row, sight, agreed.take_over)
        elif found is None:
            _refuse_look_alikes(sight, agreed)
            if certificate is None:
                raise RuntimeError("a registration without an object id has no certificate in use")
            found = _make(actor, person, row, certificate)
        keep(row, found, person)
        sight = bring_into_shape(actor, person, row, sight_of(person, standing(app), found))
        if certificate is not None:
            _prove(actor, row, certificate, sight, waits=agreed.proof_waits)
    except errors.GraphError as error:
        raise in_words(error, person) from error
    return sight


def mend(*, actor: Actor, person: Person, app: App, agreed: Agreed = NOTHING_AGREED) -> Sight:
    """Change only what differs.

    Raises:
        NotAllowed: there is nothing to mend on, the person may not, or Microsoft refuses.
        Conflict: what differs is not what was shown.
    """
    row, _ = AppRegistration.objects.get_or_create(app=app, defaults={"created_at": clock.now()})
    sight = look(person=person, app=app)
    if sight.found is None:
        raise NotAllowed(
            f"There is no {sight.standing.title.lower()} of this console in the tenant.",
            remedy="Run `tenantry apps create`, or look whether you signed in to the right tenant.",
            code="nothing_there",
        )
    if agreed.shown and digest(sight.differences) != agreed.shown:
        raise Conflict(
            "Something changed at Microsoft since this was shown.", remedy="Look at the new list, then mend again."
        )
    try:
        return bring_into_shape(actor, person, row, sight)
    except errors.GraphError as error:
        raise in_words(error, person) from error


def prove_waiting() -> None:
    """Put first certificates in use that Microsoft did not accept while somebody waited; needs nobody's sign-in."""
    waiting = Certificate.objects.select_related("registration").filter(
        state=CertificateState.NEW,
        created_at__gt=clock.now() - _PROVE_FOR,
        registration__object_id__isnull=False,
        registration__home_tenant_id__isnull=False,
    )
    for certificate in waiting.exclude(registration__certificates__state=CertificateState.CURRENT):
        row = certificate.registration
        ours = Registration(row.client_id, certificates.credential(certificate), row.name)
        if row.home_tenant_id is not None and prove(row.home_tenant_id, App(row.app), ours, waits=()) is None:
            _put_in_use(system("app registration"), row, certificate, key_id="")


def let_go(*, actor: Actor, app: App) -> str:
    """Forget the kept registration and its keys; nothing at Microsoft is touched. Returns its client id.

    Raises:
        NotAllowed: nothing is kept.
    """
    row = AppRegistration.objects.filter(app=app).first()
    if row is None:
        raise NotAllowed("This console keeps no such registration.", remedy="There is nothing to do.", code="none")
    with transaction.atomic():
        record(
            actor=actor,
            action=RegistrationEvent.LET_GO,
            about=About(tenant_id=row.home_tenant_id, target_kind="app_registration", target_name=row.name),
            summary=f"Forgot the registration {row.client_id} and its keys; it stays at Microsoft.",
        )
        row.delete()
    forget()
    return row.client_id


def remember(*, actor: Actor, person: Person, sight: Sight) -> None:
    """Keep what a look found, for the page, and record that somebody looked."""
    row, _ = AppRegistration.objects.get_or_create(app=sight.app, defaults={"created_at": clock.now()})
    with transaction.atomic():
        AppRegistration.objects.filter(pk=row.pk).update(
            seen_at=clock.now(),
            seen={
                "by": person.user_name,
                "tenant_id": str(person.tenant_id),
                "found": sight.found.client_id if sight.found else "",
                "name": sight.found.name if sight.found else "",
                "digest": digest(sight.differences),
                "look_alikes": [{"name": a.name, "client_id": a.client_id} for a in sight.look_alikes],
                "differences": [
                    {"cause": d.cause, "fix": d.fix, "can_mend": d.can_mend, "is_fatal": d.is_fatal}
                    for d in sight.differences
                ],
            },
        )
        record(
            actor=actor,
            action=RegistrationEvent.CHECKED,
            about=about(sight.standing.need, person.tenant_id, sight.found),
            summary=f"Checked: {differences_words(sight.differences)}."
            if sight.found
            else "Checked: it is not registered there.",
            details={"signed_in_as": person.user_name},
        )


def _refuse_look_alikes(sight: Sight, agreed: Agreed) -> None:
    if not sight.look_alikes or agreed.beside:
        return
    listed = "; ".join(
        f"“{each.name}”, client id {each.client_id}" + (f", made {each.created_at:%Y-%m-%d}" if each.created_at else "")
        for each in sight.look_alikes
    )
    raise NotAllowed(
        f"An app registration of the same name is there, and nothing shows that it belongs to this console: {listed}.",
        remedy="Is it yours: --take-over CLIENT_ID. Is it not: --beside makes a new one beside it.",
        code="look_alike",
    )


def _adopt(actor: Actor, person: Person, row: AppRegistration, sight: Sight, client_id: str) -> Application:
    found = next((each for each in sight.look_alikes if each.client_id == client_id.lower()), None)
    if found is None:
        raise NotAllowed(
            f"No app registration called “{sight.standing.need.name}” has the client id {client_id}.",
            remedy="Copy the client id from the list of look-alikes.",
            code="not_there",
        )
    record(
        actor=actor,
        action=RegistrationEvent.ADOPTED,
        about=about(sight.standing.need, person.tenant_id, found),
        summary=f"Said that {found.client_id} is this console's {row.app} app.",
        details={"signed_in_as": person.user_name},
    )
    return calls.read_application(tenant_id=person.tenant_id, via=person.token, object_id=found.object_id)


def _make(actor: Actor, person: Person, row: AppRegistration, certificate: Certificate) -> Application:
    need = need_of(App(row.app))
    fields: dict[str, Any] = {
        "displayName": need.name,
        "signInAudience": AUDIENCE,
        "tags": [row.tag],
        "web": {"redirectUris": list(need.redirect_uris)},
        "requiredResourceAccess": [
            {
                "resourceAppId": next(iter(need.permission_keys))[0],
                "resourceAccess": [{"id": p.id, "type": "Role"} for p in need.permissions],
            }
        ],
        "keyCredentials": [calls.key_credential(certificate.certificate_pem, name="Tenantry")],
    }
    if need.id_token_claims:
        fields["optionalClaims"] = with_id_token_claims({}, need.id_token_claims)
    AppRegistration.objects.filter(pk=row.pk).update(create_sent_at=clock.now())
    row.refresh_from_db()
    intent = begin(
        actor=actor,
        action=RegistrationEvent.APP_CREATED,
        about=about(need, person.tenant_id, None),
        summary=f"Register “{need.name}” in {person.tenant_id}.",
        details={"signed_in_as": person.user_name, "tag": row.tag, "thumbprint": certificate.thumbprint},
    )
    made: Application | None = None
    try:
        made = calls.create_application(intent=intent, via=person.token, fields=fields)
    except errors.UnknownOutcome as error:
        made = look(person=person, app=App(row.app), waits=True).found
        if made is None:
            close(intent, result=Result.UNKNOWN, summary="No answer came, and it is not listed yet.")
            raise
        close(intent, result=Result.DONE, summary=f"No answer came ({error.message}); found by its tag.")
        return made
    except errors.GraphError as error:
        close(intent, result=Result.REFUSED, summary=error.message)
        raise
    read = read_back(
        lambda: calls.read_application(tenant_id=person.tenant_id, via=person.token, object_id=made.object_id)
    )
    close(
        intent,
        result=Result.DONE if read is not None else Result.UNKNOWN,
        summary=f"Registered as {made.client_id}." if read is not None else "Made, and not readable yet.",
        details={"client_id": made.client_id, "object_id": str(made.object_id)},
    )
    return read or made


def _prove(
    actor: Actor, row: AppRegistration, certificate: Certificate, sight: Sight, *, waits: tuple[float, ...]
) -> None:
    """Put the certificate in use once a token was obtained with it.

    Raises:
        NotAllowed: Microsoft does not know it yet; the same again later goes on here.
    """
    if row.home_tenant_id is None or sight.found is None:
        raise RuntimeError("proven before it was kept")
    ours = Registration(row.client_id, certificates.credential(certificate), row.name)
    refused = prove(row.home_tenant_id, App(row.app), ours, waits=waits)
    if refused is not None:
        raise NotAllowed(
            f"“{row.name}” is registered, but Microsoft does not accept its certificate yet: {refused.message}",
            remedy="Run the same again in a few minutes; it goes on from here.",
            who="nobody; Microsoft needs a moment",
            code="not_proven",
        )
    key = next((k for k in sight.found.keys if k.thumbprint == certificate.thumbprint), None)
    _put_in_use(actor, row, certificate, key_id=key.key_id if key else "")


def _put_in_use(actor: Actor, row: AppRegistration, certificate: Certificate, *, key_id: str) -> None:
    with transaction.atomic():
        moved = Certificate.objects.filter(pk=certificate.pk, state=CertificateState.NEW).update(
            state=CertificateState.CURRENT, current_at=clock.now(), key_id=key_id or certificate.key_id
        )
        if moved:
            record(
                actor=actor,
                action=RegistrationEvent.KEY_SWITCHED,
                about=About(
                    tenant_id=row.home_tenant_id,
                    target_kind="app_registration",
                    target_id=str(row.object_id),
                    target_name=row.name,
                ),
                summary=f"Signs in with certificate {certificate.thumbprint} from now on; proven by a token.",
                details={"thumbprint": certificate.thumbprint},
            )
    forget()


def prove(
    tenant_id: uuid.UUID, app: App, ours: Registration, *, waits: tuple[float, ...] = PROOF_WAITS
) -> errors.GraphError | None:
    """Get a token with exactly this credential; the last refusal when it was never accepted."""
    refused: errors.GraphError | None = None
    for wait in (0.0, *waits):
        if wait:
            clock.sleep(wait)
        try:
            token_with(tenant_id, app=app, ours=ours)
        except (errors.OurCredential, errors.NotConsented, errors.TenantUnreachable, errors.Throttled) as error:
            refused = error
        else:
            return None
    return refused
