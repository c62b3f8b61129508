"""The users table of one customer, and the search over all of them: filters, orders, keyset pages.

A page begins after a place (sort key and object id), never at an offset: any page costs the same, and rows that come or
go elsewhere neither repeat nor skip others.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Lower
from django.db.models.sql.compiler import SQLCompiler

from tenantry.customers.queries import visible_customers
from tenantry.directory import folding
from tenantry.directory.models import LONG_AGO, DirectoryUser
from tenantry.kit import cursors, scoping
from tenantry.kit.lookups import OfArray
from tenantry.technicians.models import Technician

PAGE_SIZE: Final = 50
# Up to so many users, every one of them is looked at for parts of words too; beyond, words must begin as typed.
SUBSTRINGS_UP_TO: Final = 5_000
# Matches that a global search looks at before it ranks them; more would not be read by anybody.
MOST_CANDIDATES: Final = 120
MOST_SHOWN: Final = 50
# Matches within a large tenant that are taken from the word index one by one.
MOST_LOOKED_UP: Final = 2_000


@SearchVectorField.register_lookup
class Matches(Lookup):
    """`words__matches=text`: a tsquery in its own notation, taken literally instead of parsed into words."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Write `words @@ '...'::tsquery`."""
        left, left_values = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", (*left_values, self.rhs)


@SearchVectorField.register_lookup
class Agrees(Matches):
    """`words__agrees=text`: the same without the index, for rows that another condition has found."""

    lookup_name = "agrees"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Write `strip(words) @@ '...'::tsquery`."""
        left, left_values = self.process_lhs(compiler, connection)
        return f"strip({left}) @@ %s::tsquery", (*left_values, self.rhs)


def _named(text: str) -> Q | None:
    """Users of whose words each typed word begins one; None when nothing can be looked for."""
    looked_up, checked = folding.prefix_queries(text)
    if not looked_up:
        return None
    return Q(words__matches=looked_up) & Q(words__agrees=checked) if checked else Q(words__matches=looked_up)


def _named_in_scope(text: str) -> Q:
    """The same, found by a function of the database that asks for the scope's customers itself (migration 0003).

    Beneath a policy the word index is of no use.
    """
    looked_up, checked = folding.prefix_queries(text)
    found = RawSQL("SELECT directory_found(%s, %s, %s)", (looked_up, checked, MOST_CANDIDATES + 1))
    return Q(OfArray(F("pk"), found))


def _named_within(tenant_id: uuid.UUID, text: str) -> Q | None:
    """The same in one tenant (migration 0005); None when nothing can be looked for.

    Words that more users have than would be listed are left to the policy: as many pass each other in any order, and
    a page of them is soon full.
    """
    named = _named(text)
    if named is None or scoping.current() == scoping.SYSTEM:
        return named
    values = (tenant_id, *folding.prefix_queries(text), MOST_LOOKED_UP + 1)
    with database.cursor() as cursor:
        cursor.execute("SELECT directory_found_in(%s, %s, %s, %s)", values)
        found = [row[0] for row in cursor.fetchall()]
    return Q(pk__in=found) if len(found) <= MOST_LOOKED_UP else named


ORDERS: Final[Mapping[str, Any]] = {
    "name": F("sort_name"),
    "upn": Lower("user_principal_name"),
    "password": Coalesce("last_password_change_at", LONG_AGO),
    "created": Coalesce("created_at", LONG_AGO),
}
_DATES: Final = frozenset({"password", "created"})

FILTERS: Final[Mapping[str, Mapping[str, tuple[str, Q]]]] = {
    "signin": {
        "enabled": ("Sign-in enabled", Q(account_enabled=True)),
        "blocked": ("Sign-in blocked", Q(account_enabled=False)),
    },
    "licence": {
        "licensed": ("Licensed", ~Q(sku_ids=[])),
        "unlicensed": ("Without licence", Q(sku_ids=[])),
    },
    "type": {
        "member": ("Members", ~Q(user_type="Guest")),
        "guest": ("Guests", Q(user_type="Guest")),
    },
    "source": {
        "cloud": ("Cloud only", Q(is_synced=False)),
        "synced": ("Synced from on-premises", Q(is_synced=True)),
    },
    "rights": {
        "admin": ("Holds or may activate a directory role", Q(is_admin=True)),
        "protected": ("In a role-assignable group", Q(is_protected=True)),
        "neither": ("No role, not protected", Q(is_admin=False, is_protected=False)),
    },
}


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What of the table is asked for.

    Attributes:
        text: what was typed into the search.
        filters: filter name to value, both of `FILTERS`.
        order: a key of `ORDERS`.
        is_descending: whether the order is turned round.
        is_removed: users deleted in the tenant instead of the present ones.
    """

    text: str = ""
    filters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    order: str = "name"
    is_descending: bool = False
    is_removed: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether anything keeps users out of the list."""
        return bool(self.text.strip() or self.filters or self.is_removed)


@dataclasses.dataclass(frozen=True, slots=True)
class UserPage:
    """One page of users with the cursors of its neighbours; empty when there is none that way."""

    users: list[DirectoryUser]
    after: str
    before: str

    @property
    def words(self) -> str:
        """What the page holds, for beside its buttons."""
        count = len(self.users)
        shown = f"{count} user{'' if count == 1 else 's'}"
        return f"{shown} on this page" if self.after or self.before else shown


def page_of_users(
    *, tenant_id: uuid.UUID, users: int, wanted: Wanted, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> UserPage:
    """One page of a tenant's users. One query.

    Args:
        tenant_id: whose users.
        users: how many there are, roughly: it decides how thorough the search is.
        wanted: search, filters and order.
        after: the cursor to begin behind.
        before: the cursor to end before; counts when `after` is empty.
        size: rows on the page.
    """
    found: QuerySet[Any] = _narrowed(tenant_id, users, wanted).annotate(sort_key=ORDERS[wanted.order])
    place = _decode(after or before, wanted.order)
    is_backwards = place is not None and not after
    is_falling = wanted.is_descending != is_backwards
    if place is not None:
        found = _beyond(found, place, is_falling=is_falling)
    sign = "-" if is_falling else ""
    rows = list(found.order_by(f"{sign}sort_key", f"{sign}object_id")[: size + 1])
    has_more, rows = len(rows) > size, rows[:size]
    if is_backwards:
        rows.reverse()
    has_next, has_previous = (True, has_more) if is_backwards else (has_more, place is not None)
    return UserPage(
        users=rows,
        after=_encode(rows[-1], wanted.order) if rows and has_next else "",
        before=_encode(rows[0], wanted.order) if rows and has_previous else "",
    )


def _narrowed(tenant_id: uuid.UUID, users: int, wanted: Wanted) -> QuerySet[DirectoryUser]:
    found = DirectoryUser.objects.filter(tenant_id=tenant_id, removed_at__isnull=not wanted.is_removed).defer("words")
    for name, value in wanted.filters.items():
        found = found.filter(FILTERS[name][value][1])
    if not wanted.text.strip():
        return found
    if users > SUBSTRINGS_UP_TO:
        within = _named_within(tenant_id, wanted.text)
        return found.none() if within is None else found.filter(within)
    named = _named(wanted.text)
    parts = Q()
    for word in folding.typed_words(wanted.text):
        parts &= Q(sort_name__contains=word) | Q(user_principal_name__icontains=word) | Q(mail__icontains=word)
    return found.filter(parts if named is None else parts | named)


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    key: str | dt.datetime
    object_id: uuid.UUID


def _beyond(found: QuerySet[Any], place: _Place, *, is_falling: bool) -> QuerySet[Any]:
    """Rows behind `place`. The first condition alone is what the index understands; the second settles ties."""
    to = "lt" if is_falling else "gt"
    return found.filter(
        Q(**{f"sort_key__{to}e": place.key})
        & (Q(**{f"sort_key__{to}": place.key}) | Q(**{f"object_id__{to}": place.object_id}))
    )


def _encode(user: Any, order: str) -> str:  # noqa: ANN401  a user with the annotation of `page_of_users`
    key = user.sort_key
    text = key.isoformat() if isinstance(key, dt.datetime) else str(key)
    return cursors.pack(order, text, user.object_id.hex)


def _decode(cursor: str, order: str) -> _Place | None:
    """A cursor's place; None for none, one of another order, and one that was tampered with (the list starts over)."""
    place = cursors.unpack(cursor, parts=3)
    if place is None or place[0] != order:
        return None
    try:
        key = dt.datetime.fromisoformat(place[1]).astimezone(dt.UTC) if order in _DATES else place[1]
        return _Place(key, uuid.UUID(place[2]))
    except (ValueError, OverflowError):
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class FoundUser:
    """A user of some customer, as the search over all customers shows it."""

    object_id: uuid.UUID
    user_principal_name: str
    display_name: str
    account_enabled: bool
    is_admin: bool
    is_protected: bool
    is_guest: bool
    is_synced: bool
    customer_id: uuid.UUID
    customer_name: str

    @property
    def name(self) -> str:
        """What to call the user."""
        return self.display_name or self.user_principal_name


