"""The consent round trip: leaving for Microsoft, the answer, its proof (J1).

The answer comes as a GET that anybody can forge, so it changes nothing but the attempt that its single-use `state`
opens, and `admin_consent=True` proves nothing: only what is read from the tenant with a fresh token does.

Sources: "Admin consent on the Microsoft identity platform" (parameters, and the warning not to trust `tenant`) and
"OAuth 2.0 client credentials flow" (`/adminconsent` asks for the whole list of the app registration; granting again
replaces what was granted, so the list is always complete).
"""

import dataclasses
import datetime as dt
import hashlib
import secrets
import uuid
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from tenantry.audit.actions import About, record
from tenantry.audit.models import Result
from tenantry.customers.queries import get_customer
from tenantry.graph.apps import App, registration
from tenantry.kit import clock, scoping
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed, NotHere
from tenantry.reach import roles
from tenantry.technicians.models import Technician
from tenantry.tenants.actions.verifying import verify_inline
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, ConsentAttempt, ConsentOutcome
from tenantry.tenants.policies import end_of_error, words_of
from tenantry.tenants.queries import connection_of

STATE_BYTES: Final = 32
ATTEMPT_LIFETIME: Final = dt.timedelta(minutes=30)
RETURN_PATH: Final = "/connect/return"
_NOT_SET_UP: Final = "Register the apps first: an owner finds it under Settings, or run `tenantry apps create`."
_ACCEPTABLE: Final = (ConsentOutcome.UNEXPECTED_TENANT, ConsentOutcome.EARLIER_CONSENT)


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentAnswer:
    """What Microsoft's redirect said, as received; nothing of it is trusted.

    Attributes:
        state: what we sent along, if it is ours.
        tenant: the tenant that is said to have consented.
        admin_consent: "True" in successes and failures alike.
        error: OAuth error, empty in successes.
        error_description: Microsoft's words with the AADSTS number.
        error_subcode: sometimes "cancel".
    """

    state: str = ""
    tenant: str = ""
    admin_consent: str = ""
    error: str = ""
    error_description: str = ""
    error_subcode: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Answered:
    """Where an answer led.

    Attributes:
        outcome: how the round trip stands now.
        customer_id: whose page to go to; None when the answer fits nothing this technician started.
    """

    outcome: ConsentOutcome
    customer_id: uuid.UUID | None


def redirect_uri() -> str:
    """Where Microsoft sends the browser back to; registered in the app registration exactly like this."""
    return f"{settings.PUBLIC_URL}{RETURN_PATH}"


