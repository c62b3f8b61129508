"""App registrations over Graph: one and the same object that sign-in, consent and tokens check."""

import base64
import datetime as dt
import time
import urllib.parse
import uuid
from typing import Any

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor, StandingClock
from tests.entrasim.delegated_client import Person
from tests.entrasim.surfer import Surfer
from tests.entrasim.test_tokens import JWT_BEARER, assertion
from tests.support import self_signed

from entrasim.first_party import GRAPH_COMMAND_LINE_TOOLS
from entrasim.handle import Handle, TenantHandle
from entrasim.keys import b64
from entrasim.server import Simulator
from entrasim.state import GRAPH_APP_ID, AppRegistration
from entrasim.tables.permissions import APPLICATION, DELEGATED

BACK = "https://console.example/connect/return"
GRAPH = "https://graph.microsoft.com"
REQUIRED = [
    {
        "resourceAppId": GRAPH_APP_ID,
        "resourceAccess": [
            {"id": APPLICATION["User.Read.All"], "type": "Role"},
            {"id": DELEGATED["User.Read"], "type": "Scope"},
        ],
    }
]


def key_credential(public: str, **more: str) -> dict[str, str]:
    der = x509.load_pem_x509_certificate(public.encode()).public_bytes(serialization.Encoding.DER)
    return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode(), **more}


@pytest.fixture
def writer(client_for: ClientFor) -> Client:
    return client_for("Application.ReadWrite.All")


def registered(simulator: Simulator, answer: Any) -> AppRegistration:  # noqa: ANN401  an answer
    assert answer.status == 201, answer.data
    return simulator.world.apps[answer.json["appId"]]


def ask(client: Client, app: AppRegistration, certificate: tuple[str, str]) -> list[int]:
    """The AADSTS codes that a client assertion with this certificate meets; empty for a token."""
    url = f"{client.simulator.login_url}/{client.tenant.id}/oauth2/v2.0/token"
    made = assertion(*certificate, app.app_id, url)
    answer = Client(client.simulator, client.tenant, app).ask_token(
        client_assertion=made, client_assertion_type=JWT_BEARER
    )
    found: list[int] = answer.json.get("error_codes", [])
    return found


def test_from_nothing_an_administrator_registers_an_app_and_a_customer_accepts_it(
    simulator: Simulator, sim: Handle, certificate: tuple[str, str]
) -> None:
    partner = sim.new_tenant(name="Harbour IT")
    customer = sim.new_tenant(name="Kestrel")
    tools = simulator.world.apps[GRAPH_COMMAND_LINE_TOOLS]
    admin = Person(simulator, partner, tools, partner.admin, back="http://localhost:8400")
    signed_in = admin.signed_in(f"{GRAPH}/Application.ReadWrite.All")
    made = signed_in.post(
        "/applications",
        {
            "displayName": "Tenantry Help Desk",
            "signInAudience": "AzureADMultipleOrgs",
            "web": {"redirectUris": [BACK]},
            "requiredResourceAccess": REQUIRED,
            "keyCredentials": [key_credential(certificate[1], displayName="first")],
        },
    )
    app = registered(simulator, made)
    assert made.json["requiredResourceAccess"] == REQUIRED
    assert made.json["keyCredentials"][0]["key"] is None
    assert made.json["publisherDomain"] == partner.domain
    surfer = Surfer(simulator.browser_url)
    query = urllib.parse.urlencode({"client_id": app.app_id, "redirect_uri": BACK})
    surfer.get(f"/{customer.id}/adminconsent?{query}")
    surfer.sign_in(customer.admin.user_principal_name, customer.admin.password or "")
    assert surfer.press("Accept").sent["tenant"] == customer.id
    principal = customer.service_principal(app)
    assert set(principal.app_role_assignments) == {APPLICATION["User.Read.All"]}
    assert customer.delegated_scopes(app) == {"User.Read"}
    assert ask(Client(simulator, customer, app), app, certificate) == []


