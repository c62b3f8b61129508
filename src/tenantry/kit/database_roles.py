"""Who the product is to PostgreSQL: an owner that makes tables, and a login that works in them.

    owner             makes and changes tables; used by `tenantry migrate` alone
    login             web, worker and commands sign in with it; a member of:
    └ tenantry_system sees every customer's rows
      └ tenantry_app  reads and writes rows; acted as within a technician's scope (`kit.scoping`)

The two roles in between own nothing and nobody signs in with them, so what they may do holds whatever the operator
calls the login. `settle` brings roles, rights and policies to what they have to be, after each migration; `examine`
tells what an account could do beyond its work.
Source: https://www.postgresql.org/docs/current/sql-createpolicy.html, .../predefined-roles.html
"""

import dataclasses
from typing import Any, Final

from django.db import Error, connections
from django.db.backends.utils import CursorWrapper

from tenantry.kit.scoping import APP_ROLE

SYSTEM_ROLE: Final = "tenantry_system"
SYSTEM_POLICY: Final = "tenantry_system"
_appended: Final[dict[str, str]] = {"django_migrations": ""}


def append_only(table: str, *, system_may: str = "") -> None:
    """Take from web and worker the right to change or remove rows of `table`, and what its migrations revoked.

    Args:
        table: its name.
        system_may: rights that the worker and the command line have there all the same, e.g. "INSERT".
    """
    _appended[table] = system_may


def _role(name: str) -> str:
    return f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
        CREATE ROLE {name} NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;"""


# Another database of the same server may make the same role at this moment, hence the exceptions that are passed over.
_ROLES: Final = f"""
{_role(APP_ROLE)}
{_role(SYSTEM_ROLE)}
DO $$
BEGIN
    IF NOT pg_has_role('{SYSTEM_ROLE}', '{APP_ROLE}', 'MEMBER') THEN
        GRANT {APP_ROLE} TO {SYSTEM_ROLE};
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
    -- Since PostgreSQL 16 whoever makes a role may administer it, and yet not act as it.
    IF current_setting('server_version_num')::int >= 160000 THEN
        IF NOT pg_has_role(current_user, '{APP_ROLE}', 'SET') THEN
            EXECUTE format('GRANT {APP_ROLE} TO %I', current_user);
        END IF;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
"""
# The default is for tables to come; the loop is for those that somebody made as another role.
_RIGHTS: Final = f"""
DO $$
DECLARE
    place CONSTANT text := current_schema();
    named record;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO {APP_ROLE}', place);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP_ROLE}', place);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT USAGE, SELECT ON SEQUENCES TO {APP_ROLE}', place);
    FOR named IN
        SELECT c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = place AND pg_has_role(current_user, c.relowner, 'USAGE')
            AND CASE c.relkind
                WHEN 'r' THEN NOT has_table_privilege('{APP_ROLE}', c.oid, 'SELECT')
                WHEN 'S' THEN NOT has_sequence_privilege('{APP_ROLE}', c.oid, 'USAGE') END
    LOOP
        IF named.relkind = 'r' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {APP_ROLE}', named.relname);
        ELSE
            EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO {APP_ROLE}', named.relname);
        END IF;
    END LOOP;
    -- Before version 15 everybody could make tables here, and a temporary table is found before ours.
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = place AND pg_has_role(current_user, nspowner, 'USAGE')) THEN
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', place);
    END IF;
    IF EXISTS (SELECT FROM pg_database
        WHERE datname = current_database() AND pg_has_role(current_user, datdba, 'USAGE')) THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
    -- PostgreSQL lets everybody run a new function, and some run as their owner. What a migration narrowed stays so.
    FOR named IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = place AND pg_has_role(current_user, p.proowner, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                AND d.deptype = 'e')
            AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', named.signature);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO {APP_ROLE}', named.signature);
    END LOOP;
    -- Without this policy the system would see nothing of a guarded table; with it the planner drops the test whole.
    FOR named IN
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = place AND c.relrowsecurity AND pg_has_role(current_user, c.relowner, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = '{SYSTEM_POLICY}')
    LOOP
        EXECUTE format('CREATE POLICY {SYSTEM_POLICY} ON %I TO {SYSTEM_ROLE} USING (true)', named.relname);
    END LOOP;
