"""The page of streams: where the record is sent, and how far each receiver is."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.kit.sealed import Secret
from tenantry.streams import actions, queries
from tenantry.streams.forms import SyslogForm, WebhookForm
from tenantry.streams.models import Stream, StreamKind
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import step_up


@needs(Permission.SETTINGS_AUDIT)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Every receiver, and forms for another."""
    return _show(request)


@needs(Permission.SETTINGS_AUDIT)
@require_GET
@never_cache
def log(request: HttpRequest, stream_id: uuid.UUID) -> HttpResponse:
    """What was sent to one receiver, when, and what came of it."""
    only_failed = request.GET.get("show") == "failed"
    found = queries.log_of(stream_id, only_failed=only_failed, after=request.GET.get("after", ""))
    return render(
        request, "streams/log.html", {"log": found, "stream": found.standing.stream, "only_failed": only_failed}
    )


@needs(Permission.SETTINGS_AUDIT)
@require_POST
@step_up
@never_cache
@sensitive_post_parameters("url")
def add_webhook(request: HttpRequest) -> HttpResponse:
    """Add a webhook, and show its signing secret this once."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            shown = actions.add_webhook(
                actor=actor_of(request),
                technician=technician_of(request),
                url=form.cleaned_data["url"],
                whole=form.cleaned_data["whole"],
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            return _show(request, shown=shown)
    return _show(request, webhook_form=form, status=400)


@needs(Permission.SETTINGS_AUDIT)
@require_POST
@step_up
@never_cache
def add_syslog(request: HttpRequest) -> HttpResponse:
    """Add a syslog server."""
    form = SyslogForm(request.POST)
    if form.is_valid():
        try:
            stream = actions.add_syslog(
                actor=actor_of(request),
                technician=technician_of(request),
                kind=StreamKind(form.cleaned_data["kind"]),
                host=form.cleaned_data["host"],
                port=form.cleaned_data["port"],
                whole=form.cleaned_data["whole"],
            )
        except Invalid as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else "host", refusal.reason)
        else:
            messages.success(request, f"The record goes to {stream.target} from now on.")
            return redirect("streams:page")
    return _show(request, syslog_form=form, status=400)


@needs(Permission.SETTINGS_AUDIT)
@require_POST
def try_now(request: HttpRequest, stream_id: uuid.UUID) -> HttpResponse:
    """Try again without waiting for the end of the pause."""
    actions.try_now(technician=technician_of(request), stream_id=stream_id)
    messages.success(request, "It is tried again within a few seconds.")
    return redirect("streams:page")


@needs(Permission.SETTINGS_AUDIT)
@require_POST
@step_up
def remove(request: HttpRequest, stream_id: uuid.UUID) -> HttpResponse:
    """Remove a receiver."""
    actions.remove(actor=actor_of(request), technician=technician_of(request), stream_id=stream_id)
    messages.success(request, "The stream was removed. Nothing more is sent there.")
    return redirect("streams:page")


def _show(
    request: HttpRequest,
    *,
    webhook_form: WebhookForm | None = None,
    syslog_form: SyslogForm | None = None,
    shown: tuple[Stream, Secret] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "nav": "settings",
        "standings": queries.standings(),
        "webhook_form": webhook_form or WebhookForm(),
        "syslog_form": syslog_form or SyslogForm(),
        "new_stream": shown[0] if shown else None,
        "new_secret": shown[1].reveal() if shown else "",
    }
    return render(request, "streams/page.html", context, status=status)
