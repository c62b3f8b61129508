"""Addresses of the web domain."""

from django.urls import path

from tenantry.web import help as help_pages
from tenantry.web import styleguide

app_name = "web"
urlpatterns = [
    path("help/errors/", help_pages.errors, name="help-errors"),
    path("styleguide/", styleguide.show, name="styleguide"),
    path("styleguide/<slug:page>/", styleguide.show, name="styleguide-page"),
]
