"""The account the product signs in to PostgreSQL with: what it is refused, and what an operator is told about it."""

import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import Error, connection
from tests.conftest import LOGIN, OWNER, Owner

from tenantry import doctor
from tenantry.kit import database_roles, scoping

REFUSED = (
    # makes and changes tables
    "CREATE TABLE taken (id int)",
    "CREATE TEMPORARY TABLE technicians_technician (id int)",
    "CREATE VIEW taken AS SELECT 1",
    "CREATE FUNCTION tenantry_sees_all() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE OR REPLACE FUNCTION tenantry_sees_all() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "ALTER TABLE customers_customer ADD COLUMN taken int",
    "CREATE INDEX taken ON customers_customer (name)",
    "DROP TABLE customers_customer CASCADE",
    "TRUNCATE technicians_sharedentry",
    "CREATE SCHEMA taken",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'x', now())",
    # bends row-level security
    "ALTER TABLE customers_customer DISABLE ROW LEVEL SECURITY",
    "DROP POLICY tenantry_customers ON customers_customer",
    "ALTER POLICY tenantry_customers ON customers_customer USING (true)",
    "CREATE POLICY taken ON customers_customer USING (true)",
    "SET SESSION AUTHORIZATION postgres",
    "SET ROLE postgres",
    # rewrites the record
    "UPDATE audit_event SET summary = ''",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event CASCADE",
    "UPDATE audit_anchor SET sequence = 1",
    "DELETE FROM audit_anchor",
    "INSERT INTO audit_link DEFAULT VALUES",
    "DELETE FROM audit_unsealed",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    # becomes more than it is, or reaches out
    f"ALTER ROLE {LOGIN} BYPASSRLS",
    f"ALTER ROLE {LOGIN} SUPERUSER",
    f"GRANT pg_read_all_data TO {LOGIN}",
    "CREATE ROLE taken LOGIN",
    "CREATE DATABASE taken",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY audit_event TO '/tmp/taken'",
    "SELECT pg_read_file('/etc/hostname')",
    "ALTER SYSTEM SET fsync = off",
)


@pytest.mark.parametrize("scope", [scoping.SYSTEM, scoping.of_technician(uuid.UUID(int=7))])
def test_the_account_is_refused_everything_that_is_not_its_work(database: None, scope: str) -> None:
    """AC 4 (row-level security): no DDL, no policy change, no change of the record, in any scope."""
    passed = []
    with scoping.scoped(scope), connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        assert cursor.fetchone() == (LOGIN,)
        for statement in REFUSED:
            try:
                cursor.execute(statement)
            except Error as error:
                words = str(error)
                if any(known in words for known in ("permission denied", "must be", "must have", "only roles with")):
                    continue
                passed.append((statement, words))
            else:
                passed.append((statement, "done"))
    assert passed == []


def test_it_has_what_it_needs_everywhere_and_nothing_beyond(database: None) -> None:
    """A new table fails here when web and worker cannot read it."""
    stands = database_roles.examine()
    assert (stands.account, stands.excess, stands.out_of_reach) == (LOGIN, (), ())
    assert doctor._database_account().is_good


_FUNCTIONS = """
SELECT p.oid::regprocedure::text, p.prosecdef, coalesce(array_to_string(p.proconfig, ';'), ''),
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema()
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def test_no_function_of_ours_is_everybodys_and_none_that_runs_as_its_owner_follows_a_callers_path(
    database: None, owner: Owner, request: pytest.FixtureRequest
) -> None:
    """AC 4 (row-level security): another account of the same server neither seals, prunes nor searches here."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS)
        found = {name: (runs_as_owner, settings, is_public) for name, runs_as_owner, settings, is_public in cursor}
    assert [name for name, (_, _, is_public) in found.items() if is_public] == []
    as_owner = {name.partition("(")[0]: settings for name, (runs, settings, _) in found.items() if runs}
    assert set(as_owner) == {
        "audit_event_waits_for_its_link", "audit_prune", "audit_seal", "directory_found", "directory_found_in",
    }  # fmt: skip
    assert [name for name, settings in as_owner.items() if "search_path=pg_catalog, " not in settings] == []
    stranger = f"belt_stranger_{uuid.uuid4().hex[:8]}"
    with owner() as cursor:
        cursor.execute(f"CREATE ROLE {stranger}")
        request.addfinalizer(lambda: _drop(owner, stranger))
        for call in (
            "audit_seal(now(), 1, NULL)",
            "audit_prune(1, 400)",
            "directory_found('technician:x', 'a', 1)",
            "directory_found_in(gen_random_uuid(), 'technician:x', 'a', 1)",
        ):
            cursor.execute(f"SET ROLE {stranger}")
            with pytest.raises(Error, match="permission denied"):
                cursor.execute(f"SELECT {call}")
            cursor.execute("RESET ROLE")


def _drop(owner: Owner, role: str) -> None:
    with owner() as cursor:
        cursor.execute(f"DROP ROLE {role}")


