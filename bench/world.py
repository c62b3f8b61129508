"""What the benches run in: a fresh PostgreSQL, the product's settings, and processes beside them."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


@contextlib.contextmanager
def database() -> Iterator[str]:
    """A fresh embedded PostgreSQL with the product's default settings; yields its address, sets the environment."""
    from tenantry.processes import embedded_database  # noqa: PLC0415  reads the environment

    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as directory:
        os.environ["TENANTRY_DATA_DIR"] = directory
        with embedded_database(Path(directory)) as addresses:
            os.environ.update(addresses.settings())
            yield addresses.owner


@contextlib.contextmanager
def page_server(users: int, page_size: int = 999, latency_ms: float = 0.0) -> Iterator[dict[str, str]]:
    """The page server in a process of its own; yields its address and CA file."""
    options = [f"--users={users}", f"--page-size={page_size}", f"--latency-ms={latency_ms}"]
    command = [sys.executable, "-m", "bench.page_server", *options]
    process = subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def set_up(server: dict[str, str] | None = None) -> None:
    """Load the product in this process, pointed at the page server, on the database of the environment."""
    os.environ["TENANTRY_SECRET_KEY"] = "only-for-benches"
    os.environ["TENANTRY_LOG_LEVEL"] = "WARNING"
    os.environ["DJANGO_SETTINGS_MODULE"] = "tenantry.settings"
    if server is not None:
        os.environ |= {
            "TENANTRY_LOGIN_URL": server["url"],
            "TENANTRY_GRAPH_URL": server["url"],
            "TENANTRY_CA_FILE": server["ca_file"],
            "TENANTRY_CLIENT_ID": str(uuid.uuid4()),
            "TENANTRY_CLIENT_SECRET": "only-for-benches",
        }
    import django  # noqa: PLC0415  after the environment stands

    django.setup()


def migrate() -> None:
    """Create the product's tables as their owner; from then on this process is the login, as web and worker are."""
    from tenantry import cli  # noqa: PLC0415  after set-up

    cli.migrate()


def new_tenant(name: str = "Kestrel Logistics") -> uuid.UUID:
    """A customer with a tenant that waits for its first read."""
    from tenantry.customers.models import Customer  # noqa: PLC0415  after set-up
    from tenantry.directory.models import DirectorySync  # noqa: PLC0415
    from tenantry.kit import clock  # noqa: PLC0415
    from tenantry.tenants.models import Tenant  # noqa: PLC0415

    now = clock.now()
    customer = Customer.objects.create(name=f"{name} {uuid.uuid4().hex[:6]}", created_at=now)
    tenant = Tenant.objects.create(
        tenant_id=uuid.uuid4(), customer=customer, display_name=name, primary_domain="kestrel.example", created_at=now
    )
    DirectorySync.objects.create(tenant_id=tenant.tenant_id, next_at=now)
    return tenant.tenant_id


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of the values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