def test_certificates_are_replaced_as_a_whole_and_count_at_once(
    simulator: Simulator, writer: Client, certificate: tuple[str, str]
) -> None:
    second = self_signed("second")
    app = registered(simulator, writer.post("/applications", {"displayName": "Keys"}))
    writer.tenant.consent(app)
    path = f"/applications/{app.id}"
    assert ask(writer, app, certificate) == [700027]
    assert writer.patch(path, {"keyCredentials": [key_credential(certificate[1])]}).status == 204
    assert ask(writer, app, certificate) == []
    [kept] = writer.get(path).json["keyCredentials"]
    with_key = writer.get(f"{path}?$select=keyCredentials").json["keyCredentials"][0]
    assert (kept["key"], with_key["keyId"]) == (None, kept["keyId"])
    assert with_key["key"] == key_credential(certificate[1])["key"]
    assert writer.patch(path, {"keyCredentials": [kept, key_credential(second[1])]}).status == 204
    assert ask(writer, app, certificate) == ask(writer, app, second) == []
    newer = writer.get(path).json["keyCredentials"][1]
    assert writer.patch(path, {"keyCredentials": [newer]}).status == 204
    assert (ask(writer, app, certificate), ask(writer, app, second)) == ([700027], [])
    assert writer.patch(path, {"keyCredentials": [{**key_credential(second[1]), "key": "bm9uc2Vuc2U="}]}).status == 400


def test_the_dates_of_a_certificate_are_kept(
    simulator: Simulator, writer: Client, certificate: tuple[str, str], clock: StandingClock
) -> None:
    app = registered(simulator, writer.post("/applications", {"displayName": "Dates"}))
    writer.tenant.consent(app)
    now = clock.now()
    soon, later = now + dt.timedelta(days=1), now + dt.timedelta(days=2)
    dates = {"startDateTime": soon.isoformat(), "endDateTime": later.isoformat()}
    assert writer.patch(f"/applications/{app.id}", {"keyCredentials": [key_credential(certificate[1], **dates)]}).status
    assert ask(writer, app, certificate) == [700027]
    [uploaded] = app.certificates
    uploaded.start_date_time = now
    assert ask(writer, app, certificate) == []
    uploaded.end_date_time = now
    assert ask(writer, app, certificate) == [700027]
    beyond = {"endDateTime": (now + dt.timedelta(days=4000)).isoformat()}
    answer = writer.patch(f"/applications/{app.id}", {"keyCredentials": [key_credential(certificate[1], **beyond)]})
    assert (answer.status, answer.message) == (400, "Key credential end date is invalid.")


def proof(private: str, issuer: str, **changes: object) -> str:
    key = serialization.load_pem_private_key(private.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    now = int(time.time())
    body = {"aud": "00000002-0000-0000-c000-000000000000", "iss": issuer, "nbf": now, "exp": now + 600, **changes}
    signed = f"{b64(orjson.dumps({'alg': 'RS256', 'typ': 'JWT'}))}.{b64(orjson.dumps(body))}"
    return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def test_an_app_rolls_its_own_certificate_with_a_proof(
    simulator: Simulator, tenant: TenantHandle, sim: Handle, certificate: tuple[str, str]
) -> None:
    app = sim.register_app(secret="s", certificate_pem=certificate[1], home_tenant_id=tenant.id)
    client = Client(simulator, tenant, app)
    second = self_signed("second")
    path = f"/applications/{app.id}"
    body = {"keyCredential": key_credential(second[1]), "passwordCredential": None}
    wrong = [
        proof(second[0], app.id),
        proof(certificate[0], str(uuid.uuid4())),
        proof(certificate[0], app.id, aud="elsewhere"),
        proof(certificate[0], app.id, exp=int(time.time()) + 9000),
        "nothing",
    ]
    for false in wrong:
        answer = client.post(f"{path}/addKey", {**body, "proof": false})
        assert (answer.status, answer.code) == (401, "Authentication_MissingOrMalformed")
    added = client.post(f"{path}/addKey", {**body, "proof": proof(certificate[0], app.id)})
    assert added.status == 200, added.data
    assert ask(client, app, second) == []
    old = app.certificates[0].key_id
    assert client.post(f"{path}/removeKey", {"keyId": old, "proof": proof(second[0], app.id)}).status == 204
    assert ask(client, app, certificate) == [700027]
    other = Client(simulator, tenant, sim.register_app(secret="s", home_tenant_id=tenant.id))
    assert other.post(f"{path}/addKey", {**body, "proof": proof(second[0], app.id)}).status == 403


def test_secrets_are_told_once_and_removed_by_key_id(
    simulator: Simulator, writer: Client, clock: StandingClock
) -> None:
    app = registered(simulator, writer.post("/applications", {"displayName": "Secrets"}))
    writer.tenant.consent(app)
    path = f"/applications(appId='{app.app_id}')"
    made = writer.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "desk"}}).json
    assert Client(simulator, writer.tenant, app).ask_token(client_secret=made["secretText"]).status == 200
    [shown] = writer.get(path).json["passwordCredentials"]
    assert (shown["secretText"], shown["hint"]) == (None, made["secretText"][:3])
    app.passwords[0].end_date_time = clock.now()
    expired = Client(simulator, writer.tenant, app).ask_token(client_secret=made["secretText"])
    assert expired.json["error_codes"] == [7000222]
    assert writer.post(f"{path}/removePassword", {"keyId": made["keyId"]}).status == 204
    assert writer.post(f"{path}/removePassword", {"keyId": made["keyId"]}).status == 400
    assert made["secretText"] not in repr(writer.tenant.journal())


