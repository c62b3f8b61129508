"""The real stack as a stranger starts it: `tenantry demo` in a process of its own, and a browser that complains."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 90


@dataclasses.dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant of the simulator and its Global Administrator."""

    id: str
    domain: str
    name: str
    admin_name: str
    admin_password: str


@dataclasses.dataclass(slots=True)
class Stack:
    """The running demo."""

    facts: dict[str, Any]
    data_dir: Path
    process: "subprocess.Popen[str]"

    @property
    def console(self) -> str:
        """The console's address."""
        return str(self.facts["console"])

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  JSON
        """Ask the simulator's control address."""
        request = urllib.request.Request(
            f"{self.facts['control']}{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def new_tenant(self, name: str = "Kestrel Logistics", **options: Any) -> Tenant:  # noqa: ANN401  JSON
        """A tenant of the test's own."""
        tag = uuid.uuid4().hex[:6]
        made = self.control(
            "POST", "/tenants", {"name": f"{name} {tag}", "domain": f"kestrel-{tag}.example", **options}
        )
        admin = made["admin"]
        return Tenant(
            id=made["id"],
            domain=made["domain"],
            name=f"{name} {tag}",
            admin_name=admin["upn"],
            admin_password=admin["password"],
        )

    def sign_in_link(self) -> str:
        """A fresh one-time link, made by the command an operator would use."""
        made = subprocess.run(
            [sys.executable, "-m", "tenantry", "link", "alice@harbour-it.example"],
            env={**os.environ, "TENANTRY_DATA_DIR": str(self.data_dir / "demo"), **self._public()},
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip().splitlines()[-1]

    def _public(self) -> dict[str, str]:
        return {"TENANTRY_PUBLIC_URL": self.console, "TENANTRY_DEMO": "1"}


def has_shut_down(data_dir: Path) -> bool:
    """Whether PostgreSQL said good-bye in the order of a stop, and its file is gone."""
    said = (data_dir / "postgres" / "log").read_text(encoding="utf-8")
    return (
        said.rstrip().endswith("database system is shut down") and not (data_dir / "postgres/postmaster.pid").exists()
    )


@contextlib.contextmanager
def running_demo(data_dir: Path, *, lag: str = "none") -> Iterator[Stack]:
    """Start `tenantry demo`, wait for its facts, stop it as Ctrl-C does."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TENANTRY_", "DJANGO_", "PYTEST_"))}
    environment |= {"TENANTRY_DATA_DIR": str(data_dir), "TENANTRY_PORT": "0", "ENTRASIM_PORT": "0"}
    log = data_dir / "demo.log"
    data_dir.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tenantry", "demo", f"--lag={lag}"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            facts_path = data_dir / "demo.json"
            deadline = time.monotonic() + START_SECONDS
            while not facts_path.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the demo did not start:\n{log.read_text(encoding='utf-8')}")
                time.sleep(0.1)
            yield Stack(json.loads(facts_path.read_text(encoding="utf-8")), data_dir, process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@dataclasses.dataclass  # Playwright hangs its handlers on the object
class Walker:
    """A browser tab that fails the test on a console error, a CSP report, a broken answer or an axe violation."""

    page: Page
    complaints: list[str] = dataclasses.field(default_factory=list)
    expected_statuses: set[int] = dataclasses.field(default_factory=set)

    def listen(self) -> None:
        """Collect complaints from now on."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("requestfailed", self._on_failed)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if any(f"status of {status}" in message.text for status in self.expected_statuses):
            return
        # Leaving a page cancels its polling, and htmx says so; an answer that is wrong or missing has names of its own.
        if message.text.startswith(("htmx:sendAbort", "htmx:afterRequest")):
            return
        self.complaints.append(f"console {message.type}: {message.text} at {self.page.url}")

    def _on_failed(self, request: Request) -> None:
        # Leaving a page cancels its polling; that is not a fault.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.complaints.append(f"request failed: {request.url} {request.failure}")

    def check(self) -> None:
        """Run axe on the page as it stands, and raise every complaint so far."""
        results = Axe().run(self.page, options={"resultTypes": ["violations"]})
        for violation in results.response["violations"]:
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            self.complaints.append(f"axe {violation['id']} ({violation['impact']}) at {self.page.url}: {nodes}")
        self.raise_complaints()

    def raise_complaints(self) -> None:
        """Fail with every complaint so far."""
        assert not self.complaints, "\n".join(self.complaints)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:  # noqa: ANN401  Playwright's own options
    """A fresh profile in UTC; times on the page are then the ones the test knows."""
    context = browser.new_context(
        locale="en-GB", timezone_id=options.pop("timezone_id", "Europe/London"), reduced_motion="reduce", **options
    )
    context.set_default_timeout(20_000)
    return context
