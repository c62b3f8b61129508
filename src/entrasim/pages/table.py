"""Every page that a person can open, as one table: the server routes by it and the docs list it."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from entrasim.login_pages.admin_consent import admin_consent, admin_consent_v2
from entrasim.login_pages.authorize import authorize, logout
from entrasim.pages.layout import static_file
from entrasim.portal import apps, roles, shell

if TYPE_CHECKING:
    from entrasim.app import Context


@dataclasses.dataclass(frozen=True, slots=True)
class PageRoute:
    """One page. Its handler is called with context, request and the values of the Werkzeug rule."""

    methods: tuple[str, ...]
    rule: str
    area: str
    summary: str
    handler: Callable[..., Response]


def _static(context: "Context", request: Request, name: str) -> Response:  # noqa: ARG001  the shape of every handler
    return static_file(name)


READ = ("GET",)
FORM = ("GET", "POST")

PAGES = (
    PageRoute(FORM, "/<tenant>/adminconsent", "sign-in", "administrator consent, first version", admin_consent),
    PageRoute(FORM, "/<tenant>/v2.0/adminconsent", "sign-in", "administrator consent by scope", admin_consent_v2),
    PageRoute(FORM, "/<tenant>/oauth2/v2.0/authorize", "sign-in", "sign-in with code and PKCE", authorize),
    PageRoute(READ, "/<tenant>/oauth2/v2.0/logout", "sign-in", "sign-out", logout),
    PageRoute(READ, "/portal/", "portal", "choose a directory", shell.start),
    PageRoute(FORM, "/portal/<tenant>", "portal", "to the roles of a directory", shell.open_directory),
    PageRoute(FORM, "/portal/<tenant>/roles", "portal", "Roles and administrators", roles.roles),
    PageRoute(FORM, "/portal/<tenant>/roles/<role_id>", "portal", "one role's assignments", roles.role),
    PageRoute(FORM, "/portal/<tenant>/roles/<role_id>/add", "portal", "Add assignments", roles.add_assignments),
    PageRoute(FORM, "/portal/<tenant>/apps", "portal", "Enterprise applications", apps.apps),
    PageRoute(FORM, "/portal/<tenant>/apps/<object_id>", "portal", "one enterprise application", apps.app),
    PageRoute(FORM, "/portal/<tenant>/sign-out", "portal", "sign out of the portal", shell.sign_out),
    PageRoute(READ, "/entrasim/static/<name>", "portal", "style sheet and mark", _static),
)
