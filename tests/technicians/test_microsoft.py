"""Sign-in with the provider's own Entra tenant: pinned, matched, and trusted only as far as the token proves."""

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.test import Client, override_settings
from tests.conftest import SharedClock
from tests.entrasim.surfer import Surfer
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import acts_of, is_signed_in, totp_code

from entrasim.handle import Handle, TenantHandle
from entrasim.server import Simulator
from entrasim.state import User
from tenantry.kit.keys import ClientCredential
from tenantry.kit.sealed import Secret
from tenantry.technicians import session_store
from tenantry.technicians.models import MicrosoftAccount, Technician
from tenantry.technicians.permissions import Role

LOGIN = "/accounts/login/"
RETURN = "http://testserver/accounts/microsoft/return/"


STEP = 61_000_000


@pytest.fixture(autouse=True)
def _one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter of codes stands still."""
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([STEP]))


@pytest.fixture
def ours(sim: Handle, tenant: TenantHandle) -> Iterator[TenantHandle]:
    """The provider's own tenant, with an app that can do nothing but sign its people in."""
    app = sim.register_app(
        display_name="Tenantry Sign-in",
        secret="s-1",
        redirect_uris=[RETURN],
        home_tenant_id=tenant.id,
        sign_in_audience="AzureADMyOrg",
        id_token_claims=["acct", "auth_time", "email", "xms_edov"],
    )
    tenant.protect_context("c1")
    with override_settings(
        SIGN_IN_TENANT_ID=tenant.id,
        SIGN_IN_CLIENT_ID=app.app_id,
        SIGN_IN_CREDENTIAL=ClientCredential(client_secret=Secret("s-1")),
        SIGN_IN_CONTEXT="",
    ):
        yield tenant


@pytest.fixture
def noor(ours: TenantHandle, technician: Technician) -> User:
    """The technician's account in that tenant, under the same name."""
    technician.email = f"noor-{uuid.uuid4().hex[:8]}@{ours.domain}"
    technician.save()
    return ours.add_user(name="Noor Haddad", upn=technician.email)


@pytest.fixture
def at_microsoft(simulator: Simulator) -> Surfer:
    return Surfer(simulator.browser_url)


def _sign_in(client: Client, surfer: Surfer, user: User, **form: str) -> str:
    """The whole trip; where the console leads in the end, or what the page at Microsoft says."""
    left = client.post("/accounts/microsoft/", form)
    assert left.status_code == 302
    page = surfer.get(left["Location"])
    if page.heading == "Sign in":
        page = surfer.sign_in(user.user_principal_name, user.password or "")
    if page.heading == "Permissions requested":
        page = surfer.press("Accept")
    if not page.location.startswith(RETURN):
        return page.text
    parts = urlsplit(page.location)
    return str(client.get(f"{parts.path}?{parts.query}")["Location"])


def _said(client: Client) -> str:
    return client.get(LOGIN).content.decode()


def test_the_first_sign_in_is_matched_and_later_ones_go_by_the_account(
    technician: Technician, noor: User, ours: TenantHandle, browser: Callable[[], Client], at_microsoft: Surfer
) -> None:
    client = browser()
    assert b"Sign in with Microsoft" in client.get(LOGIN).content
    assert _sign_in(client, at_microsoft, noor, next="/settings/") == "/settings/"
    assert is_signed_in(client, technician)
    account = MicrosoftAccount.objects.get(technician=technician)
    assert (str(account.tenant_id), str(account.object_id)) == (ours.id, noor.id)
    technician.refresh_from_db()
    assert technician.known_as == [f"{ours.id}/{noor.id}"], "so that it counts as their own account in a directory"
    assert [action for action, _, _ in acts_of(technician)] == [
        "technicians.microsoft_account_linked",
        "technicians.signed_in",
    ]
    assert acts_of(technician)[-1][1] == "Signed in with Microsoft."

    ours.update_user(noor, user_principal_name=f"renamed-{uuid.uuid4().hex[:6]}@{ours.domain}")
    heir = ours.add_user(name="Somebody New", upn=technician.email)  # the old name, given to somebody else
    assert _sign_in(browser(), at_microsoft, noor) == "/"
    stranger = browser()
    assert _sign_in(stranger, Surfer(at_microsoft.site), heir) == LOGIN
    assert "Another Microsoft account is linked" in _said(stranger)
    assert not is_signed_in(stranger)


def test_nobody_is_created_and_guests_and_unverified_addresses_match_nobody(
    technician: Technician, noor: User, ours: TenantHandle, sim: Handle, browser: Callable[[], Client],
    simulator: Simulator,
) -> None:  # fmt: skip
    before = Technician.objects.count()
    ours.update_user(noor, user_principal_name=f"other-{uuid.uuid4().hex[:6]}@{ours.domain}")
    unverified = ours.add_user(name="Mallory", mail="victim@elsewhere.example")
    victim = Technician.objects.create_user(
        f"victim-{uuid.uuid4().hex[:6]}@elsewhere.example", display_name="Victim", created_at=technician.created_at
    )
    ours.update_user(unverified, mail=victim.email)
    elsewhere = sim.new_tenant(name="Elsewhere", domain=f"else-{uuid.uuid4().hex[:8]}.example")
    visitor = elsewhere.add_user(name="Gus", upn=f"gus@{elsewhere.domain}", mail=f"gus@{elsewhere.domain}")
    ours.add_user(name="Gus", guest=True, mail=visitor.mail)
    Technician.objects.create_user(str(visitor.mail), display_name="Gus", created_at=technician.created_at)
    for user in (noor, unverified, visitor):
        client = browser()
        assert _sign_in(client, Surfer(simulator.browser_url), user) == LOGIN
        assert "Nobody here has this Microsoft account" in _said(client)
        assert not is_signed_in(client)
    assert Technician.objects.count() == before + 2
    assert not MicrosoftAccount.objects.filter(technician=victim).exists()


