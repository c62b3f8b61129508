"""`tenantry doctor`: looks at everything a deployment needs and says cause and fix. Changes nothing."""

import dataclasses
import datetime as dt
import email.utils
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tenantry.env import BadSettings

if TYPE_CHECKING:
    from tenantry.registrations.queries import Standing

_SKEW_SECONDS = 60  # Microsoft refuses assertions from clocks that are minutes off; warn well before
_SEALED_WITHIN_SECONDS = 120  # the worker does it every five
_STREAMED_WITHIN_SECONDS = 120  # the worker does it every ten
_CHECKED_WITHIN = dt.timedelta(hours=48)  # the worker does it every night
_DISK_BYTES = 1024**3


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `fix` is empty when it is in order; `is_fatal` tells whether the product can run without."""

    name: str
    words: str
    fix: str = ""
    is_fatal: bool = True

    @property
    def is_good(self) -> bool:
        """Whether nothing is to be mended."""
        return not self.fix


def run() -> int:
    """Print every finding; 0 when nothing fatal was found."""
    findings = list(examine())
    for finding in findings:
        mark = "ok  " if finding.is_good else "BAD " if finding.is_fatal else "note"
        print(f"{mark} {finding.name}: {finding.words}")
        if finding.fix:
            print(f"     fix: {finding.fix}")
    return 1 if any(not finding.is_good and finding.is_fatal for finding in findings) else 0


def examine() -> Iterator[Finding]:
    """Look at everything in turn; later looks are left out when settings cannot even be read."""
    try:
        from django.conf import settings

        data_dir: Path = settings.DATA_DIR
    except BadSettings as error:
        yield Finding("settings", str(error), "Correct it and run `tenantry doctor` again.")
        return
    yield Finding("settings", f"read; data in {data_dir}, cloud {settings.CLOUD.name}")
    for look in (_data_dir, _database, _keys, _public_url, _clock_and_login, _graph):
        yield from look()


def _data_dir() -> Iterator[Finding]:
    from django.conf import settings

    if not os.access(settings.DATA_DIR, os.W_OK):
        yield Finding(
            "data directory",
            f"{settings.DATA_DIR} cannot be written",
            "Give the user that runs Tenantry write access, or set TENANTRY_DATA_DIR.",
        )
        return
    free = shutil.disk_usage(settings.DATA_DIR).free
    yield Finding(
        "data directory",
        f"{free // 1024**2} MB free",
        "" if free > _DISK_BYTES else "Free some space: PostgreSQL stops when the disk is full.",
        is_fatal=False,
    )


def _database() -> Iterator[Finding]:
    import django
    from django.conf import settings
    from django.db import connection

    from tenantry import processes

    if settings.IS_DATABASE_EMBEDDED:
        if not (settings.DATA_DIR / "postgres").exists():
            django.setup()
            yield Finding("database", "embedded; will be made at the first `tenantry up`")
            yield from _apps(has_database=False)
            return
        with processes.embedded_database(settings.DATA_DIR) as addresses:
            import dj_database_url

            connection.settings_dict.update(dj_database_url.parse(addresses.login))
            yield from _database_answers()
        return
    django.setup()
    yield from _database_answers()


def _database_answers() -> Iterator[Finding]:
    import django
    from django.db import DatabaseError
    from psycopg.errors import InsufficientPrivilege

    django.setup()
    try:
        yield from _database_well()
    except DatabaseError as error:
        may_not = isinstance(error.__cause__, InsufficientPrivilege)
        yield Finding(
            "database",
            f"{'lets its account do too little' if may_not else 'does not answer'}: {error}".strip(),
            "Run `tenantry migrate` with TENANTRY_DATABASE_OWNER_URL set (or `tenantry up`)."
            if may_not
            else "Check TENANTRY_DATABASE_URL and that the server runs.",
        )
        yield from _apps(has_database=False)


def _database_well() -> Iterator[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        row = cursor.fetchone()
    version = str(row[0]) if row else "?"
    executor = MigrationExecutor(connection)
    behind = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    yield Finding(
        "database",
        f"PostgreSQL {version}, " + ("migrated" if not behind else f"{behind} migrations behind"),
        "" if not behind else "Run `tenantry migrate` (or `tenantry up`, which does it).",
    )
    if not behind:
        yield _database_account()
    yield from _apps(has_database=not behind)
    yield from _sign_in(has_database=not behind)
    if not behind:
        yield from _record()
    connection.close()


def _database_account() -> Finding:
    """Whether web and worker sign in to PostgreSQL as somebody who can do no more than they have to."""
    from tenantry.kit import database_roles

    stands = database_roles.examine()
    if stands.out_of_reach:
        return Finding(
            "database account",
            f"{stands.account} cannot read {', '.join(stands.out_of_reach)}",
            "Run `tenantry migrate` as the account that owns these tables: it gives the rights.",
        )
    if stands.excess:
        return Finding(
            "database account",
            f"{stands.account} {', '.join(stands.excess)}",
            "Let TENANTRY_DATABASE_URL name an account of its own and TENANTRY_DATABASE_OWNER_URL the owner, then run "
            "`tenantry migrate` (docs/operator/install.md, A PostgreSQL of your own).",
            is_fatal=False,
        )
    return Finding("database account", f"{stands.account}: owns nothing, makes nothing, cannot rewrite the record")


def _record() -> Iterator[Finding]:
    from tenantry.audit.queries import standing

    stands = standing()
    age = f", the oldest for {stands.oldest_seconds:.0f} s" if stands.unsealed else ""
    yield Finding(
        "record",
        f"{stands.sealed} events in the chain, {stands.unsealed} wait for their link{age}",
        ""
        if stands.oldest_seconds <= _SEALED_WITHIN_SECONDS
        else "The worker seals every few seconds: see that `tenantry worker` runs.",
        is_fatal=False,
    )
    yield from _custody()
    at = f"{stands.anchored_at:%Y-%m-%d %H:%M} UTC, at {stands.anchored}" if stands.anchored_at else "none yet"
    yield Finding("anchor of the record", at)
    yield from _streams()


def _custody() -> Iterator[Finding]:
    """What the last check of the record found, and who does not get its anchors."""
    from tenantry.custody.queries import kept, standing
    from tenantry.kit import clock

    newest = standing().newest
    if newest is None or newest.ended_at is None:
        yield Finding("check of the record", "none yet; the worker makes one every night")
    elif not newest.is_whole:
        yield Finding(
            "check of the record",
            f"NOT whole as of {newest.ended_at:%Y-%m-%d %H:%M} UTC: {newest.problems[0]}",
            "Keep the database as it is; run `tenantry audit verify --anchors FILE` with anchors from elsewhere.",
        )
    else:
        is_late = clock.now() - newest.ended_at > _CHECKED_WITHIN
        yield Finding(
            "check of the record",
            f"whole as of {newest.ended_at:%Y-%m-%d %H:%M} UTC, up to {newest.last}",
            "It is checked every night: see that `tenantry worker` runs." if is_late else "",
            is_fatal=False,
        )
    for one in kept():
        if one.keeper.failing_since:
            yield Finding(
                f"anchors to {one.keeper.target}",
                f"{one.waiting} wait: {one.keeper.last_outcome}",
                "See that it can be reached; every anchor is tried again until it is taken.",
                is_fatal=False,
            )


def _streams() -> Iterator[Finding]:
    from tenantry.streams.queries import standings

    for stands in standings():
        is_late = stands.stream.failing_since is not None or stands.seconds > _STREAMED_WITHIN_SECONDS
        outcome = f" ({stands.stream.last_outcome})" if stands.stream.failing_since else ""
        yield Finding(
            f"stream to {stands.stream.target}",
            f"{stands.events} events behind, the oldest for {stands.seconds:.0f} s{outcome}"
            if stands.events
            else "up to date",
            "See Settings, Streams of the record, and that `tenantry worker` runs." if is_late else "",
            is_fatal=False,
        )


def _keys() -> Iterator[Finding]:
    from django.conf import settings

    from tenantry.kit.sealed import Secret, seal, unseal

    probe = Secret("probe")
    try:
        opened = unseal(seal(probe, table="doctor", row=0, column="probe"), table="doctor", row=0, column="probe")
    except Exception as error:  # noqa: BLE001  whatever Tink says about a damaged keyset is the finding
        yield Finding("sealing keys", f"cannot be used: {error}", "Restore the keyset file from your backup.")
        return
    is_whole = opened.reveal() == probe.reveal()
    yield Finding(
        "sealing keys",
        "seal and open" if is_whole else "do not open what they seal",
        "" if is_whole else "Restore the keyset file from your backup.",
    )
    directory = settings.DATA_DIR / "keys"
    loose = [p.name for p in directory.glob("*") if p.stat().st_mode & 0o077] if directory.exists() else []
    if loose:
        yield Finding("key files", f"readable by others: {', '.join(loose)}", f"Run: chmod 600 {directory}/*")


def _public_url() -> Iterator[Finding]:
    from django.conf import settings

    is_local = settings.ALLOWED_HOSTS[0] in {"localhost", "127.0.0.1"}
    if settings.PUBLIC_URL.startswith("http://") and not is_local:
        yield Finding(
            "public address",
            f"{settings.PUBLIC_URL} is not encrypted",
            "Put a TLS proxy in front and set TENANTRY_PUBLIC_URL to the https:// address.",
        )
    else:
        yield Finding("public address", settings.PUBLIC_URL)


def _apps(*, has_database: bool) -> Iterator[Finding]:
    from tenantry.graph.apps import App
    from tenantry.registrations.queries import standing, standing_in_settings

    for app in App:
        yield _of_app(f"{app.value} app", standing(app) if has_database else standing_in_settings(app))


def _sign_in(*, has_database: bool) -> Iterator[Finding]:
    """Who can sign in, and whether that depends on Microsoft."""
    from django.conf import settings

    from tenantry.technicians import factors, microsoft, queries

    if microsoft.is_offered():
        proof = (
            f"a second factor counts with {settings.SIGN_IN_CONTEXT}"
            if settings.SIGN_IN_CONTEXT
            else "own factor asked"
        )
        yield Finding("sign-in with Microsoft", f"tenant {settings.SIGN_IN_TENANT_ID}; {proof}")
    if not has_database or not queries.has_owner():
        return
    if factors.owners_with_local_way_in():
        yield Finding("owners", "at least one signs in without Microsoft")
        return
    yield Finding(
        "owners",
        "none has a password or a passkey",
        "Let an owner set a password or add a passkey under Settings; `tenantry link` lets them in.",
        is_fatal=False,
    )


def _of_app(name: str, ours: "Standing") -> Finding:
    from tenantry.registrations.commands import credential_words

    if not ours.is_set_up:
        return Finding(
            name,
            "not registered; nothing can be connected through it yet",
            "Run `tenantry apps create`, or register it by hand (docs/operator/register-by-hand.md).",
            is_fatal=False,
        )
    fix = ""
    if ours.is_ending:
        fix = (
            "Make a new certificate, upload it beside the old one, then put it into the settings."
            if ours.is_in_settings
            else f"Run `tenantry credential rotate --app {ours.app.value}`."
        )
    return Finding(name, credential_words(ours), fix, is_fatal=ours.days_left is not None and ours.days_left < 0)


def _clock_and_login() -> Iterator[Finding]:
    from django.conf import settings

    url = f"{settings.CLOUD.login_url}/organizations/v2.0/.well-known/openid-configuration"
    finding, date = _reach("sign-in service", url, lambda status: status == 200)  # noqa: PLR2004  HTTP's OK
    yield finding
    if date is not None:
        skew = abs((dt.datetime.now(tz=dt.UTC) - date).total_seconds())
        yield Finding(
            "clock",
            f"{skew:.0f} s beside Microsoft's",
            "" if skew <= _SKEW_SECONDS else "Set the clock (turn on NTP): Microsoft refuses sign-ins otherwise.",
        )


def _graph() -> Iterator[Finding]:
    from django.conf import settings

    # Without a token Graph answers 401: reachable is all that is asked here.
    yield _reach("Microsoft Graph", f"{settings.CLOUD.graph_url}/v1.0/organization", lambda status: status == 401)[0]  # noqa: PLR2004


def _reach(name: str, url: str, is_expected: Callable[[int], bool]) -> tuple[Finding, dt.datetime | None]:
    import urllib3

    from tenantry.graph.http import pool

    fix = "Check DNS, firewall and proxy, the cloud (TENANTRY_CLOUD), and TENANTRY_CA_FILE if one is set."
    try:
        answer = pool().request("GET", url, timeout=10.0)
    except urllib3.exceptions.HTTPError as error:
        return Finding(name, f"{url} cannot be reached: {error}", fix), None
    date = answer.headers.get("Date")
    words = f"answers at {url.split('/', 3)[2]}"
    finding = (
        Finding(name, words) if is_expected(answer.status) else Finding(name, f"{words} with {answer.status}", fix)
    )
    return finding, email.utils.parsedate_to_datetime(date) if date else None
