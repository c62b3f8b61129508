"""The journeys of a technician, walked in a real browser against the real stack."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, expect

from tests.browser import portal as admin_center
from tests.browser import steps
from tests.browser.stack import Stack, Tenant, Walker, new_context

pytestmark = pytest.mark.browser


def ready_customer(walker: Walker, demo: Stack) -> tuple[str, Tenant]:
    """A connected customer whose role is given, set up quickly: consent in the browser, the role by control."""
    tenant = demo.new_tenant(users=30)
    demo.control("POST", f"/tenants/{tenant.id}/users", {"name": "Dana O'Brien"})
    url = steps.add_customer(walker.page, demo)
    steps.connect(walker.page, url, tenant)
    apps = demo.control("GET", f"/tenants/{tenant.id}/consent")["enterprise_apps"]
    ours = next(app for app in apps if app["app_id"] == demo.facts["client_ids"]["helpdesk"])
    demo.control("POST", f"/tenants/{tenant.id}/roles", {"principal": ours["id"], "role": steps.PAA})
    steps.wait_until_ready(walker.page)
    return url, tenant


def test_from_the_sign_in_link_to_the_activity_page(demo: Stack, walker: Walker, context: BrowserContext) -> None:
    """J0, J1, J2 by *show me* (AC-2.1 to AC-2.3, AC-2.7), J6, AC-8.1, AC-8.2: the whole first journey.

    The tenant has no licence; the link and every name come from the checklist. Each page is clean for axe, and
    nothing is reloaded by hand.
    """
    page = walker.page
    tenant = demo.new_tenant(users=40)
    dana = demo.control("POST", f"/tenants/{tenant.id}/users", {"name": "Dana O'Brien"})
    page.goto(f"{demo.console}/customers/")
    walker.check()
    url = steps.add_customer(page, demo)
    walker.check()

    steps.go_to_microsoft(page, url)
    steps.sign_in_at_microsoft(page, tenant.admin_name, tenant.admin_password)
    steps.accept(page)
    page.wait_for_url(f"{url}*")  # AC-1.2: this customer's screen, not a list
    expect(page.get_by_role("heading", name="Set-up")).to_be_visible(timeout=steps.SETTLES_MS)
    expect(page.get_by_text("the app is not listed until you search")).to_be_visible()
    expect(page.get_by_text("Tenantry Help Desk").first).to_be_visible()
    for words in ("Open Roles and administrators", steps.PAA, "+ Add assignments"):
        expect(page.get_by_text(words, exact=True).first).to_be_visible()
    walker.check()

    context.grant_permissions(["clipboard-read", "clipboard-write"])
    role, app = (admin_center.copied(page, page.locator("main"), text) for text in (steps.PAA, "Tenantry Help Desk"))
    portal = admin_center.open_by_link(context, page, "Open Roles and administrators", tenant)
    admin_center.add_assignment(portal, role, app)
    portal.close()
    steps.wait_until_ready(page)
    walker.check()

    page.get_by_role("link", name="Go to user list").first.click()
    expect(page.get_by_role("link", name="Dana O'Brien")).to_be_visible(timeout=steps.SETTLES_MS)
    walker.check()
    page.get_by_role("searchbox").last.fill("dana")
    expect(page.get_by_role("row", name=re.compile("Dana O'Brien"))).to_be_visible()
    page.get_by_role("link", name="Dana O'Brien").click()
    expect(page.get_by_role("heading", name="Dana O'Brien", level=1)).to_be_visible()
    walker.check()
    user_url = page.url

    page.get_by_role("link", name="Reset password", exact=True).click()
    walker.check()
    steps.justify(page, ticket="48213")
    page.get_by_role("button", name="Reset password").click()
    expect(page.get_by_role("button", name="Show password")).to_be_visible(timeout=steps.SETTLES_MS)
    walker.check()
    page.get_by_role("button", name="Show password").click()
    shown = page.locator("[data-secret]").first
    expect(shown).to_be_visible()
    walker.check()
    state = demo.control("GET", f"/tenants/{tenant.id}/users/{dana['id']}")
    assert state["password"].replace(" ", "") in re.sub(r"\s", "", page.locator("main").inner_text())
    assert state["force_change_password_next_sign_in"] is True
    operation_url = page.url
    page.goto(user_url)
    page.goto(operation_url)
    assert state["password"] not in re.sub(r"\s", "", page.content())  # gone after leaving

    page.goto(user_url)
    steps.act(page, "Block sign-in", ticket="48214")
    assert demo.control("GET", f"/tenants/{tenant.id}/users/{dana['id']}")["account_enabled"] is False
    walker.check()
    page.goto(user_url)
    steps.act(page, "Unblock sign-in", ticket="48215")
    assert demo.control("GET", f"/tenants/{tenant.id}/users/{dana['id']}")["account_enabled"] is True

    page.goto(f"{demo.console}/activity/?text={dana['user_principal_name']}")
    table = page.get_by_role("table")
    for words in ("Reset password", "Block sign in", "Unblock sign in"):
        expect(table.get_by_text(words, exact=True).first).to_be_visible()
    for ticket in ("48213", "48214", "48215"):
        expect(table.get_by_text(f"Ticket {ticket}").first).to_be_visible()
    assert state["password"] not in page.content()
    walker.check()
    assert demo.control("GET", f"/tenants/{tenant.id}/lint")["complaints"] == []


def test_ac_1_3_cancel_leaves_no_connection_and_says_so(demo: Stack, walker: Walker) -> None:
    tenant = demo.new_tenant()
    url = steps.add_customer(walker.page, demo)
    steps.go_to_microsoft(walker.page, url)
    steps.sign_in_at_microsoft(walker.page, tenant.admin_name, tenant.admin_password)
    walker.page.get_by_role("button", name="Cancel").click()
    walker.page.wait_for_url(f"{url}*")
    expect(walker.page.get_by_text(re.compile("declined|cancelled", re.IGNORECASE)).first).to_be_visible()
    expect(walker.page.get_by_text("Not connected").first).to_be_visible()
    walker.check()


def test_ac_1_3_a_user_without_the_right_to_consent_is_told_apart(demo: Stack, walker: Walker) -> None:
    tenant = demo.new_tenant()
    demo.control(
        "POST",
        f"/tenants/{tenant.id}/users",
        {"name": "Bo Lind", "upn": f"bo@{tenant.domain}", "password": "Correct-Horse-7"},
    )
    url = steps.add_customer(walker.page, demo)
    steps.go_to_microsoft(walker.page, url)
    steps.sign_in_at_microsoft(walker.page, f"bo@{tenant.domain}", "Correct-Horse-7")
    walker.page.get_by_role("button", name="Return to the application without granting consent").click()
    walker.page.wait_for_url(f"{url}*")
    expect(walker.page.get_by_text(re.compile("administrator", re.IGNORECASE)).first).to_be_visible()
    expect(walker.page.get_by_role("heading", name="Set-up")).to_have_count(0)
    walker.check()


def test_ac_1_3_a_replayed_answer_is_refused_and_changes_nothing(demo: Stack, walker: Walker) -> None:
    tenant = demo.new_tenant()
    answers: list[str] = []
    walker.page.on("request", lambda request: answers.append(request.url) if "/connect/return" in request.url else None)
    url = steps.add_customer(walker.page, demo)
    steps.connect(walker.page, url, tenant)
    assert len(answers) == 1
    walker.page.goto(answers[0])
    expect(
        walker.page.get_by_text(re.compile("already used|used already|used before", re.IGNORECASE)).first
    ).to_be_visible()
    expect(walker.page.get_by_role("heading", name="Set-up")).to_be_visible()
    walker.check()


def test_ac_1_3_a_tenant_of_another_customer_is_refused_not_moved(demo: Stack, walker: Walker) -> None:
    tenant = demo.new_tenant()
    first = steps.add_customer(walker.page, demo)
    steps.connect(walker.page, first, tenant)
    second = steps.add_customer(walker.page, demo)
    steps.go_to_microsoft(walker.page, second)
    steps.sign_in_at_microsoft(walker.page, tenant.admin_name, tenant.admin_password)
    steps.accept(walker.page)
    walker.page.wait_for_url(f"{second}*")
    expect(walker.page.get_by_text(re.compile("another customer", re.IGNORECASE)).first).to_be_visible()
    expect(walker.page.get_by_role("heading", name="Set-up")).to_have_count(0)
    walker.check()
    walker.page.goto(first)
    expect(walker.page.get_by_role("heading", name="Connection")).to_be_visible()


def test_double_click_back_button_and_two_tabs_make_one_effect(
    demo: Stack, walker: Walker, context: BrowserContext
) -> None:
    url, tenant = ready_customer(walker, demo)
    page = walker.page
    walker.expected_statuses.add(409)
    steps.open_user(page, url, "Dana O'Brien")
    user_url = page.url
    other = context.new_page()
    other.goto(user_url)
    for tab in (page, other):
        tab.get_by_role("link", name="Reset password", exact=True).click()
        steps.justify(tab)
    button = page.get_by_role("button", name="Reset password")
    button.dblclick()
    expect(page.get_by_role("button", name="Show password")).to_be_visible(timeout=steps.SETTLES_MS)
    page.go_back()
    if page.get_by_role("button", name="Reset password").count():
        steps.justify(page)
        page.get_by_role("button", name="Reset password").click()
        expect(page.get_by_role("heading", name="Reset password").first).to_be_visible()
    other.get_by_role("button", name="Reset password").click()
    expect(other.get_by_text(re.compile("already", re.IGNORECASE)).first).to_be_visible()
    writes = [
        entry
        for entry in demo.control("GET", f"/tenants/{tenant.id}/journal")["entries"]
        if entry["method"] == "PATCH" and "/users/" in entry["path"]
    ]
    assert len(writes) == 1


def test_bulk_block_of_selected_users_with_results_for_each(demo: Stack, walker: Walker) -> None:
    url, tenant = ready_customer(walker, demo)
    page = walker.page
    page.goto(f"{url}users/")
    expect(page.get_by_role("link", name="Dana O'Brien")).to_be_visible(timeout=steps.SETTLES_MS)
    boxes = page.get_by_role("checkbox", name=re.compile("^Select (?!every)"))
    for index in range(3):
        boxes.nth(index).check()
    walker.check()
    page.get_by_role("button", name="Block sign-in").click()
    walker.check()
    steps.justify(page)
    page.get_by_role("button", name=re.compile("Block")).click()
    expect(page.get_by_text("Done", exact=True)).to_have_count(3, timeout=steps.SETTLES_MS)
    walker.check()
    users = demo.control("GET", f"/tenants/{tenant.id}/users")["users"]
    assert len([user for user in users if not user["account_enabled"]]) >= 3


def test_the_journey_without_javascript(demo: Stack, browser: Browser, signed_in: StorageState) -> None:
    """Without scripts the forms still post and every page says what to do next."""
    context = new_context(browser, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    tenant = demo.new_tenant(users=5)
    dana = demo.control("POST", f"/tenants/{tenant.id}/users", {"name": "Dana O'Brien"})
    url = steps.add_customer(page, demo)
    steps.go_to_microsoft(page, url)
    steps.sign_in_at_microsoft(page, tenant.admin_name, tenant.admin_password)
    steps.accept(page)
    page.wait_for_url(f"{url}*")
    steps.assign_role_in_portal(page, demo, tenant)

    for _ in range(60):
        page.goto(url)
        if (
            page.get_by_role("region", name="What works").get_by_text("Ready", exact=True).count()
            == steps.READY_FEATURES
        ):
            break
        page.wait_for_timeout(500)
    else:
        raise AssertionError("never ready")
    for _ in range(60):
        page.goto(f"{url}users/?q=dana")
        if page.get_by_role("link", name="Dana O'Brien").count():
            break
        page.wait_for_timeout(500)
    page.get_by_role("link", name="Dana O'Brien").click()
    page.get_by_role("link", name="Block sign-in", exact=True).click()
    steps.justify(page)
    page.get_by_role("button", name="Block sign-in").click()
    expect(page.get_by_text("Done", exact=True).first).to_be_visible(timeout=steps.SETTLES_MS)
    assert demo.control("GET", f"/tenants/{tenant.id}/users/{dana['id']}")["account_enabled"] is False
    context.close()


def test_nothing_scrolls_sideways_on_a_phone(demo: Stack, walker: Walker) -> None:
    url, _tenant = ready_customer(walker, demo)
    page = walker.page
    page.set_viewport_size({"width": 390, "height": 844})
    steps.open_user(page, url, "Dana O'Brien")
    user_url = page.url
    for address in (
        f"{demo.console}/customers/",
        f"{demo.console}/customers/add/",
        url,
        f"{url}users/",
        user_url,
        f"{user_url}reset-password/",
        f"{demo.console}/activity/",
        f"{demo.console}/settings/",
        f"{demo.console}/users/?q=dana",
        f"{demo.console}/readiness/",
        f"{url}features/",
        f"{url}disconnect/",
    ):
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, f"{address} is {width} wide"
        walker.check()
