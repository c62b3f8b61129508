"""Registering, checking and mending our apps after one administrator's sign-in."""

import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from tests.registrations.conftest import ACTOR, LOOPBACK, Home

from tenantry.audit.models import Event
from tenantry.graph.apps import App, registration
from tenantry.graph.people import depart
from tenantry.graph.tokens import token_for
from tenantry.kit.errors import Conflict, NotAllowed
from tenantry.reach import permissions
from tenantry.registrations import actions, certificates
from tenantry.registrations.actions import applying, mending
from tenantry.registrations.models import AppRegistration, CertificateState
from tenantry.registrations.policies import digest
from tenantry.registrations.queries import forget, standing
from tenantry.registrations.tasks import prove_first_certificates

if TYPE_CHECKING:
    from entrasim.state import User

_PERMISSIONS = {App.HELPDESK: permissions.HELPDESK_REQUIRED, App.ELEVATION: permissions.ELEVATION_REQUIRED}


@pytest.mark.parametrize("app", list(App))
def test_one_sign_in_registers_an_app_that_signs_in_by_itself_afterwards(home: Home, app: App) -> None:
    """AC-X.4: each app with exactly its permissions; the console keeps it, and needs no setting for it."""
    sight = home.create(app)
    assert sight.differences == ()
    made = home.registered(app)
    assert made.sign_in_audience == "AzureADMultipleOrgs"
    uris = {"https://console.example/connect/return"}
    if app is App.HELPDESK:
        uris.add("https://console.example/connect/administrator/return")
        uris.add("https://console.example/verify/return")
        uris.add("https://console.example/settings/apps/return")
    assert set(made.redirect_uris) == uris
    claims = made.further.get("optionalClaims") or {"idToken": []}
    assert isinstance(claims, dict)
    assert [claim["name"] for claim in claims["idToken"]] == (["auth_time"] if app is App.HELPDESK else [])
    assert set(made.required_app_roles) == {permissions.permission_id(name) for name in _PERMISSIONS[app]}
    assert made.required_scopes == []
    assert made.secrets == []
    assert made.logo
    assert registration(app).client_id == made.app_id
    assert token_for(home.id, app=app, fresh=True).roles == frozenset()


def test_a_second_run_changes_nothing(home: Home) -> None:
    home.create()
    writes, thumbprint = home.writes(), home.certificate().thumbprint
    sight = home.create()
    assert sight.differences == ()
    assert home.writes() == writes
    assert home.certificate().thumbprint == thumbprint


