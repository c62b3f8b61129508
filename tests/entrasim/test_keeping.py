"""A world outlives its simulator: stopped, or killed between two requests."""

import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.entrasim.client import Client
from tests.entrasim.delegated_client import Person
from tests.entrasim.surfer import Surfer
from tests.entrasim.test_cli import command, environment, wait_for
from tests.entrasim.test_control import Control

from entrasim.__main__ import _parser
from entrasim.keeping.codec import UnfitError, codec
from entrasim.keeping.keeper import Keeper, NotKeptError, SignIns
from entrasim.keeping.store import FORMAT, CannotKeepError, Store
from entrasim.server import Simulator
from entrasim.state import User
from entrasim.tables.permissions import APPLICATION
from entrasim.worlds import harbour_it
from entrasim.worlds.resume import Origin, origin_of, resume

BACK = "http://localhost:8000/connect/return"


def as_killed(path: Path, into: Path) -> Keeper:
    """What the next start finds if the simulator dies at this moment: the file and its log as they are on the disk."""
    into.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, into)
    return Keeper(into / path.name)


class Kept:
    """A running simulator that keeps its world, and a proof that it did."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "world.db"
        self.simulator = Simulator(keeper=Keeper(self.path))
        self._copies = directory / "copies"
        self._copies.mkdir()

    def prove(self) -> None:
        """Everything there is stands in the file now."""
        keeper = as_killed(self.path, self._copies / str(len(list(self._copies.iterdir()))))
        found = keeper.load()
        keeper.close()
        assert found is not None
        world, context = self.simulator.world, self.simulator.context
        assert list(found.world.tenants) == list(world.tenants)
        assert found.world == world
        assert found.sign_ins == SignIns(context.codes.out(), context.refresh_tokens.out())
        assert found.machine.clock_offset_seconds == context.clock.offset.total_seconds()  # type: ignore[attr-defined]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    with made.simulator:
        yield made


def test_what_is_answered_is_kept_whoever_changed_it(kept: Kept) -> None:
    """Graph, people in pages, the token endpoint and the control address, each read back as after a kill."""
    simulator = kept.simulator
    control = Control(simulator.control_url)
    _, made = control("POST", "/tenants", {"name": "Kestrel", "domain": "kestrel.example", "plan": "p2"})
    tenant = simulator.handle.tenant(made["id"])
    app = simulator.handle.register_app(
        display_name="Every permission", secret="s3cret", redirect_uris=[BACK], required_app_roles=list(APPLICATION),
        required_scopes=["User.Read", "offline_access"],
    )  # fmt: skip
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/{tenant.domain}/adminconsent?client_id={app.app_id}&redirect_uri={BACK}&state=s")
    surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    assert surfer.press("Accept").sent["admin_consent"] == "True"
    kept.prove()
    principal = tenant.service_principal(app)
    at, client = f"/tenants/{tenant.id}", Client(simulator, tenant, app)
    person = Person(simulator, tenant, app, tenant.admin, back=BACK)
    user: dict[str, Any] = {}

    def create() -> None:
        profile = {"password": "Quiet-Harbour-88", "forceChangePasswordNextSignIn": True}
        names = {"displayName": "Ada", "mailNickname": "ada", "userPrincipalName": f"ada@{tenant.domain}"}
        user.update(client.post("/users", {**names, "accountEnabled": True, "passwordProfile": profile}).json)

    def lose_the_answer() -> None:
        tenant.fault("lost", method="PATCH", path="/users/*")
        with pytest.raises(Exception, match=r"closed|aborted|EOF"):
            client.patch(f"/users/{user['id']}", {"jobTitle": "Baker"})
        assert tenant.user(user["id"]).job_title == "Baker"

    def batch() -> None:
        request = {"id": "1", "method": "PATCH", "url": f"/users/{user['id']}", "body": {"jobTitle": "Miller"},
                   "headers": {"Content-Type": "application/json"}}  # fmt: skip
        assert client.post("/$batch", {"requests": [request]}).json["responses"][0]["status"] == 204

    def sign_in() -> None:
        assert "refresh_token" in person.redeem()

    def end_of_role() -> None:
        rule = {"rule": "Expiration_Admin_Assignment", "changes": {"maximumDuration": "P30D"}}
        assert control("POST", f"{at}/pim/rules", rule)[0] == 200
        role = {"principal": principal.id, "role": "Helpdesk Administrator", "ends_at": "2099-01-01T00:00:00"}
        assert control("POST", f"{at}/roles", role)[0] == 201

    steps: list[Callable[[], Any]] = [
        lambda: control("POST", f"{at}/roles", {"principal": principal.id, "role": "Global Administrator"}),
        create,
        lambda: client.reset(user["id"]),
        lose_the_answer,
        batch,
        lambda: client.post(f"/users/{user['id']}/revokeSignInSessions"),
        lambda: client.delete(f"/users/{user['id']}"),
        lambda: client.post(f"/directory/deletedItems/{user['id']}/restore"),
        lambda: client.post("/groups", {"displayName": "Ovens", "mailNickname": "ovens", "mailEnabled": False,
                                        "securityEnabled": True}),
        lambda: client.post("/applications", {"displayName": "Made over Graph"}),
        end_of_role,
        lambda: person.open("User.Read"),
        sign_in,
        lambda: control("PATCH", f"{at}/users/{user['id']}", {"last_sign_in_date_time": "2026-01-02T03:04:05"}),
        lambda: control("POST", f"{at}/licences", {"part_number": "AAD_PREMIUM_P2"}),
        lambda: control("POST", "/clock/advance", {"seconds": 90}),
        lambda: control("POST", f"{at}/vanish", {}),
    ]  # fmt: skip
    for step in steps:
        step()
        kept.prove()


def test_a_stopped_world_comes_back_as_it_was(tmp_path: Path) -> None:
    """All of Harbour IT: equal, in its order, behind the same ports, with the same signing key and clock."""
    path = tmp_path / "world.db"
    first = Simulator(keeper=(keeper := Keeper(path)))
    given = _parser().parse_args(["--keep", str(path), f"--redirect-uri={BACK}"])
    world = harbour_it.build(first.handle, clock=first.clock, redirect_uris=[BACK], big=1200)
    keeper.note_origin(origin_of(world, given))
    with first:
        Control(first.control_url)("POST", "/clock/advance", {"seconds": 3600})
        world.customers["big"].add_user(name="Last One")  # behind everybody's back: the stop keeps it
        token = first.context.keys.sign({"sub": "somebody"})
    path.stat()
    again = Keeper(path)
    second = Simulator(keeper=again)
    origin = again.origin(Origin)
    info = origin.info(second.handle)
    assert info == origin_of(world, given).info(first.handle)
    assert second.world == first.world
    assert [list(tenant.users) for tenant in second.world.tenants.values()] == [
        list(tenant.users) for tenant in first.world.tenants.values()
    ]
    assert second.context.keys.read(token) == {"sub": "somebody"}
    other = _parser().parse_args(["--keep", str(path), "--redirect-uri=http://localhost:9/return", "--lag=demo"])
    helpdesk = second.world.apps[world.helpdesk.app_id]
    helpdesk.redirect_uris.append("https://added.example/by-a-person")
    resume(second.handle, origin, other)
    assert helpdesk.redirect_uris == ["http://localhost:9/return", "https://added.example/by-a-person"]
    assert {second.world.tenants[i].lag.role_assignment for i in origin.customers.values()} == {45}
    with pytest.raises(CannotKeepError, match="Choose another file with --keep"):
        resume(second.handle, origin, _parser().parse_args(["--keep", str(path), "--seed=7"]))
    with second:
        assert (second.login_url, second.browser_url, second.control_url) == (
            first.login_url,
            first.browser_url,
            first.control_url,
        )
        assert (second.clock.now() - first.clock.now()).total_seconds() < 60


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_client_goes_on_after_the_simulator_was_ended_and_started_again(
    tmp_path: Path, ending: signal.Signals
) -> None:
    """Its secret, its tenants, its delta link and its refresh of them are good, and nobody complains."""
    info_path = tmp_path / "info.json"
    arguments = ("--world=empty", f"--keep={tmp_path / 'world.db'}", f"--info={info_path}")

    def start() -> tuple["subprocess.Popen[str]", Control, Simulator]:
        process = subprocess.Popen(command(*arguments), env=environment(), stdout=subprocess.DEVNULL, text=True)
        info = wait_for(info_path, process)
        simulator = Simulator()  # stands for the addresses of the other process
        simulator.login_url = simulator.graph_url = info["login"]
        simulator.ca_file = Path(info["ca_file"])
        return process, Control(info["control"]), simulator

    process, control, simulator = start()
    try:
        made = control("POST", "/tenants", {"name": "Kestrel", "domain": "kestrel.example"})[1]
        app = control("POST", "/apps", {"secret": "s3cret", "required_app_roles": ["User.Read.All"]})[1]
        control("POST", f"/tenants/{made['id']}/consent", {"app_id": app["app_id"]})
        handle = simulator.handle.new_tenant()
        handle.state.id = made["id"]
        ours = simulator.handle.register_app(app_id=app["app_id"], secret="s3cret")
        link = Client(simulator, handle, ours).get("/users/delta?$select=displayName").json["@odata.deltaLink"]
        assert control("POST", f"/tenants/{made['id']}/users", {"name": "Ada Example"})[0] == 201
    finally:
        process.send_signal(ending)
        process.wait(timeout=20)
    info_path.unlink(missing_ok=True)
    process, control, simulator = start()
    try:
        client = Client(simulator, handle, ours)
        assert [row["displayName"] for row in client.get(link).value] == ["Ada Example"]
        assert control("GET", f"/tenants/{made['id']}/lint")[1]["complaints"] == []
        assert control("GET", f"/tenants/{made['id']}")[1] == {**made, "users": 2}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _flip(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute(
            "UPDATE part SET body = CAST(replace(body, 'Kestrel', 'Kestrol') AS BLOB) WHERE name LIKE 'tenant/%'"
        )
    file.close()


def _drop(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("DELETE FROM part WHERE name LIKE 'tenant/%'")
    file.close()


def _from_the_future(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute(f"PRAGMA user_version = {FORMAT + 1}")
    file.close()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.write_bytes(b"not a world at all, " * 500), "is damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "is damaged"),
        (_flip, "was altered"),
        (_drop, "is missing"),
        (_from_the_future, f"has format {FORMAT + 1}; this entrasim reads {FORMAT}"),
    ],
    ids=["garbage", "cut", "altered", "incomplete", "newer"],
)
def test_a_world_that_cannot_be_read_is_said_to_be_so_and_left_alone(
    tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    made = Kept(tmp_path)
    made.simulator.handle.new_tenant(name="Kestrel")
    made.simulator.stop()  # which keeps everything
    harm(made.path)
    before = made.path.read_bytes()
    with pytest.raises(CannotKeepError) as said:
        Simulator(keeper=Keeper(made.path))
    assert words in str(said.value)
    assert "remove it: the simulator then begins" in str(said.value)
    assert made.path.read_bytes() == before


def test_the_command_says_so_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    path.write_bytes(b"not a world at all, " * 500)
    done = subprocess.run(
        command(f"--keep={path}"), env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"The kept world {path} is damaged (file is not a database).")
    assert "Traceback" not in done.stderr


def test_two_simulators_do_not_share_a_file_and_only_its_owner_reads_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrasim.keeping.store._WAIT_SECONDS", 0.0)
    with pytest.raises(CannotKeepError, match="in use by another simulator"):
        Store(kept.path)
    assert {file.stat().st_mode & 0o077 for file in kept.path.parent.glob("world.db*")} == {0}


def test_what_does_not_fit_its_type_is_refused_at_the_door_and_never_written(kept: Kept) -> None:
    control = Control(kept.simulator.control_url)
    at = f"/tenants/{control('POST', '/tenants', {'name': 'Kestrel'})[1]['id']}/users"
    status, body = control("POST", at, {"name": "Ada", "business_phones": "none"})
    assert (status, body["error"]) == (400, "business_phones: str instead of list")
    bad, good = kept.simulator.handle.new_tenant(), kept.simulator.handle.new_tenant()
    control("POST", f"/tenants/{bad.id}/lag", {"consent": 1})
    bad.admin.job_title = 5  # type: ignore[assignment]
    good.add_user(name="Ada Example")
    with pytest.raises(NotKeptError, match=r"Tenant\.users: User\.job_title: int instead of str"):
        kept.simulator.context.save(directories=True)
    bad.admin.job_title = None
    kept.simulator.context.save(directories=True)
    kept.prove()
    with pytest.raises(UnfitError, match=r"User\.nickname: no such field"):
        codec(User).read({"nickname": "Ada"})
