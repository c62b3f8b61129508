"""The `tenantry` command."""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry import demo, guard, processes
from tenantry.env import BadSettings, Environment
from tenantry.processes import CannotStart, Stopped, Tree

if TYPE_CHECKING:
    from tenantry.registrations import commands

_HOW = """\
examples:
  tenantry demo      the whole product against a simulated Microsoft; needs nothing
  tenantry up        the product on one machine; settings: docs/operator/settings.md
  tenantry apps create   register the two apps in your own tenant, after one sign-in
  tenantry doctor    what is wrong with the settings, and how to mend it
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 when it did what it says, 1 when it could not, 2 for bad settings."""
    parser = argparse.ArgumentParser(
        prog="tenantry",
        description="Connect customers' Entra tenants, prove the connection, work in them safely.",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="database (embedded unless TENANTRY_DATABASE_URL is set), web and worker")
    demo_parser = commands.add_parser("demo", help="`up` with a simulated Microsoft and a demo MSP with its customers")
    demo_parser.add_argument(
        "--lag",
        choices=("none", "demo", "full"),
        default="demo",
        help="how late Microsoft's changes show",
    )
    commands.add_parser("web", help="the web server only; any number may run on one database")
    commands.add_parser("worker", help="the background worker only; any number may run on one database")
    commands.add_parser("migrate", help="bring the database to this version")
    commands.add_parser("doctor", help="check settings, database, keys, clock and Microsoft; say cause and fix")
    link = commands.add_parser("link", help="print a one-time link: owner set-up, or sign-in for a technician")
    link.add_argument("email", nargs="?", help="the technician to sign in; without it: set up the first owner")
    stop = commands.add_parser("panic", help="stop every change in every tenant and sign everybody out")
    stop_do = stop.add_mutually_exclusive_group()
    stop_do.add_argument("--status", action="store_true", help="only say whether the stop is on")
    stop_do.add_argument("--lift", action="store_true", help="agree to lift it, as the second of a single owner")
    stop.add_argument("reason", nargs="?", default="", help="why; needed unless --status")
    _add_apps(commands)
    _add_audit(commands)
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except BadSettings as error:
        print(f"Settings: {error}", file=sys.stderr)
        return 2
    except CannotStart as error:
        print(str(error), file=sys.stderr)
        return 1
    except Stopped:
        return 0


