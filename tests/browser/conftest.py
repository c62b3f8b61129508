"""Fixtures of the browser journeys: one stack and one browser for all; each makes its own customer and tenant."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState

from tests.browser.stack import Stack, Walker, chromium, new_context, running_demo


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For the whole folder, unlike the one of other files: nothing here asks Django in this process."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_demo(tmp_path_factory.mktemp("demo")) as stack:
        yield stack


@pytest.fixture(scope="module")
def signed_in(demo: Stack, browser: Browser) -> StorageState:
    """The cookies of a technician who used the demo's one-time link."""
    context = new_context(browser)
    page = context.new_page()
    page.goto(demo.sign_in_link(), timeout=120_000)  # a fresh one: links work once
    page.wait_for_url("**/customers/", timeout=120_000)  # everything starts at once here
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def context(browser: Browser, signed_in: StorageState) -> Iterator[BrowserContext]:
    made = new_context(browser, storage_state=signed_in)
    yield made
    made.close()


@pytest.fixture
def walker(context: BrowserContext) -> Iterator[Walker]:
    """A signed-in tab; what it complains about fails the test at its end."""
    made = Walker(context.new_page())
    made.listen()
    yield made
    made.raise_complaints()
