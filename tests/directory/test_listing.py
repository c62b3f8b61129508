"""Filters, orders and pages of the users table; search in many scripts; no look into another customer."""

import datetime as dt
import random
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.directory.conftest import Mirror

from tenantry.directory import folding, listing
from tenantry.directory.listing import FILTERS, ORDERS, Wanted
from tenantry.directory.models import DirectoryUser, RoleGroup

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.technicians.models import Technician


def put_users(mirror: Mirror, people: list[dict[str, Any]]) -> list[DirectoryUser]:
    """Users straight into the mirror: what a list shows does not depend on how they came."""
    return DirectoryUser.objects.bulk_create(
        DirectoryUser(
            tenant_id=mirror.tenant_id,
            object_id=uuid.uuid4(),
            **{"user_principal_name": f"u{number}@{mirror.tenant.domain}", "display_name": "Nobody", **fields},
        )
        for number, fields in enumerate(people)
    )


@pytest.fixture
def crowd(mirror: Mirror) -> Mirror:
    """120 users with many equal names, equal and missing dates, and every property mixed."""
    luck = random.Random(11)
    names = ["Dana Doe", "dana doe", "Zoë Ångström", "", "Łukasz", "Жанна", "王小明", "Bob"]
    days = [None, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 5, 5, tzinfo=dt.UTC)]
    put_users(
        mirror,
        [
            {
                "display_name": luck.choice(names),
                "user_principal_name": f"{luck.choice('aAbBzZ')}{number}@x.example",
                "account_enabled": luck.random() < 0.7,
                "user_type": luck.choice(["Member", "Guest"]),
                "is_synced": luck.random() < 0.3,
                "is_admin": luck.random() < 0.2,
                "is_protected": luck.random() < 0.2,
                "sku_ids": luck.choice([[], [uuid.uuid4()]]),
                "last_password_change_at": luck.choice(days),
                "created_at": luck.choice(days),
                "removed_at": luck.choice([None, None, None, days[1]]),
            }
            for number in range(120)
        ],
    )
    return mirror


FILTER_CHOICES = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(sorted(values)) for name, values in FILTERS.items()}
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.sampled_from(sorted(ORDERS)),
    is_descending=st.booleans(),
    is_removed=st.booleans(),
    filters=FILTER_CHOICES,
    text=st.sampled_from(["", "", "dana", "zoe", "王", "x ex"]),
    size=st.integers(min_value=1, max_value=50),
    users=st.sampled_from([120, 1_000_000]),
)
def test_paging_shows_every_row_once_in_order_and_the_same_way_back(
    crowd: Mirror,
    order: str,
    is_descending: bool,
    is_removed: bool,
    filters: dict[str, str],
    text: str,
    size: int,
    users: int,
) -> None:
    wanted = Wanted(text=text, filters=filters, order=order, is_descending=is_descending, is_removed=is_removed)
    whole = listing.page_of_users(tenant_id=crowd.tenant_id, users=users, wanted=wanted, size=1000).users
    pages: list[list[DirectoryUser]] = []
    cursor = ""
    while True:
        page = listing.page_of_users(tenant_id=crowd.tenant_id, users=users, wanted=wanted, after=cursor, size=size)
        pages.append(page.users)
        cursor = page.after
        if not cursor:
            break
    assert [user.pk for page_users in pages for user in page_users] == [user.pk for user in whole]
    back = [pages[-1]]
    cursor = page.before
    while cursor:
        page = listing.page_of_users(tenant_id=crowd.tenant_id, users=users, wanted=wanted, before=cursor, size=size)
        back.append(page.users)
        cursor = page.before
    assert sorted(user.pk for part in back for user in part) == sorted(user.pk for user in whole)
    for name, value in filters.items():
        kept = {
            user.pk for user in DirectoryUser.objects.filter(tenant_id=crowd.tenant_id).filter(FILTERS[name][value][1])
        }
        assert {user.pk for user in whole} <= kept


def test_rows_that_come_and_go_elsewhere_neither_repeat_nor_skip_others(mirror: Mirror) -> None:
    put_users(mirror, [{"display_name": f"User {number:02}"} for number in range(10)])
    first = listing.page_of_users(tenant_id=mirror.tenant_id, users=10, wanted=Wanted(), size=5)
    put_users(mirror, [{"display_name": "Aaron"}, {"display_name": "User 05a"}])
    DirectoryUser.objects.filter(tenant_id=mirror.tenant_id, display_name="User 01").delete()
    second = listing.page_of_users(tenant_id=mirror.tenant_id, users=10, wanted=Wanted(), after=first.after, size=10)
    assert [user.display_name for user in second.users] == [
        "User 05", "User 05a", "User 06", "User 07", "User 08", "User 09"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "WyJuYW1lIl0", "bnVsbA", "WyJuYW1lIiwgMywgNF0", "\0", "é" * 10, "WyJ1cG4iLCJ4IiwiMCJd"]
)
def test_a_cursor_that_was_tampered_with_starts_the_list_over(mirror: Mirror, cursor: str) -> None:
    put_users(mirror, [{}])
    page = listing.page_of_users(tenant_id=mirror.tenant_id, users=1, wanted=Wanted(), after=cursor)
    assert len(page.users) == 1


