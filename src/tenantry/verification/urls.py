"""Addresses of caller verification."""

from django.urls import path

from tenantry.verification import caller_views, settings_views, views

app_name = "verification"
_one = "customers/<uuid:customer_id>/verifications/<uuid:verification_id>"
urlpatterns = [
    path("customers/<uuid:customer_id>/users/<uuid:object_id>/verify/<slug:slug>/", views.start, name="start"),
    path(f"{_one}/", views.progress, name="progress"),
    path(f"{_one}/status/", views.status, name="status"),
    path(f"{_one}/code/", views.code, name="code"),
    path(f"{_one}/stop/", views.stop, name="stop"),
    path("settings/verification/", settings_views.page, name="settings"),
    path("settings/verification/texts/", settings_views.set_sender, name="set-sender"),
    path("settings/verification/texts/test/", settings_views.test_sender, name="test-sender"),
    path("settings/verification/texts/remove/", settings_views.remove_sender, name="remove-sender"),
    path("customers/<uuid:customer_id>/duo/", settings_views.duo, name="duo"),
    path("customers/<uuid:customer_id>/duo/test/", settings_views.test_duo, name="test-duo"),
    path("customers/<uuid:customer_id>/duo/remove/", settings_views.remove_duo, name="remove-duo"),
    path("verify/return", caller_views.sign_in_return, name="return"),
    path("verify/<str:token>/", caller_views.page, name="page"),
    path("verify/<str:token>/decline/", caller_views.decline, name="decline"),
]
