"""Addresses of the notifications domain."""

from django.urls import path

from tenantry.notifications import views

app_name = "notifications"
urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/<uuid:alert_id>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("settings/notifications/", views.channels, name="channels"),
    path("settings/notifications/mail/", views.add_mail, name="add-mail"),
    path("settings/notifications/webhook/", views.add_webhook, name="add-webhook"),
    path("settings/notifications/<uuid:channel_id>/", views.deliveries, name="deliveries"),
    path("settings/notifications/<uuid:channel_id>/test/", views.test, name="test"),
    path("settings/notifications/<uuid:channel_id>/secret/", views.renew_secret, name="renew-secret"),
    path("settings/notifications/<uuid:channel_id>/remove/", views.remove, name="remove"),
]
