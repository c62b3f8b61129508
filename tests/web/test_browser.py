"""The style guide in a browser: accessible in every mode, nothing sideways, the small behaviours."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from cheroot.wsgi import Server
from playwright.sync_api import expect

from tenantry import web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
TURNED = """() => Promise.allSettled(
    document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished)
)"""
PAGES = ("components", "customers", "customer", "user", "door", "story")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The console without its database: the style guide needs none."""
    from django.core.wsgi import get_wsgi_application
    from django.test import override_settings

    with override_settings(ALLOWED_HOSTS=["127.0.0.1"], IS_DEMO=True):
        server = Server(("127.0.0.1", 0), get_wsgi_application(), numthreads=4)
        server.prepare()
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.bind_addr[1]}/styleguide"
        server.stop()
        thread.join(timeout=10)


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(viewport=WIDE, timezone_id="Asia/Tokyo")  # type: ignore[arg-type]
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert wrong == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_page_passes_axe_and_nothing_scrolls_sideways(
    browser: "Browser", site: str, size: dict[str, int]
) -> None:
    """Each is loaded once for a size; light and dark differ in the style sheet alone, so the page is switched."""
    context = browser.new_context(viewport=size, has_touch=size is PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    grounds: dict[str, set[str]] = {"light": set(), "dark": set()}
    for name in PAGES:
        page.emulate_media(color_scheme="light")
        page.goto(f"{site}/{name}/")
        for scheme, seen in grounds.items():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.evaluate(TURNED)  # what fades from one colour to the other is no colour to measure
            found = Axe().run(page)
            if found.violations_count:
                wrong.append(f"{name}, {scheme}: {found.generate_report()}")
            if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                wrong.append(f"{name}, {scheme}: scrolls sideways")
            seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    context.close()
    assert not wrong, "\n".join(wrong)
    assert [len(seen) for seen in grounds.values()] == [1, 1]
    assert grounds["light"] != grounds["dark"]


def test_no_script_of_ours_asks_for_the_colour_scheme() -> None:
    """What the test before rests on: a page that was loaded light and turned dark is the page that was loaded dark."""
    scripts = [*(Path(web.__file__).parent / "static").rglob("*.js")]
    ours = [path.read_text(encoding="utf-8") for path in scripts if not path.name.endswith(".min.js")]
    assert ours
    assert not [words for words in ours if "prefers-color-scheme" in words]


def test_times_are_said_in_the_viewers_zone_and_keep_utc_in_the_title(page: "Page", site: str) -> None:
    page.goto(f"{site}/")
    place = page.locator('time[data-when="exact"]').first
    assert "UTC" not in place.inner_text()
    assert (place.get_attribute("title") or "").endswith("UTC")


@pytest.mark.parametrize("key", ["/", "Control+k"])
def test_a_key_goes_to_the_search_field(page: "Page", site: str, key: str) -> None:
    page.goto(f"{site}/customers/")
    page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "global-search"
    assert page.input_value("#global-search") == ""


def test_a_slash_typed_into_a_field_stays_there(page: "Page", site: str) -> None:
    page.goto(f"{site}/")
    page.locator("#id_name").press("/")
    assert page.input_value("#id_name") == "/"


def test_a_menu_opens_alone_and_closes_on_escape_with_the_focus_back(page: "Page", site: str) -> None:
    page.goto(f"{site}/customers/")
    first, second = page.locator(".user-menu summary"), page.locator("tbody .menu summary").nth(4)
    first.click()
    second.click()
    assert page.locator("details[data-menu][open]").count() == 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Open"
    page.keyboard.press("Escape")
    assert page.locator("details[data-menu][open]").count() == 0
    assert second.evaluate("place => place === document.activeElement")
    first.click()
    page.locator("h1").click()
    assert page.locator("details[data-menu][open]").count() == 0


def test_picked_rows_are_counted_and_the_bar_waits_for_one(page: "Page", site: str) -> None:
    page.goto(f"{site}/customers/")
    assert page.locator(".bulk button").first.is_disabled()
    picks = page.locator("tbody .pick input")
    picks.nth(0).click()
    picks.nth(2).click(modifiers=["Shift"])
    assert page.locator("[data-bulk-words]").inner_text() == "3 selected"
    assert page.locator(".bulk button").first.is_enabled()
    page.locator("[data-pick-all]").click()
    assert page.locator("[data-bulk-words]").inner_text() == "7 selected"


def test_copying_a_secret_copies_it_whole_and_says_so(page: "Page", site: str) -> None:
    page.goto(f"{site}/user/")
    page.locator("[data-secret] [data-copy]").click()
    # Not `wait_for_function`: it asks a second time with `eval`, which the pages' policy forbids.
    expect(page.locator("[data-announcer]")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "maple-orbit-7-canyon"


def test_a_secret_is_gone_once_the_page_is_left(page: "Page", site: str) -> None:
    page.goto(f"{site}/user/")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert "maple" not in page.locator("[data-secret]").evaluate("place => place.outerHTML")


@pytest.mark.parametrize(
    ("password", "met"),
    [
        ("", set()),
        ("Maple-7x", {"length", "kinds", "ascii", "username"}),
        ("mapleorbit", {"length", "ascii", "username"}),
        ("Māple-7x", {"length", "kinds", "username"}),
        ("xDANA.O'BRIEN7", {"length", "kinds", "ascii"}),
        ("aB" * 129, {"ascii", "username"}),
    ],
)
def test_password_hints_tick_while_it_is_typed(page: "Page", site: str, password: str, met: set[str]) -> None:
    page.goto(f"{site}/user/")
    page.fill("#id_password", password)
    ticked = page.locator('[data-rule][data-met="yes"]').evaluate_all("all => all.map((one) => one.dataset.rule)")
    assert set(ticked) == met


def test_a_toast_leaves_when_told(page: "Page", site: str) -> None:
    page.goto(f"{site}/")
    page.locator("[data-dismiss]").click()
    assert page.locator("[data-toast]").count() == 0


def test_a_message_of_an_htmx_answer_is_shown_as_text(page: "Page", site: str) -> None:
    page.goto(f"{site}/customers/")
    page.evaluate(
        "document.body.dispatchEvent(new CustomEvent('toast',"
        " { bubbles: true, detail: { kind: 'good', text: '<b>Saved</b>' } }))"
    )
    assert page.locator("[data-toast] p").inner_text() == "<b>Saved</b>"


def test_everything_can_be_read_and_reached_without_scripts(browser: "Browser", site: str) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{site}/customers/")
    assert page.locator(".bulk button").first.is_enabled()
    page.locator(".fold summary").click()
    assert page.get_by_role("link", name="Activity").first.is_visible()
    page.goto(f"{site}/user/")
    assert "UTC" in page.locator("time").first.inner_text()
    context.close()