def test_every_write_was_recorded_before_it_was_sent_and_read_back_after(home: Home) -> None:
    """Promises 1 and 3."""
    home.create()
    assert home.acts() == [("app_created", "done"), ("enterprise_app_created", "done"), ("logo_set", "done")]
    assert [line.split()[0] for line in home.writes()] == ["POST", "POST", "PUT"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/applications"), ("POST", "/servicePrincipals"), ("PUT", "/applications/*/logo")],
)
def test_a_lost_answer_makes_nothing_twice(home: Home, method: str, path: str) -> None:
    home.tenant.fault("lost", method=method, path=path)
    home.create()
    assert len(home.here()) == 1
    assert all(result == "done" for _, result in home.acts())


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("survived", [0, 1, 2])
def test_a_run_that_was_killed_after_a_write_is_finished_by_the_next(
    home: Home, survived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the write and its outcome in the record, for each of the three writes."""
    left = survived

    def dies(*_: object, **__: object) -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1

    with monkeypatch.context() as patched:
        for module in (applying, mending):
            patched.setattr(module, "close", dies)
        with pytest.raises(Killed):
            home.create()
    assert len(home.writes()) == survived + 1
    assert home.create().differences == ()
    assert len(home.here()) == 1
    assert len(home.writes()) == 3
    assert registration(App.HELPDESK).is_set_up


def test_a_registration_that_was_made_but_not_stored_is_found_by_its_tag(home: Home) -> None:
    home.create()
    row = AppRegistration.objects.get(app=App.HELPDESK)
    AppRegistration.objects.filter(pk=row.pk).update(client_id="", object_id=None, home_tenant_id=None)
    forget()
    home.create()
    row.refresh_from_db()
    assert [app.app_id for app in home.here()] == [row.client_id]


def test_a_look_alike_is_shown_and_never_taken_over_by_itself(home: Home) -> None:
    """J8: a name proves nothing."""
    alike = home.sim.register_app(display_name="Tenantry Help Desk", home_tenant_id=home.tenant.id)
    before = (list(alike.redirect_uris), list(alike.required_app_roles), len(alike.certificates))
    with pytest.raises(NotAllowed, match=alike.app_id) as refused:
        home.create()
    assert refused.value.code == "look_alike"
    assert (list(alike.redirect_uris), list(alike.required_app_roles), len(alike.certificates)) == before
    assert len(home.here()) == 1
    home.create(beside=True)
    assert len(home.here()) == 2
    assert home.registered().app_id != alike.app_id


def test_a_look_alike_is_taken_over_when_somebody_says_so(home: Home) -> None:
    alike = home.sim.register_app(
        display_name="Tenantry Help Desk", home_tenant_id=home.tenant.id, required_app_roles=["Mail.Send"], secret="old"
    )
    with pytest.raises(NotAllowed, match="client id"):
        home.create(take_over=str(uuid.uuid4()))
    home.create(take_over=alike.app_id)
    assert home.registered() is alike
    assert set(alike.required_app_roles) == {permissions.permission_id(n) for n in permissions.HELPDESK_REQUIRED}
    assert token_for(home.id, fresh=True).app is App.HELPDESK
    assert Event.objects.filter(tenant_id=home.tenant.id, action="registrations.adopted").count() == 1


def test_somebody_without_a_role_is_told_who_must_sign_in(home: Home, stranger: Callable[..., "User"]) -> None:
    """The person may not even accept the permission; through an app that has it already, Graph refuses."""
    page = home.browse(depart(scopes=("Application.ReadWrite.All",), redirect_uri=LOOPBACK).url, stranger())
    assert "approval" in page.heading
    home.sim.tenant(home.tenant.id).consent_delegated(
        home.sim.context.world.apps["14d82eec-204b-4c2f-b7e8-296a70dab67e"], ["Application.ReadWrite.All"]
    )
    home.create()
    home.registered().redirect_uris.clear()
    with pytest.raises(NotAllowed) as refused:
        actions.mend(actor=ACTOR, person=home.person(stranger()), app=App.HELPDESK)
    assert refused.value.code == "no_role"
    assert "Application Administrator" in refused.value.remedy
    assert home.acts()[-1] == ("app_changed", "refused")


def test_an_application_administrator_is_enough(home: Home, stranger: Callable[..., "User"]) -> None:
    who = stranger("Application Administrator")
    actions.create(actor=ACTOR, person=home.person(who), app=App.HELPDESK)
    assert registration(App.HELPDESK).is_set_up


def test_an_administrator_of_another_tenant_changes_nothing(home: Home) -> None:
    home.create()
    other = home.sim.new_tenant(name=f"Other {uuid.uuid4().hex[:6]}")
    elsewhere = Home(home.sim, other, home.clock)
    with pytest.raises(NotAllowed, match="signed in to tenant"):
        elsewhere.create()
    assert elsewhere.here() == []


def test_mending_changes_only_what_differs_and_only_what_was_shown(home: Home) -> None:
    home.create()
    made = home.registered()
    made.redirect_uris.append("https://old-console.example/connect/return")
    made.required_app_roles.remove(permissions.permission_id("User.RevokeSessions.All"))
    made.sign_in_audience = "AzureADMyOrg"
    person = home.person()
    sight = actions.look(person=person, app=App.HELPDESK)
    assert {item.key for item in sight.differences} == {"audience", "redirects_surplus", "permissions_missing"}
    assert all(item.cause and item.fix for item in sight.differences)
    shown = digest(sight.differences)
    made.redirect_uris.clear()
    with pytest.raises(Conflict):
        actions.mend(actor=ACTOR, person=person, app=App.HELPDESK, agreed=actions.Agreed(shown=shown))
    writes = len(home.writes())
    assert actions.mend(actor=ACTOR, person=person, app=App.HELPDESK).differences == ()
    assert len(home.writes()) == writes + 1
    assert "https://old-console.example/connect/return" not in made.redirect_uris


def test_a_certificate_that_was_removed_is_put_back_beside_others(home: Home) -> None:
    from tests.support import self_signed

    from entrasim.state import Certificate

    home.create()
    made = home.registered()
    made.certificates[:] = [Certificate(self_signed("somebody")[1])]
    with pytest.raises(Exception, match="AADSTS700027"):
        token_for(home.id, fresh=True)
    sight = actions.mend(actor=ACTOR, person=home.person(), app=App.HELPDESK)
    assert [item.key for item in sight.differences] == ["other_certificates"]
    assert len(made.certificates) == 2
    assert token_for(home.id, fresh=True).app is App.HELPDESK


def test_the_settings_win_and_are_left_alone(home: Home, settings: object) -> None:
    home.create()
    made = home.registered()
    settings.CLIENT_ID = "11111111-2222-4333-8444-555555555555"  # type: ignore[attr-defined]
    assert registration(App.HELPDESK).client_id == "11111111-2222-4333-8444-555555555555"
    with pytest.raises(NotAllowed, match="settings"):
        home.create()
    settings.CLIENT_ID = ""  # type: ignore[attr-defined]
    assert registration(App.HELPDESK).client_id == made.app_id


def test_a_new_registration_is_seen_by_other_processes_within_seconds(home: Home) -> None:
    """Another process has asked before, and remembers that there was none."""
    from tenantry.registrations import queries

    assert not registration(App.HELPDESK).is_set_up
    remembered = dict(queries._memory)
    home.create()
    queries._memory.update(remembered)
    home.clock.travel(seconds=6)
    assert registration(App.HELPDESK).is_set_up


def test_a_certificate_that_microsoft_does_not_know_yet_is_proven_by_the_worker(home: Home) -> None:
    person = home.person()
    home.tenant.fault("error", method="POST", path="/oauth2/v2.0/token", times=40)
    with pytest.raises(NotAllowed) as refused:
        actions.create(actor=ACTOR, person=person, app=App.HELPDESK, agreed=actions.Agreed(proof_waits=()))
    assert refused.value.code == "not_proven"
    assert not registration(App.HELPDESK).is_set_up
    home.tenant.clear_faults()
    prove_first_certificates()
    assert registration(App.HELPDESK).is_set_up
    assert standing(App.HELPDESK).waiting is None


def test_no_key_and_no_token_is_anywhere_in_clear(
    home: Home, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A canary: the private key and the person's token, as they would look in clear."""
    caplog.set_level(logging.DEBUG)
    person = home.person()
    actions.create(actor=ACTOR, person=person, app=App.HELPDESK)
    key = certificates.private_key(home.certificate()).reveal().splitlines()[5]
    canaries = (key, person.token.secret.reveal()[-60:], "PRIVATE KEY")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM registrations_certificate c")
        kept = [row[0] for row in cursor.fetchall()]
        for table in ("registrations_appregistration", "audit_event", "django_session"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            kept += [row[0] for row in cursor.fetchall()]
    printed = capsys.readouterr()
    everywhere = "\n".join((*kept, caplog.text, printed.out, printed.err, repr(person), repr(home.certificate())))
    assert [canary for canary in canaries if canary in everywhere] == []
    assert home.certificate().state == CertificateState.CURRENT
