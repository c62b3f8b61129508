"""State moves as conditional updates: exactly one changed row is the race guard."""

from typing import Any

from django.db import models

from tenantry.kit.errors import Conflict


def move(row: models.Model, *, from_: str | tuple[str, ...], to: str, **changes: Any) -> None:  # noqa: ANN401
    """Move `row.state` to `to` only if it still is (one of) `from_`, setting `changes` in the same statement.

    Raises:
        Conflict: another process moved it first; nothing was changed.
    """
    allowed = (from_,) if isinstance(from_, str) else from_
    manager = type(row)._default_manager  # noqa: SLF001  Django's documented accessor for any model
    changed = manager.filter(pk=row.pk, state__in=allowed).update(state=to, **changes)
    if changed != 1:
        raise Conflict(
            f"This {row._meta.verbose_name} was changed by somebody else a moment ago.",  # noqa: SLF001  as above
            remedy="Reload the page and look at its present state.",
        )
    row.state = to  # type: ignore[attr-defined]
    for name, value in changes.items():
        setattr(row, name, value)
