"""The front door and the page for a failed CSRF check."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from tenantry.kit.needs import own_account


@own_account
def home(request: HttpRequest) -> HttpResponse:
    """Customers are where work starts.

    A console on this machine's own address is also where Microsoft's public client comes back to after a sign-in: its
    only registered address is http://localhost, without a path.
    """
    if "state" in request.GET and ("code" in request.GET or "error" in request.GET):
        return redirect(f"{reverse('registrations:return')}?{request.GET.urlencode()}")
    return redirect("customers:list")


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say in plain words why a form was not accepted, and what to do; `reason` is Django's, for the log only."""
    del reason
    return render(request, "403_csrf.html", status=403)
