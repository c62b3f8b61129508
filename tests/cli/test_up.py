"""`tenantry up` as an operator runs it: one process tree, stopped cleanly, never twice on the same data."""

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
import pytest

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


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
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
                process.kill()
                raise AssertionError(log.read_text(encoding="utf-8"))
            time.sleep(0.1)
        yield process, log.read_text(encoding="utf-8")
        if process.poll() is None:  # killed, it would leave its children behind
            process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


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
