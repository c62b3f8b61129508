"""Password policy of cloud accounts ("concept-sspr-policy", "concept-password-ban-bad-combined-policy")."""

import re
import unicodedata

from entrasim.errors import GraphError, bad_request
from entrasim.state import Tenant, User

LEAST_LENGTH, MOST_LENGTH = 8, 256
_KINDS_NEEDED = 3
_NAME_LENGTH_THAT_COUNTS = 4
_BANNED = ("password", "welcome", "qwerty", "letmein", "admin", "changeme", "abc123", "iloveyou", "contoso")
_LOOK_ALIKES = str.maketrans("0134@$57!", "oleaasstl")

_COMPLEXITY = (
    "The specified password does not comply with password complexity requirements. Please provide a different password."
)


def check(password: object, *, user_principal_name: str) -> str:
    """Accept a new password or refuse it as Graph does.

    Raises:
        GraphError: 400 Request_BadRequest.
    """
    if not isinstance(password, str):
        raise bad_request(_COMPLEXITY)
    kinds = sum(bool(re.search(pattern, password)) for pattern in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]"))
    printable = all(" " <= letter <= "~" for letter in password)
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH or kinds < _KINDS_NEEDED or not printable:
        raise bad_request(_COMPLEXITY)
    name = user_principal_name.partition("@")[0].lower()
    if len(name) >= _NAME_LENGTH_THAT_COUNTS and name in password.lower():
        raise bad_request("Password cannot contain username.")
    if _is_banned(password):
        raise bad_request(_COMPLEXITY)
    return password


def _is_banned(password: str) -> bool:
    """A banned word scores one point and so does each other letter; five points are needed (Microsoft's scoring)."""
    plain = unicodedata.normalize("NFKC", password).lower().translate(_LOOK_ALIKES)
    points = 0
    for word in _BANNED:
        normal = word.translate(_LOOK_ALIKES)
        points += plain.count(normal)
        plain = plain.replace(normal, "")
    needed = 5
    return points > 0 and points + len(plain) < needed


def require_cloud_password(tenant: Tenant, user: User) -> None:
    """Refuse a reset where the password does not live in this directory.

    Raises:
        GraphError: 400: synced from on-premises, federated domain, or guest.
    """
    if user.on_premises_sync_enabled:
        raise on_premises_mastered()
    domain = tenant.domains.get(user.user_principal_name.rpartition("@")[2].lower())
    if domain is not None and domain.authentication_type == "Federated":
        raise bad_request("passwordProfile can't be used for federated users.")
    if "#ext#" in user.user_principal_name.lower():
        raise bad_request("The password of a guest is managed in the guest's home directory.")


def on_premises_mastered() -> GraphError:
    """400: the source of authority is Active Directory."""
    return bad_request(
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
        "currently undergoing migration."
    )
