"""The caller's own sign-in: leaving for Microsoft from the link, and what the id token proves on the way back.

The answer comes as a GET that anybody can forge, so it counts only with its single-use `state` and in the browser that
left. The tenant is pinned at Microsoft and again in the token; the account must be the user's; credentials must have
been given after the question was asked.

Sources: "ID token claims reference", "Optional claims reference" (`auth_time`).
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare

from tenantry.graph import errors, identity
from tenantry.graph.apps import App, registration
from tenantry.graph.identity import Identity
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotHere
from tenantry.kit.sealed import Secret, seal, unseal
from tenantry.safeguards.policies import Strength
from tenantry.verification import queries
from tenantry.verification.actions import vouching
from tenantry.verification.actions.answering import passed, spend_try, wrong
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import METHODS, Method, Wrong

RETURN_PATH: Final = "/verify/return"


def redirect_uri() -> str:
    """Where Microsoft sends callers back to; registered with the help-desk app exactly like this."""
    return f"{settings.PUBLIC_URL}{RETURN_PATH}"


def leave(*, row: Verification, browser: str) -> str:
    """Begin the sign-in and return the address to send the browser to; leaving again replaces the trip before.

    Raises:
        NotHere: the attempt does not wait any more.
        GraphError: Microsoft's sign-in service does not answer.
    """
    departure = identity.depart(
        through=registration(App.HELPDESK),
        redirect_uri=redirect_uri(),
        tenant=str(row.tenant_id),
        login_hint=row.voucher_login if row.method == Method.MANAGER else row.target_name,
        asks_again=True,
        context=settings.VERIFICATION_CONTEXT,
    )
    flow = seal(Secret(json.dumps(departure.flow)), **queries.place_of(row.pk, "flow_sealed"))
    changed = Verification.objects.filter(pk=row.pk, state=State.WAITING, answer_until__gt=clock.now()).update(
        state_digest=_digest(departure.state), browser_digest=_digest(browser), flow_sealed=flow
    )
    if not changed:
        raise NotHere("This link has ended.")
    return departure.url


def come_back(*, query: Mapping[str, str], browser: str, address: str) -> Verification | None:
    """Take Microsoft's answer, once; the attempt as it stands then, None when the answer fits none."""
    found = _take(query, browser)
    if found is None:
        return None
    row, flow = found
    whose = "manager's" if row.method == Method.MANAGER else "caller's"
    actor = Actor(kind="system", id=None, name=f"Somebody with the {whose} link", address=address)
    if not spend_try(row):
        return row
    try:
        person = identity.arrive(
            through=registration(App.HELPDESK), flow=json.loads(flow.reveal()), answer=query, tenant_id=row.tenant_id
        )
    except errors.SignInRefused as error:
        why = Wrong.TENANT if error.code == "tid" else Wrong.REFUSED
        wrong(row, why, actor=actor, details={"code": error.code})
        return row
    except errors.GraphError as error:
        wrong(row, Wrong.REFUSED, actor=actor, details={"code": error.code})
        return row
    details = {"tenant_id": str(person.tenant_id), "object_id": str(person.object_id)}
    why_not = _why_not(row, person)
    if why_not is not None:
        wrong(row, why_not, actor=actor, details=details)
        return row
    proves_mfa = person.proves_mfa(context=settings.VERIFICATION_CONTEXT)
    most = METHODS[Method(row.method)].most
    passed(
        row,
        actor=actor,
        strength=min(most, Strength.STRONG if proves_mfa else Strength.GOOD),
        proof={
            **details,
            "auth_time": person.authenticated_at.isoformat() if person.authenticated_at else "",
            "amr": sorted(person.methods),
            "acrs": sorted(person.contexts),
            "acr": person.acr,
            **({"vouched_by": row.voucher_login} if row.method == Method.MANAGER else {}),
        },
    )
    return row


def _why_not(row: Verification, person: Identity) -> Wrong | None:
    if row.method == Method.MANAGER:
        names = (person.user_name, person.email, row.voucher_login)
        if person.object_id != row.voucher_id or person.object_id == row.object_id:
            return Wrong.NOT_MANAGER
        if vouching.is_of_help_desk(tenant_id=row.tenant_id, object_id=person.object_id, names=names):
            return Wrong.HELP_DESK
    elif person.object_id != row.object_id:
        return Wrong.ACCOUNT
    if person.authenticated_at is None:
        return Wrong.NO_TIME
    return None if person.is_fresh(within=clock.now() - row.started_at) else Wrong.OLD_SIGN_IN


def _take(query: Mapping[str, str], browser: str) -> tuple[Verification, Secret] | None:
    """The attempt that an answer belongs to and what it left with; taken in one step, so that it works once."""
    state = query.get("state", "")
    if not state:
        return None
    with transaction.atomic():
        row = Verification.objects.select_for_update().filter(state_digest=_digest(state)).first()
        if row is None or row.flow_sealed is None or row.browser_digest is None:
            return None
        if not constant_time_compare(bytes(row.browser_digest).hex(), _digest(browser).hex()):
            return None
        flow = unseal(row.flow_sealed, **queries.place_of(row.pk, "flow_sealed"))
        Verification.objects.filter(pk=row.pk).update(state_digest=None, browser_digest=None, flow_sealed=None)
    return row, flow


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
