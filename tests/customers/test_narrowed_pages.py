"""What the pages of a technician who does not see every customer ask of the database."""

from typing import TYPE_CHECKING, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.customers.test_row_level_security import World

from tenantry.kit import scoping

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = {
    "/customers/": 10,
    "/customers/{customer}/users/": 8,
    "/users/?q=dana": 7,
    "/alerts/": 8,
    "/approvals/": 6,
    "/activity/": 7,
}
"""Statements of each page: who asks, whose customers are theirs, the two numbers of the navigation, and its own."""


@pytest.fixture(scope="module")
def world(database: None) -> World:
    return World("engineer")


@pytest.mark.parametrize("address", MOST)
def test_a_page_of_a_narrowed_technician_asks_no_more_of_the_database_than_it_did(
    world: World, address: str, settings: "Mapping[str, object]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """AC 4 (page budgets beneath row-level security), without a clock: statements, and changes of the scope."""
    browser = Client()
    browser.force_login(world.technician, backend="django.contrib.auth.backends.ModelBackend")
    apply, applied = scoping.Belt._apply, []

    def counted(self: scoping.Belt, *args: object) -> None:
        applied.append(args)
        apply(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(scoping.Belt, "_apply", counted)
    page = address.format(customer=world.mine.pk)
    browser.get(page)
    applied.clear()
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(page)
    assert answer.status_code == 200
    assert len(asked) <= MOST[address], "\n".join(query["sql"] for query in asked)
    assert len(applied) <= 2, "once into the technician's scope, and back for the next request"


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
