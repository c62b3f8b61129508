"""Making, opening and revoking links."""

import datetime as dt
import secrets
import uuid
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse

from tenantry.audit.actions import About, record
from tenantry.customers.queries import Customer, get_customer
from tenantry.handover.events import HandoverEvent
from tenantry.handover.models import Link
from tenantry.handover.queries import digest
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotHere
from tenantry.technicians.models import Technician
from tenantry.tenants.models import AppKind
from tenantry.tenants.queries import connection_of

LONGEST_DAYS: Final = 14
_TOKEN_BYTES: Final = 32


def make_link(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, app: AppKind, days: int) -> str:
    """Make a page for the customer's administrator; returns its address, which cannot be shown again.

    Raises:
        NotHere: no such customer or connection.
        Invalid: fewer than one or more than `LONGEST_DAYS` days.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection = connection_of(customer.pk, app=app)
    if connection is None:
        raise NotHere("This customer has no such connection.")
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid(f"A page lives for 1 to {LONGEST_DAYS} days.", field="days")
    token, now = secrets.token_urlsafe(_TOKEN_BYTES), clock.now()
    with transaction.atomic():
        link = Link.objects.create(
            token_digest=digest(token),
            customer=customer,
            tenant_id=connection.tenant_id,
            app=app,
            made_by=technician.display_name,
            created_at=now,
            expires_at=now + dt.timedelta(days=days),
        )
        record(
            actor=actor,
            action=HandoverEvent.LINK_MADE,
            about=_about(link, customer),
            summary=f"A page for the customer's administrator was made; it ends {link.expires_at:%Y-%m-%d %H:%M} UTC.",
        )
    return f"{settings.PUBLIC_URL}{reverse('handover:page', args=[token])}"


def revoke_link(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, link_id: uuid.UUID) -> None:
    """End a page now; doing it twice changes nothing.

    Raises:
        NotHere: no such customer or page.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    link = Link.objects.filter(pk=link_id, customer_id=customer.pk).first()
    if link is None:
        raise NotHere("There is no such page.")
    with transaction.atomic():
        if Link.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=clock.now()):
            record(
                actor=actor,
                action=HandoverEvent.LINK_REVOKED,
                about=_about(link, customer),
                summary="The page for the customer's administrator was revoked.",
            )


def note_opened(*, actor: Actor, link: Link) -> None:
    """Count an opening; the first one is recorded."""
    now = clock.now()
    with transaction.atomic():
        Link.objects.filter(pk=link.pk).update(
            opened_count=F("opened_count") + 1, opened_at=Coalesce(F("opened_at"), now)
        )
        if link.opened_at is None:
            record(
                actor=actor,
                action=HandoverEvent.LINK_OPENED,
                about=_about(link, link.customer),
                summary="The page for the customer's administrator was opened for the first time.",
            )


def _about(link: Link, customer: Customer) -> About:
    return About(
        customer_id=customer.pk,
        customer_name=customer.name,
        tenant_id=link.tenant_id,
        target_kind="handover_page",
        target_id=str(link.pk),
        target_name=f"{customer.name} ({AppKind(link.app).label})",
    )
