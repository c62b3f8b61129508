"""The worker in the bench's own process, and what it sends: so that requests and waiting can be counted."""

import asyncio
import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import urllib3


@dataclasses.dataclass(slots=True)
class Traffic:
    """Requests sent and the time spent waiting for their answers, summed over all threads."""

    graph: int = 0
    login: int = 0
    throttled: int = 0
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        """All of them."""
        return self.graph + self.login


@contextlib.contextmanager
def traffic() -> Iterator[Traffic]:
    """Count what this process sends to Microsoft while the block runs: to Graph, and to the sign-in service."""
    counted = Traffic()
    lock = threading.Lock()
    real = urllib3.PoolManager.urlopen

    def urlopen(self: urllib3.PoolManager, method: str, url: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        began = time.perf_counter()
        status = 0
        try:
            answer = real(self, method, url, *args, **kwargs)
            status = answer.status
            return answer
        finally:
            spent = time.perf_counter() - began
            with lock:
                counted.seconds += spent
                counted.throttled += status == 429
                if "/v1.0/" in url and "/.well-known/" not in url and "/oauth2/" not in url:
                    counted.graph += 1
                else:
                    counted.login += 1

    with mock.patch.object(urllib3.PoolManager, "urlopen", urlopen):
        yield counted


def work(concurrency: int) -> None:
    """Run the product's own worker until no job waits."""
    from tenantry import worker  # noqa: PLC0415  after set-up

    asyncio.run(worker.work(concurrency=concurrency, is_once=True))
