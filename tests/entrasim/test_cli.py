"""`python -m entrasim` as somebody runs it: start, use, stop."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from tests.entrasim.surfer import Surfer

SOURCE = Path(__file__).resolve().parents[2] / "src"
REDIRECT = "http://localhost:8000/connect/return"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "entrasim", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE)}


def wait_for(path: Path, process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The info file, once it is there; it is never seen half-written."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "entrasim did not get ready"
        time.sleep(0.02)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any], Path]]:
    info = tmp_path / "info.json"
    arguments = ("--info", str(info), "--lag", "demo", "--redirect-uri", REDIRECT, "--ca-dir", str(tmp_path / "ca"))
    process = subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process, wait_for(info, process), info
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_leaves_cleanly(
    running: tuple["subprocess.Popen[str]", dict[str, Any], Path], ending: signal.Signals
) -> None:
    process, info, path = running
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(info["tenants"]) >= 10
    pool = urllib3.PoolManager(ca_certs=info["ca_file"], retries=False)
    configuration = pool.request(
        "GET", f"{info['login']}/{info['tenants'][0]['id']}/v2.0/.well-known/openid-configuration"
    ).json()
    assert configuration["token_endpoint"].startswith(info["login"])
    pool.clear()
    process.send_signal(ending)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert errors == ""
    assert "entrasim is ready" in out
    assert out.endswith("entrasim stopped.\n")
    assert not path.exists()


def test_an_administrator_of_the_info_file_can_consent(
    running: tuple["subprocess.Popen[str]", dict[str, Any], Path],
) -> None:
    _, info, _ = running
    tenant = info["tenants"][0]
    app = info["apps"]["helpdesk"]
    surfer = Surfer(info["browser"])
    surfer.get(f"/{tenant['domain']}/adminconsent?client_id={app['client_id']}&redirect_uri={REDIRECT}&state=s")
    surfer.sign_in(tenant["admin"]["upn"], tenant["admin"]["password"])
    assert surfer.press("Accept").sent == {"admin_consent": "True", "tenant": tenant["id"], "state": "s"}


def test_it_needs_nothing_of_the_product() -> None:
    check = "import sys, entrasim.__main__; print({m.split('.')[0] for m in sys.modules} & {'tenantry', 'django'})"
    done = subprocess.run([sys.executable, "-c", check], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_table_of_what_is_simulated_in_the_docs_is_fresh() -> None:
    done = subprocess.run(command("--simulated"), env=environment(), capture_output=True, text=True, check=True)
    page = (SOURCE.parent / "docs" / "entrasim.md").read_text(encoding="utf-8")
    between = page.split("<!-- simulated: begin -->\n")[1].split("<!-- simulated: end -->")[0]
    assert between.strip() == done.stdout.strip(), "run: python -m entrasim --simulated --into docs/entrasim.md"
