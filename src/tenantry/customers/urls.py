"""Addresses of the customers domain."""

from django.urls import path

from tenantry.customers import views
from tenantry.customers.groups import views as groups

app_name = "customers"
urlpatterns = [
    path("customers/", views.customer_list, name="list"),
    path("customers/add/", views.add, name="add"),
    path("customers/<uuid:customer_id>/", views.customer_page, name="page"),
    path("customers/<uuid:customer_id>/rename/", views.rename, name="rename"),
    path("customers/<uuid:customer_id>/passwords/", views.passwords, name="passwords"),
    path("customers/<uuid:customer_id>/archive/", views.archive, name="archive"),
    path("customers/<uuid:customer_id>/restore/", views.restore, name="restore"),
    path("settings/customer-groups/", groups.groups, name="groups"),
    path("settings/customer-groups/<uuid:group_id>/", groups.group, name="group"),
    path("settings/customer-groups/<uuid:group_id>/customers/", groups.change_customers, name="group-customers"),
    path("settings/customer-groups/<uuid:group_id>/delete/", groups.delete, name="delete-group"),
]
