"""State as JSON, for the control address and the info file."""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from entrasim.state import Tenant

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle


def describe_tenant(tenant: "TenantHandle") -> dict[str, object]:
    """What a person or program needs to use a tenant: its names and an administrator who can sign in."""
    state: Tenant = tenant.state
    with state.lock:
        return {
            "id": state.id,
            "name": state.display_name,
            "domain": tenant.domain,
            "initial_domain": state.initial_domain,
            "kind": state.kind,
            "users": len(state.users),
            "lag": plain(state.lag),
            "admin": {"upn": tenant.admin.user_principal_name, "password": tenant.admin.password},
        }


def plain(value: object) -> Any:  # noqa: ANN401  JSON is what it is
    """State as JSON: field names as they are, times in ISO 8601, locks left out."""
    match value:
        case dt.datetime():
            made: object = value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case enum.Enum():
            made = value.value
        case Mapping():
            made = {str(key): plain(item) for key, item in value.items()}
        case set() | frozenset():
            made = sorted(plain(item) for item in value)
        case list() | tuple():
            made = [plain(item) for item in value]
        case str() | int() | float() | None:
            made = value
        case _ if dataclasses.is_dataclass(value):
            made = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}
        case _:
            made = str(value)
    return made
