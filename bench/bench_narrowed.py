"""Pages of a technician who does not see every customer, beneath row-level security; and the decision of a rule.

200 customers with 250,000 users, of which 20 customers with 70,000 users are theirs, 50,000 in one of them. Server time
through Django's test client, in the role and scope of a real request. A rare word is one that few people of the whole
provider have.
"""

import functools
import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bench import bench_lists, world
from bench.outcome import Bar, Outcome

if TYPE_CHECKING:
    from django.test import Client

CUSTOMERS, USERS, THEIRS = 200, 250_000, 20
LARGE = [50_000]
WARM, REQUESTS = 10, 120


def _rare(made: list[tuple[Any, Any]]) -> list[str]:
    """Searches for one person each: whole names, and addresses with a number that few have."""
    from tenantry.directory.models import DirectoryUser  # noqa: PLC0415  after set-up

    luck = random.Random(3)
    tenants = [tenant_id for _, tenant_id in made]
    people = list(DirectoryUser.objects.filter(tenant_id__in=tenants).order_by("object_id")[: WARM + REQUESTS])
    names = [(person.display_name.replace(" ", "+"), person.user_principal_name.partition("@")[0]) for person in people]
    return [f"/users/?q={luck.choice(both)}" for both in names]


def _within(customer_id: object) -> list[str]:
    """Searches in the table of one large tenant: beginnings of names, many people's and few people's."""
    luck = random.Random(4)
    first, last = bench_lists._names()  # noqa: SLF001  the words that its users are made of
    words = [(luck.choice(first)[: luck.choice((2, 4))], luck.choice(last)[:3]) for _ in range(WARM + REQUESTS)]
    texts = ["+".join(both if luck.random() < 0.5 else both[:1]) for both in words]
    return [f"/customers/{customer_id}/users/?q={text}" for text in texts]


def _timed(browsers: "Sequence[Client]", addresses: list[str]) -> list[list[float]]:
    """Milliseconds of each address for each browser, in turns, so that a busy machine is busy for all of them."""
    spent: list[list[float]] = [[] for _ in browsers]
    for number, address in enumerate(addresses):
        for browser, own in zip(browsers, spent, strict=True):
            started = time.perf_counter()
            answer = browser.get(address)
            took = (time.perf_counter() - started) * 1000
            if answer.status_code != 200:
                raise SystemExit(f"{address} answered {answer.status_code}")
            if number >= WARM:
                own.append(took)
    return spent


def _each(work: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each of so many calls."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def _decisions() -> dict[str, float]:
    """A decision by itself, over every role, kind and deed; and all that a user's page asks for, rules read anew."""
    from tenantry.safeguards import policies, queries  # noqa: PLC0415  after set-up
    from tenantry.technicians.permissions import Role  # noqa: PLC0415

    rules = queries.rules()
    cases = [(rule, role, kind, deed) for (kind, deed), rule in rules.items() for role in Role]
    alone = []
    for rule, role, kind, deed in cases * 20:
        decide = functools.partial(policies.judge, rule, role=role, target_class=kind, deed=deed)
        alone += _each(decide, 1)
    return {
        "decision_milliseconds_p99": world.percentile(alone, 99),
        "rules_read_milliseconds_p95": world.percentile(_each(queries.rules, 200), 95),
    }


def measure() -> Outcome:
    """Every kind of page in the technician's scope, then the rules."""
    with world.database():
        world.set_up()
        world.migrate()
        made = bench_lists.fill(customers=CUSTOMERS, users=USERS, large=LARGE)
        from django.conf import settings  # noqa: PLC0415  after set-up
        from django.test import Client  # noqa: PLC0415

        from tenantry.customers.models import Customer, CustomerGroup  # noqa: PLC0415
        from tenantry.kit import clock, database_roles  # noqa: PLC0415
        from tenantry.technicians.models import Team, Technician  # noqa: PLC0415

        settings.ALLOWED_HOSTS.append("testserver")
        settings.IS_DEMO = True  # a second factor is not what is measured
        now, theirs = clock.now(), made[:THEIRS]
        robin = Technician.objects.create_user(
            "robin@example.com", display_name="Robin", role="engineer", created_at=now
        )
        team = Team.objects.create(name="First line", created_at=now)
        team.members.add(robin)
        group = CustomerGroup.objects.create(name="Theirs", created_at=now)
        group.teams.add(team)
        group.customers.set(Customer.objects.filter(pk__in=[customer_id for customer_id, _ in theirs]))
        alice = Technician.objects.create_user("alice@example.com", display_name="Alice", created_at=now, role="owner")
        browsers = [Client(), Client()]
        for browser, person in zip(browsers, (robin, alice), strict=True):
            browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        kinds = bench_lists.addresses(theirs, large=len(LARGE))
        kinds = {kind: found[: WARM + REQUESTS] for kind, found in kinds.items()}
        kinds |= {"rare_search": _rare(theirs), "large_tenant_search": _within(theirs[0][0])}
        figure: dict[str, float] = {}
        bars: list[Bar] = []
        ratios: dict[str, float] = {}
        for kind, addresses in kinds.items():
            spent, unscoped = _timed(browsers, addresses)
            figure[f"{kind}_milliseconds_p50"] = world.percentile(spent, 50)
            figure[f"{kind}_milliseconds_p95"] = p95 = world.percentile(spent, 95)
            # An owner on the same pages, who is under no policy: what the scope itself costs.
            ratios[f"{kind}_p50_to_an_owners"] = world.percentile(spent, 50) / world.percentile(unscoped, 50)
            bars.append(Bar(f"{kind} beneath row-level security, p95", p95, 50, "ms"))
        figure |= _decisions()
        bars.append(Bar("decision of a rule, p99", figure["decision_milliseconds_p99"], 1, "ms"))
        account = database_roles.examine().account
    return Outcome(
        figure=figure,
        bars=bars,
        ratios=ratios,
        details={"customers": CUSTOMERS, "users": USERS, "theirs": THEIRS, "requests": REQUESTS, "account": account},
    )
