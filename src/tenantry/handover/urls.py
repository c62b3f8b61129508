"""Addresses of the handover domain."""

from django.urls import path

from tenantry.handover import views

app_name = "handover"
urlpatterns = [
    path("customers/<uuid:customer_id>/send/<slug:app>/", views.send, name="send"),
    path("customers/<uuid:customer_id>/send/<slug:app>/script/<slug:language>/", views.script_file, name="script"),
    path("customers/<uuid:customer_id>/send/<slug:app>/<uuid:link_id>/revoke/", views.revoke, name="revoke"),
    path("handover/<str:token>/", views.page, name="page"),
    path("handover/<str:token>/script/<slug:language>/", views.page_script, name="page_script"),
]
