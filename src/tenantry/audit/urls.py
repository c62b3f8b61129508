"""Addresses of the audit domain."""

from django.urls import URLPattern

app_name = "audit"
urlpatterns: list[URLPattern] = []
