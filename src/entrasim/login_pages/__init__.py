"""What a browser meets under the login address: sign-in, admin consent, authorize and sign-out."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from entrasim.login_pages.admin_consent import admin_consent, admin_consent_v2
from entrasim.login_pages.authorize import authorize, logout
from entrasim.pages.layout import static_file
from entrasim.pages.table import FORM, READ, PageHandler, PageRoute, as_rules

if TYPE_CHECKING:
    from entrasim.app import Context


def _static(context: "Context", request: Request, name: str) -> Response:  # noqa: ARG001  the shape of every handler
    return static_file(name)


PAGES = (
    PageRoute(FORM, "/<tenant>/adminconsent", "login", "Administrator consent, first version", admin_consent),
    PageRoute(FORM, "/<tenant>/v2.0/adminconsent", "login", "Administrator consent by scope", admin_consent_v2),
    PageRoute(FORM, "/<tenant>/oauth2/v2.0/authorize", "login", "Sign-in with code and PKCE", authorize),
    PageRoute(READ, "/<tenant>/oauth2/v2.0/logout", "login", "Sign-out", logout),
    PageRoute(READ, "/entrasim/static/<name>", "portal", "Style sheet and mark of the pages", _static),
)


def rules() -> list[tuple[Iterable[str], str, PageHandler]]:
    """What the server routes by."""
    return as_rules(PAGES)
