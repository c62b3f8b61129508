"""Alerts about connections: raised and resolved in the transaction in which the state changes, once for each change.

What stops a connection is one alert for each connection, whose cause may change: `tell_change` follows the state. What
will stop it, or only should be known, has an alert of its own: `tell_drift` follows the news of drift. A credential of
our own that Microsoft refuses is one alert of the whole deployment, not one for every tenant; a tenant that is gone is
one alert of the tenant, not one for each of our apps.
"""

import hashlib
from typing import Final

from tenantry.notifications.actions import raise_alert, resolve_alert
from tenantry.notifications.models import AlertKind, Severity
from tenantry.tenants.actions.drifting import DriftNews, on_drift
from tenantry.tenants.models import Connection, ConnectionState, PimStatus
from tenantry.tenants.policies import Drift, Standing, Trouble

_SEVERITY: Final = {
    ConnectionState.OFFLINE: Severity.CRITICAL,
    ConnectionState.DEGRADED: Severity.CRITICAL,
    ConnectionState.NEEDS_ATTENTION: Severity.WARNING,
    ConnectionState.RECONSENT_NEEDED: Severity.WARNING,
}
"""States that raise an alert. A role that was never there is part of the set-up, which somebody is at already."""

_TOLD_ELSEWHERE: Final = frozenset({Trouble.OUR_CREDENTIAL, Trouble.TENANT_GONE})
"""Troubles with an alert of their own, which is not about the connection of one app."""

_SAYS_NOTHING: Final = frozenset({Trouble.UNREACHABLE, Trouble.OUR_CREDENTIAL})
"""Troubles under which nobody can know whether a tenant is there."""

_KIND_OF_DRIFT: Final = {
    Drift.ROLE_ENDS_IN_14_DAYS: AlertKind.ROLE_END_NEAR,
    Drift.ROLE_ENDS_IN_3_DAYS: AlertKind.ROLE_END_NEAR,
    Drift.LICENCE_LOST: AlertKind.LICENCE_LOST,
    Drift.APP_RENAMED: AlertKind.APP_RENAMED,
}
"""Drifts that do not show in the state of the connection."""

_DRIFTS_OF_KIND: Final = {
    AlertKind.ROLE_END_NEAR: (Drift.ROLE_ENDS_IN_14_DAYS, Drift.ROLE_ENDS_IN_3_DAYS),
    AlertKind.LICENCE_LOST: (Drift.LICENCE_LOST,),
}


def tell_change(connection: Connection, standing: Standing, *, before: str, code_before: str) -> None:
    """Raise, change or resolve the connection's alert after its state or the cause of it has changed.

    Args:
        connection: the locked row, with its tenant and customer.
        standing: where it stands now.
        before: its state before.
        code_before: the cause of that, by its stable name.
    """
    is_refused = standing.state == ConnectionState.NEEDS_ATTENTION  # its state is older than its alert: `note_refused`
    if (standing.state, standing.code) == (before, code_before) and not is_refused:
        return
    _tell_credential(connection, standing, code_before)
    _tell_gone(connection, standing)
    if standing.state != ConnectionState.OFFLINE:
        _end_what_no_longer_holds(connection)
    if standing.code in _TOLD_ELSEWHERE:
        return  # what stood about the tenant itself stays until the tenant can be asked again
    severity = _SEVERITY.get(standing.state)
    tenant = connection.tenant
    if severity is not None:
        raise_alert(
            customer_id=tenant.customer_id,
            customer_name=tenant.customer.name,
            tenant_id=tenant.tenant_id,
            tenant_name=tenant.primary_domain,
            kind=AlertKind.CONNECTION,
            key=connection.app,
            code=standing.code,
            severity=severity,
            title=f"{standing.state.label}: {tenant.primary_domain}",
            cause=standing.cause,
            fix=standing.fix,
            who=standing.who,
            link=f"/customers/{tenant.customer_id}/",
        )
    elif standing.state != ConnectionState.PROPAGATING:  # on the way back is not back
        resolve_alert(
            tenant_id=tenant.tenant_id,
            kind=AlertKind.CONNECTION,
            key=connection.app,
            resolution=f"{standing.state.label}. {standing.proof or standing.cause}".strip(),
        )


