"""The entries of the navigation and which of them a page belongs to."""

import dataclasses
import functools

from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation.

    Attributes:
        key: what a page puts into the context as `nav` to claim the entry.
        label: the word shown.
        icon: a Lucide icon.
        url_name: where it leads.
        path: where it leads while nothing answers to `url_name`.
        namespaces: URL namespaces whose pages belong to it.
    """

    key: str
    label: str
    icon: str
    url_name: str
    path: str
    namespaces: frozenset[str]


ENTRIES = (
    Entry(
        "customers",
        "Customers",
        "building-2",
        "customers:list",
        "/customers/",
        frozenset({"customers", "tenants", "roads", "handover"}),
    ),
    Entry("readiness", "Readiness", "gauge", "tenants:readiness", "/readiness/", frozenset()),
    Entry("alerts", "Alerts", "bell", "notifications:alerts", "/alerts/", frozenset({"notifications"})),
    Entry(
        "users", "Users", "users", "directory:search", "/users/", frozenset({"directory", "helpdesk", "verification"})
    ),
    Entry("approvals", "Approvals", "users-round", "safeguards:requests", "/approvals/", frozenset({"safeguards"})),
    Entry("activity", "Activity", "history", "audit:activity", "/activity/", frozenset({"audit"})),
    Entry(
        "settings",
        "Settings",
        "settings-2",
        "technicians:settings",
        "/settings/",
        frozenset({"technicians", "registrations", "streams"}),
    ),
)
_ACCOUNT_PREFIXES = ("account_", "mfa_")
"""allauth's pages have no namespace; they belong to the settings."""


def address(url_name: str, fallback: str) -> str:
    """The URL called `url_name`, or `fallback` while no such page exists."""
    return _address(url_name, fallback, get_script_prefix(), get_urlconf())


@functools.cache
def _address(url_name: str, fallback: str, *where: str | None) -> str:
    """Each page asks for some twenty; they change with what is in `where` alone."""
    del where
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return fallback


def current(request: HttpRequest | None) -> str:
    """The key of the entry the requested page belongs to; empty when to none."""
    match = request.resolver_match if request is not None else None
    if match is None:
        return ""
    if not match.namespaces and (match.url_name or "").startswith(_ACCOUNT_PREFIXES):
        return "settings"
    return next((entry.key for entry in ENTRIES if entry.namespaces.intersection(match.namespaces)), "")
