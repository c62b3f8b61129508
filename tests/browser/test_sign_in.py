"""A passkey enrolled and used in a real browser: the proof that lets a reset go on."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.stack import Stack, Walker
from tests.browser.test_journeys import ready_customer

pytestmark = pytest.mark.browser


def _virtual_authenticator(context: BrowserContext, page: Page) -> None:
    """A platform authenticator that says yes, as a fingerprint reader would."""
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_is_enrolled_and_step_up_resumes_a_reset(
    demo: Stack, walker: Walker, context: BrowserContext
) -> None:
    """Signed in by a link, so without proof: the passkey is asked once, and the reset goes on by itself."""
    page = walker.page
    _virtual_authenticator(context, page)
    customer_url, tenant = ready_customer(walker, demo)
    page.goto(f"{demo.console}/settings/")
    page.get_by_role("link", name="Add passkey or security key").click()
    page.get_by_label("Name").fill("This computer")
    walker.check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    try:
        steps.open_user(page, customer_url, "Dana O'Brien")
        page.get_by_role("link", name="Reset password", exact=True).click()
        steps.justify(page, ticket="48213")
        page.get_by_role("button", name="Reset password").click()
        expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
        expect(page.get_by_text("It is kept, and goes on right after this.")).to_be_visible()
        walker.check()
        page.get_by_role("button", name="Use a passkey or security key").click()
        expect(page.get_by_role("button", name="Show password")).to_be_visible(timeout=steps.SETTLES_MS)
        walker.check()
        journal = demo.control("GET", f"/tenants/{tenant.id}/journal")["entries"]
        assert len([entry for entry in journal if entry["method"] == "PATCH" and entry["effect"]]) == 1
    finally:
        page.goto(f"{demo.console}/settings/")
        page.get_by_label("Actions for This computer").click()
        page.get_by_role("link", name="Remove").click()
        page.get_by_role("button", name="Remove key").click()