def _add_apps(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands about our own app registrations."""
    apps = commands.add_parser(
        "apps", help="our app registrations: create, check, mend; after an administrator's sign-in"
    )
    apps_do = apps.add_subparsers(dest="do", required=True, metavar="DO")
    what = {
        "create": "register both apps in your own tenant; run again, it changes nothing",
        "check": "compare the registrations with what is needed; changes nothing",
        "mend": "show what differs, then change only that",
        "forget": "forget a kept registration and its keys; nothing at Microsoft is touched",
    }
    for do, words in what.items():
        parser = apps_do.add_parser(do, help=words)
        parser.add_argument(
            "--app", choices=("helpdesk", "elevation"), required=do == "forget", help="only this one (default: both)"
        )
        parser.add_argument("--yes", action="store_true", help="do it without asking")
        if do != "forget":
            parser.add_argument(
                "--tenant", default="", help="your own tenant's id or domain (default: whoever signs in)"
            )
            parser.add_argument("--no-browser", action="store_true", help="only print the address to open")
        if do == "create":
            parser.add_argument("--print", action="store_true", help="print the list to do it by hand; signs nobody in")
            parser.add_argument(
                "--take-over", default="", metavar="CLIENT_ID", help="this look-alike is ours; with --app"
            )
            parser.add_argument("--beside", action="store_true", help="make a new one beside a look-alike")
    credential = commands.add_parser("credential", help="the certificates of our app registrations")
    credential_do = credential.add_subparsers(dest="do", required=True, metavar="DO")
    credential_do.add_parser("status", help="which certificates there are, and until when")
    rotate = credential_do.add_parser("rotate", help="renew a certificate; the old one stays valid for a week")
    rotate.add_argument(
        "--app", choices=("helpdesk", "elevation"), default="helpdesk", help="which (default: helpdesk)"
    )
    rotate.add_argument("--finish", action="store_true", help="remove the replaced certificate now")


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The commands about the record."""
    audit = commands.add_parser("audit", help="the record: verify its chain, export it, anchor it")
    audit_do = audit.add_subparsers(dest="do", required=True, metavar="DO")
    verify = audit_do.add_parser("verify", help="find what was changed, removed, reordered or put in; 1 if anything")
    verify.add_argument("--export", metavar="FILE", help="check this export; needs no database")
    verify.add_argument(
        "--anchors", metavar="FILE", action="append", default=[], help="anchors that were kept elsewhere; repeatable"
    )
    export = audit_do.add_parser("export", help="write events with their links, to be kept and checked elsewhere")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: JSON lines")
    export.add_argument("--customer", default="", metavar="ID", help="this customer's only (default: everything)")
    export.add_argument("--output", default="", metavar="FILE", help="a new file (default: the terminal)")
    audit_do.add_parser("anchor", help="take an anchor now and hand it to everybody who keeps them")


def _audit(options: argparse.Namespace) -> int:
    """`tenantry audit ...`: 0 whole or done, 1 something was found, 2 not readable."""
    from tenantry.audit import commands

    def say(line: str) -> None:
        print(line, flush=True)

    anchors = [Path(name) for name in getattr(options, "anchors", ())]
    if options.do == "verify" and options.export:
        return commands.verify_export(say, path=Path(options.export), anchors=anchors)
    with _database_for_one_command():
        import django

        django.setup()
        if options.do == "verify":
            return commands.verify_database(say, anchors=anchors)
        if options.do == "export":
            return commands.export(say, customer=options.customer, form=options.format, output=options.output)
        from tenantry.custody.commands import anchor

        return anchor(say)


def _apps(options: argparse.Namespace) -> int:
    """`tenantry apps ...`: 0 as it has to be, 1 something differs or was refused, 3 nobody agreed."""
    if options.do == "create" and options.print:
        import django

        django.setup()
        from tenantry.registrations import commands

        return commands.print_sheet(_console(options))
    if getattr(options, "take_over", "") and not options.app:
        raise CannotStart("--take-over needs --app: a registration belongs to one of the two.")
    with _database_for_one_command():
        migrate()
        from tenantry.graph.apps import App
        from tenantry.registrations import actions, commands

        console = _console(options)
        chosen = [App(options.app)] if options.app else list(App)
        if options.do == "create":
            agreed = actions.Agreed(take_over=options.take_over, beside=options.beside)
            return commands.create(console, chosen=chosen, agreed=agreed, tenant=options.tenant)
        if options.do == "check":
            return commands.check(console, chosen=chosen, tenant=options.tenant)
        if options.do == "mend":
            return commands.mend(console, chosen=chosen, tenant=options.tenant)
        return commands.forget(console, app=chosen[0])


def _credential(options: argparse.Namespace) -> int:
    """`tenantry credential ...`: 0 done or in order, 1 refused or near its end."""
    with _database_for_one_command():
        migrate()
        from tenantry.graph.apps import App
        from tenantry.registrations import commands

        if options.do == "status":
            return commands.status(_console(options))
        return commands.rotate(_console(options), app=App(options.app), finishes=options.finish)


def _console(options: argparse.Namespace) -> "commands.Console":
    from tenantry.registrations import commands

    def ask(question: str) -> bool:
        if getattr(options, "yes", False):
            return True
        if not sys.stdin.isatty():
            print(f"{question} Nobody is here to answer; run it with --yes.")
            return False
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}

    return commands.Console(
        say=lambda line: print(line, flush=True),
        ask=ask,
        opens_browser=not getattr(options, "no_browser", True) and sys.stdin.isatty(),
    )


