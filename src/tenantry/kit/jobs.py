"""Background work on PostgreSQL: the row is the truth, a job is a hint.

Jobs are put in through Django's own connection, so they commit or roll back with the state change that asks for them.
procrastinate's worker replaces the app's connector with its own; a job deferred through the app inside a worker would
therefore survive a rolled-back transaction. `enqueue` always goes through a manager bound to Django's connection.
"""

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, Protocol

from django.db import close_old_connections, connection, transaction
from procrastinate import exceptions
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.contrib.django.procrastinate_app import app
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

P = ParamSpec("P")
_CRON_FIELDS = 6
_SILENT_FOR: Final = 40
"""Seconds without a heartbeat after which a worker is dead. It beats every 10; procrastinate forgets it after 30."""
_RELEASE: Final = """
    SELECT procrastinate_finish_job_v1(job.id, 'failed', true)
    FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
    AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s))
"""


class Task(Protocol):
    """What `task` returns: something with a name that can be enqueued."""

    name: str


@functools.cache
def _manager() -> JobManager:
    return JobManager(DjangoConnector())


def task(name: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Register a function as the job `name`; it stays callable as a plain function.

    Arguments must be JSON values: pass ids, never objects and never secrets. A job may run twice or not at all; the row
    it works on decides what is still to do.
    """

    def register(function: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            close_old_connections()
            try:
                function(*args, **kwargs)
            finally:
                close_old_connections()

        app.task(name=name, pass_context=False)(run)
        return function

    return register


def every(cron: str, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a sweep that runs on a cron rhythm (six fields: the last is seconds), one at a time.

    Raises:
        ValueError: the seconds are open: "30 * * * * *" is every second of one minute of each hour, which nobody means.
    """
    fields = cron.split()
    if len(fields) != _CRON_FIELDS or fields[-1] == "*":
        raise ValueError(f"{cron!r} must name its seconds in a sixth field")

    def register(function: Callable[[], None]) -> Callable[[], None]:
        def run(timestamp: int) -> None:
            del timestamp  # procrastinate says when it was due; a sweep looks at the rows instead
            close_old_connections()
            try:
                function()
            finally:
                close_old_connections()

        periodic = app.periodic(cron=cron)
        periodic(app.task(name=name, queueing_lock=name, lock=name)(run))
        return function

    return register


def release_stalled() -> int:
    """End the jobs of workers that died without a word, and free their locks; returns how many.

    Such a job would count as running for ever, and whatever waits for its lock (every look at that tenant, every run of
    that sweep) with it. Nothing is lost with it: the sweeps find from the rows what is still to do. Any living worker
    does this for the dead ones; heartbeat and timeout are procrastinate's own.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [_SILENT_FOR])
        return len(cursor.fetchall())


def enqueue_each(name: str, wanted: Mapping[str, Mapping[str, str]], *, is_locked: bool = False) -> None:
    """Put in the jobs of a sweep: those that neither wait nor run yet, in few statements however many they are.

    Args:
        name: the registered task.
        wanted: the `once` name of each job, and the arguments handed to it.
        is_locked: jobs of the same `once` name also run one after the other.
    """
    known = _in_hand(name)
    new = [
        configure_task(
            name=name,
            job_manager=_manager(),
            lock=once if is_locked else None,
            queueing_lock=once,
            task_kwargs=dict(arguments),
        )
        for once, arguments in wanted.items()
        if once not in known
    ]
    if not new:
        return
    try:
        with transaction.atomic():
            _manager().batch_defer_jobs([each.job for each in new])
    except exceptions.AlreadyEnqueued:  # somebody put one of them in meanwhile: the others, one by one
        for each in new:
            with contextlib.suppress(exceptions.AlreadyEnqueued), transaction.atomic():
                each.defer()


def _in_hand(name: str) -> frozenset[str]:
    """The `once` names of the jobs of a task that wait or run now."""
    open_jobs = ProcrastinateJob.objects.filter(task_name=name, status__in=("todo", "doing"))
    return frozenset(open_jobs.exclude(queueing_lock=None).values_list("queueing_lock", flat=True))


def enqueue(name: str, *, lock: str | None = None, once: str | None = None, **arguments: Any) -> None:  # noqa: ANN401
    """Put a job in, in the transaction at hand.

    Args:
        name: the registered task.
        lock: jobs with the same lock run one after the other (e.g. one tenant).
        once: while a job with this name waits, further ones are dropped: the waiting one will do.
        arguments: JSON values handed to the task.
    """
    job = configure_task(name=name, job_manager=_manager(), lock=lock, queueing_lock=once, task_kwargs=arguments)
    with contextlib.suppress(exceptions.AlreadyEnqueued), transaction.atomic():
        job.defer()
