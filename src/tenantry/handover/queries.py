"""Reading links, and what a script for a connection is to do."""

import datetime as dt
import hashlib
import uuid

from django.conf import settings

from tenantry.graph.apps import App, registration
from tenantry.handover.models import Link
from tenantry.handover.scripts import Errand, Road
from tenantry.kit import clock
from tenantry.kit.errors import NotHere
from tenantry.roads.actions import Holder
from tenantry.roads.policies import renew_within
from tenantry.tenants.models import AppKind
from tenantry.tenants.queries.overview import Overview


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def live_link(token: str) -> Link:
    """The link that a token opens now.

    Raises:
        NotHere: unknown, ended or revoked; nobody is told which.
    """
    found = (
        Link.objects.filter(token_digest=digest(token), revoked_at=None, expires_at__gt=clock.now())
        .select_related("customer")
        .first()
    )
    if found is None:
        raise NotHere("There is no such page.")
    return found


def opens(link_id: uuid.UUID) -> bool:
    """Whether a link opens anything at this moment."""
    return Link.objects.filter(pk=link_id, revoked_at=None, expires_at__gt=clock.now()).exists()


def holder_of(link: Link) -> Holder:
    """Whoever holds the link, as the roads know them."""
    return Holder(
        link_id=link.pk,
        made_by=link.made_by,
        customer=link.customer,
        tenant_id=link.tenant_id,
        app=AppKind(link.app),
        still_opens=lambda: opens(link.pk),
    )


def live_links(customer_id: uuid.UUID, app: str) -> list[Link]:
    """The links of a road that still open something, the newest first."""
    rows = Link.objects.filter(customer_id=customer_id, app=app, revoked_at=None, expires_at__gt=clock.now())
    return list(rows.order_by("-created_at", "-id"))


def errand_of(overview: Overview) -> Errand:
    """What a script is to do for a connection, as the last look found its tenant.

    Raises:
        NotHere: there is no connection.
    """
    connection = overview.connection
    if connection is None:
        raise NotHere("This customer has no such connection.")
    rules = overview.rules
    return Errand(
        road=Road(connection.path),
        graph_url=settings.CLOUD.graph_url,
        cloud=settings.CLOUD.name,
        tenant_id=str(connection.tenant_id),
        tenant_name=connection.tenant.display_name or connection.tenant.primary_domain,
        app_id=registration(App(connection.app)).client_id,
        app_name=connection.app_display_name,
        role_id=str(connection.wanted_role_id).lower(),
        role_name=overview.wanted_role,
        group_name=overview.group_name,
        by_pim=overview.pim is not None and overview.pim.is_available,
        duration=rules.maximum_duration if rules is not None and not rules.allows_permanent else "",
        renew_within_hours=int(renew_within(rules) / dt.timedelta(hours=1)),
        needs_ticket=rules is not None and rules.needs_ticket,
        justification=overview.suggested_justification,
    )