@on_drift
def tell_drift(news: DriftNews) -> None:
    """Raise an alert for a drift that the connection's state does not show; its end is found by `settle`."""
    kind = _KIND_OF_DRIFT.get(news.drift)
    if kind is None or news.is_over:
        return
    is_renamed = news.drift is Drift.APP_RENAMED
    named = f":{hashlib.sha256(news.cause.encode()).hexdigest()[:16]}" if is_renamed else ""  # another name is news
    raise_alert(
        customer_id=news.customer_id,
        customer_name=news.customer_name,
        tenant_id=news.tenant_id,
        tenant_name=news.tenant_name,
        kind=kind,
        key=news.app,
        code=f"{news.drift}{named}",
        severity=Severity.INFO if is_renamed else Severity.WARNING,
        title=f"{news.title}: {news.tenant_name}",
        cause=news.cause,
        fix=news.fix,
        who=news.who,
        link=_page_of(news, kind),
    )


def _page_of(news: DriftNews, kind: AlertKind) -> str:
    """Where it is mended: an assignment that ends is renewed on the road (done for them, or sent to them)."""
    customer = f"/customers/{news.customer_id}/"
    return f"{customer}road/{news.app}/" if kind is AlertKind.ROLE_END_NEAR else customer


def end_drift(connection: Connection, drifts_before: frozenset[str]) -> None:
    """Resolve what was told of drift and no longer holds, unless nothing can be known because the tenant is offline."""
    if frozenset(connection.drifts) != drifts_before and connection.state != ConnectionState.OFFLINE:
        _end_what_no_longer_holds(connection)


def _end_what_no_longer_holds(connection: Connection) -> None:
    for kind, names in _DRIFTS_OF_KIND.items():
        if not any(name in connection.drifts for name in names):
            resolve_alert(
                tenant_id=connection.tenant_id, kind=kind, key=connection.app, resolution="It no longer holds."
            )


def _tell_credential(connection: Connection, standing: Standing, code_before: str) -> None:
    if standing.code == Trouble.OUR_CREDENTIAL:
        raise_alert(
            customer_id=None,
            tenant_id=None,
            kind=AlertKind.OUR_CREDENTIAL,
            key=connection.app,
            code=standing.code,
            severity=Severity.CRITICAL,
            title="Microsoft refuses our own credential",
            cause=standing.cause,
            fix=standing.fix,
            who=standing.who,
        )
    elif code_before == Trouble.OUR_CREDENTIAL and standing.code != Trouble.UNREACHABLE:
        resolve_alert(
            tenant_id=None,
            kind=AlertKind.OUR_CREDENTIAL,
            key=connection.app,
            resolution="Microsoft accepts our credential again.",
        )


def _tell_gone(connection: Connection, standing: Standing) -> None:
    tenant = connection.tenant
    if standing.code == Trouble.TENANT_GONE:
        raise_alert(
            customer_id=tenant.customer_id,
            customer_name=tenant.customer.name,
            tenant_id=tenant.tenant_id,
            tenant_name=tenant.primary_domain,
            kind=AlertKind.TENANT_GONE,
            code=standing.code,
            severity=Severity.CRITICAL,
            title=f"Tenant gone: {tenant.primary_domain}",
            cause=standing.cause,
            fix=standing.fix,
            who=standing.who,
            link=f"/customers/{tenant.customer_id}/",
        )
    elif standing.code not in _SAYS_NOTHING:
        # Not only after "gone": an outage may have come between. Without an open alert nothing happens.
        resolve_alert(
            tenant_id=tenant.tenant_id, kind=AlertKind.TENANT_GONE, resolution="Microsoft knows the tenant again."
        )


def tell_pim(connection: Connection, *, was: PimStatus) -> None:
    """Tell that PIM became available in a tenant, or that it is over, after a certain answer other than the last.

    Args:
        connection: the locked row, with its tenant (whose `pim_known` is the new answer) and customer.
        was: the last certain answer before.
    """
    tenant = connection.tenant
    if tenant.pim_known != PimStatus.AVAILABLE:
        resolve_alert(
            tenant_id=tenant.tenant_id,
            kind=AlertKind.PIM_BECAME_AVAILABLE,
            resolution="PIM is not available any more.",
        )
    elif was == PimStatus.NOT_AVAILABLE:
        raise_alert(
            customer_id=tenant.customer_id,
            customer_name=tenant.customer.name,
            tenant_id=tenant.tenant_id,
            tenant_name=tenant.primary_domain,
            kind=AlertKind.PIM_BECAME_AVAILABLE,
            code=AlertKind.PIM_BECAME_AVAILABLE,
            severity=Severity.INFO,
            title=f"PIM became available: {tenant.primary_domain}",
            cause=f"{tenant.pim_reason} Roles that are assigned for good stay as they are.",
            fix="Nothing to do. From now on a role is assigned through PIM there, and must be made active; the steps "
            "on the customer's page show it.",
            who="nobody",
            link=f"/customers/{tenant.customer_id}/",
        )
