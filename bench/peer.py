"""`python -m bench.peer URL CA_FILE USERS`: the official msgraph-sdk reads the same pages; prints seconds per user.

Only fetching and parsing into its objects, following the links as its documentation shows; it stores nothing.
"""

import asyncio
import os
import sys
import time

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]


async def _read(url: str, users: int) -> float:
    import httpx  # noqa: PLC0415  after the certificate variable is set

    client = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(timeout=60))
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider(), client=client)
    adapter.base_url = f"{url}/v1.0"
    graph = GraphServiceClient(request_adapter=adapter)
    await graph.users.delta.get()  # once before the clock: imports, pools, TLS
    started = time.perf_counter()
    page = await graph.users.delta.get()
    seen = 0
    while page is not None:
        seen += len(page.value or ())
        if seen >= users or not page.odata_next_link:
            break
        page = await graph.users.delta.with_url(page.odata_next_link).get()
    spent = time.perf_counter() - started
    if seen < users:
        raise SystemExit(f"the SDK saw {seen} users of {users}")
    return spent / seen


if __name__ == "__main__":
    os.environ["SSL_CERT_FILE"] = sys.argv[2]
    print(asyncio.run(_read(sys.argv[1], int(sys.argv[3]))))
