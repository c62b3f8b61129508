"""Addresses of the page about the record itself."""

from django.urls import path

from tenantry.custody import views

app_name = "custody"
urlpatterns = [
    path("settings/record/", views.page, name="page"),
    path("settings/record/check/", views.check, name="check"),
]
