"""Addresses of the technicians domain."""

from django.urls import URLPattern

app_name = "technicians"
urlpatterns: list[URLPattern] = []
