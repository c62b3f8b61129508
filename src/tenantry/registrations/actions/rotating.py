"""Renewing a certificate with overlap, as the app itself (an app needs no permission to roll its own keys).

1. A new certificate is made and sealed (state new).
2. It is added beside the one in use, with a proof that we hold that one ("application: addKey").
3. A token obtained with it proves it; only then it is put in use, and the old one retires.
4. Some days later the old one is removed ("application: removeKey"). A sign-in with it that is refused proves that.

Each step looks first, so a lost answer or a killed process is made good by running it again.
"""

import datetime as dt
import logging
import uuid
from typing import Final

from django.db import transaction

from tenantry.audit.actions import About, begin, close, record
from tenantry.audit.models import Result
from tenantry.graph import errors
from tenantry.graph.apps import App, Registration
from tenantry.graph.calls import applications as calls
from tenantry.graph.tokens import Token, token_with
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Conflict, NotAllowed
from tenantry.kit.sealed import Secret
from tenantry.registrations import certificates
from tenantry.registrations.actions.applying import prove
from tenantry.registrations.actions.watching import watch
from tenantry.registrations.events import RegistrationEvent
from tenantry.registrations.models import AppRegistration, Certificate, CertificateState
from tenantry.registrations.needs import TITLES
from tenantry.registrations.queries import Standing, forget, standing

_log = logging.getLogger(__name__)

OVERLAP: Final = dt.timedelta(days=7)
"""How long a replaced certificate stays valid unless somebody finishes earlier."""

# Other processes read the change within seconds; Microsoft's own copies of a new key may take minutes.
LEAST_OVERLAP: Final = dt.timedelta(minutes=10)


def rotate(*, actor: Actor, app: App) -> Certificate:
    """Make a new certificate, add it, prove it and put it in use; the old one stays valid. Returns the new one.

    Raises:
        NotAllowed: the registration is not kept here, Microsoft refuses, or the new key is not accepted yet.
        Conflict: an earlier renewal is not finished, or another process was faster.
    """
    ours, row, current = _kept(app)
    if ours.retiring is not None:
        raise Conflict(
            f"An earlier renewal is not finished: certificate {ours.retiring.thumbprint} is still valid.",
            remedy="Run `tenantry credential rotate --finish` first.",
            code="not_finished",
        )
    new = certificates.new_certificate(row)
    home, object_id = _home(row)
    refused: errors.GraphError | None = None
    is_resumed = ours.waiting is not None and ours.waiting.pk == new.pk
    if not (is_resumed and _is_accepted(home, app, row, new)):
        refused = _add(actor, app, row, current=current, new=new)
    now = clock.now()
    if refused is not None:
        raise NotAllowed(
            f"The new certificate is not accepted by Microsoft yet: {refused.message}",
            remedy="Run the same again in a few minutes; it goes on from here. The old certificate is still in use.",
            who="nobody; Microsoft needs a moment",
            code="not_proven",
        )
    with transaction.atomic():
        retired = Certificate.objects.filter(pk=current.pk, state=CertificateState.CURRENT).update(
            state=CertificateState.RETIRING, retiring_at=now
        )
        raised = Certificate.objects.filter(pk=new.pk, state=CertificateState.NEW).update(
            state=CertificateState.CURRENT, current_at=now
        )
        if not retired or not raised:
            raise Conflict("Another process renewed it a moment ago.", remedy="Look at `tenantry credential status`.")
        record(
            actor=actor,
            action=RegistrationEvent.KEY_SWITCHED,
            about=_about(row, object_id),
            summary=f"Signs in with certificate {new.thumbprint} from now on; {current.thumbprint} stays valid until "
            "it is removed.",
            details={"thumbprint": new.thumbprint, "replaces": current.thumbprint},
        )
    forget()
    watch(standing(app), actor=actor)
    new.refresh_from_db()
    return new


