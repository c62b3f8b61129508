"""A condition that Django does not write."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup
from django.db.models.sql.compiler import SQLCompiler


class OfArray(Lookup):
    """`OfArray(F("pk"), RawSQL("SELECT ..."))`: the same rows as `pk__in`, for a statement that finds few.

    An array is made once, before anything else, and PostgreSQL expects it to be short. It can neither take the
    statement apart to join its tables with ours, nor misjudge how many rows come of it; both made it read every row in
    sight.
    """

    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Write `pk = ANY (ARRAY(SELECT ...))`."""
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} = ANY (ARRAY{right})", (*left_values, *right_values)
