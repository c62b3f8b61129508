"""Alerts in a real browser against the real stack: raised by the worker, sent, shown, taken on, resolved."""

import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.stack import Stack, Walker
from tests.browser.test_journeys import ready_customer

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("PICTURES", "")
"""A folder, to look at every page in three looks while this runs."""


def look(walker: Walker, name: str) -> None:
    """Axe in light, dark and at 390 px, and nothing wider than the screen."""
    page = walker.page
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390)):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        # Colours fade from one look to the other, and axe would measure one in between.
        page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)))")
        walker.check()
        assert is_narrow(page), f"{name} at {width}"
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 1280, "height": 900})


def is_narrow(page: Page) -> bool:
    found: bool = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return found


class Receiver(BaseHTTPRequestHandler):
    """Takes everything."""

    bodies: list[bytes] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the base class's name
        pass


def test_a_lost_role_is_told_and_its_return_too(demo: Stack, walker: Walker) -> None:
    """AC-5.4 in the browser: noticed by the real worker, sent through a webhook, shown with cause, fix and who."""
    page = walker.page
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.goto(f"{demo.console}/settings/")
    page.get_by_role("link", name="Open notifications").click()
    page.get_by_label("Address", exact=True).fill("http://example.com/hook")
    walker.expected_statuses.add(400)
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text("must start with https://").first).to_be_visible()
    look(walker, "channels-refused")
    page.get_by_label("Address", exact=True).fill(f"http://127.0.0.1:{server.server_address[1]}/hook")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text(re.compile("^whsec_"))).to_be_visible()
    look(walker, "channels-secret")
    page.get_by_role("button", name=re.compile("^Test")).click()
    expect(page.get_by_text("The test was sent.")).to_be_visible()
    look(walker, "channels")
    assert len(Receiver.bodies) == 1

    page.goto(f"{demo.console}/alerts/")
    look(walker, "alerts-none")
    url, tenant = ready_customer(walker, demo)
    apps = demo.control("GET", f"/tenants/{tenant.id}/consent")["enterprise_apps"]
    ours = next(app for app in apps if app["app_id"] == demo.facts["client_ids"]["helpdesk"])
    role = {"principal": ours["id"], "role": steps.PAA}
    demo.control("DELETE", f"/tenants/{tenant.id}/roles", role)
    page.goto(url)
    page.get_by_role("button", name="Test again").first.click()
    expect(page.get_by_text("it was there and was taken away").first).to_be_visible(timeout=steps.SETTLES_MS)
    page.goto(f"{demo.console}/alerts/")
    alert = page.get_by_role("article").filter(has_text=tenant.domain)
    expect(alert.get_by_text("Critical")).to_be_visible()
    expect(alert.get_by_text("In Roles and administrators assign")).to_be_visible()
    look(walker, "alerts-open")
    alert.get_by_role("button", name=re.compile("^Take it on")).click()
    expect(page.get_by_text("Alice Moreau looks after it")).to_be_visible()
    look(walker, "alerts-taken")
    page.goto(f"{demo.console}/help/errors/?q=AADSTS7000112")
    look(walker, "help-code")
    page.goto(f"{demo.console}/help/errors/")
    look(walker, "help-all")
    page.goto(f"{demo.console}/help/errors/?q=AADSTS1")
    expect(page.get_by_text("this console does not know")).to_be_visible()
    look(walker, "help-unknown")

    demo.control("POST", f"/tenants/{tenant.id}/roles", role)
    page.goto(f"{demo.console}/alerts/")
    alert.get_by_role("button", name=re.compile("^Test again")).click()
    steps.wait_until_ready(page)
    page.goto(f"{demo.console}/alerts/?show=resolved")
    expect(alert.get_by_text("How it ended")).to_be_visible()
    look(walker, "alerts-resolved")
    assert sum(tenant.id.encode() in body for body in Receiver.bodies) == 1
    server.shutdown()
    server.server_close()
