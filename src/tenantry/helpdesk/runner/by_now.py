"""What our own rules say in the moment of sending: between the technician's yes and the worker's turn things change.

Most operations are sent within a second. Some wait: for a role to take effect, for a throttled tenant, for the end of
an emergency stop. Whoever asked may have been switched off in the meantime, and the account may be another kind.
"""

from typing import TYPE_CHECKING

from tenantry.customers.queries import visible_customers
from tenantry.directory import queries as directory
from tenantry.helpdesk.guarding import denied_by_caller
from tenantry.helpdesk.models import Operation
from tenantry.kit.decision import Denied
from tenantry.safeguards import queries as safeguards
from tenantry.safeguards.policies import CLASS_WORDS, Deed, TargetClass, Verdict
from tenantry.technicians import queries as technicians
from tenantry.technicians.permissions import Permission, holders

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician


def denied_by_now(operation: Operation) -> Denied | None:
    """Why it may not be done any more; None when it still may. What was shown when it was asked for still counts."""
    technician = technicians.technician_by_id(operation.technician_id)
    if technician is None or not technician.is_active:
        return Denied(
            "technician_gone",
            f"{operation.technician_name} does not work here any more, so nothing is done in their name.",
            "If it is still wanted, a colleague asks for it.",
            "a colleague",
        )
    if not technician.may(Permission.HELPDESK_ACT):
        return Denied(
            "role_too_small",
            f"The role of {operation.technician_name} does not include this any more.",
            "If it is still wanted, a colleague asks for it.",
            holders(Permission.HELPDESK_ACT),
        )
    if not visible_customers(technician).filter(pk=operation.customer_id).exists():
        return Denied(
            "not_their_customer",
            f"{operation.technician_name} no longer looks after this customer.",
            "If it is still wanted, a colleague who does asks for it.",
            "a colleague",
        )
    denied = denied_by_caller(operation.grounds)
    if denied is not None:
        return denied
    user = directory.find_user(tenant_id=operation.tenant_id, object_id=operation.object_id)
    return None if user is None else _denied_for(operation, technician, user)


def _denied_for(operation: Operation, technician: "Technician", user: "DirectoryUser") -> Denied | None:
    verdict = safeguards.verdict_of(technician=technician, user=user, deed=Deed(operation.kind))
    if verdict.denied is not None:
        return verdict.denied
    return _stricter(operation, verdict)


def _stricter(operation: Operation, verdict: Verdict) -> Denied | None:
    """The account counts as a kind that asks for more than what was shown for."""
    kinds = list(TargetClass)
    before = operation.grounds.get("class")
    if before not in kinds or kinds.index(verdict.target_class) <= kinds.index(TargetClass(before)):
        return None
    return Denied(
        "class_changed",
        f"The account is another kind of account by now: {verdict.class_words.lower()}, "
        f"and was: {CLASS_WORDS[TargetClass(before)].lower()}.",
        "If it is still wanted, ask for it again: other rules hold for it now.",
        "you",
    )
