"""What people do in the journeys, step by step, by the words on the screen."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack, Tenant

PAA = "Privileged Authentication Administrator"
SETTLES_MS = 40_000  # how long the page may take to turn green by itself: the sweep's rhythm plus Graph reads

READY_FEATURES = 5
"""Wanted and ready at a customer for whom nobody has chosen: users, resets of both kinds, block, revoke."""


def add_customer(page: Page, stack: Stack, name: str | None = None, domain: str = "") -> str:
    """Add a customer by hand; returns its page's address."""
    page.goto(f"{stack.console}/customers/")
    page.get_by_role("link", name="Add customer").first.click()
    page.get_by_label("Name", exact=False).first.fill(name or f"Kestrel Logistics {uuid.uuid4().hex[:6]}")
    if domain:
        page.get_by_label(re.compile("domain", re.IGNORECASE)).fill(domain)
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("link", name="Connect M365").first).to_be_visible()
    return page.url.split("?")[0]


def go_to_microsoft(page: Page, customer_url: str) -> None:
    """From the customer's page to Microsoft's sign-in page."""
    page.goto(customer_url)
    page.get_by_role("link", name="Connect M365").first.click()
    expect(page.get_by_text("A Global Administrator of")).to_be_visible()
    page.get_by_role("button", name="Go to Microsoft's consent page").click()
    page.wait_for_url("**/adminconsent*")


def sign_in_at_microsoft(page: Page, name: str, password: str) -> None:
    """Account, Next, password, Sign in; past "Pick an account" when somebody signed in here before."""
    page.get_by_role("heading", level=1).first.wait_for()
    if page.get_by_role("heading", name="Pick an account").count():
        page.get_by_role("link", name="Use another account").click()
    page.get_by_label("Email or account name").fill(name)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def accept(page: Page) -> None:
    """Accept what the app asks for."""
    expect(page.get_by_role("heading", name="Permissions requested")).to_be_visible()
    page.get_by_role("button", name="Accept").click()


def connect(page: Page, customer_url: str, tenant: Tenant) -> None:
    """The whole round trip, back on the customer's page with a checklist."""
    go_to_microsoft(page, customer_url)
    sign_in_at_microsoft(page, tenant.admin_name, tenant.admin_password)
    accept(page)
    page.wait_for_url(f"{customer_url}*")
    expect(page.get_by_role("heading", name="Set-up")).to_be_visible(timeout=SETTLES_MS)


def assign_role_in_portal(page: Page, stack: Stack, tenant: Tenant, role: str = PAA, app: str = "Tenantry") -> None:
    """In the admin center, by hand: search the role, Add assignments, search the app, Add."""
    page.goto(f"{stack.facts['portal']}/{tenant.id}/roles")
    if page.get_by_label("Email or account name").count():
        sign_in_at_microsoft(page, tenant.admin_name, tenant.admin_password)
    page.get_by_label("Search roles").fill(role)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=role, exact=True).click()
    page.get_by_role("link", name="+ Add assignments").click()
    picker = page.get_by_role("checkbox", name=re.compile(app))
    assert picker.count() == 0, "the app must not be listed until it is searched for"
    page.get_by_label("Search").fill(app)
    page.get_by_role("button", name="Search").click()
    picker.first.check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("was assigned to the role")).to_be_visible()


def wait_until_ready(page: Page) -> None:
    """The page turns green by itself: nothing is pressed and nothing reloaded."""
    card = page.get_by_role("region", name="What works")
    expect(card.get_by_text("Reset passwords")).to_be_visible()
    expect(card.get_by_text("Ready", exact=True)).to_have_count(READY_FEATURES, timeout=SETTLES_MS)


def open_user(page: Page, customer_url: str, name: str) -> None:
    """Find a user in the customer's list and open the page."""
    page.goto(f"{customer_url}users/")
    expect(page.get_by_role("link", name=name).first).to_be_visible(timeout=SETTLES_MS)
    page.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def justify(page: Page, why: str = "Asked for by telephone", ticket: str = "48213") -> None:
    """Fill in why and for which ticket."""
    page.get_by_label("Justification").fill(why)
    page.get_by_label("Ticket").fill(ticket)


def act(page: Page, label: str, *, ticket: str = "48213") -> None:
    """Choose an action on the user's page, justify and confirm it, and wait until it is read back."""
    page.get_by_role("link", name=label, exact=True).click()
    justify(page, ticket=ticket)
    page.get_by_role("button", name=label, exact=True).click()
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=SETTLES_MS)
