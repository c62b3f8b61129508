"""What the commands say, and their exit codes."""

import dataclasses
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from tests.registrations.conftest import Home

from tenantry import doctor
from tenantry.graph.apps import App, registration
from tenantry.registrations import actions, commands
from tenantry.registrations.loopback import Loopback, NoAnswer

BOTH = list(App)


@dataclasses.dataclass
class Typed:
    """A person at the command line who opens the printed address and signs in."""

    home: Home
    answers: bool = True
    lines: list[str] = dataclasses.field(default_factory=list)
    asked: list[str] = dataclasses.field(default_factory=list)

    def console(self) -> commands.Console:
        return commands.Console(say=self.say, ask=self.ask, opens_browser=False)

    def say(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith("Open this address"):
            threading.Thread(target=self.sign_in, args=[line.rsplit(maxsplit=1)[-1]], daemon=True).start()

    def ask(self, question: str) -> bool:
        self.asked.append(question)
        return self.answers

    def sign_in(self, url: str) -> None:
        urllib.request.urlopen(self.home.browse(url).location, timeout=20).read()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def create(home: Home, *, answers: bool = True, **agreed: Any) -> tuple[int, Typed]:  # noqa: ANN401  of Agreed
    typed = Typed(home, answers=answers)
    return commands.create(typed.console(), chosen=BOTH, agreed=actions.Agreed(**agreed)), typed


def test_create_signs_in_through_the_loopback_asks_and_registers_both(home: Home) -> None:
    code, typed = create(home)
    assert code == commands.OK, typed.text
    assert len(home.here()) == 2
    assert len(typed.asked) == 2
    assert home.tenant.id in typed.text
    assert typed.text.count("ok  ") == 2
    code, typed = create(home)
    assert (code, typed.asked) == (commands.OK, [])


def test_whoever_says_no_gets_nothing_and_an_exit_code_of_its_own(home: Home) -> None:
    code, _ = create(home, answers=False)
    assert code == commands.NOT_AGREED
    assert home.here() == []


def test_a_look_alike_is_listed_before_the_question(home: Home) -> None:
    alike = home.sim.register_app(display_name="Tenantry Elevation", home_tenant_id=home.tenant.id)
    code, typed = create(home)
    assert code == commands.DIFFERS
    assert alike.app_id in typed.text
    assert "--take-over CLIENT_ID" in typed.text
    assert [app.app_id for app in home.here() if app.display_name == "Tenantry Elevation"] == [alike.app_id]


def test_check_names_cause_and_fix_and_mend_changes_it_after_showing(home: Home) -> None:
    create(home)
    home.registered().redirect_uris.pop()
    typed = Typed(home)
    assert commands.check(typed.console(), chosen=BOTH) == commands.DIFFERS
    assert "A redirect address is missing" in typed.text
    assert "fix: tenantry apps mend:" in typed.text
    typed = Typed(home, answers=False)
    assert commands.mend(typed.console(), chosen=BOTH) == commands.NOT_AGREED
    assert len(home.registered().redirect_uris) == 3
    typed = Typed(home)
    assert commands.mend(typed.console(), chosen=BOTH) == commands.OK
    assert len(home.registered().redirect_uris) == 4
    assert commands.check(Typed(home).console(), chosen=BOTH) == commands.OK


def test_the_certificate_is_renewed_and_its_state_printed(home: Home) -> None:
    create(home)
    old = home.certificate().thumbprint
    typed = Typed(home)
    assert commands.rotate(typed.console(), app=App.HELPDESK, finishes=False) == commands.OK
    assert commands.status(typed.console()) == commands.OK
    assert f"replaced {old}" in typed.text
    assert commands.rotate(typed.console(), app=App.HELPDESK, finishes=True) == commands.DIFFERS
    home.clock.travel(minutes=11)
    assert commands.rotate(typed.console(), app=App.HELPDESK, finishes=True) == commands.OK
    assert old in typed.lines[-1]


def test_nothing_printed_or_logged_can_sign_anybody_in(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, typed = create(home)
    for said in (typed.text, caplog.text):
        assert "eyJ" not in said
        assert "PRIVATE KEY" not in said
        assert "code_verifier" not in said


def test_the_list_by_hand_needs_nobody(bare: None) -> None:
    lines: list[str] = []
    commands.print_sheet(commands.Console(say=lines.append, ask=lambda _: False))
    text = "\n".join(lines)
    for words in ("Tenantry Help Desk", "Tenantry Elevation", "https://console.example/connect/return", "Multitenant"):
        assert words in text


def test_a_forgotten_registration_stays_at_microsoft(home: Home) -> None:
    create(home)
    assert commands.forget(Typed(home).console(), app=App.HELPDESK) == commands.OK
    assert not registration(App.HELPDESK).is_set_up
    assert len(home.here()) == 2


def test_the_doctor_shows_both_apps(home: Home, make_ending: Callable[[], None]) -> None:
    found = {finding.name: finding for finding in doctor._apps(has_database=True)}
    assert found["helpdesk app"].fix.startswith("Run `tenantry apps create`")
    create(home)
    make_ending()
    found = {finding.name: finding for finding in doctor._apps(has_database=True)}
    assert found["elevation app"].is_good
    assert "valid for 20 days" in found["helpdesk app"].words
    assert "tenantry credential rotate" in found["helpdesk app"].fix


@pytest.fixture
def make_ending(home: Home) -> Callable[[], None]:
    import datetime as dt

    def make() -> None:
        certificate = home.certificate()
        certificate.not_after = home.clock.now() + dt.timedelta(days=20, hours=1)
        certificate.save()

    return make


def test_the_loopback_takes_one_answer_with_our_state_and_nothing_else() -> None:
    with Loopback() as loopback:
        loopback.expect("right")
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{loopback.redirect_uri}/?state=wrong&code=x", timeout=10)
        with pytest.raises(NoAnswer):
            loopback.wait(seconds=0)
        urllib.request.urlopen(f"{loopback.redirect_uri}/?state=right&code=x", timeout=10).read()
        assert loopback.wait(seconds=0)["code"] == "x"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{loopback.redirect_uri}/?state=right&code=y", timeout=10)
