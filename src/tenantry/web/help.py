"""Looking up an error code in the catalogue of explained errors."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenantry.graph.explained import CATALOGUE, explain_code, lookup
from tenantry.kit.needs import own_account

_LONGEST_SEARCH = 2000
"""A whole error message may be pasted; more than this is none."""


@own_account
@require_GET
def errors(request: HttpRequest) -> HttpResponse:
    """The catalogue, or what of it answers to `?q=`: a code, a number, a pasted message, or words."""
    query = request.GET.get("q", "")[:_LONGEST_SEARCH].replace("\x00", "").strip()
    found = list(lookup(query)) if query else []
    looks_like_a_code = bool(query) and " " not in query
    return render(
        request,
        "tenantry/help/errors.html",
        {
            "nav": "settings",
            "query": query,
            "found": found,
            "unknown": explain_code(query) if query and not found and looks_like_a_code else None,
            "catalogue": CATALOGUE,
        },
    )
