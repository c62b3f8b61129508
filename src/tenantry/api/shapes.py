"""From what queries return to what goes over the wire."""

import uuid

from tenantry.api import schemas
from tenantry.audit.queries import Act
from tenantry.customers.queries import CustomerRow
from tenantry.directory.listing import FoundUser
from tenantry.directory.models import DirectoryUser
from tenantry.helpdesk.actions import is_readable
from tenantry.helpdesk.kinds import BY_KIND
from tenantry.helpdesk.models import BulkRun, Operation, SecretLink
from tenantry.helpdesk.queries import ActionRow, state_of_link
from tenantry.kit.decision import Denied
from tenantry.safeguards.policies import CLASS_WORDS, TargetClass
from tenantry.safeguards.queries import RequestRow
from tenantry.tenants.policies import Line
from tenantry.tenants.queries.overview import Overview
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import DENIED_LATE, WRONG_WORDS, Method, Offer, Wrong
from tenantry.verification.queries import state_now


def customer_out(row: CustomerRow) -> schemas.CustomerOut:
    """A line of the list."""
    line = row.connection
    return schemas.CustomerOut(
        id=row.customer.pk,
        name=row.customer.name,
        domain=row.domain,
        state=row.customer.state,
        connection=None
        if line is None
        else schemas.ConnectionLineOut(
            tenant_id=line.tenant_id,
            domain=line.domain,
            state=str(line.state),
            cause=line.cause,
            users=line.users,
            read_at=line.read_at,
        ),
    )


def feature_out(line: Line) -> schemas.FeatureOut:
    """A line of the readiness board."""
    return schemas.FeatureOut(
        key=line.column.key,
        label=line.label,
        state=str(line.state),
        word=line.word,
        cause=line.cause,
        fix=line.fix,
        who=line.who,
        until=line.until,
        proof=line.proof,
        proven_at=line.proven_at,
    )


def connection_out(overview: Overview) -> schemas.ConnectionOut:
    """A customer's connection."""
    connection, sync = overview.connection, overview.sync
    return schemas.ConnectionOut(
        customer_id=overview.customer.pk,
        tenant_id=connection.tenant_id if connection else None,
        domain=connection.tenant.primary_domain if connection else overview.customer.domain,
        state=str(overview.standing.state),
        word=overview.word,
        cause=overview.standing.cause,
        fix=overview.standing.fix,
        who=overview.standing.who,
        proof=overview.standing.proof,
        proven_at=overview.standing.proven_at,
        users=sync.users if sync and sync.finished_at else None,
        read_at=sync.finished_at if sync else None,
        features=[feature_out(line) for line in overview.lines],
    )


def user_out(customer_id: uuid.UUID, user: DirectoryUser) -> schemas.UserOut:
    """A row of the users table."""
    return schemas.UserOut(
        id=user.object_id,
        customer_id=customer_id,
        user_principal_name=user.user_principal_name,
        display_name=user.display_name,
        enabled=user.account_enabled,
        guest=user.is_guest,
        synced=user.is_synced,
        administrator=user.is_admin,
        protected=user.is_protected,
    )


def found_out(user: FoundUser) -> schemas.UserOut:
    """A match of the search over all customers."""
    return schemas.UserOut(
        id=user.object_id,
        customer_id=user.customer_id,
        user_principal_name=user.user_principal_name,
        display_name=user.display_name,
        enabled=user.account_enabled,
        guest=user.is_guest,
        synced=user.is_synced,
        administrator=user.is_admin,
        protected=user.is_protected,
    )


def action_out(row: ActionRow) -> schemas.ActionOut:
    """What can be done to a user."""
    denied = row.decision if isinstance(row.decision, Denied) else None
    return schemas.ActionOut(
        kind=row.kind,
        label=row.label,
        allowed=denied is None,
        asks=row.asks,
        code=denied.code if denied else "",
        reason=denied.reason if denied else "",
        remedy=denied.remedy if denied else "",
        who=denied.who if denied else "",
    )


