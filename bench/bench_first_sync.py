"""First sync of 100,000 users against the bare floor and the official SDK; peak memory at 10,000 and 100,000."""

import json
import os
import statistics
import subprocess
import sys

from bench import floor, world
from bench.outcome import Bar, Outcome

MANY, FEW, SAMPLE = 100_000, 10_000, 2_000
ROUNDS = 3


def _product(users: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.first_sync", str(users)],
        cwd=world.HERE.parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _peer(server: dict[str, str]) -> float:
    command = [sys.executable, "-m", "bench.peer", server["url"], server["ca_file"], str(SAMPLE)]
    done = subprocess.run(command, cwd=world.HERE.parent, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def measure() -> Outcome:
    """Product and floor in turns, so that a noisy machine is noisy for both; the best round of each counts."""
    ours: list[float] = []
    bare: list[float] = []
    peaks: list[float] = []
    with world.database() as address:
        with world.page_server(MANY) as server:
            world.set_up(server)
            world.migrate()
            peer = _peer(server)
            for _ in range(ROUNDS):
                figures = _product(MANY)
                ours.append(figures["seconds"])
                peaks.append(figures["peak_megabytes"])
                bare.append(floor.first_sync(address, server["url"], server["ca_file"]))
        with world.page_server(FEW) as server:
            os.environ |= {
                "TENANTRY_LOGIN_URL": server["url"],
                "TENANTRY_GRAPH_URL": server["url"],
                "TENANTRY_CA_FILE": server["ca_file"],
            }
            few_peak = _product(FEW)["peak_megabytes"]
    rate, floor_rate = MANY / min(ours), MANY / min(bare)
    peer = min(peer, 1.0)
    to_floor, to_peer = rate / floor_rate, rate * peer
    peak = statistics.median(peaks)
    return Outcome(
        figure={"users_per_second": rate, "peak_megabytes_at_100000": peak, "peak_megabytes_at_10000": few_peak},
        floor={"users_per_second": floor_rate},
        peer={"msgraph_sdk_users_per_second": 1 / peer},
        ratios={"to_floor": to_floor, "to_peer": to_peer, "memory_100000_to_10000": peak / few_peak},
        bars=[
            Bar("speed against the floor", to_floor, 0.5, "x", is_at_least=True),
            Bar("speed against msgraph-sdk", to_peer, 100, "x", is_at_least=True),
            Bar("peak memory at 100,000 users", peak, 200, "MB"),
            Bar("memory at 100,000 against 10,000 users", peak / few_peak, 1.1, "x"),
        ],
        details={
            "users": MANY,
            "page_size": 999,
            "sdk_sample": SAMPLE,
            "seconds": [round(each, 2) for each in ours],
            "floor_seconds": [round(each, 2) for each in bare],
            "note": "best of the rounds; the SDK only fetches and parses, it stores nothing",
        },
    )