def test_apps_are_found_by_name_and_app_id_in_their_home_tenant_only(
    simulator: Simulator, writer: Client, sim: Handle
) -> None:
    app = registered(simulator, writer.post("/applications", {"displayName": "Findable"}))
    sim.register_app(display_name="Findable", home_tenant_id=sim.new_tenant(name="Elsewhere").id)
    for query in (f"appId eq '{app.app_id}'", "displayName eq 'Findable'", "startswith(displayName, 'Find')"):
        assert [row["id"] for row in writer.get(f"/applications?$filter={query}").value] == [app.id]
    assert writer.get(f"/applications(appId='{app.app_id}')").json["id"] == app.id
    assert writer.get(f"/applications/{uuid.uuid4()}").status == 404


def test_names_addresses_and_permissions_are_changed_and_consent_follows(simulator: Simulator, writer: Client) -> None:
    app = registered(simulator, writer.post("/applications", {"displayName": "Before"}))
    path = f"/applications/{app.id}"
    assert app.sign_in_audience == "AzureADMyOrg"
    elsewhere = {
        "resourceAppId": str(uuid.uuid4()),
        "resourceAccess": [{"id": str(uuid.uuid4()), "type": "Role"}],
    }
    change = {
        "displayName": "After",
        "signInAudience": "AzureADMultipleOrgs",
        "web": {"redirectUris": [BACK], "homePageUrl": "https://console.example"},
        "publicClient": {"redirectUris": ["http://localhost"]},
        "requiredResourceAccess": [*REQUIRED, elsewhere],
        "notes": "kept",
    }
    assert writer.patch(path, change).status == 204
    row = writer.get(path).json
    assert row["requiredResourceAccess"] == [*REQUIRED, elsewhere]
    assert (row["web"]["redirectUris"], row["web"]["homePageUrl"]) == ([BACK], "https://console.example")
    assert (row["displayName"], row["notes"], row["publicClient"]) == ("After", "kept", change["publicClient"])
    assert (app.required_scopes, app.redirect_uris) == (["User.Read"], [BACK])


