"""The page behind an invitation, open to strangers."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tenantry.kit.sealed import Secret
from tenantry.technicians import queries
from tenantry.technicians.errors import LinkUnusable
from tenantry.technicians.models import LinkPurpose
from tenantry.technicians.queries import LinkState
from tenantry.technicians.recording import network_address
from tenantry.technicians.staff import inviting
from tenantry.technicians.staff.forms import JoinForm
from tenantry.technicians.views import dead_link, sign_in, without_path_in_referrers


@login_not_required
@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Take an invitation: opening the page changes nothing, its form makes the account theirs and signs in."""
    found = queries.find_link(token=token, purpose=LinkPurpose.INVITATION)
    if found.state != LinkState.READY or found.link is None or found.link.technician is None:
        return dead_link(request, LinkUnusable(found.state), kind="invitation")
    technician = found.link.technician
    form = JoinForm(request.POST if request.method == "POST" else None, technician=technician)
    if request.method == "POST" and form.is_valid():
        try:
            joined = inviting.join(
                token=token,
                display_name=form.cleaned_data["display_name"],
                password=Secret(form.cleaned_data["password1"]),
                network_address=network_address(request),
            )
        except LinkUnusable as refusal:
            return dead_link(request, refusal, kind="invitation")
        return without_path_in_referrers(sign_in(request, joined))
    context = {"form": form, "technician": technician}
    status = 400 if form.errors else 200
    return without_path_in_referrers(render(request, "technicians/join.html", context, status=status))
