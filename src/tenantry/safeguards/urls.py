"""Addresses of rules, approvals and emergency access accounts."""

from django.urls import path

from tenantry.safeguards import views

app_name = "safeguards"
urlpatterns = [
    path("settings/rules/", views.rules, name="rules"),
    path("settings/rules/defaults/", views.defaults, name="defaults"),
    path("settings/rules/try/", views.try_rules, name="try"),
    path("approvals/", views.requests, name="requests"),
    path("approvals/<uuid:request_id>/", views.request_page, name="request"),
    path("approvals/<uuid:request_id>/approve/", views.approve, name="approve"),
    path("approvals/<uuid:request_id>/deny/", views.deny, name="deny"),
    path("approvals/<uuid:request_id>/withdraw/", views.withdraw, name="withdraw"),
    path("customers/<uuid:customer_id>/users/<uuid:object_id>/emergency/", views.emergency, name="emergency"),
]
