"""Tables of everything that is simulated."""

import dataclasses
import importlib
from collections.abc import Iterable
from typing import Any

from entrasim import login
from entrasim.tables import delegated
from entrasim.tables.operations import ALLOWED
from entrasim.web import ROUTES

_MODULES = (
    "organization", "users", "users_write", "access_passes", "memberships", "deleted", "delta", "groups",
    "service_principals", "roles",
    "permission_grants", "applications", "pim",
    "directory", "batch",
)  # fmt: skip

LOGIN_ROUTES: list[tuple[Iterable[str], str, Any, str]] = [
    (("GET",), "/<tenant>/v2.0/.well-known/openid-configuration", login.openid_configuration, "OpenID configuration"),
    (("GET",), "/<tenant>/discovery/v2.0/keys", login.keys, "Signing keys"),
    (("GET",), "/<tenant>/discovery/keys", login.keys, "Signing keys"),
    (("GET",), "/common/discovery/instance", login.instance_discovery, "Instance discovery"),
    (
        ("POST",),
        "/<tenant>/oauth2/v2.0/token",
        login.token,
        "Client credentials, authorization code with PKCE, refresh token",
    ),
]
"""Login endpoints that are no pages: methods, rule, handler, summary."""


@dataclasses.dataclass(frozen=True, slots=True)
class SimulatedRoute:
    """One line of the table of what is simulated."""

    method: str
    path: str
    area: str
    summary: str
    permissions: tuple[str, ...]  # application permissions
    scopes: tuple[str, ...] = ()  # delegated permissions
    needs_role: bool = False  # whether a signed-in user needs a directory role besides


def load() -> None:
    """Import every module of routes, which fills `web.ROUTES`."""
    for name in _MODULES:
        importlib.import_module(f"entrasim.routes.{name}")


def simulated() -> list[SimulatedRoute]:
    """Everything that is simulated: login endpoints, then Graph."""
    load()
    found = [
        SimulatedRoute(method, path.replace("<", "{").replace(">", "}"), "login", summary, ())
        for methods, path, _, summary in LOGIN_ROUTES
        for method in methods
    ]
    seen: set[tuple[str, str]] = set()
    for route in ROUTES:
        if (route.method, route.rule) in seen:
            continue
        seen.add((route.method, route.rule))
        path = "/v1.0" + route.rule.replace("<cast:", "<").replace("<", "{").replace(">", "}")
        permissions = ALLOWED[route.operation] if route.operation else ()
        scopes = delegated.scopes_of(route.operation) if route.operation else ()
        needs_role = route.operation is not None and delegated.roles_of(route.operation) is not None
        found.append(
            SimulatedRoute(
                route.method, path, route.area, route.summary, tuple(sorted(permissions)),
                tuple(sorted(set(scopes) - {delegated.AS_USER})), needs_role,
            )
        )  # fmt: skip
    return found
