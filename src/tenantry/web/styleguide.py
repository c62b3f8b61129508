"""Every component on sample pages, for whoever builds or judges a screen. Only in debug and demo deployments."""

import dataclasses
import datetime as dt

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenantry.kit import clock

_PAGES = frozenset({"components", "customers", "customer", "user", "door", "story"})

ROLE_LIMITS = {
    "paa": "Resets, blocks and unblocks everyone, Global Administrators included.",
    "ua": "The least role that resets and blocks people who are not administrators.",
    "pa": "Resets only; cannot block or unblock.",
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Person:
    display_name: str
    email: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    name: str
    domain: str
    kind: str
    word: str
    path: str
    users: int | None
    read_at: dt.datetime | None


class SampleForm(forms.Form):
    """One of every control."""

    name = forms.CharField(label="Name", help_text="As it stands on their invoices.", max_length=200)
    email = forms.EmailField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    domain = forms.CharField(label="Domain", required=False)
    tenant_id = forms.UUIDField(label="Tenant id", error_messages={"invalid": "A tenant id is a GUID."})
    size = forms.ChoiceField(label="Size", choices=[("s", "Up to 50 people"), ("l", "More than 50 people")])
    notes = forms.CharField(label="Notes", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    role = forms.ChoiceField(
        label="Role of the enterprise app",
        choices=[
            ("paa", "Privileged Authentication Administrator"),
            ("ua", "User Administrator"),
            ("pa", "Password Administrator"),
        ],
        widget=forms.RadioSelect,
    )
    must_change = forms.BooleanField(
        label="Must change it at the next sign-in", required=False, help_text="They choose their own password then."
    )
    revoke = forms.BooleanField(
        label="Sign them out everywhere", required=False, help_text="Sessions end within an hour, most at once."
    )
    password = forms.CharField(label="New password", widget=forms.PasswordInput(attrs={"autocomplete": "off"}))
    file = forms.FileField(label="List to import", required=False)
    closed = forms.CharField(label="Set by Microsoft", disabled=True, initial="90 days", required=False)


def _rows(now: dt.datetime) -> list[_Row]:
    """Customers with short, long and far-away names, one in each state."""
    ago = dt.timedelta
    return [
        _Row("Bluefin Dental", "bluefin.example", "good", "Ready", "Direct", 148, now - ago(minutes=2)),
        _Row("Café Zoë", "cafezoe.example", "wait", "Propagating, 11 min left", "Direct", 23, now - ago(seconds=9)),
        _Row(
            "Kestrel Logistics International Freight Forwarding and Warehousing Group Holdings",
            "kestrel-logistics-international-freight-forwarding.onmicrosoft.example",
            "bad",
            "Needs attention: role is eligible, not active",
            "PIM",
            12_204,
            now - ago(minutes=4),
        ),
        _Row("Őrség Borászat", "orseg.example", "good", "Ready", "Group", 61, now - ago(hours=3)),
        _Row("株式会社みらい商事", "mirai.example", "info", "Consented", "", 310, now - ago(days=2)),
        _Row("مؤسسة النخيل للتجارة", "alnakheel.example", "bad", "Re-consent needed", "Direct", 380, now - ago(days=1)),
        _Row("Parkside School", "no tenant yet", "mute", "Not connected", "", None, None),
    ]


@login_not_required
@require_GET
def show(request: HttpRequest, page: str = "components") -> HttpResponse:
    """Show a sample page.

    Raises:
        Http404: in a deployment that is neither debug nor demo, or for a page that is not there.
    """
    if not (settings.DEBUG or settings.IS_DEMO) or page not in _PAGES:
        raise Http404
    now = clock.now()
    wrong = SampleForm({"name": "", "tenant_id": "kestrel", "size": "s", "role": "ua"}, auto_id="wrong_%s")
    context = {
        "nav": "users" if page == "user" else "customers",
        "rows": _rows(now),
        "form": SampleForm(initial={"role": "paa", "must_change": True, "revoke": True}),
        "wrong_form": wrong,
        "role_limits": ROLE_LIMITS,
        "person": _Person("Alice Moreau", "alice@msp.example"),
        "now": now,
        "earlier": now - dt.timedelta(days=11, hours=3),
        "later": now + dt.timedelta(minutes=11),
        "soon": now + dt.timedelta(seconds=80),
    }
    return render(request, f"tenantry/styleguide/{page}.html", context)
