"""`python -m bench.first_sync USERS`: the product's first read in a process of its own; prints seconds and peak memory.

The database and the page server are those of the environment. A process that ran before it (imports, start) counts in
the peak, as it does in the worker.
"""

import json
import sys
import time
from pathlib import Path

from bench import world


def main() -> None:
    """Read one fresh tenant."""
    world.set_up()
    from tenantry.directory import sync  # noqa: PLC0415  after set-up
    from tenantry.directory.models import DirectorySync, SyncState  # noqa: PLC0415

    tenant_id = world.new_tenant()
    started = time.perf_counter()
    sync.run(tenant_id)
    spent = time.perf_counter() - started
    row = DirectorySync.objects.get(pk=tenant_id)
    if row.state != SyncState.CURRENT or row.users != int(sys.argv[1]):
        raise SystemExit(f"{row.get_state_display()}, {row.users} users: {row.cause}")
    # Not ru_maxrss: a child inherits that from the process that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"seconds": spent, "peak_megabytes": peak}))


if __name__ == "__main__":
    main()