def _run(options: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenantry.settings")
    commands: dict[str, Callable[[], int]] = {
        "up": up,
        "demo": lambda: up(lag=options.lag),
        "web": web,
        "worker": worker,
        "doctor": _doctor,
        "migrate": _migrate_alone,
        "link": lambda: _print_link(options.email),
        "panic": lambda: _panic(options),
        "apps": lambda: _apps(options),
        "credential": lambda: _credential(options),
        "audit": lambda: _audit(options),
    }
    return commands[options.command]()


def _doctor() -> int:
    from tenantry import doctor

    return doctor.run()


def _panic(options: argparse.Namespace) -> int:
    """Press, lift or look at the emergency stop."""
    with _database_for_one_command():
        import django

        django.setup()
        from tenantry.kit.actor import system
        from tenantry.kit.errors import Refusal
        from tenantry.panic import actions, queries

        if options.status:
            stop = queries.current()
            print(f"On since {stop.pressed_at:%Y-%m-%d %H:%M} UTC: {stop.reason}" if stop else "Off.")
            return 0
        act = actions.lift if options.lift else actions.press
        try:
            act(actor=system("command line"), technician=None, reason=options.reason)
        except Refusal as refusal:
            print(f"{refusal.reason} {refusal.remedy}".strip(), file=sys.stderr)
            return 1
    print("The emergency stop is lifted." if options.lift else "Stopped. Two owners lift it in the console.")
    return 0


def _migrate_alone() -> int:
    with _database_for_one_command():
        migrate()
    return 0


def _print_link(email: str | None) -> int:
    with _database_for_one_command():
        print(_link(email))
    return 0


def up(*, lag: str | None = None) -> int:
    """Run everything until Ctrl-C. With `lag` (the demo) the simulator and its world run beside it."""
    processes.stop_on_signals()
    environment = Environment()
    data_dir = Path(environment.text("TENANTRY_DATA_DIR", "var")).resolve()
    is_demo = lag is not None
    if is_demo:
        data_dir /= "demo"
    with contextlib.ExitStack() as stack:
        stack.enter_context(processes.sole_owner(data_dir))
        port = processes.require_port(environment.number("TENANTRY_PORT", 8000), name="TENANTRY_PORT")
        public_url = environment.url("TENANTRY_PUBLIC_URL", f"http://localhost:{port}")
        os.environ.update(TENANTRY_DATA_DIR=str(data_dir), TENANTRY_PORT=str(port), TENANTRY_PUBLIC_URL=public_url)
        keeper = stack.enter_context(guard.guarded())
        tree = Tree(os.environ, keeper)
        stack.callback(tree.stop)
        simulated = demo.Simulated(data_dir=data_dir, public_url=public_url, lag=lag) if lag is not None else None
        if simulated is not None:
            simulated.start(tree)  # builds its world while the database starts
            stack.callback(simulated.forget)
        if not environment.text("TENANTRY_DATABASE_URL"):
            keeper.database(data_dir)
            os.environ.update(stack.enter_context(processes.embedded_database(data_dir)).settings())
            stack.callback(tree.stop)  # web and worker leave before the database does
        if simulated is not None:
            os.environ.update(simulated.settings(tree))
        migrate()
        tree.environment = {k: v for k, v in os.environ.items() if k not in processes.OWNER_SETTINGS}
        tree.start("web", "tenantry", "web")
        tree.start("worker", "tenantry", "worker")
        link = demo.sign_in_link() if is_demo else _first_link()
        bind = environment.text("TENANTRY_BIND", "127.0.0.1")
        probe = f"http://{'127.0.0.1' if bind in {'0.0.0.0', '::'} else bind}:{port}/readyz"  # noqa: S104  compared, not bound
        tree.watch(until=lambda: processes.answers(probe), seconds=processes.READY_SECONDS)
        if simulated is not None:
            simulated.write_facts(link, demo.colleagues())
            demo.furnish(simulated)
        _say(public_url, link, simulated, data_dir)
        tree.watch()
    return 0


def _say(public_url: str, link: str, simulated: "demo.Simulated | None", data_dir: Path) -> None:
    lines = [f"Tenantry is ready: {public_url}"]
    if simulated is not None:
        lines += [f"Sign in (works once): {link}", f"Demo facts: {simulated.facts_path}"]
        if simulated.forgot_tenants:
            lines.append(
                "The simulated Microsoft has a new world: customers that were connected before are said to be gone. "
                f"To begin anew, stop and remove {data_dir}."
            )
    elif link:
        lines.append(f"No technician yet. Set up the first owner (works once, 24 hours): {link}")
    lines.append("Stop with Ctrl-C.")
    print("\n".join(lines), flush=True)


def web() -> int:
    """Serve the console; the process ends with SIGTERM or Ctrl-C."""
    from django.conf import settings
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "tenantry.wsgi:application",
        address=settings.BIND,
        port=settings.PORT,
        interface=Interfaces.WSGI,
        blocking_threads=settings.WEB_THREADS,
        # A thread keeps its database connection; ending idle threads would drop and reopen them all day.
        blocking_threads_idle_timeout=600,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()
    return 0


def worker() -> int:
    """Run background jobs until SIGTERM or Ctrl-C; jobs under way are finished first, within a limit."""
    import django

    django.setup()
    from tenantry import worker as background

    background.run()
    return 0


def migrate() -> None:
    """Bring the database to this version of the product, as its owner where that is an account of its own.

    Raises:
        CannotStart: the owner may not make the roles that the product works with.
    """
    import django
    from django.core.management import call_command

    django.setup()
    from django.conf import settings

    from tenantry.kit import database_roles

    account = settings.DATABASES["default"]
    login, password = str(account.get("USER", "")), str(account.get("PASSWORD", ""))
    try:
        with as_owner():
            database_roles.admit(login=login, password=password)
            call_command("migrate", verbosity=0, interactive=False)
    except database_roles.CannotSettleError as error:
        raise CannotStart(str(error)) from error


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """Let the block's statements run as the owner of the tables, where TENANTRY_DATABASE_OWNER_URL names one."""
    import dj_database_url
    from django.db import connection

    address = Environment().text("TENANTRY_DATABASE_OWNER_URL")
    if not address:
        yield
        return
    login = dict(connection.settings_dict)
    owner = dj_database_url.parse(address)
    connection.close()
    connection.settings_dict.update(
        {name: owner.get(name, "") for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    )
    connection.settings_dict["OPTIONS"] = owner.get("OPTIONS", {})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(login)


def _first_link() -> str:
    """A set-up link when there is no technician yet, else nothing. There are no default credentials."""
    from tenantry.technicians import actions, queries

    return "" if queries.has_owner() else actions.create_owner_setup_link()


def _link(email: str | None) -> str:
    import django

    django.setup()
    from tenantry.technicians import actions, queries

    if email is None:
        if queries.has_owner():
            raise CannotStart("An owner exists already. Give a technician's e-mail address for a sign-in link.")
        return actions.create_owner_setup_link()
    technician = queries.find_technician(email)
    if technician is None:
        raise CannotStart(f"There is no technician with the address {email}.")
    return actions.create_sign_in_link(technician)


@contextlib.contextmanager
def _database_for_one_command() -> Iterator[None]:
    """The database of the settings; the embedded one is started, or joined when `up` runs."""
    environment = Environment()
    if environment.text("TENANTRY_DATABASE_URL"):
        yield
        return
    data_dir = Path(environment.text("TENANTRY_DATA_DIR", "var")).resolve()
    if not (data_dir / "postgres").exists():
        raise CannotStart(
            f"There is no database in {data_dir}. Start with `tenantry up`, or set TENANTRY_DATABASE_URL."
        )
    with processes.embedded_database(data_dir) as addresses:
        os.environ.update(addresses.settings())
        yield


if __name__ == "__main__":
    sys.exit(main())
