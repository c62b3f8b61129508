"""The page about the record itself: whether it is whole, who keeps its anchors, how long it is kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from tenantry.audit.queries import standing as standing_of_chain
from tenantry.custody import queries
from tenantry.custody.actions import checking
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission


@needs(Permission.SETTINGS_AUDIT)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """How the record stands."""
    standing = queries.standing()
    context = {
        "nav": "settings",
        "standing": standing,
        "head": bytes(standing.newest.head).hex() if standing.newest else "",
        "chain": standing_of_chain(),
        "kept": queries.kept(),
        "retention_days": queries.retention_days(),
    }
    part = "#whole" if request.headers.get("HX-Target") == "whole" else ""
    return render(request, f"custody/record.html{part}", context)


@needs(Permission.SETTINGS_AUDIT)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Have all of it checked now."""
    checking.ask(actor=actor_of(request), technician=technician_of(request))
    messages.success(request, "The record is being checked. A hundred thousand events take a few seconds.")
    return redirect("custody:page")
