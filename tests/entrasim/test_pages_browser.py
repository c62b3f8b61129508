"""One walk through the pages in headless Chromium, as a technician's customer would take it."""

import http.server
import os
import threading
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from entrasim.server import Simulator

PICTURES = os.environ.get("ENTRASIM_PICTURES")
"""A folder for pictures of every page of the walk, in light, dark and narrow; none when unset."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app_site() -> Iterator[str]:
    """What stands where the app would: it answers any redirect with a page."""

    class Landing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b'<!doctype html><html lang="en"><link rel="icon" href="data:,"><h1>Back in the app</h1>')

        def log_message(self, *_arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Landing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/return"
    server.shutdown()
    server.server_close()


def look(page: "Page", name: str) -> None:
    """No accessibility violation; and keep how the page looks, where somebody asked for it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], name
    if not PICTURES:
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.screenshot(path=f"{PICTURES}/{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{name} is too wide for a phone"
    page.screenshot(path=f"{PICTURES}/{name}-390.png", full_page=True)
    page.set_viewport_size({"width": 1200, "height": 820})


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_consent_and_the_role_are_given_by_hand(
    simulator: "Simulator", browser: "Browser", app_site: str, scripts: bool
) -> None:
    tag = uuid.uuid4().hex[:8]
    tenant = simulator.handle.new_tenant(name=f"Kestrel Logistics {tag}", domain=f"kestrel-{tag}.example", users=30)
    home = simulator.handle.new_tenant(name="Harbour IT", domain=f"harbour-{tag}.example")
    app = simulator.handle.register_app(
        display_name="Tenantry Help Desk",
        secret="a",
        redirect_uris=[app_site],
        required_app_roles=["User.Read.All", "Organization.Read.All", "User-PasswordProfile.ReadWrite.All"],
        home_tenant_id=home.id,
    )
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 1200, "height": 820})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    take = look if scripts else (lambda _page, _name: None)

    query = urllib.parse.urlencode({"client_id": app.app_id, "redirect_uri": app_site, "state": "s"})
    page.goto(f"{simulator.browser_url}/organizations/adminconsent?{query}")
    take(page, "1-account")
    page.get_by_label("Email or account name").fill(tenant.admin.user_principal_name)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    assert "AADSTS50126" in page.get_by_role("alert").inner_text()
    take(page, "2-password")
    page.get_by_label("Password").fill(tenant.admin.password or "")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("heading", name="Permissions requested").is_visible()
    take(page, "3-consent")
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("heading", name="Back in the app").wait_for()
    assert f"tenant={tenant.id}" in page.url

    page.goto(f"{simulator.browser_url}/organizations/adminconsent?{query}")
    assert page.get_by_role("heading", name="Pick an account").is_visible()
    take(page, "4-pick")
    page.get_by_role("button", name=tenant.admin.user_principal_name).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("heading", name="Back in the app").wait_for()
    assert "error=access_denied" in page.url

    page.goto(f"{simulator.browser_url}/portal/{tenant.id}/roles")
    page.get_by_label("Search roles").fill("Privileged Auth")
    take(page, "5-roles")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Privileged Authentication Administrator").click()
    page.get_by_role("link", name="+ Add assignments").click()
    assert page.get_by_role("checkbox", name="Tenantry Help Desk").count() == 0
    take(page, "6-picker")
    page.get_by_label("Search").fill("Tenantry")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox", name="Tenantry Help Desk").check()
    page.get_by_role("button", name="Add").click()
    assert "Tenantry Help Desk was assigned" in page.get_by_role("status").inner_text()
    take(page, "7-role")
    page.get_by_role("link", name="Enterprise applications").click()
    take(page, "8-apps")
    page.get_by_role("link", name="Tenantry Help Desk").click()
    take(page, "9-app")
    context.close()
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_group_to_which_roles_can_be_assigned_is_made_by_hand(
    simulator: "Simulator", browser: "Browser", scripts: bool
) -> None:
    """AC-7.3: the New group page, as the checklist says it."""
    tag = uuid.uuid4().hex[:8]
    tenant = simulator.handle.new_tenant(
        name=f"Kestrel Logistics {tag}", domain=f"kestrel-{tag}.example", users=30, plan="p1"
    )
    principal = tenant.consent(
        simulator.handle.register_app(display_name="Tenantry Help Desk", required_app_roles=["User.Read.All"])
    )
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 1200, "height": 820})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    take = look if scripts else (lambda _page, _name: None)

    page.goto(f"{simulator.browser_url}/portal/{tenant.id}/groups")
    page.get_by_label("Email or account name").fill(tenant.admin.user_principal_name)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill(tenant.admin.password or "")
    page.get_by_role("button", name="Sign in").click()
    take(page, "groups-1-list")
    page.get_by_role("link", name="New group").click()
    take(page, "groups-2-new")
    page.get_by_label("Group type").select_option("Security")
    page.get_by_label("Group name").fill("Tenantry Help Desk Enterprise App")
    page.get_by_role("group", name="Microsoft Entra roles can be assigned to the group").get_by_label("Yes").check()
    page.get_by_role("button", name="No members selected").click()
    assert page.get_by_role("checkbox", name="Tenantry Help Desk").count() == 0
    page.get_by_role("searchbox", name="Search").fill("Tenantry")
    page.get_by_role("searchbox", name="Search").press("Enter")
    page.get_by_role("checkbox", name="Tenantry Help Desk").check()
    take(page, "groups-3-members")
    page.get_by_role("button", name="Select").click()
    page.get_by_role("button", name="No roles selected").click()
    page.get_by_role("searchbox", name="Search").fill("Privileged Auth")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox", name="Privileged Authentication Administrator").check()
    take(page, "groups-4-roles")
    page.get_by_role("button", name="Select").click()
    take(page, "groups-5-filled")
    page.get_by_role("button", name="Create").click()
    take(page, "groups-6-confirm")
    page.get_by_role("button", name="Yes").click()
    assert "The group was created." in page.get_by_role("status").inner_text()
    take(page, "groups-7-group")
    page.goto(f"{simulator.browser_url}/portal/{tenant.id}/apps/{principal.id}")
    take(page, "groups-8-app")
    page.get_by_role("link", name="Delete").click()
    take(page, "groups-9-delete")
    [group] = tenant.state.groups.values()
    assert (group.is_assignable_to_role, list(group.members)) == (True, [principal.id])
    context.close()
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_wizard_of_a_tenant_with_pim_is_walked_by_hand(
    simulator: "Simulator", browser: "Browser", scripts: bool
) -> None:
    """AC-3.1: the words of the checklist are those of the pages."""
    tag = uuid.uuid4().hex[:8]
    tenant = simulator.handle.new_tenant(
        name=f"Aurora Dental {tag}", domain=f"aurora-{tag}.example", users=30, plan="p2"
    )
    principal = tenant.consent(simulator.handle.register_app(display_name="Tenantry Help Desk"))
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 1200, "height": 820})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    take = look if scripts else (lambda _page, _name: None)

    role = f"{simulator.browser_url}/portal/{tenant.id}/roles/7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
    page.goto(role)
    page.get_by_label("Email or account name").fill(tenant.admin.user_principal_name)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill(tenant.admin.password or "")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Role settings").click()
    page.get_by_label("Allow permanent active assignment").uncheck()
    take(page, "pim-1-settings")
    page.get_by_role("button", name="Update").click()
    page.goto(f"{role}/add?search=Tenantry")
    page.get_by_role("checkbox", name="Tenantry Help Desk").check()
    take(page, "pim-2-membership")
    page.get_by_role("button", name="Next").click()
    assert page.get_by_label("Enter justification").is_hidden()
    take(page, "pim-3-eligible")
    page.get_by_label("Active", exact=True).check()
    assert page.get_by_label("Permanently assigned").is_disabled()
    take(page, "pim-4-forbidden")
    page.goto(f"{role}/settings")
    page.get_by_label("Allow permanent active assignment").check()
    page.get_by_role("button", name="Update").click()
    page.goto(f"{role}/add?search=Tenantry")
    page.get_by_role("checkbox", name="Tenantry Help Desk").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Active", exact=True).check()
    page.get_by_label("Permanently assigned").check()
    page.get_by_label("Enter justification").fill("Help desk")
    take(page, "pim-5-setting")
    page.get_by_role("button", name="Assign").click()
    assert "Tenantry Help Desk was assigned" in page.get_by_role("status").inner_text()
    take(page, "pim-6-role")
    page.get_by_role("link", name="Update Tenantry Help Desk").click()
    take(page, "pim-7-update")
    held = [a for a in tenant.state.role_assignments.values() if a.principal_id == principal.id]
    assert [a.ends_at for a in held] == [None]
    context.close()
    assert complaints == []
