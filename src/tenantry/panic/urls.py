"""Addresses of the emergency stop."""

from django.urls import path

from tenantry.panic import views

app_name = "panic"
urlpatterns = [
    path("settings/emergency-stop/", views.page, name="page"),
    path("settings/emergency-stop/lift/", views.lift, name="lift"),
]
