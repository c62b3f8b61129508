"""Addresses of the registrations domain; the return address has no slash, as it stands in the registration."""

from django.urls import path

from tenantry.registrations import views

app_name = "registrations"
urlpatterns = [
    path("/", views.page, name="apps"),
    path("/sign-in/", views.sign_in, name="sign-in"),
    path("/return", views.come_back, name="return"),
]
