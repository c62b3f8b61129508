"""Telling drift once per change: to the record, and to whoever wants to be alerted.

News goes through one place, `announce`. Another domain that alerts people registers with `on_drift`.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Final

from tenantry.audit.actions import record
from tenantry.kit.actor import Actor
from tenantry.tenants.actions.naming import about
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, PimStatus, Premium
from tenantry.tenants.policies import DRIFT_TITLES, Drift, Found, drift_app, drifts
from tenantry.tenants.queries import facts_of


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DriftNews:
    """One change, for the record and for alerts.

    Attributes:
        key: the same for the beginning and the end of one drift.
        customer_id: the customer.
        customer_name: its name.
        tenant_id: the tenant.
        drift: a `policies.Drift`.
        title: what happened, in a few words.
        cause: what happened and why; empty when it is over.
        fix: what to do.
        who: who must act.
        is_urgent: something does not work because of it.
        is_over: it no longer holds.
        app: which of our apps, as its connection names it.
        tenant_name: the tenant's domain.
    """

    key: str
    customer_id: uuid.UUID
    customer_name: str
    tenant_id: uuid.UUID
    drift: Drift
    title: str
    cause: str = ""
    fix: str = ""
    who: str = ""
    is_urgent: bool = True
    is_over: bool = False
    app: str = ""
    tenant_name: str = ""


_listeners: Final[list[Callable[[DriftNews], None]]] = []


def on_drift(listener: Callable[[DriftNews], None]) -> Callable[[DriftNews], None]:
    """Call `listener` with each piece of news, inside the transaction that changes the state."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def note_drift(connection: Connection, *, now: dt.datetime, actor: Actor) -> None:
    """Compare what holds now with what was told, on the locked row; the caller saves it."""
    tenant = connection.tenant
    holding = {
        found.drift: found
        for found in drifts(facts_of(connection), now, premium=Premium(tenant.premium), pim=PimStatus(tenant.pim_known))
    }
    known: dict[str, str] = connection.drifts
    for drift, found in holding.items():
        if drift not in known:
            _told(connection, found, actor=actor)
    for kept in known:
        if kept not in holding:
            _over(connection, Drift(kept), followed_by=frozenset(holding), actor=actor)
    told = {str(drift): known.get(drift) or now.isoformat() for drift in holding}
    if told != known:
        connection.drifts = told


def announce(connection: Connection, found: Found) -> None:
    """Tell whoever wants to be alerted of a change that is over as soon as it is told; the caller has recorded it."""
    news = dataclasses.replace(
        _news(connection, found.drift), cause=found.cause, fix=found.fix, who=found.who, is_urgent=found.is_urgent
    )
    for listener in _listeners:
        listener(news)


def _told(connection: Connection, found: Found, *, actor: Actor) -> None:
    record(
        actor=actor,
        action=TenantEvent.DRIFT_FOUND,
        about=about(connection),
        summary=f"{found.title} ({drift_app(_app(connection))}). {found.cause}",
        details={"drift": str(found.drift), "fix": found.fix, "who": found.who, "app": connection.app},
    )
    announce(connection, found)


def _over(connection: Connection, drift: Drift, *, followed_by: frozenset[Drift], actor: Actor) -> None:
    then = f" Now: {', '.join(sorted(DRIFT_TITLES[other] for other in followed_by))}." if followed_by else ""
    record(
        actor=actor,
        action=TenantEvent.DRIFT_OVER,
        about=about(connection),
        summary=f"Over: {DRIFT_TITLES[drift]} ({drift_app(_app(connection))}).{then}",
        details={"drift": str(drift), "app": connection.app},
    )
    news = dataclasses.replace(_news(connection, drift), is_over=True)
    for listener in _listeners:
        listener(news)


def _app(connection: Connection) -> AppKind:
    return AppKind(connection.app)


def _news(connection: Connection, drift: Drift) -> DriftNews:
    tenant = connection.tenant
    return DriftNews(
        key=f"drift:{drift}:{tenant.tenant_id}:{connection.app}",
        customer_id=tenant.customer_id,
        customer_name=tenant.customer.name,
        tenant_id=tenant.tenant_id,
        drift=drift,
        title=DRIFT_TITLES[drift],
        app=str(connection.app),
        tenant_name=tenant.primary_domain,
    )
