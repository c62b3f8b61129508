"""The admin center in the customer's hands: what the checklist tells an administrator to click, clicked.

Addresses and names are never made up here: they come from the product's page, through its links and copy buttons.
"""

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser import steps
from tests.browser.stack import Tenant


def open_by_link(context: BrowserContext, page: Page, link: str, tenant: Tenant) -> Page:
    """Follow a deep link of the product into a tab of its own, and sign in there if nobody is."""
    with context.expect_page() as opening:
        page.get_by_role("link", name=link).first.click()
    opened = opening.value
    sign_in(opened, tenant)
    return opened


def sign_in(portal: Page, tenant: Tenant) -> None:
    """As the customer's administrator, unless somebody of that directory is signed in."""
    portal.get_by_role("heading", level=1).first.wait_for()
    if portal.get_by_role("heading", name="Sign in").count() or portal.get_by_label("Email or account name").count():
        steps.sign_in_at_microsoft(portal, tenant.admin_name, tenant.admin_password)
    expect(portal.get_by_text(tenant.name).first).to_be_visible()


def copied(page: Page, within: Locator, text: str) -> str:
    """Press the copy button for a text; returns what the clipboard holds then."""
    page.bring_to_front()
    within.get_by_role("button", name=f"Copy {text}", exact=True).first.click()
    expect(page.get_by_text("Copied.").first).to_be_attached()
    return str(page.evaluate("navigator.clipboard.readText()"))


def open_role(portal: Page, role: str) -> None:
    """Search the role and open it."""
    portal.get_by_label("Search roles").fill(role)
    portal.get_by_role("button", name="Search").click()
    portal.get_by_role("link", name=role, exact=True).click()


def select_member(portal: Page, name: str) -> None:
    """In a picker: nothing is listed until it is searched for."""
    assert portal.get_by_role("checkbox", name=name).count() == 0
    portal.get_by_role("searchbox", name="Search").fill(name)
    portal.get_by_role("button", name="Search").last.click()
    portal.get_by_role("checkbox", name=name).first.check()


def add_assignment(portal: Page, role: str, member: str) -> None:
    """Without PIM: the role, + Add assignments, the member, Add."""
    open_role(portal, role)
    portal.get_by_role("link", name="+ Add assignments").click()
    select_member(portal, member)
    portal.get_by_role("button", name="Add", exact=True).click()
    expect(portal.get_by_text("was assigned to the role")).to_be_visible()


def add_assignment_by_wizard(portal: Page, role: str, member: str, justification: str) -> None:
    """With PIM: the role, + Add assignments, the step Membership, then Setting."""
    open_role(portal, role)
    portal.get_by_role("link", name="+ Add assignments").click()
    expect(portal.get_by_text("1. Membership")).to_be_visible()
    select_member(portal, member)
    portal.get_by_role("button", name="Next").click()
    set_active(portal, justification)


def set_active(portal: Page, justification: str) -> None:
    """The wizard's step Setting: Active, permanent where the rules allow it, the justification, Assign."""
    expect(portal.locator("[aria-current=step]")).to_have_text("2. Setting")
    portal.get_by_role("radio", name="Active", exact=True).check()
    permanent = portal.get_by_role("checkbox", name="Permanently assigned")
    if permanent.is_enabled():
        expect(permanent).to_be_checked()
    portal.get_by_label("Enter justification").fill(justification)
    portal.get_by_role("button", name="Assign", exact=True).click()
    expect(portal.get_by_text("was assigned to the role")).to_be_visible()


def new_group(portal: Page, name: str, *, member: str, role: str = "") -> None:
    """Groups, New group, Security, the name, roles can be assigned, member, role, Create, Yes."""
    portal.get_by_role("link", name="New group").click()
    portal.get_by_label("Group type").select_option("Security")
    portal.get_by_label("Group name").fill(name)
    portal.get_by_role("group", name="Microsoft Entra roles can be assigned to the group").get_by_label("Yes").check()
    portal.get_by_role("button", name="No members selected").click()
    select_member(portal, member)
    portal.get_by_role("button", name="Select", exact=True).click()
    if role:
        portal.get_by_role("button", name="No roles selected").click()
        portal.get_by_role("searchbox", name="Search").fill(role)
        portal.get_by_role("button", name="Search").last.click()
        portal.get_by_role("checkbox", name=role).check()
        portal.get_by_role("button", name="Select", exact=True).click()
    portal.get_by_role("button", name="Create", exact=True).last.click()
    expect(portal.get_by_text("cannot be changed later")).to_be_visible()
    portal.get_by_role("button", name="Yes").click()
    expect(portal.get_by_text("The group was created.")).to_be_visible()