def finish(*, actor: Actor, app: App) -> Certificate:
    """Remove the replaced certificate and prove that it is refused; returns it.

    Raises:
        NotAllowed: there is none, it was replaced too short a while ago, or Microsoft refuses.
        Conflict: Microsoft still accepts it; the sweep goes on asking.
    """
    ours, row, current = _kept(app)
    old = ours.retiring
    if old is None or old.retiring_at is None:
        raise NotAllowed(
            "No replaced certificate is waiting to be removed.", remedy="There is nothing to do.", code="none"
        )
    waits_until = old.retiring_at + LEAST_OVERLAP
    if clock.now() < waits_until:
        raise NotAllowed(
            f"It was replaced at {old.retiring_at:%H:%M} UTC, and other processes and Microsoft need a little time.",
            remedy=f"Run it again after {waits_until:%H:%M} UTC.",
            code="too_early",
        )
    home, object_id = _home(row)
    token = _token(home, app, row, current)
    key_id = old.key_id or _find_key_id(home, object_id, token, old)
    if not key_id:
        raise NotAllowed(
            f"Microsoft's id of certificate {old.thumbprint} is not known, and this app may not read registrations in "
            "its own tenant.",
            remedy=f"Remove the certificate {old.thumbprint} in the admin center; then run this again.",
            code="no_key_id",
        )
    _remove(actor, row, old=old, current=current, key_id=key_id, token=token)
    forget()
    old.refresh_from_db()
    return old


def finish_due() -> None:
    """Remove the replaced certificates whose time is over. A refusal waits for the next sweep."""
    due = Certificate.objects.filter(state=CertificateState.RETIRING).select_related("registration")
    for certificate in due:
        is_due = certificate.retiring_at is not None and certificate.retiring_at + OVERLAP <= clock.now()
        if is_due or certificate.removal_sent_at is not None:
            _finish_quietly(App(certificate.registration.app), system("certificate renewal"))


def _finish_quietly(app: App, actor: Actor) -> None:
    try:
        finish(actor=actor, app=app)
    except (NotAllowed, Conflict) as refusal:
        _log.warning("A replaced certificate stays for now: %s", refusal.reason)


def _kept(app: App) -> tuple[Standing, AppRegistration, Certificate]:
    ours = standing(app)
    if ours.is_in_settings:
        raise NotAllowed(
            f"The {TITLES[app].lower()} and its certificate come from the settings.",
            remedy="Make a new certificate, upload it beside the old one in the admin center, put it into the settings "
            "and restart; then remove the old one there.",
            code="in_settings",
        )
    if ours.row is None or ours.current is None:
        raise NotAllowed(
            f"This console keeps no {TITLES[app].lower()} that works.",
            remedy="Run `tenantry apps create` first.",
            code="not_set_up",
        )
    return ours, ours.row, ours.current


def _home(row: AppRegistration) -> tuple[uuid.UUID, uuid.UUID]:
    if row.home_tenant_id is None or row.object_id is None:
        raise NotAllowed("The registration was never made.", remedy="Run `tenantry apps create`.", code="not_set_up")
    return row.home_tenant_id, row.object_id


def _registration(row: AppRegistration, certificate: Certificate) -> Registration:
    return Registration(row.client_id, certificates.credential(certificate), row.name)


def _token(home: uuid.UUID, app: App, row: AppRegistration, certificate: Certificate) -> Token:
    try:
        return token_with(home, app=app, ours=_registration(row, certificate))
    except errors.NotConsented as error:
        raise NotAllowed(
            f"“{row.name}” has no enterprise app in its own tenant: {error.message}",
            remedy="Run `tenantry apps mend`, which makes it.",
            code="no_principal",
        ) from error
    except errors.GraphError as error:
        raise _refusal(error) from error


def _is_accepted(home: uuid.UUID, app: App, row: AppRegistration, certificate: Certificate) -> bool:
    """Whether Microsoft issues a token for this certificate now."""
    try:
        token_with(home, app=app, ours=_registration(row, certificate))
    except errors.OurCredential:
        return False
    except errors.GraphError as error:
        raise _refusal(error) from error
    return True


