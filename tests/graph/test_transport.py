"""Speaking to Microsoft: tokens, retries that cannot double, unknown outcomes, and nothing secret anywhere."""

import dataclasses
import datetime as dt
import logging
import traceback
import uuid

import pytest
from django.test import override_settings
from tests.conftest import SharedClock
from tests.support import self_signed

from entrasim.handle import Handle, TenantHandle
from entrasim.server import Simulator
from entrasim.state import AppRegistration
from tenantry.graph import errors, pages, tokens, transport
from tenantry.graph.apps import App
from tenantry.kit.intent import Intent
from tenantry.kit.keys import ClientCredential
from tenantry.kit.sealed import Secret

CANARY = "Canary-Queen-of-Spades-9!"
USER_ADMINISTRATOR = "User Administrator"


@pytest.fixture
def app(sim: Handle, simulator: Simulator) -> AppRegistration:
    from django.conf import settings

    return simulator.world.apps[settings.CLIENT_ID]


@pytest.fixture
def tenant_id(tenant: TenantHandle, app: AppRegistration) -> uuid.UUID:
    """A tenant that consented and gave us User Administrator."""
    principal = tenant.consent(app=app)
    tenant.assign_role(principal_id=principal.id, role=USER_ADMINISTRATOR)
    return uuid.UUID(tenant.id)


def intent_for(tenant_id: uuid.UUID) -> Intent:
    return Intent(event_id=1, tenant_id=tenant_id)


def test_a_certificate_gets_a_token_with_roles_and_directory_roles(tenant_id: uuid.UUID) -> None:
    token = tokens.token_for(tenant_id)
    assert "User.Read.All" in token.roles
    assert "fe930be7-5e62-47db-91af-98c3a49a38b1" in token.role_template_ids
    assert tokens.token_for(tenant_id) is token


def test_each_app_has_a_token_of_its_own_and_one_without_consent_has_none(tenant: TenantHandle, sim: Handle) -> None:
    """AC-X.4: what the help-desk app may do says nothing about the elevation app."""
    from django.conf import settings

    tenant_id = uuid.UUID(tenant.id)
    tenant.consent(app=sim.context.world.apps[settings.CLIENT_ID])
    assert "User-PasswordProfile.ReadWrite.All" in tokens.token_for(tenant_id).roles
    with pytest.raises(errors.NotConsented):
        tokens.token_for(tenant_id, app=App.ELEVATION)
    tenant.consent(app=sim.context.world.apps[settings.ELEVATION_CLIENT_ID])
    elevation = tokens.token_for(tenant_id, app=App.ELEVATION)
    assert elevation.app is App.ELEVATION
    assert "RoleManagement.ReadWrite.Directory" in elevation.roles
    assert "User-PasswordProfile.ReadWrite.All" not in elevation.roles
    assert transport.get(tenant_id, "/organization", via=App.ELEVATION).json["value"][0]["id"] == tenant.id


def test_a_persons_token_is_never_replaced_by_ours(tenant_id: uuid.UUID, tenant: TenantHandle) -> None:
    """AC-1.6: what a person's sign-in may not do (any more) is not done with our own rights instead."""
    persons = dataclasses.replace(tokens.token_for(tenant_id), secret=Secret("not-a-token"), app=None)
    with pytest.raises(errors.TokenExpired):
        transport.get(tenant_id, "/organization", via=persons)


def test_a_token_is_renewed_before_it_ends(tenant_id: uuid.UUID, clock: SharedClock) -> None:
    first = tokens.token_for(tenant_id)
    clock.travel(minutes=50)
    assert tokens.token_for(tenant_id) is first
    clock.travel(minutes=6)
    assert tokens.token_for(tenant_id) is not first


