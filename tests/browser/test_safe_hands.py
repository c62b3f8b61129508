"""In a real browser: a colleague joins, two people decide, a link is burnt, a program gets a token."""

import json
import re
import urllib.error
import urllib.request
import uuid

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import steps
from tests.browser.stack import Stack, Walker, new_context
from tests.browser.test_journeys import ready_customer

pytestmark = pytest.mark.browser

PASSWORD = "quiet otter ladder 41"


def test_a_colleague_joins_and_two_people_reset_a_global_administrator(
    demo: Stack, walker: Walker, browser: Browser
) -> None:
    """Invite, join, ask, approve after a fresh proof, read back; the new password is handed over by a one-time link."""
    page = walker.page
    customer_url, tenant = ready_customer(walker, demo)
    page.goto(f"{demo.console}/settings/technicians/invite/")
    page.get_by_label("Name").fill("Bob Adeyemi")
    page.get_by_label("E-mail address").fill(f"bob-{tenant.id[:8]}@harbour-it.example")
    page.get_by_role("radio", name="Administrator").check()
    walker.check()
    page.get_by_role("button", name="Invite").click()
    link = page.get_by_text("/join/").inner_text()
    walker.check()

    colleague = new_context(browser)
    bob = Walker(colleague.new_page())
    bob.listen()
    bob.page.goto(link)
    bob.page.get_by_label("Password", exact=True).fill(PASSWORD)
    bob.page.get_by_label("Password again").fill(PASSWORD)
    bob.check()
    bob.page.get_by_role("button", name="Join and sign in").click()
    bob.page.wait_for_url("**/customers/")

    page.goto(f"{customer_url}users/?q={tenant.admin_name}")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.get_by_role("link", name="Reset password", exact=True).click()
    expect(page.get_by_text("A second technician approves")).to_be_visible()
    walker.check()
    steps.justify(page)
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_text("Waits for a second technician")).to_be_visible()
    walker.check()
    request_url = page.url

    bob.page.goto(f"{demo.console}/approvals/")
    bob.check()
    bob.page.goto(request_url)
    expect(bob.page.get_by_text("Asked for by telephone")).to_be_visible()
    bob.check()
    bob.page.get_by_label("Note").fill("Called them back")
    bob.page.get_by_role("button", name="Approve and do it now").click()
    expect(bob.page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    bob.check()
    bob.page.get_by_label("Your password").fill(PASSWORD)
    bob.page.get_by_role("button", name="Confirm").click()
    expect(bob.page.get_by_text("Called them back")).to_be_visible()
    bob.raise_complaints()
    colleague.close()

    page.reload()
    page.get_by_role("link", name="Look at what was done").click()
    make = page.get_by_role("button", name="Make a one-time link")
    expect(make).to_be_visible(timeout=steps.SETTLES_MS)
    make.click()
    secret_link = page.get_by_text("/secret/").inner_text()
    code = page.get_by_text(re.compile(r"^\d{6}$")).inner_text()
    walker.check()

    stranger = new_context(browser)
    user = Walker(stranger.new_page(), expected_statuses={404})
    user.listen()
    user.page.goto(secret_link)
    user.check()
    user.page.get_by_label("Code").fill(code)
    user.page.get_by_role("button", name="Show my password").click()
    expect(user.page.locator(".secret-text")).not_to_be_empty()
    user.check()
    user.page.goto(secret_link)
    expect(user.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    user.raise_complaints()
    stranger.close()

    journal = demo.control("GET", f"/tenants/{tenant.id}/journal")["entries"]
    assert len([entry for entry in journal if entry["method"] == "PATCH" and entry["effect"]]) == 1


def test_a_caller_signs_in_to_their_own_tenant_and_the_proof_is_used_with_the_reset(
    demo: Stack, walker: Walker, browser: Browser
) -> None:
    """Two people, two browsers: the same number on both sides; without the proof the rule refuses, with it once."""
    page = walker.page
    walker.expected_statuses.add(422)
    customer_url, tenant = ready_customer(walker, demo)
    dana = demo.control("POST", f"/tenants/{tenant.id}/users", {"name": "Dana Caller", "password": "Tea-by-the-sea-8"})
    page.goto(f"{demo.console}/settings/rules/")
    page.locator("[name='ordinary-reset_password-strength']").select_option("2")
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("1 changed.")).to_be_visible()
    try:
        page.goto(f"{customer_url}users/")
        page.get_by_role("button", name="Read again").click()
        steps.open_user(page, customer_url, "Dana Caller")
        page.get_by_role("link", name="Reset password", exact=True).click()
        steps.justify(page)
        page.get_by_role("button", name="Reset password").click()
        expect(page.get_by_text("Verify the caller first, for this user and this ticket").first).to_be_visible()
        walker.check()
        page.get_by_role("link", name="Verify the caller").click()
        expect(page.get_by_role("heading", name="Manager vouches")).to_be_visible()
        walker.check()
        page.get_by_role("button", name="Own Microsoft sign-in").click()
        number = page.locator("dt:has-text('Number to compare') + dd").inner_text()
        link = page.get_by_text("/verify/").inner_text()
        walker.check()

        somebody = new_context(browser)
        caller = Walker(somebody.new_page())
        caller.listen()
        caller.page.goto(link)
        assert caller.page.locator("dt:has-text('Your number') + dd b").inner_text() == number
        caller.check()
        caller.page.get_by_role("button", name="Sign in at Microsoft").click()
        caller.page.get_by_label("Password").fill("Tea-by-the-sea-8")
        caller.page.get_by_role("button", name="Sign in").click()
        expect(caller.page.get_by_text("You are verified")).to_be_visible()
        caller.check()

        expect(page.get_by_text("Caller verified")).to_be_visible(timeout=steps.SETTLES_MS)  # by itself
        walker.check()
        page.get_by_role("link", name="Go on: Reset password").click()
        expect(page.get_by_text("Caller verified").first).to_be_visible()
        steps.justify(page)
        page.get_by_role("button", name="Reset password").click()
        expect(page.get_by_role("button", name="Show password")).to_be_visible(timeout=steps.SETTLES_MS)
        caller.page.reload()
        expect(caller.page.get_by_text("You are verified")).to_be_visible()
        caller.raise_complaints()
        somebody.close()
        page.goto(f"{demo.console}/activity/?q=Dana Caller")
        expect(page.get_by_text("The pass was used for").first).to_be_visible()
    finally:
        page.goto(f"{demo.console}/settings/rules/")
        page.get_by_role("button", name="Go back to the defaults").click()
    journal = demo.control("GET", f"/tenants/{tenant.id}/journal")["entries"]
    resets = [
        entry for entry in journal if entry["method"] == "PATCH" and dana["id"] in entry["path"] and entry["effect"]
    ]
    assert len(resets) == 1


def test_the_demos_colleagues_see_their_own_customers_and_a_request_waits(
    demo: Stack, walker: Walker, browser: Browser
) -> None:
    """Issue 4: for who does not see a customer it does not exist; what takes two people waits for the second."""
    page = walker.page
    for _ in range(40):  # the demo furnishes itself meanwhile
        page.goto(f"{demo.console}/approvals/")
        if page.get_by_text("Zephyr Studios").count():
            break
        page.wait_for_timeout(1_000)
    expect(page.get_by_text("Bob Adeyemi")).to_be_visible()
    page.goto(f"{demo.console}/customers/?q=zephyr")
    address = page.get_by_role("link", name="Zephyr Studios").get_attribute("href")
    edgar = next(each for each in demo.facts["colleagues"] if each["name"] == "Edgar Novak")
    his = new_context(browser)
    other = Walker(his.new_page(), expected_statuses={404})
    other.listen()
    other.page.goto(edgar["sign_in_link"])
    other.page.wait_for_url("**/customers/")
    expect(other.page.get_by_role("link", name="Tamarind Foods")).to_be_visible()
    assert other.page.get_by_text("Zephyr").count() == 0
    answer = other.page.goto(f"{demo.console}{address}")
    assert answer is not None
    assert answer.status == 404
    other.raise_complaints()
    his.close()


def test_the_pages_of_safe_hands_do_not_scroll_sideways_on_a_phone(demo: Stack, walker: Walker) -> None:
    page = walker.page
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (
        "settings/technicians/",
        "settings/teams/",
        "settings/customer-groups/",
        "settings/rules/",
        "settings/emergency-stop/",
        "settings/tokens/",
        "settings/technicians/add-service/",
        "settings/verification/",
        "approvals/",
        "approvals/?show=ended",
    ):
        page.goto(f"{demo.console}/{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{path} is {width} wide"
        walker.check()


def test_a_program_gets_a_service_account_and_a_token_that_works_until_it_is_revoked(
    demo: Stack, walker: Walker
) -> None:
    """Made in the browser, shown once, used over HTTP without a cookie, revoked."""
    page, name = walker.page, f"Ticket system {uuid.uuid4().hex[:6]}"
    page.goto(f"{demo.console}/settings/technicians/")
    walker.check()
    page.get_by_role("link", name="Add service account").click()
    page.get_by_label("Name").fill(name)
    walker.check()
    page.get_by_role("button", name="Add service account").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    walker.check()
    page.get_by_role("link", name="Tokens", exact=True).click()
    page.get_by_label("What it is for").fill("Its key")
    page.get_by_label("Read customers").check()
    page.get_by_role("button", name="Make token").click()
    expect(page.get_by_text("Shown this once")).to_be_visible()
    token = page.get_by_text(re.compile(r"^tnt_[\w-]{40,}$")).inner_text()
    walker.check()

    def asked() -> tuple[int, str]:
        request = urllib.request.Request(f"{demo.console}/api/v1/token", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)["technician"]
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)["code"]

    assert asked() == (200, name)
    page.goto(f"{demo.console}/settings/tokens/")
    assert token not in page.content()
    walker.check()
    page.get_by_role("row").filter(has_text=name).get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("was revoked")).to_be_visible()
    assert asked() == (401, "token_missing")
