"""Token endpoint, discovery and keys, with MSAL unchanged and by hand."""

import base64
import hashlib
import time
import uuid
from typing import Any

import msal
import orjson
import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.entrasim.client import DEFAULT_SCOPE, Client
from tests.entrasim.conftest import ClientFor, StandingClock

from entrasim.handle import Handle, TenantHandle
from entrasim.keys import b64, parts_of
from entrasim.server import Simulator
from entrasim.state import AppRegistration, ClientSecret

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def claims(token: str) -> dict[str, Any]:
    return parts_of(token)[1]


def msal_client(simulator: Simulator, tenant_id: str, app: AppRegistration, credential: object) -> Any:  # noqa: ANN401  untyped
    return msal.ConfidentialClientApplication(
        app.app_id,
        client_credential=credential,
        authority=f"{simulator.login_url}/{tenant_id}",
        instance_discovery=False,
        verify=str(simulator.ca_file),
    )


@pytest.fixture(autouse=True)
def _own_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    # requests prefers these over the `verify` it is given.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


def test_msal_gets_a_token_with_a_secret(simulator: Simulator, client: Client) -> None:
    answer = msal_client(simulator, client.tenant.id, client.app, "s3cret").acquire_token_for_client([DEFAULT_SCOPE])
    found = claims(answer["access_token"])
    assert answer["expires_in"] == 3599
    assert found["appidacr"] == "1"
    assert found["iss"] == f"https://sts.windows.net/{client.tenant.id}/"
    assert found["aud"] == "https://graph.microsoft.com"
    assert found["oid"] == client.tenant.service_principal(client.app).id
    assert found["wids"] == ["7be44c8a-adaf-4e2a-84d6-ab2649e08a13"]
    assert "User-PasswordProfile.ReadWrite.All" in found["roles"]


def test_msal_gets_a_token_with_a_certificate_and_may_use_its_assertion_again(
    simulator: Simulator, sim: Handle, tenant: TenantHandle, certificate: tuple[str, str]
) -> None:
    key, public = certificate
    app = sim.register_app(certificate_pem=public, required_app_roles=["User.Read.All"])
    tenant.consent(app)
    thumbprint = x509.load_pem_x509_certificate(public.encode()).fingerprint(hashes.SHA1()).hex()
    client = msal_client(
        simulator, tenant.id, app, {"private_key": key, "thumbprint": thumbprint, "public_certificate": public}
    )
    assert claims(client.acquire_token_for_client([DEFAULT_SCOPE])["access_token"])["appidacr"] == "2"
    client.remove_tokens_for_client()
    assert "access_token" in client.acquire_token_for_client([DEFAULT_SCOPE])


def test_a_tenant_without_consent_answers_7000229_to_msal(
    simulator: Simulator, tenant: TenantHandle, app: AppRegistration
) -> None:
    answer = msal_client(simulator, tenant.id, app, "s3cret").acquire_token_for_client([DEFAULT_SCOPE])
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000229]
    assert "Trace ID:" in answer["error_description"]
    assert {"timestamp", "trace_id", "correlation_id"} <= answer.keys()


def test_an_unknown_tenant_is_refused_at_discovery(simulator: Simulator, app: AppRegistration) -> None:
    with pytest.raises(ValueError, match=r"(?i)tenant|authority"):
        msal_client(simulator, str(uuid.uuid4()), app, "s3cret").acquire_token_for_client([DEFAULT_SCOPE])


def assertion(
    key_pem: str, public: str, app_id: str, audience: str, *, algorithm: str = "PS256", **changes: object
) -> str:
    key = serialization.load_pem_private_key(key_pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    der = x509.load_pem_x509_certificate(public.encode()).public_bytes(serialization.Encoding.DER)
    header: dict[str, object] = {"alg": algorithm, "typ": "JWT"}
    if algorithm == "PS256":
        header["x5t#S256"] = b64(hashlib.sha256(der).digest())
    else:
        header["x5t"] = b64(hashlib.sha1(der).digest())
    now = int(time.time())
    body = {"aud": audience, "iss": app_id, "sub": app_id, "jti": str(uuid.uuid4()), "nbf": now, "exp": now + 600}
    body.update(changes)
    signed = f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(body))}"
    digest = hashes.SHA256()
    used: Any = padding.PSS(padding.MGF1(digest), digest.digest_size) if algorithm == "PS256" else padding.PKCS1v15()
    return f"{signed}.{b64(key.sign(signed.encode(), used, digest))}"


