"""How an event and its link are read from the database, as canonical text."""

from typing import Final

from django.db import connection

from tenantry.audit.chain.canonical import FIELDS

TEXTS: Final = ", ".join(f"e.{name}::pg_catalog.text" for name in FIELDS)
"""The fields of the event `e`, in the order of the canonical form. Wants `IN_UTC`."""

IN_UTC: Final = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'"
"""Of the transaction at hand: times are written in one way, whatever the server's settings."""

IN_ORDER: Final = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off"
"""Of the transaction at hand: links are walked along their key, and nothing is sorted on disk."""

OWN_FUNCTIONS: Final = (
    "SELECT pg_catalog.set_config('search_path', "
    "'pg_catalog, ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(pg_catalog.current_schema()::pg_catalog.text), true)"
)
"""Of the transaction at hand: operators are PostgreSQL's own, whatever somebody put into the schema."""


def settle() -> None:
    """Let the connection come into its scope (`kit.scoping`) before a transaction that must begin with its snapshot."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
