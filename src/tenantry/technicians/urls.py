"""Addresses of the technicians domain, and which of allauth's pages are offered at all."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from tenantry.kit.needs import own_account
from tenantry.technicians import views
from tenantry.technicians.staff import joining_views, service_views, team_views
from tenantry.technicians.staff import views as staff

app_name = "technicians"

# What stands here is answered by allauth, which is mounted after this domain; any other address below accounts/ is a
# 404, pages that a later allauth may bring included.
_OFFERED = (
    r"login/$",
    r"logout/$",
    r"inactive/$",
    r"reauthenticate/$",
    r"password/change/$",
    r"2fa/authenticate/$",
    r"2fa/reauthenticate/$",
    r"2fa/totp/(?:de)?activate/$",
    r"2fa/recovery-codes/(?:generate/|download/)?$",
    r"2fa/webauthn/(?:add|reauthenticate|login|keys/\d+/remove|keys/\d+/edit)/$",
)

urlpatterns = [
    path("settings/", views.settings_page, name="settings"),
    path("settings/protect/", views.protect, name="protect"),
    path("settings/sessions/<uuid:session_id>/end/", views.end_session, name="end-session"),
    path("settings/sign-out-elsewhere/", views.end_other_sessions, name="sign-out-elsewhere"),
    path("settings/technicians/", staff.people, name="people"),
    path("settings/technicians/invite/", staff.invite, name="invite"),
    path("settings/technicians/add-service/", service_views.add_service, name="add-service"),
    path("settings/technicians/<uuid:technician_id>/", staff.person, name="person"),
    path("settings/technicians/<uuid:technician_id>/role/", staff.change_role, name="change-role"),
    path("settings/technicians/<uuid:technician_id>/teams/", staff.set_teams, name="set-teams"),
    path("settings/technicians/<uuid:technician_id>/sign-out/", staff.end_sessions, name="end-sessions"),
    path("settings/technicians/<uuid:technician_id>/switch-off/", staff.deactivate, name="deactivate"),
    path("settings/technicians/<uuid:technician_id>/let-back-in/", staff.reactivate, name="reactivate"),
    path("settings/technicians/<uuid:technician_id>/switch-on/", service_views.switch_on, name="switch-on"),
    path("settings/technicians/<uuid:technician_id>/new-link/", staff.renew_invitation, name="renew-invitation"),
    path("settings/technicians/<uuid:technician_id>/withdraw/", staff.withdraw, name="withdraw-invitation"),
    path("settings/teams/", team_views.teams, name="teams"),
    path("settings/teams/<uuid:team_id>/", team_views.team, name="team"),
    path("settings/teams/<uuid:team_id>/delete/", team_views.delete, name="delete-team"),
    path("join/<str:token>/", joining_views.join, name="join"),
    path("welcome/<str:token>/", views.welcome, name="welcome"),
    path("setup/<str:token>/", views.setup, name="setup"),
    # The settings page shows what allauth's overviews would.
    path("accounts/", own_account(RedirectView.as_view(pattern_name="technicians:settings"))),
    path("accounts/2fa/", own_account(RedirectView.as_view(pattern_name="technicians:settings"))),
    path("accounts/2fa/webauthn/", own_account(RedirectView.as_view(pattern_name="technicians:settings"))),
    path("accounts/microsoft/", views.to_microsoft, name="microsoft"),
    path("accounts/microsoft/return/", views.from_microsoft, name="microsoft-return"),
    path("accounts/password/set/", views.set_password),
    re_path(rf"^accounts/(?P<rest>(?!{'|'.join(_OFFERED)}).+)$", views.not_offered),
]
