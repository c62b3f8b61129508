"""Proving a consent by reading it back, and storing the connection only then (AC-1.3, AC-1.4)."""

import dataclasses
import datetime as dt
import uuid
from typing import Final

from django.db import IntegrityError, transaction

from tenantry.audit.actions import About, record
from tenantry.audit.models import Result
from tenantry.graph import transport
from tenantry.graph.apps import App, registration
from tenantry.kit import clock, jobs
from tenantry.kit.actor import Actor
from tenantry.reach import permissions
from tenantry.tenants.actions.checking import apply_surroundings, enqueue_check
from tenantry.tenants.actions.looking import Findings, look
from tenantry.tenants.actions.settling import about, settle
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import Connection, ConnectionState, ConsentAttempt, ConsentOutcome, Tenant
from tenantry.tenants.policies import words_of

VERIFY_JOB: Final = "tenants.verify"
VERIFY_FOR: Final = dt.timedelta(minutes=10)
"""A consent replicates within seconds as a rule; after this long its absence is an answer."""
_INLINE_TRIES: Final = 3
_INLINE_PAUSE: Final = 1.0  # seconds; the person at the browser waits at most a few
_EARLIER_BY: Final = dt.timedelta(minutes=5)
"""Permissions older than the trip by more than this were granted on an earlier occasion; less may be two clocks."""
ADMINISTRATOR: Final = "an administrator of the tenant"
"""Who consented. Their name stands in the tenant's audit log, for which we do not ask permission."""


def verify_inline(*, attempt_id: uuid.UUID) -> ConsentOutcome:
    """Try for a few seconds while the person waits; the rest is done by the job, and the page tells when."""
    outcome = ConsentOutcome.VERIFYING
    for attempt in range(_INLINE_TRIES):
        if attempt:
            clock.sleep(_INLINE_PAUSE)
        outcome = verify_attempt(attempt_id=attempt_id, patience=transport.HASTY)
        if outcome != ConsentOutcome.VERIFYING:
            return outcome
    enqueue_verify(attempt_id)
    return outcome


def enqueue_verify(attempt_id: uuid.UUID) -> None:
    """Put the proof of this round trip in, one at a time."""
    name = f"{VERIFY_JOB}:{attempt_id}"
    jobs.enqueue(VERIFY_JOB, lock=name, once=name, attempt_id=str(attempt_id))


def verify_attempt(*, attempt_id: uuid.UUID, patience: float = transport.PATIENT) -> ConsentOutcome:
    """Read the consent back once and decide what the round trip came to.

    Returns:
        The outcome; VERIFYING when Microsoft does not show the consent yet and there is still time.
    """
    attempt = ConsentAttempt.objects.filter(pk=attempt_id).first()
    if attempt is None or attempt.outcome != ConsentOutcome.VERIFYING or attempt.tenant_id is None:
        return ConsentOutcome(attempt.outcome) if attempt else ConsentOutcome.UNPROVEN
    findings = look(
        attempt.tenant_id, app=App(attempt.app), wanted_role_id=str(attempt.wanted_role_id), patience=patience
    )
    with transaction.atomic():
        attempt = (
            ConsentAttempt.objects.select_for_update(of=("self",))
            .select_related("customer")
            .filter(pk=attempt_id, outcome=ConsentOutcome.VERIFYING)
            .first()
        )
        if attempt is None:  # another worker was faster
            return ConsentOutcome(ConsentAttempt.objects.values_list("outcome", flat=True).get(pk=attempt_id))
        return _decide(attempt, findings)


def _decide(attempt: ConsentAttempt, findings: Findings) -> ConsentOutcome:
    """Under the attempt's lock: not yet, not proven, a question, or the connection."""
    now = clock.now()
    organization = findings.organization
    if organization is not None:
        attempt.tenant_name = f"{organization.display_name} ({organization.primary_domain})"
        attempt.tenant_domain = organization.primary_domain
    missing = (
        ", ".join(
            p.name for p in permissions.missing(findings.permission_ids, required=permissions.required_of(attempt.app))
        )
        if findings.app
        else ""
    )
    is_proven = (
        findings.trouble is None
        and organization is not None
        and organization.tenant_id == attempt.tenant_id
        and findings.app is not None
        and str(findings.app.app_id) == registration(App(attempt.app)).client_id
        and findings.granted is not None
        and findings.held is not None
        and not missing
    )
    if not is_proven:
        if attempt.answered_at is not None and now - attempt.answered_at < VERIFY_FOR:
            attempt.save()
            return ConsentOutcome.VERIFYING
        return _end(attempt, ConsentOutcome.UNPROVEN, missing=missing, code=findings.code)
    attempt.consent_since = _oldest(findings)
    if attempt.accepted_at is None and (question := _question(attempt, findings)) is not None:
        return _end(attempt, question)
    return _bind(attempt, findings, now)


def _oldest(findings: Findings) -> dt.datetime | None:
    return min(filter(None, (grant.created_at for grant in findings.granted or ())), default=None)


def _question(attempt: ConsentAttempt, findings: Findings) -> ConsentOutcome | None:
    """What a technician must decide, because the answer could have been forged for a tenant that consented earlier."""
    if attempt.is_reconsent or attempt.expected_tenant_id is not None:
        return None
    expected = attempt.customer.domain.lower()
    if expected:
        domains = findings.organization.verified_domains if findings.organization else frozenset()
        return None if expected in domains else ConsentOutcome.UNEXPECTED_TENANT
    since = attempt.consent_since
    if since is None or since >= attempt.created_at - _EARLIER_BY:
        return None
    was_ours = ConsentAttempt.objects.filter(
        customer_id=attempt.customer_id, tenant_id=attempt.tenant_id, outcome=ConsentOutcome.CONNECTED
    ).exists()
    return None if was_ours else ConsentOutcome.EARLIER_CONSENT


