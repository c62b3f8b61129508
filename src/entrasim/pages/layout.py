"""The frames around every page, and the headers that keep a browser strict."""

from importlib import resources
from wsgiref.types import WSGIEnvironment

from markupsafe import Markup
from werkzeug import Response
from werkzeug.datastructures import Headers

from entrasim.pages.html import Child, el

STYLE_PATH = "/entrasim/static/pages.css"

HEADERS = {
    # No form-action: after Accept the browser follows a redirect to an address that the app registered, and Chromium
    # applies form-action to that redirect too.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Redirect(Response):
    """302 to exactly that address: Werkzeug would tidy it, and drop the empty fragment that Microsoft sends."""

    def __init__(self, address: str) -> None:
        super().__init__(status=302, headers={**HEADERS, "Location": address})
        self._address = address

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers with the address untouched."""
        headers = super().get_wsgi_headers(environ)
        headers["Location"] = self._address
        return headers


def login_page(title: str, *children: Child, status: int = 200, directory: str | None = None) -> Response:
    """A sign-in or consent page: one card in the middle."""
    body = el(
        "main",
        el("p", el("span", "e", class_="mark", aria_hidden="true"), "entrasim: simulated sign-in", class_="brand"),
        el("p", directory, class_="sub") if directory else None,
        el("h1", title),
        *children,
        class_="card",
    )
    return document(title, body, status=status, class_="login")


def portal_page(
    title: str,
    *children: Child,
    tenant_name: str,
    account: str,
    menu: list[tuple[str, str, bool]],
    crumbs: list[tuple[str, str]] | None = None,
    sign_out: Markup | None = None,
    status: int = 200,
) -> Response:
    """A page of the portal. `menu` holds (text, address, current); `crumbs` (text, address) lead back."""
    links = [el("a", text, href=address, aria_current="page" if current else None) for text, address, current in menu]
    trail = [el("li", el("a", text, href=address)) for text, address in crumbs or []]
    body = [
        el(
            "header",
            el("p", el("span", "e", class_="mark", aria_hidden="true"), "entrasim: simulated portal", class_="brand"),
            el("p", el("strong", tenant_name), el("span", account), class_="who"),
            sign_out,
            class_="top",
        ),
        el(
            "div",
            el("nav", links, class_="side", aria_label="Portal"),
            el(
                "main",
                el("nav", el("ol", trail), class_="crumbs", aria_label="Breadcrumb") if trail else None,
                el("h1", title),
                *children,
            ),
            class_="shell",
        ),
    ]
    return document(f"{title} - {tenant_name}", body, status=status, class_="portal")


def document(title: str, body: Child, *, status: int = 200, class_: str) -> Response:
    """A whole HTML document."""
    page = Markup("<!doctype html>\n") + el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width, initial-scale=1"),
            el("meta", name="color-scheme", content="light dark"),
            el("title", f"{title} - entrasim"),
            el("link", rel="stylesheet", href=STYLE_PATH),
            el("link", rel="icon", href="/entrasim/static/mark.svg"),
        ),
        el("body", body, class_=class_),
        lang="en",
    )
    return Response(str(page), status=status, mimetype="text/html", headers=HEADERS)


def static_file(name: str) -> Response:
    """A file of `pages/static`; 404 for anything else."""
    kinds = {"pages.css": "text/css", "mark.svg": "image/svg+xml"}
    if name not in kinds:
        return Response("no such file", status=404, mimetype="text/plain")
    content = resources.files("entrasim.pages").joinpath("static", name).read_bytes()
    return Response(content, mimetype=kinds[name], headers={"Cache-Control": "max-age=60"})
