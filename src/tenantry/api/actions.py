"""Making, using and revoking tokens."""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Collection
from typing import Final

from django.db import transaction
from django.db.models import Q

from tenantry.api.events import ApiEvent
from tenantry.api.models import ApiToken, KeptAnswer
from tenantry.api.queries import OFFERED, manageable_tokens
from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.customers.groups.reading import groups_looked_after
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.decision import Denied
from tenantry.kit.errors import Conflict, Invalid, NotHere, require
from tenantry.kit.sealed import Secret
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Bounds, Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.staff.policies import may_manage

PREFIX: Final = "tnt_"
DAYS: Final = (1, 365)
DEFAULT_DAYS: Final = 90
KEPT_FOR: Final = dt.timedelta(hours=24)
"""How long an answer is kept for the same idempotency key."""
_MOST_LIVE: Final = 50
_NOTED_EVERY: Final = dt.timedelta(minutes=1)
_HINT_LENGTH: Final = 8


def make_token(
    *,
    actor: Actor,
    technician: Technician,
    name: str,
    permissions: Collection[Permission],
    customer_group_ids: Collection[uuid.UUID] | None,
    days: int = DEFAULT_DAYS,
    service: Technician | None = None,
) -> tuple[ApiToken, Secret]:
    """Make a token for `technician` or a service account; the caller has seen to fresh proof that it is them.

    Args:
        actor: the technician as the actor.
        technician: who makes it.
        name: what it is for.
        permissions: what it may do, out of `queries.OFFERED` and its holder's role.
        customer_group_ids: groups of its holder's; None for all their customers.
        days: until it ends, 1 to 365.
        service: the service account that holds it; None for the technician. It never may or sees more than its holder.

    Returns:
        The token's row, and the token, which is not to be had again.

    Raises:
        NotAllowed: their role does not include tokens, or they may not manage this service account.
        Invalid: no name, nothing permitted, more than their own, or no such time.
    """
    require_permission(technician, Permission.API_TOKENS_MANAGE)
    holder = technician if service is None else service
    if service is not None:
        require(may_manage(technician, service))
        if not (service.is_service and service.is_active):
            raise Conflict(f"{service.display_name} is not a service account that is switched on.")
    name = " ".join(name.split())
    if not 1 <= len(name) <= 60:  # noqa: PLR2004  the column's length
        raise Invalid("Say in 1 to 60 characters what the token is for.", field="name")
    wanted = frozenset(permissions)
    if not wanted:
        raise Invalid("Choose at least one thing that the token may do.", field="permissions")
    if not all(each in OFFERED and holder.may(each) for each in wanted):
        raise Invalid("A token cannot do what its holder's role does not include.", field="permissions")
    groups = None if customer_group_ids is None else frozenset(customer_group_ids)
    if groups is not None and (not groups or groups - {group.pk for group in groups_looked_after(holder)}):
        raise Invalid("Choose one or more of the holder's own customer groups, or none at all.", field="groups")
    shortest, longest = DAYS
    if not shortest <= days <= longest:
        raise Invalid(f"A token lives {shortest} to {longest} days.", field="days")
    now = clock.now()
    if ApiToken.objects.filter(technician=holder, revoked_at=None, expires_at__gt=now).count() >= _MOST_LIVE:
        raise Invalid(f"{holder.display_name} has {_MOST_LIVE} tokens already. Revoke one first.")
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            technician=holder,
            made_by=technician if service is not None else None,
            name=name,
            digest=_digest(text),
            hint=text[:_HINT_LENGTH],
            permissions=sorted(wanted),
            customer_group_ids=None if groups is None else sorted(groups),
            created_at=now,
            expires_at=now + dt.timedelta(days=days),
        )
        audit.record(
            actor=actor,
            action=ApiEvent.TOKEN_MADE,
            about=_about(token),
            summary=f"Lives until {token.expires_at:%Y-%m-%d}."
            + (" Bound to customer groups." if groups is not None else ""),
            details={
                "permissions": token.permissions,
                "customer_groups": None if groups is None else [str(each) for each in sorted(groups)],
            },
        )
    return token, Secret(text)


def use_token(*, text: str, address: str) -> ApiToken | None:
    """The token that `text` is, with its technician narrowed to it; None when it is none, or not any more."""
    if not text.startswith(PREFIX):
        return None
    token = ApiToken.objects.select_related("technician", "made_by").filter(digest=_digest(text)).first()
    now = clock.now()
    if token is None or token.revoked_at is not None or token.expires_at <= now or not token.technician.is_active:
        return None
    if token.last_used_at is None or token.last_used_at <= now - _NOTED_EVERY or token.last_used_from != address:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_from=address[:64])
    groups = token.customer_group_ids
    token.technician.bounds = Bounds(
        permissions=frozenset(token.permissions),
        customer_group_ids=None if groups is None else frozenset(groups),
    )
    return token


def revoke_token(*, actor: Actor, technician: Technician, token_id: uuid.UUID) -> ApiToken:
    """End a token: one's own, or anybody's for those who manage technicians.

    Raises:
        NotAllowed: their role does not include tokens.
        NotHere: no such token, or a colleague's.
        Conflict: it was revoked already.
    """
    require_permission(technician, Permission.API_TOKENS_MANAGE)
    with transaction.atomic():
        token = manageable_tokens(technician).select_for_update(of=("self",)).filter(pk=token_id).first()
        if token is None:
            raise NotHere("There is no such token.")
        if token.revoked_at is not None:
            raise Conflict("This token was revoked already.", remedy="Nothing more is to do.")
        _revoke(actor, token)
    return token


def revoke_of(*, actor: Actor, technician: Technician, why: str) -> int:
    """End the tokens of somebody who is switched off, and those they made for service accounts: they know them.

    Returns how many; call it inside the transaction of the change.
    """
    theirs = Q(technician=technician) | Q(made_by=technician)
    return _revoke_every(actor, theirs, why)


def revoke_made_by(*, actor: Actor, technician: Technician) -> int:
    """End the tokens that somebody made for service accounts which they may not manage any more; returns how many.

    They held them in their hands, so they would keep what their role has lost.
    """
    made = ApiToken.objects.filter(made_by=technician, revoked_at=None).select_related("technician")
    beyond = [token.pk for token in made if isinstance(may_manage(technician, token.technician), Denied)]
    return _revoke_every(actor, Q(pk__in=beyond), f"{technician.display_name}, who made it, has another role.")


def revoke_all(*, actor: Actor, why: str) -> int:
    """End every token of everybody, as the emergency stop does; returns how many."""
    return _revoke_every(actor, Q(), why)


def forget_answers() -> int:
    """Drop the answers whose time is over; returns how many."""
    return KeptAnswer.objects.filter(created_at__lte=clock.now() - KEPT_FOR).delete()[0]


def _revoke_every(actor: Actor, wanted: Q, why: str) -> int:
    with transaction.atomic():
        rows = ApiToken.objects.select_for_update(of=("self",)).select_related("technician")
        live = list(rows.filter(wanted, revoked_at=None).order_by("pk"))
        for token in live:
            _revoke(actor, token, why)
    return len(live)


def _revoke(actor: Actor, token: ApiToken, why: str = "") -> None:
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    audit.record(actor=actor, action=ApiEvent.TOKEN_REVOKED, about=_about(token), summary=why or "It works no more.")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _about(token: ApiToken) -> About:
    return About(
        target_kind="token",
        target_id=str(token.pk),
        target_name=f"{token.name} ({token.technician.display_name})"[:320],
    )