def start_consent(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    session_key: str,
    wanted_role_id: str,
    is_reconsent: bool = False,
    app: AppKind = AppKind.HELPDESK,
) -> str:
    """Open a round trip and return the address to send the browser to.

    The `state` in it is 256 random bits, works once, for half an hour, for this technician in this session and for this
    customer. Only its digest is stored. The elevation app (AC-X.4) is consented to only in a tenant that the help-desk
    app is connected to already, and only for that tenant.

    Raises:
        NotHere: no such customer.
        NotAllowed: archived, or our app registration is not set up.
        Conflict: the customer is connected already (or no longer, for a re-consent).
        Invalid: the role is none a connection may be given.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    if customer.state != "active":
        raise NotAllowed("An archived customer cannot be connected.", remedy="Restore it first.", code="archived")
    if app == AppKind.ELEVATION:
        wanted_role_id = roles.PRIVILEGED_ROLE_ADMINISTRATOR
    elif wanted_role_id not in {option.role.template_id for option in roles.role_options(looks_after_admins=True)}:
        raise Invalid("Choose one of the roles.", field="wanted_role")
    if not registration(App(app)).is_set_up:
        raise NotAllowed(
            "This console has no app registration yet.",
            remedy=_NOT_SET_UP,
            code="not_set_up",
        )
    connection = connection_of(customer_id, app=app)
    base = connection_of(customer_id)
    if app == AppKind.ELEVATION and base is None:
        raise Conflict(
            f"{customer.name} is not connected.", remedy="Connect the help-desk app first.", code="not_connected"
        )
    if connection is not None and not is_reconsent:
        raise Conflict(
            f"{customer.name} is connected to {connection.tenant.primary_domain} already.",
            remedy="Choose Re-consent to have the permissions accepted again, or disconnect first.",
            code="already_connected",
        )
    if connection is None and is_reconsent:
        raise Conflict(f"{customer.name} is not connected.", remedy="Connect it instead.", code="not_connected")
    state = secrets.token_urlsafe(STATE_BYTES)
    now = clock.now()
    with transaction.atomic():
        attempt = ConsentAttempt.objects.create(
            customer_id=customer_id,
            technician_id=technician.pk,
            technician_name=technician.display_name,
            state_digest=_digest(state),
            session_digest=_digest(session_key),
            wanted_role_id=wanted_role_id,
            app=app,
            expected_tenant_id=base.tenant_id if base else None,
            is_reconsent=is_reconsent,
            created_at=now,
            expires_at=now + ATTEMPT_LIFETIME,
        )
        record(
            actor=actor,
            action=TenantEvent.CONSENT_STARTED,
            about=_about(attempt),
            summary=f"Left for Microsoft's consent page; wanted role {roles.role_name(wanted_role_id)}.",
            details={
                "app": str(app),
                "attempt_id": str(attempt.pk),
                "is_reconsent": is_reconsent,
                "wanted_role_id": wanted_role_id,
            },
        )
    where = str(base.tenant_id) if base else "organizations"
    query = urlencode({"client_id": registration(App(app)).client_id, "redirect_uri": redirect_uri(), "state": state})
    return f"{settings.LOGIN_BROWSER_URL}/{where}/adminconsent?{query}"


def answer_consent(*, actor: Actor, technician: Technician, session_key: str, answer: ConsentAnswer) -> Answered:
    """Take Microsoft's answer, once, and prove it as far as a few seconds allow.

    A second arrival of the same answer, one for somebody else's trip, and one that fits no trip change nothing at all.
    """
    attempt = ConsentAttempt.objects.filter(state_digest=_digest(answer.state)).first() if answer.state else None
    if attempt is None:
        return Answered(ConsentOutcome.WRONG_STATE, _customer_of_session(technician, session_key))
    if attempt.technician_id != technician.pk or not constant_time_compare(
        bytes(attempt.session_digest), _digest(session_key)
    ):
        return Answered(ConsentOutcome.FOREIGN, _visible(technician, attempt.customer_id))
    now = clock.now()
    outcome, code = _first_judgement(attempt, answer, now)
    tenant_id = _guid(answer.tenant) if outcome == ConsentOutcome.VERIFYING else None
    end = words_of(outcome, code=code)
    with transaction.atomic():
        is_ours = ConsentAttempt.objects.filter(pk=attempt.pk, outcome=ConsentOutcome.OPEN).update(
            outcome=outcome,
            answered_at=now,
            tenant_id=tenant_id,
            error_code=code,
            message=end.message,
            remedy=end.remedy,
        )
        if not is_ours:
            return Answered(ConsentOutcome.REPLAYED, attempt.customer_id)
        if outcome != ConsentOutcome.VERIFYING:
            record(
                actor=actor,
                action=TenantEvent.CONSENT_ENDED,
                about=_about(attempt),
                result=Result.REFUSED,
                summary=f"{outcome.label}. {end.message}",
                details={"attempt_id": str(attempt.pk), "outcome": str(outcome), "code": code},
            )
    if outcome == ConsentOutcome.VERIFYING:
        outcome = verify_inline(attempt_id=attempt.pk)
    return Answered(outcome, attempt.customer_id)


def accept_tenant(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, attempt_id: uuid.UUID) -> None:
    """Confirm that the tenant which answered is the customer's, although that was not proven; it is read once more.

    Raises:
        NotHere: no such attempt of this customer.
        Conflict: decided already, superseded by a newer trip, or the customer is connected meanwhile.
    """
    attempt = _attempt(technician, customer_id, attempt_id)
    now = clock.now()
    with transaction.atomic():
        is_superseded = ConsentAttempt.objects.filter(
            customer_id=customer_id, answered_at__gt=attempt.answered_at
        ).exists()
        moved = (
            0
            if is_superseded or connection_of(customer_id) is not None
            else ConsentAttempt.objects.filter(
                pk=attempt_id, outcome__in=_ACCEPTABLE, dismissed_at__isnull=True
            ).update(outcome=ConsentOutcome.VERIFYING, accepted_at=now, answered_at=now)
        )
        if not moved:
            raise Conflict(
                "This question was decided already.", remedy="Look at the customer's page, or connect again."
            )
        record(
            actor=actor,
            action=TenantEvent.TENANT_ACCEPTED,
            about=dataclasses.replace(_about(attempt), tenant_id=attempt.tenant_id),
            summary=f"Said that {attempt.tenant_name or attempt.tenant_id} is this customer's tenant.",
            details={"attempt_id": str(attempt_id), "asked_because": attempt.outcome},
        )
    verify_inline(attempt_id=attempt_id)


def dismiss_attempt(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, attempt_id: uuid.UUID) -> None:
    """Put the note about an ended round trip away; to a question this says no. Does nothing the second time."""
    attempt = _attempt(technician, customer_id, attempt_id)
    with transaction.atomic():
        was_open = (
            ConsentAttempt.objects.filter(pk=attempt_id, dismissed_at__isnull=True)
            .exclude(outcome__in=(ConsentOutcome.OPEN, ConsentOutcome.VERIFYING))
            .update(dismissed_at=clock.now())
        )
        if was_open and attempt.outcome in _ACCEPTABLE:
            record(
                actor=actor,
                action=TenantEvent.CONSENT_ENDED,
                about=_about(attempt),
                result=Result.REFUSED,
                summary=f"Said that {attempt.tenant_name or attempt.tenant_id} is not this customer's tenant.",
                details={"attempt_id": str(attempt_id), "outcome": "turned_down"},
            )


def _first_judgement(attempt: ConsentAttempt, answer: ConsentAnswer, now: dt.datetime) -> tuple[ConsentOutcome, str]:
    """The outcome as far as the answer alone tells."""
    if now >= attempt.expires_at:
        return ConsentOutcome.EXPIRED, ""
    if answer.error:
        return end_of_error(error=answer.error, description=answer.error_description, subcode=answer.error_subcode)
    tenant_id = _guid(answer.tenant)
    if tenant_id is None or answer.admin_consent.lower() != "true":
        return ConsentOutcome.ERROR, "an incomplete answer"
    if attempt.expected_tenant_id is not None and attempt.expected_tenant_id != tenant_id:
        return ConsentOutcome.OTHER_TENANT, ""
    with scoping.scoped(scoping.SYSTEM):  # the tenant may be bound to a customer whom the technician does not see
        bound = Connection.objects.filter(tenant_id=tenant_id).select_related("tenant").first()
    if bound is not None and bound.tenant.customer_id != attempt.customer_id:
        return ConsentOutcome.OTHER_CUSTOMER, ""
    return ConsentOutcome.VERIFYING, ""


def _attempt(technician: Technician, customer_id: uuid.UUID, attempt_id: uuid.UUID) -> ConsentAttempt:
    get_customer(technician=technician, customer_id=customer_id)
    attempt = ConsentAttempt.objects.select_related("customer").filter(pk=attempt_id, customer_id=customer_id).first()
    if attempt is None:
        raise NotHere("There is no such trip to Microsoft.")
    return attempt


def _about(attempt: ConsentAttempt) -> About:
    return About(
        customer_id=attempt.customer_id,
        customer_name=attempt.customer.name,
        tenant_id=attempt.expected_tenant_id,
        target_kind="consent",
        target_id=str(attempt.pk),
        target_name=attempt.customer.name,
    )


def _customer_of_session(technician: Technician, session_key: str) -> uuid.UUID | None:
    """The customer this session last left for Microsoft for, while that trip may still be under way."""
    attempt = (
        ConsentAttempt.objects.filter(
            technician_id=technician.pk, session_digest=_digest(session_key), expires_at__gt=clock.now()
        )
        .order_by("-created_at")
        .first()
    )
    return attempt.customer_id if attempt else None


def _visible(technician: Technician, customer_id: uuid.UUID) -> uuid.UUID | None:
    try:
        return get_customer(technician=technician, customer_id=customer_id).pk
    except NotHere:
        return None


def _guid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
