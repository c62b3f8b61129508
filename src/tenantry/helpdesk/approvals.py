"""Carrying out an operation that a second technician agreed to."""

from django.db import IntegrityError, transaction
from django.urls import reverse

from tenantry.customers.queries import get_customer
from tenantry.helpdesk import guarding, queries
from tenantry.helpdesk.actions.requests import AlreadyThere, PassWish, create_operation
from tenantry.helpdesk.guarding import Shown
from tenantry.helpdesk.kinds import BY_KIND
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, require
from tenantry.kit.sealed import Secret
from tenantry.safeguards import queries as safeguards
from tenantry.safeguards.models import ApprovalRequest
from tenantry.safeguards.policies import Deed, Proofs, Strength
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission


class OperationApproval:
    """The help desk's handler (see `safeguards.registry`)."""

    def carry_out(
        self, request: ApprovalRequest, *, requester: Technician, approver: Actor, secret: Secret | None
    ) -> str:
        """Check everything again, as it stands now, and start the operation in the requester's name.

        Raises:
            NotHere, NotAllowed: the requester may not do it any more, or it cannot be done.
            Conflict: the account became another kind of account, or something else was done to it.
        """
        kind = BY_KIND[request.payload["kind"]]
        require_permission(requester, Permission.HELPDESK_ACT)
        denied = guarding.denied_by_caller(request.payload["grounds"])
        if denied is not None:
            require(denied)
        customer = get_customer(technician=requester, customer_id=request.customer_id)
        connection, user = queries.find_user(customer_id=request.customer_id, object_id=request.object_id)
        shown = Shown(**request.payload["shown"])
        guarding.check_override(technician=requester, shown=shown)
        verdict = safeguards.verdict_of(
            technician=requester,
            user=user,
            deed=Deed(kind.kind.value),
            proofs=Proofs(
                stepped_up=shown.stepped_up,
                strength=Strength(request.payload.get("strength", 0)),
                overridden=bool(shown.override_reason),
                approved=True,
            ),
        )
        if user.tenant_id != request.tenant_id or verdict.target_class != request.target_class:
            raise Conflict(
                f"The account is another kind of account by now: {verdict.class_words.lower()}.",
                remedy="Deny this request; whoever asked can ask again.",
                code="class_changed",
            )
        refusal = verdict.refusal()
        if refusal is not None:
            require(refusal)
        require(queries.decision_for(kind=kind, connection=connection, user=user))
        grounds = request.payload["grounds"] | {"approval": str(request.pk), "approved_by": approver.name}
        actor = Actor("technician", requester.pk, request.requester_name, request.requester_address)
        try:
            with transaction.atomic():
                made = create_operation(
                    actor=actor,
                    customer=customer,
                    user=user,
                    kind=kind,
                    confirmation_id=request.confirmation_id,
                    justification=request.justification,
                    ticket=request.ticket,
                    password=secret,
                    must_change=request.payload["must_change"],
                    wish=PassWish(**request.payload["wish"]) if request.payload.get("wish") else None,
                    grounds=grounds,
                )
        except IntegrityError:
            running = queries.newest_operation(tenant_id=user.tenant_id, object_id=user.object_id)
            if running is None:
                raise
            raise AlreadyThere(running) from None
        return reverse("helpdesk:operation", args=(request.customer_id, made.pk))