@pytest.mark.parametrize(
    "body",
    [
        {"web": {"redirectUris": ["http://console.example/back"]}},
        {"web": {"redirectUris": ["https://console.example/*"]}},
        {"web": {"redirectUris": [BACK, BACK]}},
        {"signInAudience": "Everybody"},
        {"displayName": ""},
        {"requiredResourceAccess": [{"resourceAppId": "x", "resourceAccess": []}]},
        {"requiredResourceAccess": [{**REQUIRED[0], "resourceAccess": [{"id": "x", "type": "Role"}]}]},
        {"keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify"}]},
        {"passwordCredentials": []},
        {"appId": str(uuid.uuid4())},
        {"sorcery": True},
        {},
    ],
)
def test_what_graph_would_not_take_changes_nothing(
    simulator: Simulator, writer: Client, body: dict[str, object]
) -> None:
    app = registered(simulator, writer.post("/applications", {"displayName": "Strict"}))
    before = writer.get(f"/applications/{app.id}").json
    assert writer.patch(f"/applications/{app.id}", body).status == 400
    assert writer.get(f"/applications/{app.id}").json == before


def test_an_owner_changes_the_own_app_and_nobody_elses(
    simulator: Simulator, tenant: TenantHandle, sim: Handle, client_for: ClientFor
) -> None:
    tools = simulator.world.apps[GRAPH_COMMAND_LINE_TOOLS]
    tenant.consent_delegated(tools, ["Application.ReadWrite.All"])

    def signed_in(*roles: str) -> Client:
        user = tenant.add_user(name=f"Owner {uuid.uuid4().hex[:6]}", roles=roles)
        return Person(simulator, tenant, tools, user, back="http://localhost:1").signed_in(
            f"{GRAPH}/Application.ReadWrite.All"
        )

    owner, other, manager = signed_in(), signed_in(), signed_in("Cloud Application Administrator")
    path = f"/applications/{owner.post('/applications', {'displayName': 'Mine'}).json['id']}"
    assert [who.patch(path, {"notes": "n"}).status for who in (owner, other, manager)] == [204, 403, 204]
    assert other.delete(path).status == 403
    owned_only = client_for("Application.ReadWrite.OwnedBy")
    assert owned_only.patch(path, {"notes": "n"}).status == 403
    own = owned_only.post("/applications", {"displayName": "Ours"})
    assert owned_only.patch(f"/applications/{own.json['id']}", {"notes": "n"}).status == 204
    assert owned_only.post("/servicePrincipals", {"appId": own.json["appId"]}).status == 201
    assert owned_only.post("/servicePrincipals", {"appId": sim.register_app().app_id}).status == 403
    assert client_for("Application.Read.All").post("/applications", {"displayName": "x"}).status == 403


def test_deleting_a_registration_ends_tokens_everywhere(simulator: Simulator, writer: Client, sim: Handle) -> None:
    body = {"displayName": "Gone", "signInAudience": "AzureADMultipleOrgs"}
    app = registered(simulator, writer.post("/applications", body))
    writer.post("/servicePrincipals", {"appId": app.app_id})
    secret = writer.post(f"/applications/{app.id}/addPassword", {}).json["secretText"]
    customer = sim.new_tenant(name="Customer")
    customer.consent(app)
    assert Client(simulator, customer, app).ask_token(client_secret=secret).status == 200
    assert writer.delete(f"/applications/{app.id}").status == 204
    assert Client(simulator, customer, app).ask_token(client_secret=secret).json["error_codes"] == [700016]
    assert customer.service_principal(app)
    assert app.app_id not in {sp.app_id for sp in writer.tenant.state.service_principals.values()}


def test_a_logo_is_an_image_of_a_sensible_size(simulator: Simulator, writer: Client) -> None:
    app = registered(simulator, writer.post("/applications", {"displayName": "Logo"}))
    url = f"{simulator.graph_url}/v1.0/applications/{app.id}/logo"

    def put(body: bytes, kind: str) -> int:
        headers = {"Authorization": f"Bearer {writer.token}", "Content-Type": kind, "client-request-id": "1"}
        return writer.pool.request("PUT", url, body=body, headers=headers).status

    assert put(b"\x89PNG fake", "image/png") == 204
    assert app.logo == b"\x89PNG fake"
    assert writer.get(f"/applications/{app.id}").json["info"]["logoUrl"]
    assert put(b"<svg/>", "image/svg+xml") == 400
    assert put(b"x" * 200_000, "image/png") == 400
