"""Addresses of the tenants domain."""

from django.urls import path

from tenantry.tenants import readiness_views, views

app_name = "tenants"
urlpatterns = [
    path("customers/<uuid:customer_id>/connect/elevation/", views.connect_elevation, name="connect_elevation"),
    path("customers/<uuid:customer_id>/road/<slug:app>/choose/", views.path_choice, name="path"),
    path("readiness/", readiness_views.across, name="readiness"),
    path("customers/<uuid:customer_id>/features/", readiness_views.features, name="features"),
    path("customers/<uuid:customer_id>/features/<slug:app>/reduce/", readiness_views.reduce, name="reduce"),
    path("customers/<uuid:customer_id>/neighbours/", readiness_views.review, name="review"),
    path("customers/<uuid:customer_id>/canary/", readiness_views.canary, name="canary"),
    path("connect/return", views.consent_return, name="consent_return"),
    path("customers/<uuid:customer_id>/connect/", views.connect, name="connect"),
    path("customers/<uuid:customer_id>/connection/", views.connection, name="connection"),
    path("customers/<uuid:customer_id>/check/", views.check, name="check"),
    path("customers/<uuid:customer_id>/disconnect/", views.disconnect, name="disconnect"),
    path("customers/<uuid:customer_id>/disconnect/<slug:app>/", views.disconnect, name="disconnect_app"),
    path("customers/<uuid:customer_id>/farewell/seen/", views.farewell_seen, name="farewell_seen"),
    path("customers/<uuid:customer_id>/role/", views.role, name="role"),
    path("customers/<uuid:customer_id>/connect/<uuid:attempt_id>/accept/", views.accept, name="accept"),
    path("customers/<uuid:customer_id>/connect/<uuid:attempt_id>/dismiss/", views.dismiss, name="dismiss"),
]
