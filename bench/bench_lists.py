"""Lists over 1,000 customers and 1,000,000 users: the users table, the search and the page of a user.

Server time through Django's test client, so every middleware and template counts. Sizes differ as real ones do: one
tenant of 50,000, ten of 10,000, the rest about 850 each.
"""

import random
import re
import time
import uuid
from typing import Any

from bench import world
from bench.outcome import Bar, Outcome

CUSTOMERS, USERS = 1_000, 1_000_000
REQUESTS, WARM = 250, 15
MOST_QUERIES = {"users_table": 6, "search": 6, "user_page": 16}
SIZES = [50_000] + [10_000] * 10
_FILL = """
INSERT INTO directory_directoryuser (tenant_id, object_id, user_principal_name, display_name, mail, domain,
  account_enabled, user_type, external_user_state, is_synced, is_management_restricted, password_policies,
  last_password_change_at, created_at, sku_ids, is_admin, is_protected, generation, read_at,
  usage_location, mobile_phone, mobile_phone_since)
SELECT t.tenant_id, gen_random_uuid(), address, initcap(f || ' ' || l), address, t.primary_domain, n %% 11 <> 0,
  CASE WHEN n %% 17 = 0 THEN 'Guest' ELSE 'Member' END, '', n %% 3 = 0, false, '',
  now() - (n %% 400) * interval '1 day', now() - (n %% 2000) * interval '1 day',
  CASE WHEN n %% 4 = 0 THEN '{}' ELSE ARRAY['6fd2c87f-b296-42f0-b197-1e91e994b900'::uuid] END,
  n %% 200 = 0, n %% 500 = 0, 1, now(), 'DE', '+49 151 ' || n, now()
FROM tenants_tenant t, LATERAL (
  SELECT n, (%(first)s::text[])[1 + abs(hashint4(n + s)) %% 100] f,
    (%(last)s::text[])[1 + abs(hashint4(n * 7 + s)) %% 900] l
  FROM (SELECT n, hashtext(t.tenant_id::text) %% 1000000 s FROM generate_series(1, %(users)s) n) numbered) names,
 -- every eighth has a namesake before and so a number
 LATERAL (SELECT f || '.' || l || CASE WHEN n %% 8 = 0 THEN n::text ELSE '' END || '@' || t.primary_domain address) a
WHERE t.tenant_id = %(tenant)s
"""


def _names() -> tuple[list[str], list[str]]:
    luck = random.Random(5)
    parts = re.findall("..", "danabokarolimazopeteranmeijuanolgaivsamuelvikoniharitomiralukiso")

    def some(count: int) -> list[str]:
        found: set[str] = set()
        while len(found) < count:
            found.add("".join(luck.choices(parts, k=luck.choice((2, 3, 3, 4)))))
        return sorted(found)

    return some(100), some(900)


