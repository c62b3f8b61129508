"""`tenantry audit ...`. Exit codes: 0 whole or done, 1 something was found or could not be done, 2 not readable."""

import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tenantry.audit.chain import offline
from tenantry.audit.chain.checking import Mark, Verdict

Say = Callable[[str], None]


def verify_export(say: Say, *, path: Path, anchors: Sequence[Path]) -> int:
    """Check an exported file. Needs neither database nor settings."""
    try:
        marks = offline.read_anchors(anchors)
        verdict = offline.verify_file(path, anchors=marks)
    except (offline.Unreadable, OSError, UnicodeDecodeError) as error:
        say(f"Cannot be read: {error}")
        return 2
    return _tell(say, verdict, has_anchors=bool(marks))


def verify_database(say: Say, *, anchors: Sequence[Path]) -> int:
    """Check the record in the database, with the anchors of the given files and of the settings' own."""
    from django.conf import settings  # noqa: PLC0415  an export is checked without settings

    from tenantry.audit.chain.anchors import known  # noqa: PLC0415  as above
    from tenantry.audit.chain.verifying import verify  # noqa: PLC0415  as above

    own = Path(settings.AUDIT_ANCHOR_FILE)
    files = [*anchors, *([own] if own.exists() and own not in anchors else [])]
    try:
        outside = offline.read_anchors(files)
    except (offline.Unreadable, OSError) as error:
        say(f"Cannot be read: {error}")
        return 2
    marks: dict[tuple[bytes, int, bytes], Mark] = {
        (mark.customer, mark.sequence, mark.hash): mark for mark in (*known(), *outside)
    }
    return _tell(say, verify(anchors=marks.values()), has_anchors=bool(outside))


def export(say: Say, *, customer: str, form: str, output: str) -> int:
    """Write the record to a file, or to the terminal."""
    from tenantry.audit.chain.exporting import export as lines  # noqa: PLC0415  a check of a file needs no Django
    from tenantry.audit.chain.exporting import export_csv  # noqa: PLC0415  as above

    try:
        customer_id = uuid.UUID(customer) if customer else None
    except ValueError:
        say("The customer is named by its id, as in the address of its page.")
        return 2
    if form == "csv" and customer_id is not None:
        made: Iterable[bytes] = export_csv(customer_id=customer_id)
    else:
        made = export_csv() if form == "csv" else lines(customer_id=customer_id)
    try:
        if not output:
            for line in made:
                sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            return 0
        with Path(output).open("xb") as file:
            file.writelines(made)
    except OSError as error:
        say(f"Cannot be written: {error}")
        return 1
    say(f"Written to {output}.")
    return 0


def _tell(say: Say, verdict: Verdict, *, has_anchors: bool) -> int:
    for problem in verdict.problems:
        say(f"FOUND {problem.words}")
    if verdict.problem_count > len(verdict.problems):
        say(f"FOUND {verdict.problem_count - len(verdict.problems)} more")
    if verdict.unsealed:
        since = f" since {verdict.oldest_unsealed_at:%Y-%m-%d %H:%M:%S} UTC" if verdict.oldest_unsealed_at else ""
        say(f"note  {verdict.unsealed} events wait for their link{since}: not checked yet.")
    say(f"{verdict.links} events checked, {verdict.first} to {verdict.last}; head {verdict.head.hex()}")
    if verdict.last_anchor:
        at = f" of {verdict.last_anchor.at:%Y-%m-%d %H:%M:%S} UTC" if verdict.last_anchor.at else ""
        say(f"{verdict.anchors_met} anchors met; the last{at} at {verdict.last_anchor.sequence}.")
    if not has_anchors:
        say("note  No anchors from elsewhere were given: events removed at the end would not be noticed (--anchors).")
    say("The record is whole." if verdict.is_whole else "The record is NOT whole. The first finding is where to look.")
    return 0 if verdict.is_whole else 1
