"""The page of our app registrations; for owners, a stranger finds nothing there."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tenantry.kit.errors import Invalid, Refusal
from tenantry.kit.needs import needs
from tenantry.registrations import by_hand
from tenantry.registrations.actions import signing_in
from tenantry.registrations.forms import WishForm
from tenantry.registrations.policies import differences_words
from tenantry.registrations.queries import standings
from tenantry.technicians.current import actor_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import step_up


@needs(Permission.SETTINGS_APPS)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Both registrations: how they stand, what differs, and how to make them."""
    both = standings()
    seen = next((ours.seen for ours in both if ours.seen), {})
    context = {
        "both": [(ours, by_hand.entries(ours.need)) for ours in both],
        "is_complete": all(ours.is_set_up for ours in both),
        "is_any_missing": any(not ours.is_set_up for ours in both),
        "is_mendable": any(item["can_mend"] for ours in both for item in ours.seen.get("differences", ())),
        "road": signing_in.road(),
        "tenant": seen.get("tenant_id", ""),
        "person": seen.get("by", ""),
        "public_url": settings.PUBLIC_URL,
    }
    return render(request, "registrations/apps.html", context)


@needs(Permission.SETTINGS_APPS)
@require_POST
@step_up
def sign_in(request: HttpRequest) -> HttpResponse:
    """Leave for Microsoft's sign-in page."""
    form = WishForm(request.POST)
    if not form.is_valid():
        raise Invalid("The form does not say what to do.", remedy="Reload the page and try again.")
    return HttpResponseRedirect(signing_in.start(session=request.session, wish=form.wish()))


@needs(Permission.SETTINGS_APPS)
@require_GET
@never_cache
def come_back(request: HttpRequest) -> HttpResponse:
    """Back from Microsoft. Only the sign-in that this browser began is taken, once."""
    try:
        sights = signing_in.end(session=request.session, answer=request.GET.dict(), actor=actor_of(request))
    except Refusal as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
        return redirect("registrations:apps")
    for sight in sights:
        if sight.found is None:
            messages.info(request, f"{sight.standing.title}: not registered in that tenant yet.")
        elif sight.differences:
            messages.warning(request, f"{sight.standing.title}: {differences_words(sight.differences)}.")
        else:
            messages.success(request, f"{sight.standing.title}: as it has to be.")
    return redirect("registrations:apps")
