"""The page of streams in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stack import Stack, Walker
from tests.browser.test_alerts import look

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
