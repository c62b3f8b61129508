"""Helpers of the tests that are no fixtures."""

import collections
import datetime as dt
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def self_signed(name: str) -> tuple[str, str]:
    """A private key and its certificate, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(tz=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=3650))  # tests move the clock on by more than a year
        .sign(key, hashes.SHA256())
    )
    return (
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )


def run_waiting_jobs(most: int = 60) -> None:
    """Take jobs out of the queue in order and run them here, in this thread, as the worker would.

    Runs the same registered functions with the same arguments; only procrastinate's own process is left out, so that
    the travelling clock and the debugger see everything. The browser tests run the real worker.
    """
    from django.db import connection
    from procrastinate.contrib.django.procrastinate_app import current_app

    seen: collections.Counter[str] = collections.Counter()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = ("
                " SELECT id FROM procrastinate_jobs WHERE status = 'todo'"
                " AND (scheduled_at IS NULL OR scheduled_at <= now())"
                " ORDER BY priority DESC, id LIMIT 1) RETURNING task_name, args"
            )
            row = cursor.fetchone()
        if row is None:
            return
        name, arguments = row
        seen[f"{name} {arguments}"] += 1
        if seen.most_common(1)[0][1] > most:
            raise AssertionError(f"more than {most} times {name} {arguments}: something enqueues itself for ever")
        current_app.tasks[name].func(**(json.loads(arguments) if isinstance(arguments, str) else arguments))
