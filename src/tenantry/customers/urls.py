"""Addresses of the customers domain."""

from django.urls import path

from tenantry.customers import views

app_name = "customers"
urlpatterns = [
    path("", views.customer_list, name="list"),
    path("add/", views.add, name="add"),
    path("<uuid:customer_id>/", views.customer_page, name="page"),
    path("<uuid:customer_id>/rename/", views.rename, name="rename"),
    path("<uuid:customer_id>/passwords/", views.passwords, name="passwords"),
    path("<uuid:customer_id>/archive/", views.archive, name="archive"),
    path("<uuid:customer_id>/restore/", views.restore, name="restore"),
]