def _add(
    actor: Actor, app: App, row: AppRegistration, *, current: Certificate, new: Certificate
) -> errors.GraphError | None:
    """Add the new certificate and prove it; None when it is accepted."""
    home, object_id = _home(row)
    token = _token(home, app, row, current)
    intent = begin(
        actor=actor,
        action=RegistrationEvent.KEY_ADDED,
        about=_about(row, object_id),
        summary=f"Add certificate {new.thumbprint} beside {current.thumbprint}.",
        details={"thumbprint": new.thumbprint, "expires": new.not_after.isoformat()},
    )
    key_id = ""
    try:
        key_id = calls.add_key(
            intent=intent,
            via=token,
            object_id=object_id,
            certificate_pem=new.certificate_pem,
            proof=_proof(object_id, current),
        )
    except (errors.UnknownOutcome, errors.AlreadyExists):
        key_id = ""  # only a sign-in can tell
    except errors.GraphError as error:
        close(intent, result=Result.REFUSED, summary=error.message)
        raise _refusal(error) from error
    if key_id:
        Certificate.objects.filter(pk=new.pk).update(key_id=key_id)
    refused = prove(home, app, _registration(row, new))
    close(
        intent,
        result=Result.DONE if refused is None else Result.UNKNOWN,
        summary="A token was obtained with it." if refused is None else f"Not accepted yet: {refused.message}",
        details={"key_id": key_id},
    )
    return refused


def _remove(
    actor: Actor, row: AppRegistration, *, old: Certificate, current: Certificate, key_id: str, token: Token
) -> None:
    home, object_id = _home(row)
    intent = begin(
        actor=actor,
        action=RegistrationEvent.KEY_REMOVED,
        about=_about(row, object_id),
        summary=f"Remove the replaced certificate {old.thumbprint}.",
        details={"thumbprint": old.thumbprint, "key_id": key_id},
    )
    Certificate.objects.filter(pk=old.pk).update(removal_sent_at=clock.now())
    answer = ""
    try:
        calls.remove_key(intent=intent, via=token, object_id=object_id, key_id=key_id, proof=_proof(object_id, current))
    except (errors.UnknownOutcome, errors.NotFound, errors.Rejected) as error:
        answer = error.message  # gone already, or not known: the sign-in below tells
    except errors.GraphError as error:
        close(intent, result=Result.REFUSED, summary=error.message)
        raise _refusal(error) from error
    if _is_accepted(home, App(row.app), row, old):
        close(intent, result=Result.UNKNOWN, summary=f"A sign-in with it still works. {answer}".strip())
        raise Conflict(
            f"Microsoft still accepts the certificate {old.thumbprint}.{f' It said: {answer}' if answer else ''}",
            remedy="Nothing: it is asked again every hour. Or run `tenantry credential rotate --finish` again soon.",
            code="still_accepted",
        )
    with transaction.atomic():
        Certificate.objects.filter(pk=old.pk, state=CertificateState.RETIRING).update(
            state=CertificateState.REMOVED, removed_at=clock.now(), sealed_private_key=None
        )
    close(intent, result=Result.DONE, summary="A sign-in with it is refused.")


def _find_key_id(home: uuid.UUID, object_id: uuid.UUID, token: Token, old: Certificate) -> str:
    """Read it, where the app may read registrations in its own tenant."""
    try:
        found = calls.read_application(tenant_id=home, via=token, object_id=object_id)
    except errors.Refused:
        return ""
    except errors.GraphError as error:
        raise _refusal(error) from error
    return next((key.key_id for key in found.keys if key.thumbprint == old.thumbprint), "")


def _proof(object_id: uuid.UUID, certificate: Certificate) -> Secret:
    return calls.proof_of_possession(
        object_id=object_id,
        certificate_pem=certificate.certificate_pem,
        private_key_pem=certificates.private_key(certificate),
    )


def _refusal(error: errors.GraphError) -> NotAllowed:
    if isinstance(error, errors.OurCredential):
        return NotAllowed(
            f"Microsoft refuses the certificate in use: {error.message}",
            remedy="Run `tenantry apps mend`: an administrator's sign-in can put a certificate there again.",
            who="an administrator of your own tenant",
            code="our_credential",
        )
    return NotAllowed(
        f"Microsoft refused it: {error.message} ({error.code or error.status})",
        remedy="Try again in a few minutes. The certificate in use is unchanged.",
        code="refused",
    )


def _about(row: AppRegistration, object_id: uuid.UUID) -> About:
    return About(
        tenant_id=row.home_tenant_id,
        target_kind="app_registration",
        target_id=str(object_id),
        target_name=row.name,
    )
