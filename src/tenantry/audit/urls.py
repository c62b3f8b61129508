"""Addresses of the record, under /activity/."""

from django.urls import path

from tenantry.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.activity, name="activity"),
    path("report/<uuid:customer_id>/", views.report, name="report"),
    path("export.csv", views.export, name="export"),
]
