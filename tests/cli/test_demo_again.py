"""A demo that ended in any way goes on where it was: both sides remember the customer that was connected."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.browser.stack import Stack, has_shut_down, running_demo

_MOST_SECONDS = 90


def _eventually(fact: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever is waited for
    deadline = time.monotonic() + _MOST_SECONDS
    while not (found := fact()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def _look(demo: Stack, *, after: dt.datetime | None = None) -> tuple[Any, ...] | None:
    """The connection of the demo's customer, once it was looked at and found ready; with `after` it is asked for."""
    data = demo.data_dir / "demo" / "postgres"
    socket_dir = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[4]
    with psycopg.connect(f"postgresql://postgres@/tenantry?host={socket_dir}") as connection:
        if after is not None:
            connection.execute("UPDATE tenants_connection SET next_check_at = now() WHERE checked_at < %s", [after])
        return connection.execute(
            "SELECT tenant_id, service_principal_id, state, trouble, checked_at FROM tenants_connection"
            " WHERE state = 'ready' AND checked_at > %s",
            [after or dt.datetime(2000, 1, 1, tzinfo=dt.UTC)],
        ).fetchone()


def test_a_demo_that_was_killed_leaves_nothing_running_and_the_next_goes_on(tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        before = _eventually(lambda: _look(demo))
        family = psutil.Process(demo.process.pid).children(recursive=True)
        assert {"web", "worker", "entrasim", "tenantry.guard"} <= {word for child in family for word in child.cmdline()}
        family.append(psutil.Process(int((tmp_path / "demo/postgres/postmaster.pid").read_text().split()[0])))
        demo.process.kill()
        demo.process.wait()
        _gone, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []
        assert has_shut_down(tmp_path / "demo")
        (tmp_path / "demo.json").unlink()
    started_at = dt.datetime.now(tz=dt.UTC)
    with running_demo(tmp_path) as demo:
        after = _eventually(lambda: _look(demo, after=started_at))
        assert after[:4] == before[:4]
        assert [t["id"] for t in demo.facts["tenants"]].count(str(after[0])) == 1
        said = (tmp_path / "demo.log").read_text(encoding="utf-8")
        assert "gone" not in said
        complaints = demo.control("GET", f"/tenants/{after[0]}/lint")["complaints"]
        assert complaints == []
