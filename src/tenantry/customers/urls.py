"""Addresses of the customers domain."""

from django.urls import URLPattern

app_name = "customers"
urlpatterns: list[URLPattern] = []
