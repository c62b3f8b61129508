"""The pages about the record in a real browser: streams, checks and anchors, activity, the monthly report."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.stack import Stack, Walker
from tests.browser.test_alerts import is_narrow, look

pytestmark = pytest.mark.browser


def test_streams_are_added_and_shown(demo: Stack, walker: Walker) -> None:
    page = walker.page
    page.goto(f"{demo.console}/settings/streams/")
    expect(page.get_by_text("No receiver yet")).to_be_visible()
    look(walker, "streams-empty")
    page.get_by_label("Host", exact=True).fill("127.0.0.1")
    page.get_by_label("Port", exact=True).fill("9")
    page.get_by_label("Transport").select_option("syslog_tcp")
    page.get_by_role("button", name="Add syslog server").click()
    expect(page.get_by_text("127.0.0.1:9", exact=True)).to_be_visible()
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text(re.compile("^whsec_"))).to_be_visible()
    look(walker, "streams-secret")


def test_the_record_is_checked_on_its_page_and_activity_and_report_fit_every_screen(
    demo: Stack, walker: Walker
) -> None:
    """AC 4 (audit): "Whole as of ..." on a page the owner sees; all looks, axe."""
    page = walker.page
    page.goto(f"{demo.console}/settings/record/")
    page.get_by_role("button", name="Check the whole record").click()
    expect(page.get_by_text(re.compile("^Whole as of"))).to_be_visible(timeout=60_000)
    look(walker, "record")
    page.goto(f"{demo.console}/activity/")
    look(walker, "activity")
    # What others call themselves, and what is written as a reason, may be one word without an end.
    page.evaluate(
        "document.querySelectorAll('.activity tbody :is(.name, small, .whom-cell, .why-cell, .who-cell)')"
        ".forEach(one => one.append('longer'.repeat(40)))"
    )
    assert is_narrow(page), "one long word in each cell"
    page.reload()
    customer = steps.add_customer(page, demo).rstrip("/").rpartition("/")[2]
    page.goto(f"{demo.console}/activity/report/{customer}/")
    expect(page.get_by_role("heading", name="The record")).to_be_visible()
    look(walker, "report")
