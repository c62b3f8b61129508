"""Watching the end of our own certificates: told before the day on which no tenant can be reached any more."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.urls import reverse

from tenantry.audit.actions import About, record
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.notifications.actions import raise_alert, resolve_alert
from tenantry.notifications.models import AlertKind, Severity
from tenantry.notifications.queries import open_code
from tenantry.registrations.events import RegistrationEvent
from tenantry.registrations.queries import Standing, standings

_LAST_WARNING: Final = dt.timedelta(days=7)
_WATCHER: Final = system("credential watch")


def watch_certificates() -> None:
    """Compare the end of each certificate in use with what was told; tells each step towards it once, and its end.

    Told are: less than `policies.EXPIRY_WARNING` left, less than a week left, expired. A client secret does not say
    when it ends, so nothing can be told of it before Microsoft refuses it.
    """
    for ours in standings():
        watch(ours, actor=_WATCHER)


def watch(ours: Standing, *, actor: Actor) -> None:
    """The same for one of our apps, e.g. right after its certificate was renewed."""
    with transaction.atomic():
        told = open_code(tenant_id=None, kind=AlertKind.CREDENTIAL_EXPIRING, key=str(ours.app))
        if ours.not_after is not None and ours.is_set_up and ours.is_ending:
            _tell(ours, ours.not_after, told=told, actor=actor)
        elif told is not None:
            resolution = "Another certificate is in use." if ours.is_set_up else "The app is not used any more."
            record(
                actor=actor,
                action=RegistrationEvent.EXPIRY_OVER,
                about=_about(ours),
                summary=f"Over: our certificate was near its end ({ours.title}). {resolution}",
            )
            resolve_alert(tenant_id=None, kind=AlertKind.CREDENTIAL_EXPIRING, key=str(ours.app), resolution=resolution)


def _tell(ours: Standing, ends_at: dt.datetime, *, told: str | None, actor: Actor) -> None:
    left = ends_at - clock.now()
    step = "expired" if left <= dt.timedelta(0) else "last_week" if left <= _LAST_WARNING else "near"
    # With its end in the code, another certificate that is near its end as well is news.
    code = f"{step}:{ends_at:%Y-%m-%d}"
    when = f"{ends_at.day} {ends_at:%b %Y, %H:%M} UTC"
    verb = "expired" if step == "expired" else "expires"
    cause = (
        f"The certificate of the {ours.title} {verb} on {when}. "
        + ("No" if step == "expired" else "From then on no")
        + " tenant can be reached with it."
    )
    fix = (
        "Upload a new certificate to the app registration beside the old one, then put it into the settings."
        if ours.is_in_settings
        else "Run `tenantry credential rotate`: the old certificate stays valid until the new one is proven."
        if step != "expired"
        else "Run `tenantry apps mend` on the console's host; an administrator of your own tenant signs in for it."
    )
    if code != told:
        record(
            actor=actor,
            action=RegistrationEvent.EXPIRY_FOUND,
            about=_about(ours),
            summary=cause,
            details={"step": step, "ends_at": ends_at.isoformat(), "fix": fix},
        )
    raise_alert(
        customer_id=None,
        tenant_id=None,
        kind=AlertKind.CREDENTIAL_EXPIRING,
        key=str(ours.app),
        code=code,
        severity=Severity.WARNING if step == "near" else Severity.CRITICAL,
        title=f"Our certificate {verb} on {when} ({ours.title})",
        cause=cause,
        fix=fix,
        who="you, who run this console",
        link=reverse("registrations:apps"),
    )


def _about(ours: Standing) -> About:
    return About(target_kind="app_registration", target_id=str(ours.app), target_name=ours.title)
