"""Addresses of the page of tokens; those of the API itself are in `assembly`."""

from django.urls import path

from tenantry.api import views

app_name = "tokens"

urlpatterns = [
    path("settings/tokens/", views.page, name="page"),
    path("settings/tokens/<uuid:token_id>/revoke/", views.revoke, name="revoke"),
]
