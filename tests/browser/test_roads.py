"""Every road to a role in every way, walked in a real browser by somebody who does what the pages say."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser import portal as admin_center
from tests.browser import steps
from tests.browser.stack import Stack, Tenant, Walker, new_context
from tests.browser.steps import PAA

pytestmark = pytest.mark.browser


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """Whoever walks a road copies names from the checklist."""
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


def connected(walker: Walker, demo: Stack, plan: str | None = None) -> tuple[str, Tenant]:
    """A customer whose administrator has consented."""
    tenant = demo.new_tenant(plan=plan, users=3)
    if plan == "p2":
        assign_licence(demo, tenant, "AAD_PREMIUM_P2")
    url = steps.add_customer(walker.page, demo)
    steps.connect(walker.page, url, tenant)
    return url, tenant


def setup(page: Page) -> Locator:
    return page.get_by_role("region", name="Set-up", exact=True)


def name_in_tenant(demo: Stack, tenant: Tenant) -> tuple[str, str]:
    """Our enterprise app in that tenant: id and name."""
    apps = demo.control("GET", f"/tenants/{tenant.id}/consent")["enterprise_apps"]
    ours = next(app for app in apps if app["app_id"] == demo.facts["client_ids"]["helpdesk"])
    return ours["id"], ours["display_name"]


def held_by(demo: Stack, tenant: Tenant, principal_id: str) -> list[dict[str, Any]]:
    rows = demo.control("GET", f"/tenants/{tenant.id}/roles")["role_assignments"]
    return [row for row in rows if row["principal_id"] == principal_id]


def assign_licence(demo: Stack, tenant: Tenant, part: str) -> None:
    demo.control("POST", f"/tenants/{tenant.id}/users/{tenant.admin_name}/licences", {"part_number": part})


def take_group_road(page: Page) -> None:
    setup(page).get_by_role("link", name="Change").click()
    page.get_by_role("radio", name="group").check()
    page.get_by_role("button", name="Choose this road").click()
    expect(setup(page).get_by_text("Create the group").first).to_be_visible()


def test_ac_3_1_show_me_with_pim_through_the_wizard_to_green(
    demo: Stack, walker: Walker, context: BrowserContext
) -> None:
    """J3, AC-3.1, AC-4.1: P2; Membership, Setting, Active, Permanently assigned, the suggested justification."""
    page = walker.page
    _url, tenant = connected(walker, demo, plan="p2")
    principal_id, name = name_in_tenant(demo, tenant)
    expect(page.get_by_text("PIM: available").first).to_be_visible()
    walker.check()
    role = admin_center.copied(page, setup(page), PAA)
    app = admin_center.copied(page, setup(page), name)
    why = setup(page).locator(".copy-text").last.inner_text()
    justification = admin_center.copied(page, setup(page), why)
    portal = admin_center.open_by_link(context, page, "Open Roles and administrators", tenant)
    admin_center.add_assignment_by_wizard(portal, role, app, justification)
    page.bring_to_front()
    steps.wait_until_ready(page)
    walker.check()
    (assignment,) = held_by(demo, tenant, principal_id)
    assert (assignment["directory_scope_id"], assignment["ends_at"]) == ("/", None)


def test_ac_7_3_show_me_through_a_new_group_to_green(demo: Stack, walker: Walker, context: BrowserContext) -> None:
    """J7, AC-7.1 to AC-7.3: a licence owned by nobody, then assigned; New group with member and role; Create, Yes."""
    page = walker.page
    _url, tenant = connected(walker, demo, plan="p1")
    _principal_id, name = name_in_tenant(demo, tenant)
    take_group_road(page)
    expect(setup(page).get_by_text("A licence is owned, but assigned to nobody.")).to_be_visible()
    assign_licence(demo, tenant, "AAD_PREMIUM")
    expect(page.get_by_role("link", name="Open Groups")).to_be_visible(timeout=steps.SETTLES_MS)
    group = admin_center.copied(page, setup(page), f"{name} Enterprise App")
    role = admin_center.copied(page, setup(page), PAA)
    app = admin_center.copied(page, setup(page), name)
    walker.check()
    portal = admin_center.open_by_link(context, page, "Open Groups", tenant)
    admin_center.new_group(portal, group, member=app, role=role)
    page.bring_to_front()
    steps.wait_until_ready(page)
    expect(page.get_by_text("through the group").first).to_be_attached()
    walker.check()


def test_ac_7_5_show_me_through_a_group_whose_role_comes_later_with_pim(
    demo: Stack, walker: Walker, context: BrowserContext
) -> None:
    """J7, AC-7.5: with PIM the group is made without the role; each step ticks alone, the last by the wizard."""
    page = walker.page
    _url, tenant = connected(walker, demo, plan="p2")
    _principal_id, name = name_in_tenant(demo, tenant)
    take_group_road(page)
    portal = admin_center.open_by_link(context, page, "Open Groups", tenant)
    admin_center.new_group(portal, f"{name} Enterprise App", member=name)
    page.bring_to_front()
    expect(setup(page).get_by_text(f"{name} is in “{name} Enterprise App”.")).to_be_visible(timeout=steps.SETTLES_MS)
    walker.check()
    portal.close()
    portal = admin_center.open_by_link(context, page, "Open Roles and administrators", tenant)
    group = admin_center.copied(page, setup(page), f"{name} Enterprise App")
    portal.bring_to_front()
    admin_center.add_assignment_by_wizard(portal, PAA, group, "Help desk")
    page.bring_to_front()
    steps.wait_until_ready(page)
    walker.check()


def test_do_it_for_me_shows_the_plan_rehearses_does_it_and_does_nothing_twice(demo: Stack, walker: Walker) -> None:
    """J3, AC-1.6: the plan, a dry run, one sign-in, what was done; the second time there is nothing to do."""
    page = walker.page
    url, tenant = connected(walker, demo, plan="p2")
    principal_id, name = name_in_tenant(demo, tenant)
    setup(page).get_by_role("link", name="Do it for me").click()
    plan = page.get_by_role("region", name="What will change")
    expect(plan.get_by_text(f"Assign {PAA} to {name} through PIM")).to_be_visible()
    walker.check()
    road_url = page.url

    page.get_by_role("button", name="Dry run only").click()
    admin_signs_in(page, tenant)
    page.wait_for_url(road_url)
    expect(page.get_by_text("Dry run passed. Nothing was changed.").first).to_be_visible()
    assert held_by(demo, tenant, principal_id) == []
    walker.check()

    page.get_by_role("button", name="Sign in and do it").click()
    admin_signs_in(page, tenant)
    page.wait_for_url(road_url)
    expect(page.get_by_role("region", name="What was done").get_by_text("Done", exact=True)).to_be_visible()
    walker.check()
    assert len(held_by(demo, tenant, principal_id)) == 1
    page.goto(url)
    steps.wait_until_ready(page)

    page.goto(road_url)
    expect(page.get_by_text(f"In the name of {tenant.admin_name}")).to_be_visible()
    expect(page.get_by_text("Nothing to do").first).to_be_visible()
    expect(page.get_by_role("button", name="Sign in and do it")).to_have_count(0)
    walker.check()
    assert len(held_by(demo, tenant, principal_id)) == 1


def admin_signs_in(page: Page, tenant: Tenant) -> None:
    """The customer's administrator at Microsoft, and what they lend."""
    page.get_by_role("heading", level=1).first.wait_for()
    if page.get_by_role("heading", name="Pick an account").count():
        page.get_by_role("button", name=re.compile(re.escape(tenant.admin_name))).click()
    elif page.get_by_label("Email or account name").count() or page.get_by_label("Password").count():
        steps.sign_in_at_microsoft(page, tenant.admin_name, tenant.admin_password)
    if page.get_by_role("heading", name="Permissions requested").count():
        page.get_by_role("button", name="Accept").click()


