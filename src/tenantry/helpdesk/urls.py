"""Addresses of the helpdesk domain."""

from django.urls import path

from tenantry.helpdesk import bulk_views, secret_views, views

app_name = "helpdesk"
_customer = "customers/<uuid:customer_id>"
urlpatterns = [
    path(f"{_customer}/users/<uuid:object_id>/<slug:slug>/", views.confirm, name="confirm"),
    path(f"{_customer}/operations/<uuid:operation_id>/", views.operation, name="operation"),
    path(f"{_customer}/operations/<uuid:operation_id>/status/", views.operation_status, name="operation_status"),
    path(f"{_customer}/operations/<uuid:operation_id>/password/", views.reveal, name="reveal"),
    path(f"{_customer}/operations/<uuid:operation_id>/link/", views.share, name="share"),
    path(f"{_customer}/operations/<uuid:operation_id>/link/revoke/", views.unshare, name="unshare"),
    path("secret/<str:token>/", secret_views.secret, name="secret"),
    path(f"{_customer}/operations/<uuid:operation_id>/discard/", views.discard, name="discard"),
    path(f"{_customer}/operations/<uuid:operation_id>/stop/", views.stop, name="stop"),
    path(f"{_customer}/bulk/", bulk_views.bulk, name="bulk"),
    path(f"{_customer}/bulk/start/", bulk_views.bulk_start, name="bulk_start"),
    path(f"{_customer}/bulk/<uuid:run_id>/", bulk_views.bulk_run, name="bulk_run"),
    path(f"{_customer}/bulk/<uuid:run_id>/status/", bulk_views.bulk_status, name="bulk_status"),
]
