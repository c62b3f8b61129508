"""Addresses of the technicians domain, and which of allauth's pages are offered at all."""

from django.urls import path, re_path
from django.views.generic import RedirectView

from tenantry.kit.needs import own_account
from tenantry.technicians import views

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
