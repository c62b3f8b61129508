"""The front door and the page for a failed CSRF check."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def home(request: HttpRequest) -> HttpResponse:
    """Customers are where work starts."""
    del request
    return redirect("customers:list")


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say in plain words why a form was not accepted, and what to do; `reason` is Django's, for the log only."""
    del reason
    return render(request, "403_csrf.html", status=403)