END $$;
"""  # noqa: S608  nothing but our own names
_LOGIN_EXISTS: Final = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s), current_user = %s"
_BY_HAND: Final = (
    "As an administrator of the server run what of this is not there yet, then migrate again: "
    "CREATE ROLE {app} NOLOGIN; CREATE ROLE {system} NOLOGIN; GRANT {app} TO {system}; GRANT {app} TO {owner}; "
    "CREATE ROLE {login} LOGIN PASSWORD '...'; GRANT {system} TO {login};"
)


class CannotSettleError(Exception):
    """The owner may not make or grant a role; the message says what an administrator of the server has to run."""


def settle(*, using: str = "default") -> None:
    """Make roles, rights and policies what they have to be; for the owner, after each migration. Changes no row.

    Raises:
        CannotSettleError: the account may neither make nor grant the roles.
    """
    with connections[using].cursor() as cursor:
        _run_as_owner(cursor, _ROLES)
        cursor.execute(_RIGHTS)
        for table, system_may in sorted(_appended.items()):
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
            if not cursor.fetchone()[0]:
                continue
            taken = "INSERT, UPDATE, DELETE, TRUNCATE" if table == "django_migrations" else "UPDATE, DELETE, TRUNCATE"
            cursor.execute(f'REVOKE {taken} ON "{table}" FROM {APP_ROLE}, {SYSTEM_ROLE}')
            if system_may:
                cursor.execute(f'GRANT {system_may} ON "{table}" TO {SYSTEM_ROLE}')


def admit(*, login: str, password: str, using: str = "default") -> None:
    """Let `login` work in the database of the owner's connection; made with `password` if there is no such role.

    It comes before the migration, so that an owner who may not do this changes nothing. The password of a role that
    exists is not touched. When `login` is the owner itself, or has no name, nothing is done.

    Raises:
        CannotSettleError: the owner may not make or grant roles.
    """
    from psycopg import sql  # noqa: PLC0415  the driver, loaded with the connection

    with connections[using].cursor() as cursor:
        _run_as_owner(cursor, _ROLES, login=login)
        cursor.execute(_LOGIN_EXISTS, [login, login])
        is_there, is_owner = cursor.fetchone()
        if is_owner or not login:
            return
        if not is_there:
            # Only its digest is sent, so that no log of the server ever holds it.
            pgconn = cursor.connection.pgconn
            digest = pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
            made = sql.SQL(
                "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD {}"
            ).format(sql.Identifier(login), sql.Literal(digest if password else None))
            _run_as_owner(cursor, made, login=login)
        cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [login, SYSTEM_ROLE])
        if not cursor.fetchone()[0]:
            granted = sql.SQL("GRANT {} TO {}").format(sql.Identifier(SYSTEM_ROLE), sql.Identifier(login))
            _run_as_owner(cursor, granted, login=login)


def _run_as_owner(cursor: CursorWrapper, statement: Any, *, login: str = "tenantry") -> None:  # noqa: ANN401  psycopg's
    from psycopg.errors import InsufficientPrivilege  # noqa: PLC0415  as above

    try:
        cursor.execute(statement)
    except Error as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        told = str(error).partition("\n")[0]
        owner = cursor.connection.info.user
        by_hand = _BY_HAND.format(app=APP_ROLE, system=SYSTEM_ROLE, login=login, owner=owner)
        raise CannotSettleError(f"{told}. {by_hand}") from error


_STANDING: Final = """
SELECT current_user::text, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication,
    EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'S')
        AND pg_has_role(r.oid, c.relowner, 'MEMBER')),
    pg_has_role(r.oid, d.datdba, 'MEMBER') OR pg_has_role(r.oid, n.nspowner, 'MEMBER'),
    has_schema_privilege(n.oid, 'CREATE'),
    has_database_privilege(d.oid, 'TEMPORARY'),
    ARRAY(SELECT p.rolname::text FROM pg_roles p WHERE p.rolname LIKE 'pg\\_%%' AND p.rolname <> 'pg_database_owner'
        AND pg_has_role(r.oid, p.oid, 'MEMBER') ORDER BY 1)
FROM pg_roles r, pg_namespace n, pg_database d
WHERE r.rolname = current_user AND n.nspname = current_schema() AND d.datname = current_database()
"""
_MAY: Final = (
    (1, "is a superuser"),
    (2, "passes over row-level security"),
    (3, "may make roles"),
    (4, "may make databases"),
    (5, "may copy the whole server"),
    (6, "owns the tables, or may act as their owner"),
    (7, "owns the database or its schema"),
    (8, "may make tables"),
    (9, "may make temporary tables"),
)
_OWNS: Final = 6
_TABLES: Final = f"""
SELECT c.relname::text, has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'UPDATE, DELETE'),
    has_table_privilege(c.oid, 'TRUNCATE'), has_table_privilege('{APP_ROLE}', c.oid, 'SELECT'),
    NOT c.relrowsecurity OR EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = '{SYSTEM_POLICY}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY 1
"""  # noqa: S608  as above


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What the account of a connection is and can do beyond its work.

    Attributes:
        account: the role it signed in with.
        excess: what it could do though it never has to, in words that follow the account's name.
        out_of_reach: tables it, or a technician's scope, cannot read: `tenantry migrate` mends that.
    """

    account: str
    excess: tuple[str, ...]
    out_of_reach: tuple[str, ...]


def examine(*, using: str = "default") -> Standing:
    """Look at the account of this connection. Changes nothing."""
    with connections[using].cursor() as cursor:
        cursor.execute(_STANDING)
        row = cursor.fetchone()
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
    closed = [name for name, reads, _, _, scope_reads, is_seen in tables if not (reads and scope_reads and is_seen)]
    excess = [words for place, words in _MAY if row[place]]
    excess += [f"is a member of {name}" for name in row[10]]
    changed = [name for name, _, changes, _, _, _ in tables if changes and name in _appended]
    if changed:
        excess.append(f"may change or remove what is only added to ({', '.join(changed)})")
    if any(empties for _, _, _, empties, _, _ in tables):
        excess.append("may empty tables")
    if row[1] or row[6]:  # the rest follows from it
        excess = excess[:1] if row[1] else [words for place, words in _MAY if row[place] and place <= _OWNS]
    return Standing(account=row[0], excess=tuple(excess), out_of_reach=tuple(closed))
