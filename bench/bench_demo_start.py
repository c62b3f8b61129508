"""From `tenantry demo` in an installed environment to `/readyz`: database made and migrated, world built."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench.outcome import Bar, Outcome
from tenantry.processes import free_port

ROUNDS = 3
LIMIT_SECONDS = 10.0
GIVE_UP_SECONDS = 120.0


def measure() -> Outcome:
    """Start and stop the demo a few times; the floor is starting a Python that imports Django and does nothing."""
    seconds = [_start() for _ in range(ROUNDS)]
    floor = [_bare() for _ in range(ROUNDS)]
    figure = statistics.median(seconds)
    return Outcome(
        figure={"seconds_median": figure},
        floor={"python_with_django_seconds_median": statistics.median(floor)},
        ratios={"to_floor": figure / statistics.median(floor)},
        bars=[Bar("demo to /readyz", figure, LIMIT_SECONDS, "s")],
        details={"seconds": [round(value, 2) for value in seconds]},
    )


def _start() -> float:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENANTRY_", "DJANGO_"))}
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "tenantry", "demo"],
            env={**kept, "TENANTRY_DATA_DIR": str(Path(folder) / "var"), "TENANTRY_PORT": str(port)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            while not _is_ready(port):
                if process.poll() is not None or time.perf_counter() - started > GIVE_UP_SECONDS:
                    raise RuntimeError("the demo did not start")
                time.sleep(0.02)
            return time.perf_counter() - started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _bare() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import django.db.models"], check=True)
    return time.perf_counter() - started
