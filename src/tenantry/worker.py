"""The worker: runs background jobs, and frees what dead workers held. Imported once Django is set up."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.conf import settings
from django.db import close_old_connections
from procrastinate.contrib.django.procrastinate_app import current_app
from procrastinate.job_context import JobContext
from procrastinate.middleware import AsyncCallNext, WorkerMiddleware
from procrastinate.worker import Worker

from tenantry.kit import jobs

_RELEASE_EVERY: Final = 15.0  # seconds
_AHEAD: Final = 2
"""Jobs taken from the queue beyond those that run: the next begins at once while the queue still writes down the end of
the last, some 20 ms for each job, in which its place would have nothing under way to Microsoft."""
_SPARE: Final = 2
"""Threads beyond those that run jobs: the loop needs one now and then, e.g. to look up the database's address."""

log = logging.getLogger(__name__)


def run() -> None:
    """Work until SIGTERM or Ctrl-C; jobs under way are finished first, within a limit."""
    asyncio.run(work(concurrency=settings.WORKER_CONCURRENCY))


async def work(*, concurrency: int, is_once: bool = False) -> None:
    """Run jobs, `concurrency` of them side by side, and free what dead workers held.

    Args:
        concurrency: jobs that run at the same time, each in a thread of its own.
        is_once: end when no job waits any more, instead of at a signal.
    """
    app = current_app.with_connector(current_app.connector.get_worker_connector())  # type: ignore[attr-defined]

    # Jobs are plain functions in threads; asyncio's own pool would hold fewer than we allow side by side.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(concurrency + _SPARE))
    async with app.open_async():
        releasing = asyncio.create_task(_keep_releasing())
        try:
            await app.run_worker_async(
                concurrency=concurrency + _AHEAD,
                fetch_job_polling_interval=1.0,
                shutdown_graceful_timeout=10.0,
                delete_jobs="successful",
                install_signal_handlers=not is_once,
                wait=not is_once,
                worker_middleware=[side_by_side(concurrency)],
            )
        finally:
            releasing.cancel()


def side_by_side(most: int) -> WorkerMiddleware:
    """A middleware under which at most so many jobs run at a time; the others wait with all they need at hand."""
    places = asyncio.Semaphore(most)

    async def in_a_place(call_next: AsyncCallNext, context: JobContext, worker: Worker) -> object:
        del context, worker
        async with places:
            return await call_next()

    return in_a_place


async def _keep_releasing() -> None:
    """Free what dead workers held, now and every few seconds. No job does it: a job could be what is stalled."""
    while True:
        try:
            count = await asyncio.to_thread(_release)
        except Exception:  # the database may be away for a moment; the next round tries again
            log.exception("could not look for jobs of workers that died")
        else:
            if count:
                log.warning("released %d jobs of workers that died", count)
        await asyncio.sleep(_RELEASE_EVERY)


def _release() -> int:
    close_old_connections()
    try:
        return jobs.release_stalled()
    finally:
        close_old_connections()
