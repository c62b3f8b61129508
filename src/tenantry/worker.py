"""The worker: runs background jobs, and frees what dead workers held. Imported once Django is set up."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.conf import settings
from django.db import close_old_connections
from procrastinate.contrib.django.procrastinate_app import current_app

from tenantry.kit import jobs

_RELEASE_EVERY: Final = 15.0  # seconds

log = logging.getLogger(__name__)


def run() -> None:
    """Work until SIGTERM or Ctrl-C; jobs under way are finished first, within a limit."""
    app = current_app.with_connector(current_app.connector.get_worker_connector())  # type: ignore[attr-defined]

    async def work() -> None:
        # Jobs are plain functions in threads; asyncio's own pool would hold fewer than we allow side by side.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(settings.WORKER_CONCURRENCY + 2))
        async with app.open_async():
            releasing = asyncio.create_task(_keep_releasing())
            try:
                await app.run_worker_async(
                    concurrency=settings.WORKER_CONCURRENCY,
                    fetch_job_polling_interval=1.0,
                    shutdown_graceful_timeout=10.0,
                    delete_jobs="successful",
                    install_signal_handlers=True,
                )
            finally:
                releasing.cancel()

    asyncio.run(work())


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
