"""What stands under "This console" on the settings page: what the deployment has to set, for whoever may."""

import dataclasses
from typing import Final

from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A line that leads to a page.

    Attributes:
        title: what it is.
        about: one sentence.
        icon: a Lucide icon.
        url_name: where it leads.
        permission: who sees it.
    """

    title: str
    about: str
    icon: str
    url_name: str
    permission: Permission


ENTRIES: Final = (
    Entry(
        "Rules",
        "Who may do what to which kind of account, and after which proof.",
        "shield-check",
        "safeguards:rules",
        Permission.SETTINGS_RULES_READ,
    ),
    Entry(
        "Verifying callers",
        "How somebody on the telephone proves who they are, and who sends the codes.",
        "phone-call",
        "verification:settings",
        Permission.SETTINGS_VERIFICATION,
    ),
    Entry(
        "Emergency stop",
        "Stops every change in every tenant, and signs everybody out.",
        "octagon-x",
        "panic:page",
        Permission.SETTINGS_PANIC,
    ),
    Entry(
        "Technicians",
        "Colleagues: invitations, roles, second factors, and the end of an account.",
        "users",
        "technicians:people",
        Permission.TECHNICIANS_READ,
    ),
    Entry("Teams", "Who looks after the same customers.", "users-round", "technicians:teams", Permission.TEAMS_MANAGE),
    Entry(
        "Customer groups",
        "Which customers belong together, and which teams see them.",
        "boxes",
        "customers:groups",
        Permission.CUSTOMERS_GROUP,
    ),
    Entry(
        "Notifications",
        "Where alerts go: mail and webhooks.",
        "bell",
        "notifications:channels",
        Permission.SETTINGS_CHANNELS,
    ),
    Entry(
        "The record",
        "Whether it is whole, who keeps its anchors, and how long it is kept.",
        "scroll-text",
        "custody:page",
        Permission.SETTINGS_AUDIT,
    ),
    Entry(
        "Streams of the record",
        "Sends every event to a webhook or a syslog server as it happens.",
        "radio-tower",
        "streams:page",
        Permission.SETTINGS_AUDIT,
    ),
    Entry(
        "API tokens",
        "For programs that work in your name through the REST API.",
        "key-round",
        "tokens:page",
        Permission.API_TOKENS_MANAGE,
    ),
    Entry(
        "App registrations",
        "The two apps in your own tenant that customers consent to, and their certificates.",
        "app-window",
        "registrations:apps",
        Permission.SETTINGS_APPS,
    ),
)


def entries_for(technician: Technician) -> list[Entry]:
    """The lines that `technician` may open."""
    return [entry for entry in ENTRIES if technician.may(entry.permission)]