def operation_out(operation: Operation) -> schemas.OperationOut:
    """An operation, without its password."""
    return schemas.OperationOut(
        id=operation.pk,
        customer_id=operation.customer_id,
        user_id=operation.object_id,
        user_principal_name=operation.user_principal_name,
        kind=operation.kind,
        state=operation.state,
        open=operation.is_open,
        message=operation.message,
        reason=operation.reason,
        fix=operation.fix,
        who=operation.who,
        asked_by=operation.technician_name,
        ticket=operation.ticket,
        created_at=operation.created_at,
        finished_at=operation.finished_at,
        password_ready=is_readable(operation),
    )


def bulk_out(customer_id: uuid.UUID, run: BulkRun) -> schemas.BulkOut:
    """A run over several users, and how far each is."""
    return schemas.BulkOut(
        id=run.pk,
        customer_id=customer_id,
        kind=run.kind,
        asked_by=run.technician_name,
        ticket=run.ticket,
        created_at=run.created_at,
        operations=[operation_out(each) for each in run.operations.order_by("user_principal_name", "pk")],
        skipped=[schemas.SkippedOut(**each) for each in run.skipped],
    )


def secret_link_out(link: SecretLink) -> schemas.SecretLinkOut:
    """A one-time link, without address and code."""
    return schemas.SecretLinkOut(
        state=state_of_link(link),
        made_by=link.made_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
        opened_at=link.opened_at,
        opened_from=link.opened_from,
        wrong_codes=link.tries,
    )


def verification_out(row: Verification) -> schemas.VerificationOut:
    """An attempt to verify a caller, fit to be kept: without number, link, or where anything went."""
    state = state_now(row)
    wrong = row.last_wrong if state in {State.WAITING, State.FAILED} else ""
    return schemas.VerificationOut(
        id=row.pk,
        customer_id=row.customer_id,
        user_id=row.object_id,
        user_principal_name=row.target_name,
        method=Method(row.method),
        deed=BY_KIND[row.deed].slug,
        ticket=row.ticket,
        state=state,
        wrong=wrong,
        wrong_words=WRONG_WORDS[Wrong(wrong)] if wrong else "",
        tries_left=row.tries_left,
        strength=row.strength,
        started_by=row.technician_name,
        started_at=row.started_at,
        answer_until=row.answer_until,
        decided_at=row.decided_at,
        pass_until=row.pass_until,
        denied_late=DENIED_LATE in row.proof,
    )


def method_out(offer: Offer) -> schemas.MethodOut:
    """A method for one user."""
    return schemas.MethodOut(
        method=offer.method,
        label=offer.about.label,
        about=offer.about.about,
        usable=not offer.obstacle,
        obstacle=offer.obstacle,
        hint=offer.hint,
        warning=offer.warning,
        least=offer.about.least,
        most=offer.about.most,
    )


def approval_out(row: RequestRow) -> schemas.ApprovalOut:
    """A request for approval."""
    it = row.request
    return schemas.ApprovalOut(
        id=it.pk,
        customer_id=it.customer_id,
        customer=it.customer_name,
        user_id=it.object_id,
        user=it.target_name,
        deed=it.deed,
        account=CLASS_WORDS[TargetClass(it.target_class)],
        state=it.state,
        open=row.is_open,
        own=row.is_own,
        lines=[[str(part) for part in line] for line in it.lines],
        requester=it.requester_name,
        justification=it.justification,
        ticket=it.ticket,
        requested_at=it.requested_at,
        expires_at=it.expires_at,
        decided_at=it.decided_at,
        decided_by=it.decided_by_name,
        note=it.note,
    )


def act_out(act: Act) -> schemas.ActOut:
    """An act of the record."""
    event = act.event
    return schemas.ActOut(
        id=event.pk,
        recorded_at=event.recorded_at,
        action=event.action,
        actor=event.actor_name,
        customer_id=event.customer_id,
        customer=event.customer_name,
        target_kind=event.target_kind,
        target_id=event.target_id,
        target=event.target_name,
        justification=event.justification,
        ticket=event.ticket,
        result=act.result,
        summary=act.summary,
        ended_at=act.ended_at,
        graph_request_ids=list(act.request_ids),
    )
