"""Every address of the console."""

from django.urls import include, path

from tenantry.api import assembly
from tenantry.web.site import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("tenantry.web.urls")),
    path("api/v1/", include((assembly.patterns(), "ninja"), namespace="api-v1")),
    path("", include("tenantry.api.urls")),
    path("settings/apps", include("tenantry.registrations.urls")),
    path("", include("tenantry.technicians.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("tenantry.customers.urls")),
    path("", include("tenantry.tenants.urls")),
    path("", include("tenantry.directory.urls")),
    path("", include("tenantry.panic.urls")),
    path("", include("tenantry.verification.urls")),
    path("", include("tenantry.safeguards.urls")),  # before the help desk, whose addresses end in any word
    path("", include("tenantry.helpdesk.urls")),
    path("", include("tenantry.roads.urls")),
    path("", include("tenantry.notifications.urls")),
    path("", include("tenantry.streams.urls")),
    path("", include("tenantry.custody.urls")),
    path("", include("tenantry.handover.urls")),
    path("activity/", include("tenantry.audit.urls")),
]