def test_send_it_is_walked_by_the_customers_administrator_without_an_account(
    demo: Stack, walker: Walker, browser: Browser
) -> None:
    """J3 by *send it*: a link, a browser that knows nobody, the portal by the page's own words; green on both."""
    page = walker.page
    url, tenant = connected(walker, demo, plan="p2")
    principal_id, name = name_in_tenant(demo, tenant)
    setup(page).get_by_role("link", name="Send it").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("p.mono").first.inner_text()
    walker.check()

    theirs = new_context(browser)
    theirs.grant_permissions(["clipboard-read", "clipboard-write"])
    stranger = Walker(theirs.new_page())
    stranger.listen()
    stranger.page.goto(address)
    expect(stranger.page.get_by_role("heading", level=1)).to_have_text(f"A role for {name}")
    expect(stranger.page.get_by_text("One thing is left to do").first).to_be_visible()
    stranger.check()
    main = stranger.page.locator("main")
    app = admin_center.copied(stranger.page, main, name)
    why = main.locator(".copy-text").last.inner_text()
    stranger.page.get_by_role("link", name="Open Roles and administrators").click()
    admin_center.sign_in(stranger.page, tenant)
    admin_center.add_assignment_by_wizard(stranger.page, PAA, app, why)
    assert len(held_by(demo, tenant, principal_id)) == 1

    page.goto(url)
    steps.wait_until_ready(page)
    stranger.page.goto(address)
    expect(stranger.page.get_by_text("Nothing is left to do").first).to_be_visible()
    stranger.check()
    theirs.close()


def test_the_customers_administrator_has_it_done_from_the_link(demo: Stack, walker: Walker, browser: Browser) -> None:
    """J3 by *send it* and *do it for me* at once: nobody of ours signs in; the answer comes back to this browser."""
    page = walker.page
    _, tenant = connected(walker, demo, plan="p2")
    principal_id, _ = name_in_tenant(demo, tenant)
    setup(page).get_by_role("link", name="Send it").click()
    page.get_by_role("button", name="Make a link").click()
    address = page.locator("p.mono").first.inner_text()

    theirs = new_context(browser)
    stranger = Walker(theirs.new_page())
    stranger.listen()
    stranger.page.goto(address)
    expect(stranger.page.get_by_role("heading", name="Have it done")).to_be_visible()
    stranger.check()
    stranger.page.get_by_role("button", name="Sign in and do it").click()
    admin_signs_in(stranger.page, tenant)
    stranger.page.wait_for_url(address)
    expect(stranger.page.get_by_text("Done, and read back from the tenant.").first).to_be_visible()
    expect(stranger.page.get_by_role("button", name="Sign in and do it")).to_have_count(0)
    stranger.check()
    assert len(held_by(demo, tenant, principal_id)) == 1
    theirs.close()
