"""What the pages of a technician who does not see every customer ask of the database."""

import uuid
from typing import TYPE_CHECKING, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.customers.test_row_level_security import World

from tenantry.kit import clock, scoping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician

MOST: Final = {
    "/customers/": 10,
    "/customers/{customer}/users/": 10,
    "/customers/{customer}/users/{user}/": 17,
    "/users/?q=dana": 7,
    "/alerts/": 8,
    "/approvals/": 6,
    "/activity/": 7,
}
"""Statements of each page: who asks, whose customers are theirs, the two numbers of the navigation, and its own."""


@pytest.fixture(scope="module")
def world(database: None) -> World:
    return World("engineer")


@pytest.fixture(scope="module")
def someone(world: World) -> "DirectoryUser":
    """A user of the technician's customer, with a licence, through a connection that works."""
    from tenantry.directory.models import DirectorySync, DirectoryUser, SyncState
    from tenantry.reach import roles
    from tenantry.tenants.models import Connection, ConnectionState, Tenant

    now, tenant = clock.now(), Tenant.objects.get(customer=world.mine)
    role_id = uuid.UUID(roles.USER_ADMINISTRATOR)
    Connection.objects.create(
        tenant=tenant, state=ConnectionState.READY, state_since=now, consented_at=now, wanted_role_id=role_id
    )
    DirectorySync.objects.create(tenant=tenant, state=SyncState.CURRENT, users=1, finished_at=now, generation=1)
    return DirectoryUser.objects.create(
        tenant=tenant, object_id=uuid.uuid4(), user_principal_name="dana@x.example", sku_ids=[uuid.uuid4()], read_at=now
    )


@pytest.mark.parametrize("address", MOST)
def test_a_page_of_a_narrowed_technician_asks_no_more_of_the_database_than_it_did(
    world: World,
    someone: "DirectoryUser",
    address: str,
    settings: "Mapping[str, object]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AC 4 (page budgets beneath row-level security), without a clock: statements, and changes of the scope."""
    browser = Client()
    browser.force_login(world.technician, backend="django.contrib.auth.backends.ModelBackend")
    apply, applied = scoping.Belt._apply, []

    def counted(self: scoping.Belt, *args: object) -> None:
        applied.append(args)
        apply(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(scoping.Belt, "_apply", counted)
    page = address.format(customer=world.mine.pk, user=someone.object_id)
    browser.get(page)
    applied.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(page)
    assert answer.status_code == 200
    assert len(asked) <= MOST[address], "\n".join(query["sql"] for query in asked)
    assert len(applied) <= 2, "once into the technician's scope, and back for the next request"


@pytest.mark.parametrize(
    "who", ["narrowed", "with two teams", "bound", "bound and everybody's", "owner", "switched off"]
)
def test_the_numbers_of_the_navigation_count_what_the_pages_list(database: None, who: str, alice: "Technician") -> None:
    """They are written by hand, because every page asks for them: the same customers, neither more nor fewer."""
    from tenantry.customers.models import CustomerGroup
    from tenantry.customers.queries import of_visible_customers, visible_customers
    from tenantry.notifications import queries as alerts
    from tenantry.notifications.models import Alert, AlertKind, AlertState, Severity
    from tenantry.safeguards import queries as safeguards
    from tenantry.safeguards.models import ApprovalState
    from tenantry.technicians.models import Bounds, Team
    from tenantry.technicians.permissions import Permission

    here, now = World("administrator" if who == "bound and everybody's" else "engineer"), clock.now()
    person = alice if who == "owner" else here.technician
    second = CustomerGroup.objects.create(name=f"Second {uuid.uuid4().hex[:8]}", created_at=now)
    if who == "with two teams":
        team = Team.objects.create(name=f"Second {uuid.uuid4().hex[:8]}", created_at=now)
        team.members.add(person)
        second.teams.add(team)
        second.customers.add(here.mine, here.foreign)
    if who.startswith("bound"):
        second.customers.add(here.mine, here.foreign)
        person.bounds = Bounds(frozenset(Permission), frozenset({second.pk}))
    person.is_active = who != "switched off"
    tag = uuid.uuid4().hex
    for customer_id in (here.mine.pk, here.foreign.pk, None):
        Alert.objects.create(
            customer_id=customer_id,
            kind=AlertKind.CREDENTIAL_EXPIRING,
            key=tag,
            severity=Severity.WARNING,
            title=tag,
            opened_at=now,
            changed_at=now,
            tenant_id=uuid.uuid4(),
        )
    condition, values = of_visible_customers(person)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT customer_id FROM (SELECT id AS customer_id FROM customers_customer) c WHERE {condition}", values
        )
        found = {row[0] for row in cursor}
    assert found == set(visible_customers(person).values_list("pk", flat=True))
    both = {here.mine.pk, here.foreign.pk}
    seen = {"narrowed": both - {here.foreign.pk}, "bound": both - {here.foreign.pk}, "switched off": set()}
    assert found & both == seen.get(who, both)
    if who != "switched off":
        listed = alerts.visible_alerts(person).filter(state=AlertState.OPEN, acknowledged_at=None)
        assert alerts.count_unseen(person) == listed.count()
        assert who == "owner" or listed.filter(customer_id=here.mine.pk).exists()
    waiting = safeguards.visible_requests(person).filter(state=ApprovalState.PENDING, expires_at__gt=clock.now())
    expected = waiting.exclude(requester=person).count() if person.may(Permission.APPROVALS_DECIDE) else 0
    assert safeguards.count_to_decide(person) == expected
    Alert.objects.filter(key=tag).delete()


def test_what_the_policies_ask_of_tables_is_planned_once_for_each_connection(database: None) -> None:
    """The body of a function in SQL would be planned again by each statement of each page."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname::text, l.lanname::text FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang"
            " WHERE p.proname LIKE 'tenantry\\_%%' AND p.prosrc LIKE '%%FROM%%' AND p.prorettype <> 'trigger'::regtype",
            [],
        )
        written = dict(cursor.fetchall())
    assert {"tenantry_customers", "tenantry_tenants", "tenantry_looks_after_all"} <= set(written)
    assert {name for name, language in written.items() if language != "plpgsql"} == set()
