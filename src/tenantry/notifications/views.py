"""Pages of alerts, and where alerts go."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from tenantry.customers.queries import get_customer
from tenantry.kit.errors import Invalid, NotHere
from tenantry.kit.needs import needs
from tenantry.kit.sealed import Secret
from tenantry.notifications import actions, queries
from tenantry.notifications.forms import MailForm, WebhookForm
from tenantry.notifications.models import AlertChannel, AlertKind, AlertState, DeliveryState
from tenantry.notifications.sending import mail
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import step_up

_CHECKABLE = frozenset({AlertKind.CONNECTION, AlertKind.TENANT_GONE, AlertKind.ROLE_END_NEAR, AlertKind.LICENCE_LOST})
"""Kinds that a look at the connection can prove or end."""
_TONES = {DeliveryState.DELIVERED: "good", DeliveryState.FAILED: "bad", DeliveryState.DROPPED: "mute"}


@needs(Permission.ALERTS_READ)
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """Open alerts, or resolved ones; of all customers or of one."""
    technician = technician_of(request)
    state = AlertState.RESOLVED if request.GET.get("show") == "resolved" else AlertState.OPEN
    customer = None
    try:
        if request.GET.get("customer"):
            customer = get_customer(technician=technician, customer_id=uuid.UUID(request.GET["customer"]))
    except ValueError as error:
        raise NotHere("There is no such customer.") from error
    customer_id = customer.pk if customer else None
    page = queries.list_alerts(
        technician=technician, state=state, customer_id=customer_id, after=request.GET.get("after", "")
    )
    context = {
        "page": page,
        "rows": [(alert, alert.tenant_id is not None and alert.kind in _CHECKABLE) for alert in page.alerts],
        "show": str(state),
        "customer": customer,
        "open_count": queries.count_open(technician, customer_id=customer_id),
        "failing": queries.failing_channels() if technician.may(Permission.SETTINGS_CHANNELS) else [],
        "has_channels": bool(queries.list_channels()),
        "may_channel": technician.may(Permission.SETTINGS_CHANNELS),
    }
    return render(request, "notifications/alerts.html", context)


@needs(Permission.ALERTS_ACKNOWLEDGE)
@require_POST
def acknowledge(request: HttpRequest, alert_id: uuid.UUID) -> HttpResponse:
    """Take an alert on."""
    alert = actions.acknowledge(actor=actor_of(request), technician=technician_of(request), alert_id=alert_id)
    messages.success(request, f"You have taken on: {alert.title}")
    customer = request.POST.get("customer", "")
    back = reverse("notifications:alerts")
    return redirect(f"{back}?customer={uuid.UUID(customer)}" if _is_uuid(customer) else back)


@needs(Permission.SETTINGS_CHANNELS)
@require_GET
@never_cache
def channels(request: HttpRequest) -> HttpResponse:
    """Where alerts go."""
    return _show(request)


@needs(Permission.SETTINGS_CHANNELS)
@require_GET
@never_cache
def deliveries(request: HttpRequest, channel_id: uuid.UUID) -> HttpResponse:
    """What was sent through one channel, how often it was tried, and what came of it."""
    channel, rows = queries.deliveries_of(channel_id)
    return render(
        request,
        "notifications/deliveries.html",
        {
            "nav": "settings",
            "channel": channel,
            "rows": [(row, _TONES.get(DeliveryState(row.state), "wait")) for row in rows],
        },
    )


@needs(Permission.SETTINGS_CHANNELS)
@require_POST
@step_up
@never_cache
def add_mail(request: HttpRequest) -> HttpResponse:
    """Add addresses."""
    form = MailForm(request.POST)
    if form.is_valid():
        try:
            channel = actions.add_mail(
                actor=actor_of(request), technician=technician_of(request), addresses=form.wanted()
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, f"Alerts go to {channel.target} from now on. Press Test to see that they arrive.")
            return redirect("notifications:channels")
    return _show(request, mail_form=form, status=400)


@needs(Permission.SETTINGS_CHANNELS)
@require_POST
@step_up
@never_cache
@sensitive_post_parameters("url")
def add_webhook(request: HttpRequest) -> HttpResponse:
    """Add a webhook, and show its signing secret this once."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            channel, secret = actions.add_webhook(
                actor=actor_of(request), technician=technician_of(request), url=form.cleaned_data["url"]
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            return _show(request, shown=(channel, secret))
    return _show(request, webhook_form=form, status=400)


@needs(Permission.SETTINGS_CHANNELS)
@require_POST
@step_up
@never_cache
def renew_secret(request: HttpRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Make a new signing secret, and show it this once."""
    shown = actions.renew_secret(actor=actor_of(request), technician=technician_of(request), channel_id=channel_id)
    return _show(request, shown=shown)


@needs(Permission.SETTINGS_CHANNELS)
@require_POST
def test(request: HttpRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Send a real message and say how it went."""
    delivery = actions.send_test(actor=actor_of(request), technician=technician_of(request), channel_id=channel_id)
    if delivery.state == "delivered":
        messages.success(request, f"The test was sent. {delivery.outcome}.")
    else:
        messages.error(request, f"The test was not delivered. {delivery.outcome}")
    return redirect("notifications:channels")


@needs(Permission.SETTINGS_CHANNELS)
@require_POST
@step_up
def remove(request: HttpRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Remove a channel."""
    actions.remove_channel(actor=actor_of(request), technician=technician_of(request), channel_id=channel_id)
    messages.success(request, "The channel was removed. Nothing more is sent there.")
    return redirect("notifications:channels")


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _show(
    request: HttpRequest,
    *,
    mail_form: MailForm | None = None,
    webhook_form: WebhookForm | None = None,
    shown: tuple[AlertChannel, Secret] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "nav": "settings",
        "channels": queries.list_channels(),
        "mail_form": mail_form or MailForm(),
        "webhook_form": webhook_form or WebhookForm(),
        "has_mail_server": mail.is_set_up(),
        "new_channel": shown[0] if shown else None,
        "new_secret": shown[1].reveal() if shown else "",
    }
    return render(request, "notifications/channels.html", context, status=status)