@pytest.fixture
def by_certificate(
    simulator: Simulator, sim: Handle, tenant: TenantHandle, certificate: tuple[str, str]
) -> tuple[Client, str]:
    app = sim.register_app(certificate_pem=certificate[1])
    tenant.consent(app)
    return Client(simulator, tenant, app), f"{simulator.login_url}/{tenant.id}/oauth2/v2.0/token"


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_assertions_of_both_kinds_are_taken(
    by_certificate: tuple[Client, str], certificate: tuple[str, str], algorithm: str
) -> None:
    client, audience = by_certificate
    made = assertion(*certificate, client.app.app_id, audience, algorithm=algorithm)
    assert client.ask_token(client_assertion=made, client_assertion_type=JWT_BEARER).status == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://elsewhere.example"}, 700027),
        ({"iss": "somebody-else"}, 700021),
        ({"sub": "somebody-else"}, 700021),
        ({"exp": 1_000_000_000}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
        ({"jti": ""}, 700027),
    ],
)
def test_assertions_with_wrong_claims_are_refused(
    by_certificate: tuple[Client, str], certificate: tuple[str, str], changes: dict[str, object], code: int
) -> None:
    client, audience = by_certificate
    made = assertion(*certificate, client.app.app_id, audience, **changes)  # type: ignore[arg-type]
    answer = client.ask_token(client_assertion=made, client_assertion_type=JWT_BEARER)
    assert (answer.status, answer.json["error_codes"]) == (401, [code])


def test_an_assertion_signed_by_another_key_is_refused(
    by_certificate: tuple[Client, str], certificate: tuple[str, str]
) -> None:
    client, audience = by_certificate
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = assertion(other.decode(), certificate[1], client.app.app_id, audience)
    answer = client.ask_token(client_assertion=made, client_assertion_type=JWT_BEARER)
    assert answer.json["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("form", "at", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, "", 401, "invalid_client", 7000215),
        ({"client_secret": "old"}, "", 401, "invalid_client", 7000222),
        ({"client_secret": ""}, "", 401, "invalid_client", 7000218),
        ({"client_id": "5d3d6a0e-7b0f-4d0e-8f7a-1c2b3a4d5e6f"}, "", 400, "unauthorized_client", 700016),
        ({"scope": "https://graph.microsoft.com/User.Read"}, "", 400, "invalid_scope", 1002012),
        ({"scope": "https://vault.example/.default"}, "", 400, "invalid_resource", 500011),
        ({"grant_type": "password"}, "", 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, "", 400, "invalid_request", 900144),
        ({}, "common", 400, "invalid_request", 9001023),
        ({}, "0a1b2c3d-7b0f-4d0e-8f7a-1c2b3a4d5e6f", 400, "invalid_request", 90002),
    ],
)
def test_each_refusal_has_its_code(
    client: Client, form: dict[str, str], at: str, status: int, error: str, code: int
) -> None:
    client.app.passwords.append(ClientSecret("old", end_date_time=client.simulator.clock.now()))
    answer = client.ask_token(tenant=at, **form)
    assert (answer.status, answer.json["error"], answer.json["error_codes"]) == (status, error, [code])
    assert answer.json["error_description"].startswith(f"AADSTS{code}: ")


def test_a_disabled_app_and_a_vanished_tenant_are_refused(client: Client) -> None:
    client.tenant.disable_app(client.app)
    assert client.ask_token().json["error_codes"] == [7000112]
    client.tenant.vanish()
    assert client.ask_token().json["error_codes"] == [90002]


