"""Addresses of the streams of the record."""

from django.urls import path

from tenantry.streams import views

app_name = "streams"
urlpatterns = [
    path("settings/streams/", views.page, name="page"),
    path("settings/streams/webhook/", views.add_webhook, name="add-webhook"),
    path("settings/streams/syslog/", views.add_syslog, name="add-syslog"),
    path("settings/streams/<uuid:stream_id>/", views.log, name="log"),
    path("settings/streams/<uuid:stream_id>/try/", views.try_now, name="try-now"),
    path("settings/streams/<uuid:stream_id>/remove/", views.remove, name="remove"),
]
