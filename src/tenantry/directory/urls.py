"""Addresses of the directory domain."""

from django.urls import path

from tenantry.directory import views

_customer = "customers/<uuid:customer_id>/users"

app_name = "directory"
urlpatterns = [
    path("users/", views.search, name="search"),
    path(f"{_customer}/", views.users, name="users"),
    path(f"{_customer}/read/", views.sync, name="sync"),
    path(f"{_customer}/<uuid:object_id>/", views.user, name="user"),
    path(f"{_customer}/<uuid:object_id>/groups/", views.groups, name="groups"),
]
