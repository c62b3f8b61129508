"""The screens: what they show, in how many queries, to htmx and without scripts."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.directory.conftest import Mirror

if TYPE_CHECKING:
    from django.test import Client

    from entrasim.state import User
    from tenantry.customers.models import Customer


def users_url(mirror: Mirror) -> str:
    return f"/customers/{mirror.customer.pk}/users/"


def user_url(mirror: Mirror, user: "User") -> str:
    return f"{users_url(mirror)}{user.id}/"


def test_the_users_table_shows_states_in_words(mirror: Mirror, as_alice: "Client") -> None:
    mirror.tenant.add_user(name="Dana Doe", enabled=False, roles=["User Administrator"])
    mirror.tenant.add_user(name="Gil Guest", guest=True)
    mirror.tenant.add_user(name="Sam Synced", synced=True)
    mirror.sync()
    page = as_alice.get(users_url(mirror)).content.decode()
    for word in ("Dana Doe", "Blocked", "Admin", "Guest", "Synced", "Enabled", "4 users"):
        assert word in page
    assert "object_ids" in page
    assert "<html" in page


def test_filters_narrow_and_are_kept_in_the_address(mirror: Mirror, as_alice: "Client") -> None:
    mirror.tenant.add_user(name="Dana Doe", enabled=False)
    mirror.tenant.add_user(name="Bob Bell")
    mirror.sync()
    page = as_alice.get(users_url(mirror), {"signin": "blocked"}).content.decode()
    assert "Dana Doe" in page
    assert "Bob Bell" not in page
    page = as_alice.get(users_url(mirror), {"q": "bob", "signin": "nonsense", "sort": "nonsense"}).content.decode()
    assert "Bob Bell" in page
    assert "Dana Doe" not in page
    page = as_alice.get(users_url(mirror), {"q": "nobody at all"}).content.decode()
    assert "Nobody matches" in page


def test_htmx_gets_only_the_part_it_asks_for(mirror: Mirror, as_alice: "Client") -> None:
    mirror.tenant.add_user(name="Dana Doe")
    mirror.sync()
    part = as_alice.get(users_url(mirror), headers={"HX-Request": "true", "HX-Target": "users"})
    assert "Dana Doe" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]
    stamp = as_alice.get(users_url(mirror), headers={"HX-Request": "true", "HX-Target": "freshness"})
    assert "Dana Doe" not in stamp.content.decode()
    assert stamp.headers["HX-Trigger"] == "users-read"


def test_a_first_read_shows_its_progress_and_refreshes_without_scripts(
    mirror: Mirror, as_alice: "Client", short_pages: None
) -> None:
    from tenantry.directory import merge

    for number in range(25):
        mirror.tenant.add_user(name=f"User {number:02}")
    assert "first read begins" in as_alice.get(users_url(mirror)).content.decode()
    pages: list[str] = []
    original = merge.merge

    def looking(**values: Any) -> None:  # noqa: ANN401  passed on
        pages.append(as_alice.get(users_url(mirror)).content.decode())
        original(**values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", looking)
        mirror.sync()
    assert "10 of 26" in pages[0]
    assert "Reading users" in pages[1]
    assert 'http-equiv="refresh"' in pages[1]
    assert 'hx-trigger="every 2s"' in pages[1]
    page = as_alice.get(users_url(mirror)).content.decode()
    assert 'http-equiv="refresh"' not in page
    assert "Reading users" not in page


def test_a_tenant_that_cannot_be_read_says_why_and_keeps_its_list(mirror: Mirror, as_alice: "Client") -> None:
    mirror.tenant.add_user(name="Dana Doe")
    mirror.sync()
    mirror.tenant.fault("error", path="/users/delta", times=100, status=503)
    mirror.sync()
    page = as_alice.get(users_url(mirror)).content.decode()
    assert "cannot be read at the moment" in page
    assert "Dana Doe" in page


def test_without_a_tenant_the_page_leads_to_connecting(customer: "Customer", as_alice: "Client") -> None:
    page = as_alice.get(f"/customers/{customer.pk}/users/").content.decode()
    assert "Connect M365" in page


def test_reading_again_is_a_post_and_puts_one_job_in(
    mirror: Mirror, as_alice: "Client", run_jobs: Callable[[], None]
) -> None:
    mirror.sync()
    url = f"{users_url(mirror)}read/"
    assert as_alice.get(url).status_code == 405
    mirror.tenant.add_user(name="Nora New")
    mirror.clock.travel(seconds=1)
    assert as_alice.post(url).status_code == 302
    assert as_alice.post(url).status_code == 302
    before = len(mirror.pages_read())
    run_jobs()
    assert len(mirror.pages_read()) == before + 1
    assert mirror.names() == {"Nora New"}


def test_the_user_page_shows_roles_protection_licences_and_actions(mirror: Mirror, as_alice: "Client") -> None:
    sku = mirror.tenant.add_sku("SPE_E3")
    dana = mirror.tenant.add_user(name="Dana Doe", assigned_sku_ids=[sku.sku_id], roles=["Reports Reader"])
    group = mirror.tenant.add_group("Desk", assignable=True, members=[dana])
    mirror.tenant.assign_role(group.id, "Helpdesk Administrator")
    mirror.sync()
    page = as_alice.get(user_url(mirror, dana)).content.decode()
    for words in (
        "Dana Doe",
        dana.user_principal_name,
        "Sign-in allowed",
        "Microsoft 365 E3",
        "Reports Reader",
        "assigned directly",
        "through the group Desk",
        "Role-assignable groups",
        "Cloud only",
        "Reset password",
    ):
        assert words in page
    assert f'hx-get="{user_url(mirror, dana)}groups/"' in page


def test_a_removed_user_says_so(mirror: Mirror, as_alice: "Client") -> None:
    dana = mirror.tenant.add_user(name="Dana Doe")
    mirror.sync()
    mirror.tenant.delete_user(dana)
    mirror.sync()
    assert "This account was deleted in the tenant" in as_alice.get(user_url(mirror, dana)).content.decode()
    assert "Dana Doe" not in as_alice.get(users_url(mirror)).content.decode()
    assert "Dana Doe" in as_alice.get(users_url(mirror), {"show": "removed"}).content.decode()


def test_groups_are_read_live_and_a_missing_permission_is_named(mirror: Mirror, as_alice: "Client") -> None:
    from tenantry.graph import tokens

    dana = mirror.tenant.add_user(name="Dana Doe")
    mirror.tenant.add_group("Reception", members=[dana])
    mirror.sync()
    url = f"{user_url(mirror, dana)}groups/"
    assert "Reception" in as_alice.get(url).content.decode()
    part = as_alice.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Reception" in part
    assert "<html" not in part
    for name in ("GroupMember.Read.All", "User.Read.All"):
        mirror.tenant.remove_permission(mirror.app, name)
    tokens.forget(mirror.tenant_id)
    assert "the permission User.Read.All is missing" in as_alice.get(url).content.decode()
    mirror.tenant.fault("error", path="/users/*", times=100, status=503)
    assert "Try again" in as_alice.get(url).content.decode()


def test_the_search_page_finds_users_and_customers(mirror: Mirror, as_alice: "Client") -> None:
    tag = f"Quill{uuid.uuid4().hex[:6]}"
    mirror.tenant.add_user(name=f"Dana {tag}")
    mirror.customer.name = f"{tag} Dental"
    mirror.customer.save()
    mirror.sync()
    page = as_alice.get("/users/", {"q": tag[:9].lower()}).content.decode()
    assert f"Dana {tag}" in page
    assert f"{tag} Dental" in page
    assert "Type a little more" in as_alice.get("/users/", {"q": "d"}).content.decode()
    assert "Whom do you look for?" in as_alice.get("/users/").content.decode()
    assert "Nothing found" in as_alice.get("/users/", {"q": "zzqq\0zzqq"}).content.decode()


def test_names_are_escaped(mirror: Mirror, as_alice: "Client") -> None:
    dana = mirror.tenant.add_user(name="<script>alert(1)</script> & Co")
    mirror.sync()
    for url in (users_url(mirror), user_url(mirror, dana), "/users/?q=<script>"):
        page = as_alice.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<bdi><script>" not in page


def test_query_counts_do_not_grow_with_what_is_shown(mirror: Mirror, as_alice: "Client") -> None:
    def counts(user: "User") -> list[int]:
        found = []
        for url in (
            users_url(mirror),
            f"{users_url(mirror)}?q=user&sort=-password",
            user_url(mirror, user),
            "/users/?q=user",
        ):
            with CaptureQueriesContext(connection) as seen:
                assert as_alice.get(url).status_code == 200
            found.append(len(seen))
        return found

    first = mirror.tenant.add_user(name="User One")
    mirror.sync()
    as_alice.get("/settings/")  # a session's first page looks once whether a second factor is there
    few = counts(first)
    group = mirror.tenant.add_group("Desk", assignable=True, members=[first])
    mirror.tenant.assign_role(group.id, "Helpdesk Administrator")
    mirror.tenant.assign_role(first.id, "Reports Reader")
    for number in range(60):
        mirror.tenant.add_user(name=f"User {number}", roles=["Reports Reader"] if number % 5 == 0 else [])
    mirror.sync()
    many = counts(first)
    assert many[:2] == few[:2]
    assert many[2] == few[2] + 1, "the names of groups, asked for once when there are any"
    assert many[3] == few[3]
    assert few[0] <= 8
    assert few[2] <= 16


def test_a_stranger_is_sent_to_sign_in(mirror: Mirror, eve: "Client") -> None:
    for url in (users_url(mirror), "/users/?q=dana", f"{users_url(mirror)}{uuid.uuid4()}/"):
        answer = eve.get(url)
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]
