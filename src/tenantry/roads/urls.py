"""Addresses of the roads domain."""

from django.urls import path

from tenantry.roads import views

app_name = "roads"
urlpatterns = [
    path("customers/<uuid:customer_id>/road/<slug:app>/", views.road, name="road"),
    path("connect/administrator/return", views.sign_in_return, name="sign_in_return"),
]
