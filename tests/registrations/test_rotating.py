"""Renewing a certificate with overlap, as the app itself."""

import datetime as dt

import pytest
from tests.registrations.conftest import ACTOR, Home

from tenantry.graph import errors
from tenantry.graph.apps import App, Registration, registration
from tenantry.graph.tokens import token_for, token_with
from tenantry.kit.errors import Conflict, NotAllowed
from tenantry.registrations import actions, certificates
from tenantry.registrations.actions.rotating import LEAST_OVERLAP, OVERLAP
from tenantry.registrations.models import Certificate, CertificateState
from tenantry.registrations.queries import standing
from tenantry.registrations.tasks import finish_renewals


def on_it(home: Home) -> int:
    return len(home.registered().certificates)


def rotate() -> Certificate:
    return actions.rotate(actor=ACTOR, app=App.HELPDESK)


def finish() -> Certificate:
    return actions.finish(actor=ACTOR, app=App.HELPDESK)


def as_another_process(home: Home, certificate: Certificate) -> Registration:
    """What a process remembers that read the registration before."""
    made = home.registered()
    return Registration(made.app_id, certificates.credential(certificate), made.display_name)


def test_a_renewal_leaves_the_old_key_valid_for_processes_that_still_use_it(home: Home) -> None:
    home.create()
    old = home.certificate()
    elsewhere = as_another_process(home, old)
    new = rotate()
    assert new.thumbprint != old.thumbprint
    assert on_it(home) == 2
    assert token_with(home.id, app=App.HELPDESK, ours=elsewhere).app is App.HELPDESK
    in_force = registration(App.HELPDESK).credential.certificate
    assert in_force is not None
    assert in_force.not_valid_after_utc == new.not_after
    assert home.certificate(CertificateState.RETIRING).pk == old.pk


def test_the_app_rolls_its_own_keys_without_any_permission_and_on_the_record(home: Home) -> None:
    home.create()
    rotate()
    assert token_for(home.id, fresh=True).roles == frozenset()
    home.clock.travel(minutes=11)
    finish()
    assert home.acts()[-2:] == [("key_added", "done"), ("key_removed", "done")]


def test_the_old_key_is_removed_proven_by_its_refusal_and_forgotten(home: Home) -> None:
    home.create()
    old = home.certificate()
    elsewhere = as_another_process(home, old)
    rotate()
    with pytest.raises(NotAllowed) as early:
        finish()
    assert early.value.code == "too_early"
    assert on_it(home) == 2
    home.clock.travel(seconds=LEAST_OVERLAP.total_seconds())
    assert finish().state == CertificateState.REMOVED
    assert on_it(home) == 1
    with pytest.raises(errors.OurCredential):
        token_with(home.id, app=App.HELPDESK, ours=elsewhere)
    old.refresh_from_db()
    assert old.sealed_private_key is None
    assert token_for(home.id, fresh=True).app is App.HELPDESK


def test_a_replaced_key_is_removed_by_itself_after_a_week(home: Home) -> None:
    home.create()
    rotate()
    home.clock.travel(seconds=OVERLAP.total_seconds() - 60)
    finish_renewals()
    assert on_it(home) == 2
    home.clock.travel(seconds=61)
    finish_renewals()
    assert on_it(home) == 1


@pytest.mark.parametrize("path", ["/applications/*/addKey", "/applications/*/removeKey"])
def test_a_lost_answer_is_decided_by_a_sign_in(home: Home, path: str) -> None:
    home.create()
    home.tenant.fault("lost", method="POST", path=path)
    rotate()
    assert on_it(home) == 2
    home.clock.travel(minutes=11)
    finish()
    assert on_it(home) == 1
    assert {result for _, result in home.acts()} == {"done"}


def test_an_addition_whose_answer_was_lost_is_removable_by_the_id_that_is_read(home: Home) -> None:
    """The id of a key comes with the lost answer; where the app may read registrations, it is found again."""
    home.create()
    home.tenant.consent(app=home.registered())
    home.tenant.fault("lost", method="POST", path="/applications/*/addKey")
    second = rotate()
    second.refresh_from_db()
    assert second.key_id == ""
    home.clock.travel(minutes=11)
    finish()
    rotate()
    home.clock.travel(minutes=11)
    finish()
    assert on_it(home) == 1


def test_a_key_whose_id_nobody_knows_is_named_for_removal_by_hand(home: Home) -> None:
    home.create()
    rotate()
    old = home.certificate(CertificateState.RETIRING)
    Certificate.objects.filter(pk=old.pk).update(key_id="")
    home.clock.travel(minutes=11)
    with pytest.raises(NotAllowed, match=old.thumbprint) as refused:
        finish()
    assert refused.value.code == "no_key_id"


def test_a_key_that_was_never_added_is_sent_again_and_nothing_else_is_in_use_meanwhile(home: Home) -> None:
    home.create()
    old = home.certificate()
    home.tenant.fault("refused_before", method="POST", path="/applications/*/addKey")
    with pytest.raises(NotAllowed):
        rotate()
    assert home.certificate().pk == old.pk
    waiting = home.certificate(CertificateState.NEW)
    assert rotate().pk == waiting.pk
    assert on_it(home) == 2


def test_a_killed_renewal_goes_on_without_adding_the_key_twice(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    home.create()
    with monkeypatch.context() as patched:
        patched.setattr("tenantry.registrations.actions.rotating.prove", dies)
        with pytest.raises(Killed):
            rotate()
    assert on_it(home) == 2
    rotate()
    assert on_it(home) == 2
    assert standing(App.HELPDESK).waiting is None


def test_a_second_renewal_waits_until_the_first_is_finished(home: Home) -> None:
    home.create()
    rotate()
    with pytest.raises(Conflict, match="not finished"):
        rotate()
    assert on_it(home) == 2


def test_a_certificate_of_the_settings_is_renewed_there(home: Home, settings: object) -> None:
    home.create()
    settings.CLIENT_ID = home.registered().app_id  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed, match="settings"):
        rotate()


def test_the_end_is_announced_thirty_days_before(home: Home) -> None:
    home.create()
    ours = standing(App.HELPDESK)
    assert ours.not_after is not None
    assert not ours.is_ending
    Certificate.objects.filter(pk=home.certificate().pk).update(not_after=home.clock.now() + dt.timedelta(days=30))
    assert standing(App.HELPDESK).is_ending