def test_a_table_made_by_somebody_else_is_found_and_the_next_migration_gives_the_rights(
    database: None, owner: Owner, request: pytest.FixtureRequest
) -> None:
    tag = uuid.uuid4().hex[:8]
    rows, other = f"belt_rows_{tag}", f"belt_other_{tag}"
    with owner() as cursor:

        def undo() -> None:
            with owner() as last:
                last.execute(f"DROP TABLE {rows}; DROP OWNED BY {other} CASCADE; DROP ROLE {other}")

        cursor.execute(f"CREATE ROLE {other}; GRANT CREATE, USAGE ON SCHEMA public TO {other}; SET ROLE {other}")
        cursor.execute(f"CREATE TABLE {rows} (id bigserial, words text)")
        cursor.execute(f"ALTER TABLE {rows} ENABLE ROW LEVEL SECURITY; RESET ROLE")
        request.addfinalizer(undo)
    assert database_roles.examine().out_of_reach == (rows,)
    found = doctor._database_account()
    assert not found.is_good
    assert found.is_fatal
    assert rows in found.words
    with _signed_in_as(USER=OWNER["USER"], PASSWORD=OWNER["PASSWORD"]):
        database_roles.settle()
        database_roles.settle()  # a second time changes nothing and fails at nothing
    assert database_roles.examine().out_of_reach == ()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {rows} (words) VALUES ('here')")
        cursor.execute(f"SELECT words FROM {rows}")
        assert cursor.fetchall() == [("here",)]
        with scoping.scoped(scoping.NOBODY):
            cursor.execute(f"SELECT words FROM {rows}")
            assert cursor.fetchall() == []  # guarded, without a policy for technicians: nobody's


@contextlib.contextmanager
def _signed_in_as(**more: str) -> Iterator[None]:
    before: dict[str, Any] = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(more)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def test_the_owner_may_be_an_ordinary_account_and_working_as_it_or_as_a_superuser_is_told(
    owner: Owner, tmp_path: object, request: pytest.FixtureRequest
) -> None:
    """`tenantry migrate` with two addresses, by an owner who is no superuser; the login is made on the way."""
    tag = uuid.uuid4().hex[:8]
    name, boss, login = f"belt_{tag}", f"belt_owner_{tag}", f"belt_login_{tag}"

    def undo() -> None:
        with owner() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"DROP ROLE IF EXISTS {login}")
            cursor.execute(f"DROP ROLE IF EXISTS {boss}")

    request.addfinalizer(undo)
    with owner() as cursor:
        cursor.execute(f"CREATE ROLE {boss} LOGIN PASSWORD 'only-for-tests'")
        cursor.execute(f"CREATE DATABASE {name} OWNER {boss}")
    place = f"/{name}?host={OWNER['HOST']}" + (f"&port={OWNER['PORT']}" if OWNER["PORT"] else "")
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("TENANTRY_", "DJANGO_", "PYTEST_"))},
        "TENANTRY_DATA_DIR": str(tmp_path),
        "TENANTRY_DATABASE_OWNER_URL": f"postgresql://{boss}:only-for-tests@{place}",
        "TENANTRY_DATABASE_URL": f"postgresql://{login}:only-for-tests@{place}",
    }

    def migrate() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "tenantry", "migrate"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    refused = migrate()
    assert refused.returncode == 1, refused.stderr
    assert f"CREATE ROLE {login} LOGIN PASSWORD '...'; GRANT tenantry_system TO {login}" in refused.stderr
    assert "Traceback" not in refused.stderr

    with owner() as cursor:
        cursor.execute(f"ALTER ROLE {boss} CREATEROLE")
        cursor.execute(f"GRANT tenantry_app, tenantry_system TO {boss} WITH ADMIN OPTION")
    done = migrate()
    assert (done.returncode, done.stderr) == (0, "")
    with _signed_in_as(NAME=name, USER=login, PASSWORD="only-for-tests"):
        assert doctor._database_account().words.startswith(f"{login}: owns nothing")
    with _signed_in_as(NAME=name, USER=boss, PASSWORD="only-for-tests"):
        alone = doctor._database_account()
        assert not alone.is_good
        assert not alone.is_fatal
        assert alone.words == f"{boss} may make roles, owns the tables, or may act as their owner"
        assert "TENANTRY_DATABASE_OWNER_URL" in alone.fix
    with _signed_in_as(NAME=name, USER=OWNER["USER"], PASSWORD=OWNER["PASSWORD"]):
        assert doctor._database_account().words == f"{OWNER['USER']} is a superuser"
    with owner() as cursor:
        cursor.execute(f"GRANT pg_write_all_data TO {login}; GRANT TRUNCATE ON technicians_sharedentry TO {LOGIN}")
    try:
        with _signed_in_as(NAME=name, USER=login, PASSWORD="only-for-tests"):
            words = doctor._database_account().words
            assert "is a member of pg_write_all_data, may change or remove what is only added to (audit_anchor" in words
        assert doctor._database_account().words == f"{LOGIN} may empty tables"
    finally:
        with owner() as cursor:
            cursor.execute(f"REVOKE TRUNCATE ON technicians_sharedentry FROM {LOGIN}")
