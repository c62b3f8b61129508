"""`make screenshots`: every screen of the console in light, dark and 390 px, into docs/screens/.

It walks the tour on the real stack and takes a picture wherever the tour shows one.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.stack import CHROMIUM, Stack, Tenant, chromium, new_context, running_demo

TARGET = Path(__file__).resolve().parents[2] / "docs" / "screens"
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def take(page: Page, name: str) -> None:
    """The page as it stands, three times."""
    for look in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if look == "dark" else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
        page.wait_for_timeout(300)  # colours fade from one look to the other
        page.screenshot(path=TARGET / f"{name}-{look}.png")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    page.wait_for_timeout(300)
    page.screenshot(path=TARGET / f"{name}-390.png")
    page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
    sys.stdout.write(f"{name}\n")


def tenant_of(stack: Stack, key: str) -> Tenant:
    """A tenant of the demo world by its key."""
    facts = next(tenant for tenant in stack.facts["tenants"] if tenant["key"] == key)
    return Tenant(facts["id"], facts["domain"], facts["name"], facts["admin"]["name"], facts["admin"]["password"])


def main() -> int:
    """Take every picture; 1 when there is no browser."""
    if CHROMIUM is None:
        sys.stderr.write("No chromium on this machine: make browser-deps installs it.\n")
        return 1
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_demo(Path(folder) / "data") as stack, chromium() as browser:
        signed_out = new_context(browser).new_page()
        signed_out.goto(f"{stack.console}/accounts/login/")
        take(signed_out, "sign-in")
        context = new_context(browser)
        page = context.new_page()
        page.set_viewport_size({"width": DESK["width"], "height": DESK["height"]})
        page.goto(stack.facts["sign_in_link"])
        page.wait_for_url("**/customers/")
        take(page, "customers-first")
        walk(stack, page, context.new_page)
    return 0


def walk(stack: Stack, page: Page, new_page: Callable[[], Page]) -> None:
    """The tour."""
    keys = [tenant["key"] for tenant in stack.facts["tenants"]]
    urls: dict[str, str] = {}
    for key in keys[:6]:
        tenant = tenant_of(stack, key)
        urls[key] = steps.add_customer(page, stack, tenant.name, tenant.domain)
    first = keys[0]
    page.goto(urls[first])
    take(page, "customer-new")
    page.get_by_role("link", name="Connect M365").first.click()
    take(page, "connect")
    tenant = tenant_of(stack, first)
    steps.connect(page, urls[first], tenant)
    expect(page.get_by_role("region", name="What works")).to_be_visible()
    take(page, "checklist")
    roads(page, urls[first])
    page.goto(urls[first])
    portal = new_page()
    steps.assign_role_in_portal(portal, stack, tenant)
    portal.close()
    steps.wait_until_ready(page)
    page.goto(urls[first])
    take(page, "customer")
    page.goto(f"{urls[first]}features/")
    take(page, "features")
    for key in keys[1:3]:
        other = new_page()
        steps.connect(other, urls[key], tenant_of(stack, key))
        other.close()
    page.goto(f"{stack.console}/customers/")
    take(page, "customers")
    page.goto(f"{stack.console}/readiness/")
    take(page, "readiness")
    users(stack, page, urls[first])
    page.goto(f"{stack.console}/users/?q=da")
    take(page, "search")
    page.goto(f"{stack.console}/activity/")
    take(page, "activity")
    page.goto(f"{stack.console}/settings/")
    take(page, "settings")
    page.goto(f"{stack.console}/settings/apps/")
    take(page, "settings-apps")
    page.goto(f"{stack.console}/settings/rules/")
    take(page, "rules")
    page.goto(f"{stack.console}/settings/verification/")
    take(page, "verification")
    page.goto(f"{stack.console}/settings/technicians/")
    take(page, "technicians")
    approvals(stack, page, urls[first], tenant)
    alerts(stack, page, urls[first], tenant)
    page.goto(f"{stack.console}/customers/00000000-0000-4000-8000-000000000000/")
    take(page, "not-found")


def roads(page: Page, url: str) -> None:
    """One administrator signs in, or somebody there gets a link or a script."""
    page.goto(f"{url}road/helpdesk/")
    take(page, "road")
    page.goto(f"{url}send/helpdesk/")
    take(page, "handover")


def approvals(stack: Stack, page: Page, url: str, tenant: Tenant) -> None:
    """A Global Administrator's password takes a second technician."""
    page.goto(f"{url}users/?q={tenant.admin_name}")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.get_by_role("link", name="Reset password", exact=True).click()
    steps.justify(page)
    page.get_by_role("button", name="Ask for approval").click()
    page.goto(f"{stack.console}/approvals/")
    take(page, "approvals")


def alerts(stack: Stack, page: Page, url: str, tenant: Tenant) -> None:
    """Somebody at the customer takes the role away."""
    apps = stack.control("GET", f"/tenants/{tenant.id}/consent")["enterprise_apps"]
    ours = next(app for app in apps if app["app_id"] == stack.facts["client_ids"]["helpdesk"])
    stack.control("DELETE", f"/tenants/{tenant.id}/roles", {"principal": ours["id"], "role": steps.PAA})
    page.goto(url)
    page.get_by_role("button", name="Test again").first.click()
    expect(page.get_by_text("it was there and was taken away").first).to_be_visible(timeout=steps.SETTLES_MS)
    page.goto(f"{stack.console}/alerts/")
    take(page, "alerts")


def users(stack: Stack, page: Page, url: str) -> None:
    """The users' screens and the procedures."""
    page.goto(f"{url}users/")
    expect(page.get_by_role("row").nth(3)).to_be_visible(timeout=steps.SETTLES_MS)
    take(page, "users")
    page.goto(f"{url}users/?rights=admin")
    name = page.get_by_role("row").nth(1).get_by_role("link").first
    name.click()
    take(page, "user-admin")
    page.goto(f"{url}users/?type=guest")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    take(page, "user-guest")
    page.goto(f"{url}users/?q=dana")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    take(page, "user")
    user_url = page.url
    page.get_by_role("link", name="Reset password", exact=True).click()
    take(page, "reset")
    page.get_by_role("link", name="Verify the caller").click()
    take(page, "verify")
    page.get_by_role("button", name="Own Microsoft sign-in").click()
    take(page, "verify-waiting")
    page.goto(user_url)
    page.get_by_role("link", name="Reset password", exact=True).click()
    steps.justify(page)
    page.get_by_role("button", name="Reset password").click()
    expect(page.get_by_role("button", name="Show password")).to_be_visible(timeout=steps.SETTLES_MS)
    take(page, "reset-done")
    page.get_by_role("button", name="Show password").click()
    take(page, "password")
    page.goto(user_url)
    steps.act(page, "Block sign-in")
    take(page, "block-done")
    page.goto(f"{url}users/")
    for index in range(1, 5):
        page.get_by_role("checkbox").nth(index).check()
    take(page, "users-selected")
    page.get_by_role("button", name="Block sign-in").click()
    take(page, "bulk")


if __name__ == "__main__":
    sys.exit(main())
