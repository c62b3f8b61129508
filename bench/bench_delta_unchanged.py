"""A delta round in which nothing changed: one request, and little more than that request costs by itself.

The page server waits before it answers, as Microsoft does: less than a request to Graph takes from anywhere. Our own
share, on top of the request, is measured without that wait.
"""

import time
import uuid

import urllib3

from bench import world
from bench.outcome import Bar, Outcome

LATENCY_MS = 20.0
ROUNDS = 200
WARM = 20


def _measure(server: dict[str, str], link: str, tenant_id: uuid.UUID) -> tuple[list[float], list[float], int]:
    """Milliseconds of the product's rounds and of bare requests, in turns, and the most requests of a round."""
    from tenantry.directory import sync  # noqa: PLC0415  after set-up
    from tenantry.graph import transport  # noqa: PLC0415

    pool = urllib3.PoolManager(ca_certs=server["ca_file"])
    headers = {"Authorization": f"Bearer {'x' * 900}", "client-request-id": str(uuid.uuid4())}
    ours: list[float] = []
    bare: list[float] = []
    requests = 0
    for _ in range(ROUNDS + WARM):
        with transport.stopwatch() as watch:
            started = time.perf_counter()
            sync.run(tenant_id)
            ours.append((time.perf_counter() - started) * 1000)
        requests = max(requests, watch.requests)
        started = time.perf_counter()
        answer = pool.request("GET", link, headers=headers)
        bare.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise SystemExit(f"the page server answered {answer.status}")
    return ours[WARM:], bare[WARM:], requests


def measure() -> Outcome:
    """Once with Microsoft's share of the time, once without."""
    with world.database(), world.page_server(1_000) as near, world.page_server(1_000, latency_ms=LATENCY_MS) as far:
        world.set_up(near)
        world.migrate()
        from django.test import override_settings  # noqa: PLC0415  after set-up

        from tenantry.directory import sync  # noqa: PLC0415
        from tenantry.directory.models import DirectorySync  # noqa: PLC0415
        from tenantry.graph.clouds import Cloud  # noqa: PLC0415

        figures = []
        for server in (near, far):
            cloud = Cloud("bench", server["url"], server["url"], "")
            with override_settings(CLOUD=cloud, CA_FILE=server["ca_file"]):
                tenant_id = world.new_tenant()
                sync.run(tenant_id)
                link = DirectorySync.objects.get(pk=tenant_id).delta_link
                figures.append(_measure(server, link, tenant_id))
    (near_ours, near_bare, near_requests), (ours, bare, far_requests) = figures
    median, floor = world.percentile(ours, 50), world.percentile(bare, 50)
    share = world.percentile(near_ours, 50) - world.percentile(near_bare, 50)
    requests = max(near_requests, far_requests)
    return Outcome(
        figure={"milliseconds_median": median, "own_share_milliseconds_median": share, "requests": requests},
        floor={"bare_request_milliseconds_median": floor},
        ratios={
            "to_floor": median / floor,
            "to_floor_without_latency": world.percentile(near_ours, 50) / world.percentile(near_bare, 50),
        },
        bars=[
            Bar("requests of a round without changes", requests, 1),
            Bar("a round against a bare request", median / floor, 1.5, "x"),
        ],
        details={"rounds": ROUNDS, "latency_ms": LATENCY_MS},
    )
