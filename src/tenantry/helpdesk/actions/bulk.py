"""The same operation on several users: one confirmation, one justification, one operation each."""

import dataclasses
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction

from tenantry.customers.queries import get_customer
from tenantry.directory import queries as directory
from tenantry.helpdesk import confirmation as confirmations
from tenantry.helpdesk import guarding, queries
from tenantry.helpdesk.actions.requests import Expired, check_words, create_operation
from tenantry.helpdesk.confirmation import Confirmation
from tenantry.helpdesk.guarding import Shown
from tenantry.helpdesk.kinds import Kind
from tenantry.helpdesk.models import OPEN_STATES, BulkRun, Operation
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.decision import Denied
from tenantry.kit.errors import Invalid, NotAllowed, NotHere
from tenantry.safeguards.policies import Verdict
from tenantry.technicians.models import Technician
from tenantry.tenants import queries as tenants

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser

MOST_USERS: Final = 200
"""A run of more would be hard to look over, and a mistake in it hard to undo."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a bulk run would do: the users it reaches, and those it leaves out with the reason."""

    users: "list[DirectoryUser]"
    skipped: "list[tuple[DirectoryUser, Denied]]"
    tenant_id: uuid.UUID
    verdicts: dict[uuid.UUID, Verdict]

    @property
    def wants_step_up(self) -> bool:
        """Whether somebody in it asks for a fresh proof that it is the technician."""
        return any(self.verdicts[user.object_id].wants_step_up for user in self.users)


def plan_bulk(*, technician: Technician, customer_id: uuid.UUID, kind: Kind, object_ids: Sequence[uuid.UUID]) -> Plan:
    """Look at each selected user: can it be done, and if not, why not.

    Raises:
        NotAllowed: this kind is not offered for several users.
        Invalid: nobody is selected, or more than 200.
        NotHere: a selected user is not of this customer.
    """
    get_customer(technician=technician, customer_id=customer_id)
    if not kind.is_bulk:
        raise NotAllowed(f"“{kind.label}” is done for one user at a time.", remedy="Open the user's page.")
    wanted = list(dict.fromkeys(object_ids))
    if not wanted:
        raise Invalid("Nobody is selected.", remedy="Go back and select the users first.")
    if len(wanted) > MOST_USERS:
        raise Invalid(
            f"{len(wanted)} users are selected; at most {MOST_USERS} can be done at once.",
            remedy="Go back, select fewer, and do the rest in a second run.",
        )
    connection = tenants.connection_of(customer_id)
    if connection is None:
        raise NotHere("This customer has no connected tenant.")
    found = [directory.find_user(tenant_id=connection.tenant_id, object_id=object_id) for object_id in wanted]
    users = [user for user in found if user is not None]
    if len(users) != len(wanted):
        raise NotHere("A selected user is not of this customer.")
    decisions = queries.decisions_for(kind=kind, connection=connection, users=users)
    verdicts = guarding.verdicts_for(technician=technician, users=users, kind=kind)
    busy = set(
        Operation.objects.filter(
            tenant_id=connection.tenant_id, object_id__in=wanted, state__in=OPEN_STATES
        ).values_list("object_id", flat=True)
    )
    plan = Plan(users=[], skipped=[], tenant_id=connection.tenant_id, verdicts=verdicts)
    for user in users:
        alone = guarding.alone_only(verdicts[user.object_id])  # a `Denied` is falsy: never joined with `or`
        decision = decisions[user.object_id] if alone is None else alone
        if isinstance(decision, Denied):
            plan.skipped.append((user, decision))
        elif user.object_id in busy:
            plan.skipped.append((user, _busy()))
        else:
            plan.users.append(user)
    return plan


def start_bulk(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    confirmation: Confirmation,
    kind: Kind,
    justification: str,
    ticket: str = "",
    stepped_up: bool = False,
) -> BulkRun:
    """Start the run that was confirmed. The same confirmation again returns the run it started the first time.

    Users that cannot be done any more, or to whom something was done after the page was opened, are left out with
    the reason.

    Raises:
        NotGenuine: the confirmation belongs to something or somebody else.
        Expired: it is older than ten minutes.
        Invalid, NotAllowed, NotHere: as `plan_bulk`.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    if (
        confirmation.kind != kind.kind.value
        or confirmation.technician_id != technician.pk
        or confirmation.customer_id != customer_id
    ):
        raise confirmations.not_genuine()
    earlier = BulkRun.objects.filter(confirmation_id=confirmation.id).first()
    if earlier is not None:
        return earlier
    if confirmation.is_expired:
        raise Expired(
            "This page was open for more than ten minutes, so nothing was sent.",
            remedy="Check that everything is still right, then confirm again.",
        )
    check_words(justification=justification, ticket=ticket)
    plan = plan_bulk(technician=technician, customer_id=customer_id, kind=kind, object_ids=confirmation.object_ids)
    if plan.tenant_id != confirmation.tenant_id:
        raise confirmations.not_genuine()
    if plan.wants_step_up and not stepped_up:
        raise NotAllowed(
            "Somebody among these users asks you to confirm that it is you.",
            remedy="Confirm with your passkey or a code, then go on.",
            code="step_up_missing",
        )
    touched = set(
        Operation.objects.filter(
            tenant_id=plan.tenant_id, object_id__in=confirmation.object_ids, created_at__gt=confirmation.issued_at
        ).values_list("object_id", flat=True)
    )
    skipped = [(user, denied.reason) for user, denied in plan.skipped]
    try:
        with transaction.atomic():
            run = BulkRun.objects.create(
                confirmation_id=confirmation.id,
                tenant_id=plan.tenant_id,
                kind=kind.kind,
                technician_id=technician.pk,
                technician_name=actor.name,
                justification=justification.strip(),
                ticket=ticket.strip(),
                created_at=clock.now(),
            )
            # In one order everywhere, so that two runs at once cannot wait for each other in a circle.
            for user in sorted(plan.users, key=lambda each: each.object_id):
                if user.object_id in touched:
                    skipped.append((user, "Something else was done to this user after the page was opened."))
                    continue
                try:
                    with transaction.atomic():
                        create_operation(
                            actor=actor,
                            customer=customer,
                            user=user,
                            kind=kind,
                            confirmation_id=confirmation.id,
                            justification=justification,
                            ticket=ticket,
                            bulk_run=run,
                            grounds=guarding.grounds_of(plan.verdicts[user.object_id], Shown(stepped_up=stepped_up)),
                        )
                except IntegrityError:
                    skipped.append((user, _busy().reason))
            run.skipped = [
                {"name": user.display_name, "user_principal_name": user.user_principal_name, "reason": reason}
                for user, reason in skipped
            ]
            run.save(update_fields=["skipped"])
    except IntegrityError:
        # The same confirmation came twice at the same moment; the database let one of them in.
        return BulkRun.objects.get(confirmation_id=confirmation.id)
    return run


def _busy() -> Denied:
    return Denied(
        code="operation_open",
        reason="Another operation on this user is still going on.",
        remedy="Wait until it has ended.",
        who="you",
    )