_FOUND: Final = (
    "object_id", "user_principal_name", "display_name", "account_enabled", "is_admin", "is_protected", "is_synced"
)  # fmt: skip


def users_matching(*, tenant_id: uuid.UUID, text: str, most: int) -> list[DirectoryUser]:
    """Users of one tenant: the one with just this sign-in name, or those whose words begin so. Three queries."""
    there = DirectoryUser.objects.filter(tenant_id=tenant_id, removed_at__isnull=True)
    exact = list(there.filter(user_principal_name__iexact=text.strip())[:most])
    named = None if exact else _named_within(tenant_id, text)
    if named is None:
        return exact
    return list(there.filter(named).order_by("sort_name", "object_id")[:most])


def search_users(*, technician: Technician, text: str) -> tuple[list[FoundUser], bool]:
    """Users of every customer the technician sees; the best matches first, and whether there are more. One query.

    Words must begin as typed. A whole address and a name that begins with the text come first.
    """
    named = _named(text)
    if named is None:
        return [], False
    if scoping.current() != scoping.SYSTEM:
        named = _named_in_scope(text)
    # Values, not objects: most candidates are only ranked.
    rows = (
        DirectoryUser.objects.filter(
            named,
            removed_at__isnull=True,
            tenant__customer__in=visible_customers(technician).filter(state="active"),
        )
        .order_by()
        .values(
            *_FOUND,
            "mail",
            "sort_name",
            "user_type",
            customer_id=F("tenant__customer_id"),
            customer_name=F("tenant__customer__name"),
        )[: MOST_CANDIDATES + 1]
    )
    typed = folding.fold(text.strip())

    def rank(row: dict[str, Any]) -> tuple[int, str, str, uuid.UUID]:
        is_address = typed in {row["user_principal_name"].lower(), row["mail"].lower()}
        place = 0 if is_address else 1 if row["sort_name"].startswith(typed) else 2
        return place, row["sort_name"], row["customer_name"], row["object_id"]

    ranked = sorted(rows, key=rank)
    found = [
        FoundUser(
            **{name: row[name] for name in _FOUND},
            is_guest=row["user_type"] == "Guest",
            customer_id=row["customer_id"],
            customer_name=row["customer_name"],
        )
        for row in ranked[:MOST_SHOWN]
    ]
    return found, len(ranked) > MOST_SHOWN