def test_a_fresh_token_carries_what_the_old_one_could_not(
    tenant: TenantHandle, app: AppRegistration, clock: SharedClock
) -> None:
    principal = tenant.consent(app=app)
    tenant_id = uuid.UUID(tenant.id)
    assert "fe930be7-5e62-47db-91af-98c3a49a38b1" not in tokens.token_for(tenant_id).role_template_ids
    tenant.assign_role(principal_id=principal.id, role=USER_ADMINISTRATOR)
    assert "fe930be7-5e62-47db-91af-98c3a49a38b1" not in tokens.token_for(tenant_id).role_template_ids
    assert "fe930be7-5e62-47db-91af-98c3a49a38b1" in tokens.token_for(tenant_id, fresh=True).role_template_ids


def test_a_tenant_without_our_enterprise_app_is_not_consented(tenant: TenantHandle) -> None:
    with pytest.raises(errors.NotConsented) as caught:
        tokens.token_for(uuid.UUID(tenant.id))
    assert caught.value.code.startswith("AADSTS")


def test_a_tenant_nobody_knows_is_gone(sim: Handle) -> None:
    with pytest.raises(errors.TenantGone):
        tokens.token_for(uuid.uuid4())


def test_a_wrong_certificate_is_our_fault_and_says_so(tenant_id: uuid.UUID) -> None:
    key, certificate = self_signed("somebody else")
    credential = ClientCredential(private_key_pem=Secret(key), certificate_pem=certificate)
    with override_settings(CLIENT_CREDENTIAL=credential), pytest.raises(errors.OurCredential):
        tokens.token_for(tenant_id, fresh=True)


def test_retry_after_is_honoured_to_the_fraction(
    tenant: TenantHandle, tenant_id: uuid.UUID, clock: SharedClock
) -> None:
    tokens.token_for(tenant_id)
    tenant.fault(kind="throttled", path="/organization", times=2, retry_after="2.128")
    before = clock.now()
    assert transport.get(tenant_id, "/organization").status == 200
    assert clock.now() - before >= dt.timedelta(seconds=4.256)


