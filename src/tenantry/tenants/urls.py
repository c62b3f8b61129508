"""Addresses of the tenants domain."""

from django.urls import URLPattern

app_name = "tenants"
urlpatterns: list[URLPattern] = []
