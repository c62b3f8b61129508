"""`tenantry up` as an operator runs it: one process tree, stopped cleanly, never twice on the same data."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tenantry import embedded, processes
from tests.browser.stack import has_shut_down

START_SECONDS = 90


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TENANTRY_", "DJANGO_", "PYTEST_"))}
    return {**kept, "TENANTRY_DATA_DIR": str(data_dir), "TENANTRY_PORT": "0", **more}


def run(data_dir: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tenantry", *arguments],
        env=environment(data_dir, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@contextlib.contextmanager
def running_up(data_dir: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A running `tenantry up` and what it printed when it was ready."""
    log = data_dir / "up.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenantry", "up"],
            env=environment(data_dir),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while "Stop with Ctrl-C" not in log.read_text(encoding="utf-8"):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()  # its guard ends the rest
                raise AssertionError(log.read_text(encoding="utf-8"))
            time.sleep(0.1)
        try:
            yield process, log.read_text(encoding="utf-8")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    with running_up(data_dir) as up:
        yield up


def address(words: str) -> str:
    found = re.search(r"ready: (\S+)", words)
    assert found is not None
    return found.group(1)


@pytest.mark.xdist_group("up")
def test_the_first_start_prints_a_one_time_owner_link_and_no_credentials(
    running: tuple["subprocess.Popen[str]", str],
) -> None:
    words = running[1]
    assert re.search(r"Set up the first owner .*: http://localhost:\d+/setup/[\w-]{40,}", words)
    assert "password" not in words.lower()


@pytest.mark.xdist_group("up")
def test_health_and_readiness_answer_without_signing_in(running: tuple["subprocess.Popen[str]", str]) -> None:
    for path in ("/healthz", "/readyz"):
        with urllib.request.urlopen(address(running[1]) + path, timeout=10) as answer:
            assert answer.status == 200


@pytest.mark.xdist_group("up")
def test_a_second_up_on_the_same_data_says_so(running: tuple["subprocess.Popen[str]", str], data_dir: Path) -> None:
    second = run(data_dir, "up")
    assert second.returncode == 1
    assert "already runs on this data" in second.stderr
    assert str(running[0].pid) in second.stderr


@pytest.mark.xdist_group("up")
def test_the_doctor_looks_at_everything_and_names_a_fix(
    running: tuple["subprocess.Popen[str]", str], data_dir: Path
) -> None:
    seen = run(data_dir, "doctor", TENANTRY_LOGIN_URL="https://localhost:1", TENANTRY_GRAPH_URL="https://localhost:1")
    assert seen.returncode == 1
    assert "ok   settings" in seen.stdout
    assert re.search(r"ok   database: PostgreSQL 18\S*, migrated", seen.stdout)
    assert "ok   database account: tenantry_login: owns nothing" in seen.stdout
    assert "ok   sealing keys" in seen.stdout
    assert re.search(r"BAD  sign-in service: .*cannot be reached", seen.stdout)
    assert "fix: Check DNS" in seen.stdout


@pytest.mark.xdist_group("up")
def test_web_and_worker_are_not_told_how_to_become_the_owner_of_the_tables(
    running: tuple["subprocess.Popen[str]", str],
) -> None:
    """AC 4 (row-level security): web and worker connect with a role that is not the owner."""
    family = psutil.Process(running[0].pid).children(recursive=True)
    told = [child.environ() for child in family if {"web", "worker"} & set(child.cmdline())]
    assert len(told) >= 2
    for environ in told:
        assert "TENANTRY_DATABASE_OWNER_URL" not in environ
        assert environ["TENANTRY_DATABASE_URL"].startswith("postgresql://tenantry_login:")


@pytest.mark.xdist_group("up")
def test_ctrl_c_stops_every_process_in_order_and_leaves_none_behind(
    running: tuple["subprocess.Popen[str]", str], data_dir: Path
) -> None:
    process, words = running
    family = psutil.Process(process.pid).children(recursive=True)
    names = " ".join(" ".join(child.cmdline()) for child in family)
    assert "web" in names
    assert "worker" in names
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    _gone, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    said = (data_dir / "up.log").read_text(encoding="utf-8")
    assert "ERROR" not in said
    assert "Traceback" not in said
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address(words) + "/healthz", timeout=2)


def _of(data_dir: Path, *names: str) -> list[psutil.Process]:
    """Every process of that tree, PostgreSQL and the guard too, found by the environment they were given."""
    wanted = f"TENANTRY_DATA_DIR={data_dir}".encode()
    found = []
    for process in psutil.process_iter():
        try:
            words = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in words and (not names or set(names) & set(process.cmdline())):
            found.append(process)
    return found


@pytest.mark.xdist_group("up")
def test_with_supervisor_and_guard_killed_the_next_command_stops_the_database(
    data_dir: Path,
) -> None:
    """The guard's own work is watched in test_demo_again; here it is dead too, and the next command shuts it down."""
    with running_up(data_dir) as (process, _words):
        family = _of(data_dir, "web", "worker")
        assert len(family) >= 2
        for guard in _of(data_dir, "tenantry.guard"):
            guard.kill()
        process.kill()
        process.wait()
    _gone, alive = psutil.wait_procs(family, timeout=30)
    assert alive == [], "the kernel asks them to end, whoever else is dead"
    assert (data_dir / "postgres/postmaster.pid").exists(), "nobody was left to shut it down"
    migrated = run(data_dir, "migrate")
    assert (migrated.returncode, migrated.stderr.count("\n")) == (0, 1)
    assert "who used this database before was killed" in migrated.stderr
    assert has_shut_down(data_dir)


def test_what_a_lost_server_left_in_the_data_directory_is_no_riddle(tmp_path: Path) -> None:
    """After a power cut: users that are long gone, and a `postmaster.pid` whose number is another program's by now."""
    data = tmp_path / "postgres"
    another = [os.getppid(), data, 1764000000, 5432, data, "", "  1  1", "ready"]
    leftovers = [
        ("", ""),
        ("[999999, 999998]", "".join(f"{line}\n" for line in another)),
        ("[9999", "12"),
        ("[]", "999999\n"),
    ]
    for users, postmaster in leftovers:
        if data.exists():
            (data / ".handle_pids.json").write_text(users, encoding="utf-8")
            (data / "postmaster.pid").write_text(postmaster, encoding="utf-8")
        with processes.embedded_database(tmp_path) as addresses, psycopg.connect(addresses.owner) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert embedded.is_running(data)
        assert not embedded.is_running(data), users
        assert (data / ".handle_pids.json").read_text(encoding="utf-8") == "[]"


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("TENANTRY_PROT", "8000", "Unknown setting TENANTRY_PROT"),
        ("TENANTRY_CLOUD", "mars", "TENANTRY_CLOUD must be one of"),
        ("TENANTRY_PUBLIC_URL", "console.example", "must start with https://"),
    ],
)
def test_a_bad_setting_stops_the_start_and_says_what_is_wrong(
    tmp_path: Path, setting: str, value: str, words: str
) -> None:
    ended = run(tmp_path, "web", TENANTRY_DATABASE_URL="postgresql:///nowhere", **{setting: value})
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        ended = run(tmp_path, "up", TENANTRY_PORT=str(port))
    assert ended.returncode == 1
    assert f"Port {port} is taken" in ended.stderr
    assert "TENANTRY_PORT" in ended.stderr