def test_a_page_a_person_waits_for_gives_up_soon_and_says_throttled(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    tenant.fault(kind="throttled", path="/organization", times=1, retry_after="30")
    with pytest.raises(errors.Throttled) as caught:
        transport.get(tenant_id, "/organization", patience=transport.HASTY)
    assert caught.value.retry_after == pytest.approx(30)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_read_outlives_a_server_error(tenant: TenantHandle, tenant_id: uuid.UUID, status: int) -> None:
    tenant.fault(kind="error", path="/organization", times=2, status=status)
    assert transport.get(tenant_id, "/organization").json["value"]


def test_a_read_whose_answer_is_lost_is_asked_again(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    tenant.fault(kind="lost", path="/organization", times=1)
    assert transport.get(tenant_id, "/organization").json["value"]


def test_a_slow_body_is_read_to_its_end(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    tenant.fault(kind="slow", path="/organization", times=1, seconds=0.01)
    assert transport.get(tenant_id, "/organization").json["value"]


def test_a_write_whose_answer_is_lost_has_an_unknown_outcome_and_is_not_repeated(
    tenant: TenantHandle, tenant_id: uuid.UUID
) -> None:
    dana = tenant.add_user(name="Dana O'Brien")
    tenant.fault(kind="lost", method="PATCH", path=f"/users/{dana.id}", times=1)
    intent = intent_for(tenant_id)
    with pytest.raises(errors.UnknownOutcome):
        transport.write("PATCH", tenant_id, f"/users/{dana.id}", {"accountEnabled": False}, intent=intent)
    assert tenant.user(dana.id).account_enabled is False
    assert [exchange.status for exchange in intent.exchanges] == [0]
    assert len([entry for entry in tenant.journal() if entry.method == "PATCH"]) == 1


def test_a_server_error_on_a_write_is_an_unknown_outcome(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    dana = tenant.add_user(name="Dana O'Brien")
    tenant.fault(kind="error", method="PATCH", path=f"/users/{dana.id}", times=1, status=503)
    with pytest.raises(errors.UnknownOutcome):
        transport.write(
            "PATCH", tenant_id, f"/users/{dana.id}", {"accountEnabled": False}, intent=intent_for(tenant_id)
        )


def test_a_throttled_write_is_sent_again_because_nothing_happened(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    dana = tenant.add_user(name="Dana O'Brien")
    tenant.fault(kind="throttled", method="PATCH", path=f"/users/{dana.id}", times=1, retry_after="1.5")
    intent = intent_for(tenant_id)
    transport.write("PATCH", tenant_id, f"/users/{dana.id}", {"accountEnabled": False}, intent=intent)
    assert [exchange.status for exchange in intent.exchanges] == [429, 204]
    assert all(exchange.client_request_id for exchange in intent.exchanges)


def test_an_expired_token_is_renewed_once_by_itself(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    transport.get(tenant_id, "/organization")
    tenant.fault(kind="error", path="/organization", times=1, status=401, code="InvalidAuthenticationToken")
    assert transport.get(tenant_id, "/organization").status == 200


def test_an_intent_for_one_tenant_writes_to_no_other(tenant_id: uuid.UUID) -> None:
    with pytest.raises(ValueError, match="another tenant"):
        transport.write("PATCH", tenant_id, "/users/x", {}, intent=intent_for(uuid.uuid4()))


def test_a_page_link_to_another_host_is_not_followed(tenant_id: uuid.UUID) -> None:
    with pytest.raises(errors.Rejected):
        transport.get_url(tenant_id, "https://graph.microsoft.com.evil.example/v1.0/users")


def test_pages_follow_the_links_as_given(tenant: TenantHandle, tenant_id: uuid.UUID) -> None:
    for number in range(7):
        tenant.add_user(name=f"Person {number}")
    names = {
        row["displayName"] for row in pages.rows(tenant_id, "/users", query={"$top": "3", "$select": "displayName"})
    }
    assert {f"Person {number}" for number in range(7)} <= names
    assert tenant.lint() == []


@pytest.mark.parametrize(
    ("status", "body", "leaf"),
    [
        (
            400,
            b'{"error":{"code":"Request_BadRequest","message":"Another object already exists."}}',
            errors.AlreadyExists,
        ),
        (
            400,
            b'{"error":{"code":"Request_BadRequest","message":"x","details":[{"code":"ObjectConflict"}]}}',
            errors.AlreadyExists,
        ),
        (400, b'{"error":{"code":"Request_BadRequest","message":"weak"}}', errors.Rejected),
        (403, b'{"error":{"code":"Authorization_RequestDenied","message":"no"}}', errors.Refused),
        (404, b'{"error":{"code":"Request_ResourceNotFound","message":"no"}}', errors.NotFound),
        (409, b"{}", errors.AlreadyExists),
        (410, b"", errors.ResyncNeeded),
        (400, b'{"error":{"code":"syncStateNotFound","message":"old"}}', errors.ResyncNeeded),
        (502, b"<html>gateway</html>", errors.TenantUnreachable),
    ],
)
def test_every_error_answer_becomes_its_leaf(status: int, body: bytes, leaf: type[errors.GraphError]) -> None:
    assert type(transport.error_of(status, {}, body, is_write=False)) is leaf


def test_no_token_key_or_password_reaches_a_log_a_traceback_or_an_address(
    tenant: TenantHandle, tenant_id: uuid.UUID, caplog: pytest.LogCaptureFixture
) -> None:
    dana = tenant.add_user(name="Dana O'Brien")
    tenant.fault(kind="lost", method="PATCH", path=f"/users/{dana.id}", times=1)
    token = tokens.token_for(tenant_id)
    with caplog.at_level(logging.DEBUG), pytest.raises(errors.UnknownOutcome) as caught:
        transport.write(
            "PATCH",
            tenant_id,
            f"/users/{dana.id}",
            {"passwordProfile": {"password": Secret(CANARY)}},
            intent=intent_for(tenant_id),
        )
    shown = caplog.text + "".join(traceback.format_exception(caught.value))
    addresses = " ".join(f"{entry.path}?{entry.query}" for entry in tenant.journal())
    for secret in (CANARY, token.secret.reveal()):
        assert secret not in addresses
        assert secret not in shown
    assert tenant.user(dana.id).password == CANARY