@pytest.mark.parametrize("users", [10, 1_000_000], ids=["small tenant", "large tenant"])
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zoe", {"Zoë Ångström"}),
        ("ZOË", {"Zoë Ångström"}),
        ("angstrom zo", {"Zoë Ångström"}),
        ("lukasz", {"Łukasz Żak"}),
        ("ob", {"Dana O'Brien"}),
        ("o'br", {"Dana O'Brien"}),
        ("da ob", {"Dana O'Brien"}),
        ("dana.ob@kes", {"Dana O'Brien"}),
        ("dana.ob@kestrel.example", {"Dana O'Brien"}),
        ("жан", {"Жанна Ильина"}),
        ("ЖАННА", {"Жанна Ильина"}),
        ("王", {"王小明"}),
        ("สม", {"สมชาย ใจดี"}),
        ("วิ", {"วิชัย"}),
        ("علي", {"علي حسن"}),
        ("김", {"김민준"}),
        ("ελενη", {"Ελένη Νίκου"}),
        ("נועה", {"נועה כהן"}),
        ("अमित", {"अमित कुमार"}),
        ("second@alias", {"Mail Alias"}),
        ("nobody here", set()),
        ("' | !a & (b", set()),
        ("\\ ' :*", set()),
    ],
)
def test_search_finds_people_in_any_script_by_the_beginnings_of_words(
    mirror: Mirror, typed: str, found: set[str], users: int
) -> None:
    names = ["Zoë Ångström", "Łukasz Żak", "Жанна Ильина", "王小明", "สมชาย ใจดี", "วิชัย", "علي حسن", "김민준"]
    names += ["Ελένη Νίκου", "נועה כהן", "अमित कुमार"]
    people: list[dict[str, Any]] = [
        {"display_name": name, "user_principal_name": f"u{number}@x.test"} for number, name in enumerate(names)
    ]
    people.append({"display_name": "Dana O'Brien", "user_principal_name": "dana.ob@kestrel.example"})
    people.append({"display_name": "Mail Alias", "user_principal_name": "m@x.test", "mail": "second@alias.test"})
    put_users(mirror, people)
    page = listing.page_of_users(tenant_id=mirror.tenant_id, users=users, wanted=Wanted(text=typed))
    assert {user.display_name for user in page.users} == found


def test_in_a_small_tenant_parts_of_words_are_found_too(mirror: Mirror) -> None:
    put_users(mirror, [{"display_name": "Alexander"}, {"display_name": "小明 王小明"}])
    page = listing.page_of_users(tenant_id=mirror.tenant_id, users=2, wanted=Wanted(text="xand"))
    assert [user.display_name for user in page.users] == ["Alexander"]


