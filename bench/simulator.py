"""`python -m bench.simulator`: Entra and Graph in a process of their own, with answers that take their time.

It prints one JSON line with its addresses, then takes one command a line and answers each with one JSON line, until its
input ends. `Far` is the other end, in the process of the bench.
"""

import collections
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from bench import world
from entrasim.server import Simulator

if TYPE_CHECKING:
    from entrasim.state import AppRegistration

SECRET = "only-for-benches"


class Far:
    """The simulator as the bench sees it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.served: dict[str, Any] = self._line()

    def ask(self, command: str, **arguments: object) -> Any:  # noqa: ANN401  JSON
        """Have one command done, and its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Any:  # noqa: ANN401  JSON
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextlib.contextmanager
def running(permissions: Iterable[str]) -> Iterator[Far]:
    """Start it with one app that asks for `permissions`, and point the product's settings at it.

    Before `world.set_up()`: the product reads its settings once.
    """
    command = [sys.executable, "-m", "bench.simulator", *sorted(permissions)]
    with subprocess.Popen(
        command, cwd=world.HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            far = Far(process)
            os.environ |= {
                "TENANTRY_LOGIN_URL": far.served["url"],
                "TENANTRY_GRAPH_URL": far.served["url"],
                "TENANTRY_CA_FILE": far.served["ca_file"],
                "TENANTRY_CLIENT_ID": far.served["client_id"],
                "TENANTRY_CLIENT_SECRET": SECRET,
            }
            yield far
        finally:
            process.terminate()


class _Late(Simulator):
    """The simulator, each answer of which is `seconds` under way, its own work included."""

    seconds = 0.0

    def _serve(self, app: WSGIApplication, port: int, before: int = 0, certificates: Any = None) -> int:  # noqa: ANN401  cheroot is not typed
        return super()._serve(self._delayed(app), port, before, certificates)

    def _delayed(self, app: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            began = time.perf_counter()
            parts = list(app(environ, start_response))
            time.sleep(max(0.0, self.seconds - (time.perf_counter() - began)))
            return parts

        return answer


class _Commands:
    """What the bench may ask for."""

    def __init__(self, simulator: _Late, app: "AppRegistration") -> None:
        self._simulator = simulator
        self._app = app
        self._made = 0

    def tenant(self, *, plan: str | None = None, users: int = 0) -> dict[str, str]:
        """A fresh tenant."""
        self._made += 1
        name = f"Kestrel {self._made}"
        domain = f"kestrel-{self._made}.example"
        tenant = self._simulator.handle.new_tenant(name=name, domain=domain, plan=plan, users=users)
        return {"id": tenant.id, "name": name, "domain": domain}

    def consent(self, *, tenant: str) -> str:
        """What an administrator's Accept does; the id of the enterprise app."""
        return self._simulator.handle.tenant(tenant).consent(self._app).id

    def role(self, *, tenant: str, principal: str, role: str, by: str = "hand") -> str:
        """Give the role: by hand, by PIM, or through the role-assignable group of the usual name."""
        handle = self._simulator.handle.tenant(tenant)
        if by == "pim":
            handle.assign_by_pim(principal, role)
        elif by == "group":
            group = handle.add_group(f"{self._app.display_name} Enterprise App", assignable=True, members=[principal])
            handle.assign_by_pim(group.id, role)
        else:
            handle.assign_role(principal, role)
        return by

    def latency(self, *, milliseconds: float) -> float:
        """From now on each answer takes so long."""
        self._simulator.seconds = milliseconds / 1000
        return milliseconds

    def statuses(self) -> dict[str, int]:
        """How often each status was answered, parts of batches included."""
        found = collections.Counter(str(entry.status) for entry in self._simulator.handle.context.journal.everything())
        return dict(found)


def main() -> None:
    """Serve until the input ends."""
    with _Late() as simulator:
        app = simulator.handle.register_app(display_name="Bench", secret=SECRET, required_app_roles=sys.argv[1:])
        commands = _Commands(simulator, app)
        told = {"url": simulator.graph_url, "ca_file": str(simulator.ca_file), "client_id": app.app_id}
        print(json.dumps(told), flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(getattr(commands, asked.pop("do"))(**asked)), flush=True)


if __name__ == "__main__":
    main()
