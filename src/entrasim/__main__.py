"""`python -m entrasim`: serve a simulated Entra ID and Microsoft Graph until Ctrl-C.

Ready means: the addresses are printed, and the info file, if asked for, is there whole.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from entrasim import first_party, portal
from entrasim.keeping.keeper import Keeper
from entrasim.keeping.store import CannotKeepError
from entrasim.server import Simulator
from entrasim.simulated import markdown_table, put_between_markers
from entrasim.worlds import harbour_it
from entrasim.worlds.resume import Origin, origin_of, resume


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    if given.simulated:
        if given.into:
            put_between_markers(given.into, markdown_table())
        else:
            sys.stdout.write(markdown_table())
        return 0
    # Taken before anything starts, so that a signal during the start also ends cleanly.
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        keeper = Keeper(given.keep) if given.keep else None
        simulator = Simulator(keeper=keeper)
        origin = _build_or_resume(simulator, keeper, given)
        info = origin.info(simulator.handle)
    except CannotKeepError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        simulator.start(
            port=given.port, browser_port=given.browser_port, control_port=given.control_port, ca_dir=given.ca_dir
        )
        info = {**_addresses(simulator), **info}
        _announce(info)
        if given.info:
            write_whole(given.info, info)
        stopped.wait()
    finally:
        simulator.stop()
        if given.info:
            given.info.unlink(missing_ok=True)
    sys.stdout.write("entrasim stopped.\n")
    return 0


def write_whole(path: Path, info: dict[str, object]) -> None:
    """Write the file so that a reader finds all of it or nothing; only its owner may read it (it holds passwords)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(info, file, ensure_ascii=False, indent=1)
    Path(name).replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="entrasim",
        description="A strict stand-in for Microsoft Entra ID and Microsoft Graph, for tests and demos.",
    )
    parser.add_argument("--port", type=int, default=0, help="HTTPS port of login and Graph (0: any free one)")
    parser.add_argument("--browser-port", type=int, default=0, help="plain HTTP port of the same pages for a browser")
    parser.add_argument("--control-port", type=int, default=0, help="port of the control address, loopback only")
    parser.add_argument("--world", choices=["harbour-it", "empty"], default="harbour-it", help="what there is at start")
    parser.add_argument("--ca-dir", type=Path, help="keep the throw-away certificate authority's certificate here")
    parser.add_argument("--lag", choices=list(harbour_it.LAGS), default="none", help="how late changes become visible")
    parser.add_argument("--redirect-uri", action="append", default=[], help="of Tenantry Help Desk; repeatable")
    parser.add_argument("--elevation-redirect-uri", action="append", help="of Tenantry Elevation; default: the same")
    parser.add_argument("--helpdesk-certificate", type=Path, help="PEM certificate to upload to Tenantry Help Desk")
    parser.add_argument("--elevation-certificate", type=Path, help="PEM certificate to upload to Tenantry Elevation")
    parser.add_argument("--keep", type=Path, help="keep the world in this file, and go on with it at the next start")
    parser.add_argument("--seed", type=int, default=harbour_it.SEED, help="another seed: other dates and passwords")
    parser.add_argument("--info", type=Path, help="write addresses, apps and administrators here, as JSON, when ready")
    parser.add_argument("--simulated", action="store_true", help="print what is simulated, as Markdown, and leave")
    parser.add_argument("--into", type=Path, help="with --simulated: put the table between the markers of this file")
    return parser


def _build_or_resume(simulator: Simulator, keeper: Keeper | None, given: argparse.Namespace) -> Origin:
    """Build the world, or go on with the one that was kept.

    Raises:
        CannotKeepError: what was kept cannot be read, or is another world.
    """
    if keeper is None or keeper.is_new:
        origin = _build(simulator, given)
    else:
        origin = keeper.origin(Origin)
        resume(simulator.handle, origin, given)
    if keeper is not None:
        keeper.note_origin(origin)
    return origin


def _build(simulator: Simulator, given: argparse.Namespace) -> Origin:
    if given.world == "empty":
        return Origin(world="empty", seed=given.seed)
    world = harbour_it.build(
        simulator.handle,
        clock=simulator.clock,
        redirect_uris=given.redirect_uri,
        elevation_redirect_uris=given.elevation_redirect_uri,
        helpdesk_certificate_pem=_text_of(given.helpdesk_certificate),
        elevation_certificate_pem=_text_of(given.elevation_certificate),
        lag=harbour_it.LAGS[given.lag],
        seed=given.seed,
    )
    return origin_of(world, given)


def _addresses(simulator: Simulator) -> dict[str, object]:
    return {
        "login": simulator.login_url,
        "graph": simulator.graph_url,
        "browser": simulator.browser_url,
        "portal": f"{simulator.browser_url}/portal",
        "portal_pages": {name: f"{simulator.browser_url}{rule}" for name, rule in portal.ADDRESSES.items()},
        "public_client": first_party.describe(),
        "control": simulator.control_url,
        "ca_file": str(simulator.ca_file),
        "pid": os.getpid(),
    }


def _announce(info: dict[str, object]) -> None:
    for name in ("login", "graph", "browser", "portal", "control", "ca_file"):
        sys.stdout.write(f"{name:>8}  {info[name]}\n")
    sys.stdout.write("entrasim is ready. Ctrl-C stops it.\n")
    sys.stdout.flush()


def _text_of(path: Path | None) -> str | None:
    return path.read_text(encoding="utf-8") if path else None


if __name__ == "__main__":
    raise SystemExit(main())