def fill(*, customers: int, users: int, large: list[int]) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Customers, tenants and users, the `large` ones of so many; returns customer and tenant ids, the largest first."""
    from django.db import connection  # noqa: PLC0415  after set-up

    from tenantry import cli  # noqa: PLC0415
    from tenantry.customers.models import Customer  # noqa: PLC0415
    from tenantry.directory.models import DirectorySync, SyncState  # noqa: PLC0415
    from tenantry.kit import clock  # noqa: PLC0415
    from tenantry.reach import roles  # noqa: PLC0415
    from tenantry.tenants.models import Connection, ConnectionState, Tenant  # noqa: PLC0415

    first, last = _names()
    rest = (users - sum(large)) // (customers - len(large))
    sizes = large + [rest] * (customers - len(large))
    now = clock.now()
    made = []
    with cli.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'directory_directoryuser' "
            "AND indexname NOT LIKE '%%pkey' AND indexname <> 'directory_user_once'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        for number, size in enumerate(sizes):
            customer = Customer.objects.create(name=f"{last[number % 900].title()} Trading {number}", created_at=now)
            tenant = Tenant.objects.create(
                tenant_id=uuid.uuid4(),
                customer=customer,
                display_name=customer.name,
                primary_domain=f"{last[number % 900]}{number}.example",
                created_at=now,
            )
            Connection.objects.create(
                tenant=tenant,
                state=ConnectionState.READY,
                state_since=now,
                consented_at=now,
                wanted_role_id=uuid.UUID(roles.USER_ADMINISTRATOR),
            )
            DirectorySync.objects.create(
                tenant=tenant, state=SyncState.CURRENT, users=size, finished_at=now, delta_link="x", generation=1
            )
            cursor.execute(_FILL, {"tenant": tenant.tenant_id, "users": size, "first": first, "last": last})
            made.append((customer.pk, tenant.tenant_id))
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("VACUUM ANALYZE")
    return made


def addresses(made: list[tuple[uuid.UUID, uuid.UUID]], *, large: int = len(SIZES)) -> dict[str, list[str]]:
    """What a day's technicians would open: mostly small customers, a fifth of the time a large one (`large` first)."""
    from tenantry.directory import listing  # noqa: PLC0415  after set-up
    from tenantry.directory.models import DirectoryUser  # noqa: PLC0415

    luck = random.Random(9)
    first, last = _names()

    def customer() -> tuple[uuid.UUID, uuid.UUID]:
        return luck.choice(made[:large]) if luck.random() < 0.2 else luck.choice(made[large:])

    def some_user(tenant_id: uuid.UUID) -> DirectoryUser:
        found = DirectoryUser.objects.filter(tenant_id=tenant_id, object_id__gte=uuid.UUID(int=luck.getrandbits(127)))
        return found.order_by("object_id")[0]

    table, search, page = [], [], []
    narrow = ["", "signin=blocked", "rights=admin", "licence=licensed&type=member", "rights=protected", "type=guest"]
    for _ in range(REQUESTS + WARM):
        customer_id, tenant_id = customer()
        options = [luck.choice(narrow), f"sort={luck.choice(['name', '-name', 'upn', 'password', '-created'])}"]
        if luck.random() < 0.4:
            person: Any = some_user(tenant_id)
            person.sort_key = person.sort_name
            options = [options[0], f"after={listing._encode(person, 'name')}"]  # noqa: SLF001  a cursor deep inside
        elif luck.random() < 0.4:
            options.append(f"q={luck.choice(first)[:4]}+{luck.choice(last)[:3]}")
        table.append(f"/customers/{customer_id}/users/?{'&'.join(filter(None, options))}")
        person = some_user(tenant_id)
        page.append(f"/customers/{customer_id}/users/{person.object_id}/")
        words = [luck.choice(first)[: luck.choice((3, 4, 9))], luck.choice(last)[: luck.choice((2, 4, 9))]]
        kinds = [words[:1], words[1:], words, [person.user_principal_name], [str(luck.randrange(1000))]]
        search.append(f"/users/?q={'+'.join(luck.choice(kinds))}")
    return {"users_table": table, "search": search, "user_page": page}


def measure() -> Outcome:
    """Every kind of page many times, with its query count."""
    with world.database():
        world.set_up()
        world.migrate()
        started = time.perf_counter()
        made = fill(customers=CUSTOMERS, users=USERS, large=SIZES)
        filled = time.perf_counter() - started
        from django.conf import settings  # noqa: PLC0415  after set-up
        from django.db import connection  # noqa: PLC0415
        from django.test import Client  # noqa: PLC0415
        from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

        from tenantry.kit import clock  # noqa: PLC0415
        from tenantry.technicians.models import Technician  # noqa: PLC0415

        settings.ALLOWED_HOSTS.append("testserver")
        settings.IS_DEMO = True  # a second factor is not what is measured
        alice = Technician.objects.create_user("alice@example.com", display_name="Alice", created_at=clock.now())
        browser = Client()
        browser.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
        figure: dict[str, float] = {}
        bars: list[Bar] = []
        slowest: dict[str, list[Any]] = {}
        for kind, opened in addresses(made).items():
            times: list[tuple[float, str]] = []
            counts = set()
            for number, address in enumerate(opened):
                started = time.perf_counter()
                answer = browser.get(address)
                spent = (time.perf_counter() - started) * 1000
                if answer.status_code != 200:
                    raise SystemExit(f"{address} answered {answer.status_code}")
                if number >= WARM:
                    times.append((spent, address))
            for address in opened[:40]:
                with CaptureQueriesContext(connection) as seen:
                    browser.get(address)
                counts.add(len(seen))
            values = [spent for spent, _ in times]
            figure[f"{kind}_milliseconds_p50"] = world.percentile(values, 50)
            figure[f"{kind}_milliseconds_p95"] = p95 = world.percentile(values, 95)
            figure[f"{kind}_queries"] = max(counts)
            bars.append(Bar(f"{kind}, p95", p95, 50, "ms"))
            # A page with nothing to look up (no licence, no customer found) asks a question less, never one more.
            bars.append(Bar(f"{kind}, queries at most", max(counts), MOST_QUERIES[kind]))
            slowest[kind] = [[round(spent, 1), address] for spent, address in sorted(times)[-5:]]
    return Outcome(
        figure=figure,
        bars=bars,
        details={
            "customers": CUSTOMERS,
            "users": USERS,
            "requests": REQUESTS,
            "fill_seconds": filled,
            "slowest": slowest,
        },
    )