_LETTERS = "abZ éÉßøŁĐıςΣ жЁ Ωώ 王 が 김 สี علي נו अमि .-'_@\u2019ǅŉ"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=_LETTERS, max_size=30))
def test_names_are_folded_in_the_database_as_here(database: None, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT directory_fold(%s)", [text])
        assert cursor.fetchone() == (folding.fold(text),)


def test_the_search_over_all_customers_names_the_customer_and_hides_the_archived(
    new_mirror: Callable[[], Mirror], alice: "Technician"
) -> None:
    tag = f"quill{uuid.uuid4().hex[:6]}"
    one, two, gone = new_mirror(), new_mirror(), new_mirror()
    for mirror in (one, two, gone):
        put_users(mirror, [{"display_name": f"Dana {tag.title()}"}, {"display_name": "Other"}])
    gone.customer.state = "archived"
    gone.customer.save()
    found, has_more = listing.search_users(technician=alice, text=f"dan {tag[:9]}")
    assert {row.customer_name for row in found} == {one.customer.name, two.customer.name}
    assert not has_more


def test_in_a_technicians_scope_the_search_finds_the_same_and_nothing_of_others(
    new_mirror: Callable[[], Mirror], alice: "Technician", monkeypatch: pytest.MonkeyPatch
) -> None:
    """AC 4 (row-level security): the functions that find past the policy ask for the scope's customers themselves."""
    from django.db import Error, connection

    from tenantry.customers.models import CustomerGroup
    from tenantry.kit import clock, scoping
    from tenantry.technicians.models import Team, Technician

    tag, now = f"quill{uuid.uuid4().hex[:6]}", clock.now()
    mine, gone, foreign = new_mirror(), new_mirror(), new_mirror()
    for mirror in (mine, gone, foreign):
        put_users(mirror, [{"display_name": f"Dana {tag.title()} O'Brien"}, {"display_name": f"Other {tag}"}])
    gone.customer.state = "archived"
    gone.customer.save()
    robin = Technician.objects.create_user(
        f"{tag}@harbour-it.example", display_name="R", role="help_desk", created_at=now
    )
    team = Team.objects.create(name=tag, created_at=now)
    team.members.add(robin)
    group = CustomerGroup.objects.create(name=tag, created_at=now)
    group.teams.add(team)
    group.customers.add(mine.customer, gone.customer)

    def found(text: str) -> list[tuple[str, str]]:
        rows, _ = listing.search_users(technician=robin, text=text)
        return sorted((row.customer_name, row.display_name) for row in rows)

    def ids(scope: str, looked_up: str) -> int:
        with scoping.scoped(scope), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM directory_found(%s, '', 1000)", [looked_up])
            return int(cursor.fetchone()[0])

    texts = (tag, f"dan {tag[:9]}", f"{tag} o'br", f"d {tag}", "nobody-is-called-so", f"{tag}' & 'x", f"{tag}\\", "%s")
    outside = [found(text) for text in texts]
    scope = scoping.of_technician(robin.pk)
    with scoping.scoped(scope):
        assert [found(text) for text in texts] == outside
        assert len(found(tag)) == 2
        assert {name for name, _ in found(tag)} == {mine.customer.name}
    assert ids(scope, f"'{tag}':*") == 2
    assert ids(scoping.of_technician(alice.pk), f"'{tag}':*") == 4
    for nobody in (scoping.NOBODY, scoping.of_technician(uuid.uuid4())):
        assert ids(nobody, f"'{tag}':*") == 0
    with pytest.raises(Error, match="syntax error in tsquery"):
        ids(scope, "x') OR true --")

    def within(mirror: Mirror, text: str) -> list[str]:
        page = listing.page_of_users(tenant_id=mirror.tenant_id, users=1_000_000, wanted=Wanted(text=text))
        return [user.display_name for user in page.users]

    def ids_within(scope: str, mirror: Mirror, looked_up: str) -> int:
        with scoping.scoped(scope), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM directory_found_in(%s, %s, '', 1000)", [mirror.tenant_id, looked_up])
            return int(cursor.fetchone()[0])

    outside_within = [within(mine, text) for text in texts]
    assert len(outside_within[0]) == 2
    for most in (listing.MOST_LOOKED_UP, 1):  # one by one by the index, and by the policy where too many match
        monkeypatch.setattr(listing, "MOST_LOOKED_UP", most)
        with scoping.scoped(scope):
            assert [within(mine, text) for text in texts] == outside_within
            assert within(foreign, tag) == []
    assert ids_within(scope, mine, f"'{tag}':*") == 2
    assert ids_within(scoping.of_technician(alice.pk), foreign, f"'{tag}':*") == 2
    assert ids_within(scope, foreign, f"'{tag}':*") == 0
    for nobody in (scoping.NOBODY, scoping.of_technician(uuid.uuid4())):
        assert ids_within(nobody, mine, f"'{tag}':*") == 0
    with pytest.raises(Error, match="syntax error in tsquery"):
        ids_within(scope, mine, "x') OR true --")


def test_a_whole_address_comes_first(mirror: Mirror, alice: "Technician") -> None:
    tag = f"q{uuid.uuid4().hex[:8]}"
    put_users(
        mirror,
        [
            *({"display_name": f"Aaa {tag}", "user_principal_name": f"{tag}.x{n}@x.test"} for n in range(70)),
            {"display_name": "Zed", "user_principal_name": f"{tag}@x.test"},
        ],
    )
    found, has_more = listing.search_users(technician=alice, text=f"{tag}@x.test")
    assert found[0].display_name == "Zed"
    assert len(found) == listing.MOST_SHOWN
    assert has_more


def test_two_customers_never_see_each_other(new_mirror: Callable[[], Mirror], as_alice: "Client") -> None:
    one, two = new_mirror(), new_mirror()
    (mine,) = put_users(one, [{"display_name": "Mine"}])
    (theirs,) = put_users(two, [{"display_name": "Theirs"}])
    RoleGroup.objects.create(tenant_id=two.tenant_id, group_id=uuid.uuid4(), display_name="Their group")
    page = as_alice.get(f"/customers/{one.customer.pk}/users/").content.decode()
    assert "Mine" in page
    assert "Theirs" not in page
    assert as_alice.get(f"/customers/{one.customer.pk}/users/{mine.object_id}/").status_code == 200
    assert as_alice.get(f"/customers/{one.customer.pk}/users/{theirs.object_id}/").status_code == 404
    assert as_alice.get(f"/customers/{one.customer.pk}/users/{theirs.object_id}/groups/").status_code == 404
    assert as_alice.get(f"/customers/{uuid.uuid4()}/users/").status_code == 404
