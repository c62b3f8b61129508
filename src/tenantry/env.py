"""The one reader of the environment. Typed, and loud: an unknown `TENANTRY_*` name is an error at start.

`NAME_FILE` may be given instead of `NAME` for every secret; the file's content is used (Docker and Kubernetes secrets).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

KNOWN: Final[dict[str, str]] = {
    "TENANTRY_DATA_DIR": "directory for the embedded database, generated keys and the demo's files (default: var)",
    "TENANTRY_DATABASE_URL": "PostgreSQL address; without it an embedded server is started in the data directory",
    "TENANTRY_DATABASE_OWNER_URL": "the same database as its owner; read by `tenantry migrate` and `up` alone",
    "TENANTRY_PORT": "port of the console (default 8000; 0 chooses a free one)",
    "TENANTRY_BIND": "address the console listens on (default 127.0.0.1)",
    "TENANTRY_PUBLIC_URL": "address under which browsers reach the console, e.g. https://console.example.com",
    "TENANTRY_SECRET_KEY": "signing key of the web sessions (generated into the data directory if absent)",
    "TENANTRY_SEAL_KEYSET": "Tink keyset that seals secrets at rest (generated into the data directory if absent)",
    "TENANTRY_CLOUD": "global, gcc-high, dod or china (default global)",
    "TENANTRY_CLIENT_ID": "application (client) id of the help-desk app registration",
    "TENANTRY_APP_NAME": "display name of that app registration, to tell an older name (default Tenantry Help Desk)",
    "TENANTRY_CLIENT_SECRET": "its client secret, if no certificate is used",
    "TENANTRY_CLIENT_CERTIFICATE": "its certificate and private key, PEM",
    "TENANTRY_ELEVATION_CLIENT_ID": "application (client) id of the elevation app registration (just-in-time grants)",
    "TENANTRY_ELEVATION_APP_NAME": "display name of that app registration (default Tenantry Elevation)",
    "TENANTRY_ELEVATION_CLIENT_SECRET": "its client secret, if no certificate is used",
    "TENANTRY_ELEVATION_CLIENT_CERTIFICATE": "its certificate and private key, PEM",
    "TENANTRY_SIGN_IN_TENANT_ID": "id of your own tenant, with which technicians sign in at Microsoft",
    "TENANTRY_SIGN_IN_CLIENT_ID": "application (client) id of the app registration for that sign-in",
    "TENANTRY_SIGN_IN_CLIENT_SECRET": "its client secret, if no certificate is used",
    "TENANTRY_SIGN_IN_CLIENT_CERTIFICATE": "its certificate and private key, PEM",
    "TENANTRY_SIGN_IN_CONTEXT": "authentication context (c1 to c99) that your policy protects with a second factor",
    "TENANTRY_LOCAL_SIGN_IN": "everybody, or owners: who may sign in here without Microsoft (default everybody)",
    "TENANTRY_SESSION_IDLE_MINUTES": "minutes without activity after which a session ends (default 60)",
    "TENANTRY_SESSION_HOURS": "hours after which a session ends in any case (default 12)",
    "TENANTRY_LOGIN_URL": "overrides the cloud's login address (for a simulator)",
    "TENANTRY_LOGIN_BROWSER_URL": "overrides the login address browsers are sent to (for a simulator)",
    "TENANTRY_GRAPH_URL": "overrides the cloud's Graph address (for a simulator)",
    "TENANTRY_PORTAL_ROLES_URL": "overrides the admin center's roles page, with {tenant} (for a simulator)",
    "TENANTRY_PORTAL_GROUPS_URL": "overrides the admin center's groups page, with {tenant} (for a simulator)",
    "TENANTRY_CA_FILE": "PEM file of the certificate authority to trust for login and Graph (default: the system's)",
    "TENANTRY_MAIL_URL": "mail server for alerts: smtp://user:password@host:port?tls=starttls|implicit|none",
    "TENANTRY_MAIL_FROM": "sender of alerts by mail, e.g. Tenantry <alerts@example.com>",
    "TENANTRY_ALERTS_CA_FILE": "PEM file of a further certificate authority for webhooks, mail and text messages",
    "TENANTRY_AUDIT_ANCHOR_FILE": "file for anchors of the record (default audit-anchors.jsonl in the data directory)",
    "TENANTRY_AUDIT_ANCHOR_SYSLOG": "syslog servers for anchors: tls://host:port (or tcp, udp), with commas between",
    "TENANTRY_AUDIT_ANCHOR_MAIL": "mail addresses for anchors, with commas between; one mail a day",
    "TENANTRY_AUDIT_RETENTION_DAYS": "days that events of the record are kept, at least 365 (default: for ever)",
    "TENANTRY_VERIFICATION_CODE_SECONDS": "how long a code for a caller is good, 30 to 600 (default 60)",
    "TENANTRY_TWILIO_URL": "overrides the address of Twilio Verify (another region, or a stand-in)",
    "TENANTRY_DUO_URL": "sends what is meant for Duo to another address (a stand-in)",
    "TENANTRY_VERIFICATION_CONTEXT": "authentication context (c1 to c99) that proves a caller's second factor",
    "TENANTRY_DEBUG": "1 shows detailed error pages; never on a server others reach",
    "TENANTRY_DEMO": "1 marks the demo (set by `tenantry demo`)",
    "TENANTRY_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR (default INFO)",
    "TENANTRY_WEB_THREADS": "threads that serve requests (default 8)",
    "TENANTRY_WORKER_CONCURRENCY": "jobs the worker runs side by side (default 8)",
}
_SECRETS: Final = frozenset(
    {"TENANTRY_SECRET_KEY", "TENANTRY_SEAL_KEYSET", "TENANTRY_CLIENT_SECRET", "TENANTRY_CLIENT_CERTIFICATE"}
    | {"TENANTRY_ELEVATION_CLIENT_SECRET", "TENANTRY_ELEVATION_CLIENT_CERTIFICATE", "TENANTRY_DATABASE_URL"}
    | {"TENANTRY_DATABASE_OWNER_URL"}
    | {"TENANTRY_MAIL_URL", "TENANTRY_SIGN_IN_CLIENT_SECRET", "TENANTRY_SIGN_IN_CLIENT_CERTIFICATE"}
)


class BadSettings(Exception):
    """The settings cannot be used; the message says which one, why, and what to do."""


class Environment:
    """Typed access to one mapping of environment variables."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(os.environ if values is None else values)
        known = KNOWN.keys() | {f"{name}_FILE" for name in _SECRETS}
        unknown = sorted(name for name in self._values if name.startswith("TENANTRY_") and name not in known)
        if unknown:
            raise BadSettings(
                f"Unknown setting {', '.join(unknown)}. Check the spelling; docs/operator/settings.md lists all."
            )

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks, from `name` or (for secrets) the file named by `name_FILE`."""
        if name not in KNOWN:
            raise KeyError(name)
        direct = self._values.get(name, "").strip()
        file_name = self._values.get(f"{name}_FILE", "").strip() if name in _SECRETS else ""
        if direct and file_name:
            raise BadSettings(f"Both {name} and {name}_FILE are set. Keep one of them.")
        if file_name:
            try:
                return Path(file_name).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise BadSettings(f"{name}_FILE cannot be read: {error.strerror} ({file_name}).") from error
        return direct or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes or no: 1/0, true/false, yes/no, on/off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise BadSettings(f"{name} must be 1 or 0, not {value!r}.")

    def number(self, name: str, default: int, *, least: int = 0, most: int = 65535) -> int:
        """A whole number within bounds."""
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise BadSettings(f"{name} must be a whole number, not {value!r}.") from None
        if not least <= number <= most:
            raise BadSettings(f"{name} must be between {least} and {most}, not {number}.")
        return number

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """One of `choices`."""
        value = self.text(name, default).lower()
        if value not in choices:
            raise BadSettings(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
        return value

    def https_url(self, name: str, default: str) -> str:
        """An https address without a trailing slash: tokens and secrets travel to it."""
        value = self.url(name, default)
        if not value.startswith("https://"):
            raise BadSettings(f"{name} must start with https://: tokens travel to it. It is {value!r}.")
        return value

    def url(self, name: str, default: str = "") -> str:
        """An http(s) address without a trailing slash."""
        value = self.text(name, default).rstrip("/")
        if value and not value.startswith(("https://", "http://")):
            raise BadSettings(f"{name} must start with https:// (or http:// on this machine), not {value!r}.")
        return value