def test_people_of_another_tenant_do_not_get_in(
    ours: TenantHandle, sim: Handle, technician: Technician, browser: Callable[[], Client], at_microsoft: Surfer
) -> None:
    elsewhere = sim.new_tenant(name="Elsewhere", domain=f"else-{uuid.uuid4().hex[:8]}.example")
    twin = elsewhere.add_user(name="Twin", upn=f"twin@{elsewhere.domain}")
    technician.email = twin.user_principal_name
    technician.save()
    client = browser()
    assert "AADSTS50020" in _sign_in(client, at_microsoft, twin)
    assert not is_signed_in(client)


def test_a_second_factor_at_microsoft_counts_only_when_the_token_proves_it(
    technician: Technician, noor: User, ours: TenantHandle, browser: Callable[[], Client], simulator: Simulator
) -> None:
    secret = str(generate_totp_secret())
    TOTP.activate(technician, secret)

    def trip() -> tuple[Client, str]:
        client = browser()
        return client, _sign_in(client, Surfer(simulator.browser_url), noor)

    with override_settings(SIGN_IN_CONTEXT="c1"):
        client, led_to = trip()
        assert led_to == "/accounts/2fa/authenticate/"  # never the first time
        assert not is_signed_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": totp_code(secret, STEP)})
        assert is_signed_in(client, technician)
        client, led_to = trip()
        assert led_to == "/"
        assert is_signed_in(client, technician)
        assert acts_of(technician)[-1][1] == "Signed in with Microsoft."
    client, led_to = trip()  # no context asked for: the token proves nothing
    assert led_to == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)
    with override_settings(IS_DEMO=False, SIGN_IN_CONTEXT="c1"):
        client, _ = trip()
        assert client.get("/customers/").status_code == 200


def test_a_sign_in_works_once_and_only_in_its_browser(
    technician: Technician, noor: User, browser: Callable[[], Client], at_microsoft: Surfer, clock: SharedClock
) -> None:
    client, other = browser(), browser()
    at_microsoft.get(client.post("/accounts/microsoft/")["Location"])
    page = at_microsoft.sign_in(noor.user_principal_name, noor.password or "")
    back = urlsplit(page.location or at_microsoft.press("Accept").location)
    answer = f"{back.path}?{back.query}"
    with connection.cursor() as cursor:
        key = session_store.digest(client.session.session_key or "")
        cursor.execute("SELECT session_data FROM django_session WHERE session_key = %s", [key])
        assert "code_verifier" not in str(client.session.decode(cursor.fetchone()[0]))
    assert other.get(answer)["Location"] == LOGIN
    assert "was not begun in this browser" in _said(other)
    assert client.get(answer)["Location"] == "/"
    again = client.get(answer)
    assert again["Location"] == LOGIN
    late = browser()
    late.post("/accounts/microsoft/")
    clock.travel(minutes=16)
    assert late.get(answer)["Location"] == LOGIN
    assert not is_signed_in(late)


def test_somebody_switched_off_is_told_so(
    technician: Technician, noor: User, browser: Callable[[], Client], at_microsoft: Surfer
) -> None:
    _sign_in(browser(), at_microsoft, noor)
    Technician.objects.filter(pk=technician.pk).update(is_active=False)
    client = browser()
    assert _sign_in(client, at_microsoft, noor) == LOGIN
    assert "switched off" in _said(client)
    assert not is_signed_in(client)


@override_settings(LOCAL_SIGN_IN="owners")
def test_where_only_owners_sign_in_locally_owners_still_do_and_others_use_microsoft(
    technician: Technician, noor: User, browser: Callable[[], Client], at_microsoft: Surfer
) -> None:
    local = browser()
    form = {"login": technician.email, "password": PASSWORD}
    assert local.post(LOGIN, form)["Location"] == LOGIN
    assert "only owners sign in without Microsoft" in _said(local)
    assert not is_signed_in(local)
    client = browser()
    assert _sign_in(client, at_microsoft, noor) == "/"
    technician.role = Role.OWNER
    technician.save()
    owner = browser()
    assert owner.post(LOGIN, form)["Location"] == "/"


def test_without_settings_there_is_no_such_way(visitor: Client) -> None:
    assert b"Sign in with Microsoft" not in visitor.get(LOGIN).content
    assert visitor.post("/accounts/microsoft/").status_code == 404
    assert visitor.get("/accounts/microsoft/return/?code=a&state=b").status_code == 404


def test_an_account_is_linked_only_once_the_consoles_own_factor_was_shown(
    technician: Technician, noor: User, ours: TenantHandle, browser: Callable[[], Client], simulator: Simulator
) -> None:
    """Who gives themselves the technician's user name at Microsoft, and a second factor there, gets in never."""
    secret = str(generate_totp_secret())
    TOTP.activate(technician, secret)
    with override_settings(SIGN_IN_CONTEXT="c1"):
        for _ in range(3):
            client = browser()
            assert _sign_in(client, Surfer(simulator.browser_url), noor) == "/accounts/2fa/authenticate/"
            assert not is_signed_in(client)
            assert not MicrosoftAccount.objects.filter(technician=technician).exists()
        client.post("/accounts/2fa/authenticate/", {"code": totp_code(secret, STEP)})
        assert is_signed_in(client, technician)
        assert str(MicrosoftAccount.objects.get(technician=technician).object_id) == noor.id
        again = browser()
        assert _sign_in(again, Surfer(simulator.browser_url), noor) == "/"
        assert is_signed_in(again, technician)