def _bind(attempt: ConsentAttempt, findings: Findings, now: dt.datetime) -> ConsentOutcome:
    """Store the connection. One tenant belongs to one customer; a bound one is refused, never moved."""
    if findings.organization is None or findings.app is None or attempt.tenant_id is None:
        raise ValueError("only a proven consent is bound")
    present = Connection.objects.filter(tenant__customer_id=attempt.customer_id).first()
    if present is not None and present.tenant_id != attempt.tenant_id:
        return _end(attempt, ConsentOutcome.OTHER_TENANT)
    tenant = _tenant_for(attempt, findings, now)
    if tenant is None:
        return _end(attempt, ConsentOutcome.OTHER_CUSTOMER)
    connection = (
        Connection.objects.select_for_update(of=("self",))
        .select_related("tenant__customer")
        .filter(tenant=tenant, app=attempt.app)
        .first()
    )
    is_new = connection is None
    if connection is None:
        since = _oldest(findings)
        held = sorted(findings.role_ids)
        connection = Connection(
            tenant=tenant,
            app=attempt.app,
            state=ConnectionState.CONSENTED,
            state_since=now,
            wanted_role_id=attempt.wanted_role_id,
            app_existed_before=bool(held) or (since is not None and since < attempt.created_at - _EARLIER_BY),
            roles_at_connect=held,
        )
    connection.wanted_role_id = attempt.wanted_role_id
    connection.consented_at = attempt.answered_at or now
    connection.consented_by = ADMINISTRATOR
    connection.connected_by = attempt.technician_name
    connection.permission_ids = list(findings.permission_ids)
    connection.permissions_read_at = now
    connection.app_known_since = _oldest(findings)
    connection.service_principal_id = findings.app.object_id
    connection.app_display_name = findings.app.display_name
    connection.app_enabled = findings.app.is_enabled
    apply_surroundings(connection, findings, now=now)
    connection.trouble, connection.trouble_note, connection.failures = "", "", 0
    connection.check_requested_at = now
    actor = Actor("technician", attempt.technician_id, attempt.technician_name)
    record(
        actor=actor,
        action=TenantEvent.CONNECTED if is_new else TenantEvent.RECONSENTED,
        about=about(connection),
        result=Result.DONE,
        summary=f"{findings.organization.primary_domain}: {len(connection.permission_ids)} permissions read back.",
        details={
            "attempt_id": str(attempt.pk),
            "permissions": sorted(permissions.names(connection.permission_ids)),
            "enterprise_app": findings.app.display_name,
            "service_principal_id": str(findings.app.object_id),
            "wanted_role_id": str(connection.wanted_role_id),
        },
    )
    settle(connection, now=now, actor=actor)
    enqueue_check(tenant.tenant_id)
    _request_sync(tenant.tenant_id)
    return _end(attempt, ConsentOutcome.CONNECTED)


def _tenant_for(attempt: ConsentAttempt, findings: Findings, now: dt.datetime) -> Tenant | None:
    """The tenant's row, for this customer; None when it is connected to another one.

    A row without any connection is left over from a disconnected customer, for the record of what was done there.
    """
    tenant_id = attempt.tenant_id
    organization = findings.organization
    if tenant_id is None or organization is None:
        return None
    names = {"display_name": organization.display_name, "primary_domain": organization.primary_domain}
    try:
        with transaction.atomic():
            tenant, is_new = Tenant.objects.select_for_update().get_or_create(
                tenant_id=tenant_id, defaults={"customer_id": attempt.customer_id, "created_at": now, **names}
            )
    except IntegrityError:  # two trips at the same moment; the row is there now
        tenant, is_new = Tenant.objects.select_for_update().get(tenant_id=tenant_id), False
    if not is_new:
        if tenant.customer_id != attempt.customer_id and Connection.objects.filter(tenant=tenant).exists():
            return None
        tenant.customer_id = attempt.customer_id
        tenant.display_name, tenant.primary_domain = names["display_name"], names["primary_domain"]
        tenant.save()
    return tenant


def _request_sync(tenant_id: uuid.UUID) -> None:
    from tenantry.directory.actions import request_sync  # noqa: PLC0415  the directory's actions call ours

    request_sync(tenant_id=tenant_id)


def _end(attempt: ConsentAttempt, outcome: ConsentOutcome, *, missing: str = "", code: str = "") -> ConsentOutcome:
    """Write how the round trip came out, and say so in the record."""
    end = words_of(
        outcome,
        tenant=attempt.tenant_name or str(attempt.tenant_id or ""),
        expected=attempt.customer.domain,
        missing=missing,
        since=attempt.consent_since,
        code=code,
    )
    attempt.outcome = outcome
    attempt.error_code = code[:40]
    attempt.message, attempt.remedy = end.message, end.remedy
    attempt.save()
    base = About(
        customer_id=attempt.customer_id,
        customer_name=attempt.customer.name,
        target_kind="consent",
        target_id=str(attempt.pk),
        target_name=attempt.customer.name,
    )
    record(
        actor=Actor("technician", attempt.technician_id, attempt.technician_name),
        action=TenantEvent.CONSENT_ENDED,
        about=dataclasses.replace(base, tenant_id=attempt.tenant_id),
        result=Result.DONE if outcome == ConsentOutcome.CONNECTED else Result.REFUSED,
        summary=f"{outcome.label}. {end.message}",
        details={"attempt_id": str(attempt.pk), "outcome": str(outcome), "code": code},
    )
    return outcome
