"""`python -m bench.run [name ...]`: run the benches, print a table, write `bench/results/<name>.json`.

A bench is a module `bench_<name>.py` with `measure() -> Outcome`; each runs in a process of its own, so that settings,
databases and memory peaks stay apart. The exit status says whether every bar held.
"""

import argparse
import dataclasses
import datetime as dt
import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from bench.outcome import Bar

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def _machine() -> dict[str, object]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = named[0].split(":", 1)[1].strip() if named else model
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def _measure_here(name: str) -> None:
    """Run one bench in this process and write its result."""
    load = os.getloadavg()[0]
    outcome = importlib.import_module(f"bench.bench_{name}").measure()
    bars = [{**dataclasses.asdict(bar), "holds": bar.holds} for bar in outcome.bars]
    document = dataclasses.asdict(outcome) | {
        "bars": bars,
        "machine": {**_machine(), "load_before": round(load, 2)},
        "date": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def _show(name: str) -> bool:
    document = json.loads((RESULTS / f"{name}.json").read_text())
    print(f"\n{name}")
    for part in ("figure", "floor", "peer", "ratios"):
        for what, value in document[part].items():
            print(f"  {part:7} {what:<48} {value:>14,.3f}")
    for fields in document["bars"]:
        fields.pop("holds")
        print(f"  bar     {Bar(**fields).words()}")
    return all(Bar(**fields).holds for fields in document["bars"])


def main() -> int:
    """Run what is asked for; 0 when every bar held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(_names())}; all when left out")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(_names())
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    if arguments.here:
        for name in arguments.names:
            _measure_here(name)
        return 0
    is_well = True
    for name in arguments.names or _names():
        done = subprocess.run([sys.executable, "-m", "bench.run", "--here", name], cwd=HERE.parent, check=False)
        is_well = (_show(name) if done.returncode == 0 else False) and is_well
        if done.returncode:
            print(f"\n{name}\n  did not finish (status {done.returncode})")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