def test_basic_authentication_and_a_domain_instead_of_the_id_work(client: Client) -> None:
    pair = base64.b64encode(f"{client.app.app_id}:s3cret".encode()).decode()
    answer = client.ask_token(tenant=client.tenant.domain, client_id="", authorization=f"Basic {pair}")
    assert answer.status == 200


def test_a_token_carries_what_was_granted_when_it_was_minted(client_for: ClientFor, tenant: TenantHandle) -> None:
    client = client_for("User.Read.All")
    assert claims(client.token)["wids"] == ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"]
    tenant.consent(client.app, app_roles=["Domain.Read.All"])
    assert claims(client.token)["roles"] == ["User.Read.All"]
    client.forget_token()
    assert claims(client.token)["roles"] == ["Domain.Read.All"]


def test_consent_arrives_after_its_lag(client_for: ClientFor, tenant: TenantHandle, clock: StandingClock) -> None:
    tenant.set_lag(consent=30)
    client = client_for("User.Read.All")
    assert client.ask_token().json["error_codes"] == [7000229]
    clock.travel(seconds=31)
    assert claims(client.token)["roles"] == ["User.Read.All"]


def test_the_token_endpoint_takes_faults_that_name_it(client: Client) -> None:
    client.tenant.fault("error", path="/oauth2/v2.0/token", status=503)
    client.tenant.fault("no_roles")
    client.tenant.fault("throttled", path="/oauth2/v2.0/token", retry_after="1")
    first, second = client.ask_token(), client.ask_token()
    assert (first.status, first.json["error"]) == (503, "temporarily_unavailable")
    assert (second.status, second.headers["Retry-After"]) == (429, "1")
    assert "roles" not in claims(client.ask_token().json["access_token"])
    client.tenant.fault("lost", path="/oauth2/v2.0/token")
    with pytest.raises(urllib3.exceptions.HTTPError):
        client.ask_token()
    assert [entry.status for entry in client.tenant.journal()] == [503, 429, 200, 0]


def test_a_code_is_redeemed_once_with_its_verifier_for_an_id_token(simulator: Simulator, client: Client) -> None:
    verifier = "v" * 50
    user = client.tenant.admin
    code = simulator.context.codes.issue(
        app_id=client.app.app_id,
        tenant_id=client.tenant.id,
        user_id=user.id,
        redirect_uri="https://console.example/back",
        scope="openid profile",
        nonce="n-7",
        code_challenge=b64(hashlib.sha256(verifier.encode()).digest()),
        code_challenge_method="S256",
    )
    form = {
        "grant_type": "authorization_code",
        "scope": "openid profile",
        "code": code,
        "redirect_uri": "https://console.example/back",
    }
    assert client.ask_token(**form, code_verifier="wrong").json["error_codes"] == [501481]
    answer = client.ask_token(**form, code_verifier=verifier)
    found = claims(answer.json["id_token"])
    assert found["iss"] == f"{simulator.login_url}/{client.tenant.id}/v2.0"
    assert (found["aud"], found["oid"], found["nonce"]) == (client.app.app_id, user.id, "n-7")
    assert claims(answer.json["access_token"])["scp"] == "openid profile"
    assert client.ask_token(**form, code_verifier=verifier).json["error_codes"] == [54005]


def test_tokens_can_be_checked_with_the_published_keys(simulator: Simulator, client: Client) -> None:
    base = simulator.login_url
    config = orjson.loads(client.pool.request("GET", f"{base}/common/v2.0/.well-known/openid-configuration").data)
    assert config["issuer"] == f"{base}/{{tenantid}}/v2.0"
    keys = orjson.loads(client.pool.request("GET", config["jwks_uri"]).data)["keys"]
    header = parts_of(client.token)[0]
    assert [key["kid"] for key in keys] == [header["kid"]]


def test_no_secret_stands_in_the_journal(client: Client) -> None:
    client.ask_token()
    client.reset(client.tenant.add_user().id, "Canary-Lantern-77")
    text = repr(client.tenant.journal())
    assert "s3cret" not in text
    assert "Canary-Lantern-77" not in text
    assert "<sealed>" in text
