"""Checks an exported record without a database, without Django, and without anything secret."""

import csv
import datetime as dt
import email
import email.policy
import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from tenantry.audit.chain.canonical import CUSTOMER_FIELD, FIELDS, NO_CUSTOMER, NULLABLE, START, pack
from tenantry.audit.chain.checking import Checker, Mark, Verdict
from tenantry.audit.events import AuditEvent
from tenantry.kit import clock

_COLUMNS: Final = ("sequence", "event_id", "customer_sequence", "sealed_at_us", "digest", "customer_hash", "hash")
_MAIL: Final = re.compile(rb"(?:From |[A-Za-z][A-Za-z0-9-]*:[ \t])")
_FROM: Final = re.compile(rb"^From [^\n]*\n", re.MULTILINE)  # before each mail of a mailbox
_END: Final = ["sequence", "hash", "events", "sha256"]
_MOST_BROKEN: Final = 20  # lines that cannot be read; a file of another kind is not read to its end


class Unreadable(Exception):
    """The file is no export or no list of anchors; says why."""


def verify_file(path: Path, *, anchors: Iterable[Mark] = ()) -> Verdict:
    """Check an export, JSON lines (everything, or one customer's) or CSV (everything).

    Raises:
        Unreadable: it is no export of the record.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        is_csv = file.read(1) != b"{"
    if is_csv:
        with path.open(encoding="utf-8-sig", newline="") as text:
            return verify_csv(text, anchors=anchors)
    with path.open("rb") as file:
        return verify_lines(file, anchors=anchors)


def verify_lines(lines: Iterable[bytes], *, anchors: Iterable[Mark] = ()) -> Verdict:
    """Check the lines of an export.

    Raises:
        Unreadable: the first line does not begin an export.
    """
    rest = iter(lines)
    head = next(rest, b"")
    checker = Checker(**_begin(head), anchors=anchors, now=clock.now())
    verdict = checker.verdict
    end: dict[str, Any] | None = None
    pruned: set[tuple[int, str]] = set()
    so_far, newest = hashlib.sha256(head), (0, START.hex())
    for number, line in enumerate(rest, 2):
        try:
            document = orjson.loads(line)
            if end is not None:
                verdict.add("file", f"Line {number} comes after the end of the export.")
            elif "end" in document:
                end = _end(document, line)
            else:
                so_far.update(line)
                _take(checker, document, line)
                newest = document["sequence"], document["hash"]
                if document["event"]["action"] == AuditEvent.PRUNED:
                    told = orjson.loads(document["event"]["details"])
                    pruned.add((told["sequence"], told["hash"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            verdict.add("file", f"Line {number} is damaged: it is no event as it was exported.")
        if verdict.problem_count > _MOST_BROKEN and not verdict.links:
            break
    found = checker.finish()
    _check_end(
        found, end, newest=newest, so_far=so_far.hexdigest(), is_everything=checker.begin.customer == NO_CUSTOMER
    )
    begin = checker.begin
    if begin.customer == NO_CUSTOMER and begin.sequence and (begin.sequence, begin.hash.hex()) not in pruned:
        found.add("beginning", f"It begins after {begin.sequence}, and no event tells that it was pruned up to there.")
    return found


def _end(document: dict[str, Any], line: bytes) -> dict[str, Any]:
    """What the last line says; it has to be as it was written, like every other."""
    end: dict[str, Any] = document["end"]
    if orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE) != line or list(document) != ["end"]:
        raise ValueError("not as it was exported")
    if list(end) not in (_END, _END[:3]):
        raise ValueError("not as it was exported")
    return end


def _check_end(
    found: Verdict, end: dict[str, Any] | None, *, newest: tuple[int, str], so_far: str, is_everything: bool
) -> None:
    """Hold the last line against what came before. The chain tells more; this tells of what no chain covers.

    The first line's time is in no hash, nor is, in a customer's export, the place that links into the chain over
    everything. Lines of a stream that somebody made an export of are of everything and have no sum.
    """
    if end is None:
        found.add("file", "The end of the export is missing: the file was cut off.")
        return
    if end["events"] != found.links:
        found.add("file", f"The export had {end['events']} events, {found.links} are there.")
    elif (end["sequence"], end["hash"]) != newest:
        found.add("file", "The end of the export speaks of another last event than the one that is there.")
    # What is wrong where is said by then; the sum says only that something is.
    if found.is_whole and end.get("sha256", so_far if is_everything else "") != so_far:
        found.add("file", "The file is not what was exported: its sum is another one.")


def verify_csv(lines: Iterable[str], *, anchors: Iterable[Mark] = ()) -> Verdict:
    """Check an export of everything in CSV. It does not say where it ends: anchors do.

    Raises:
        Unreadable: its columns are not those of an export.
    """
    rows = csv.reader(lines)
    if tuple(next(rows, ())) != (*_COLUMNS, *FIELDS):
        raise Unreadable("This is no export of the record: its first line is neither JSON nor the known columns.")
    checker = Checker(anchors=anchors, now=clock.now())
    for number, row in enumerate(rows, 2):
        try:
            texts = [
                None if not text and name in NULLABLE else harmed(text)
                for name, text in zip(FIELDS, row[len(_COLUMNS) :], strict=True)
            ]
            numbers = [int(text) for text in row[:4]]
            hashes = [_hash(text) for text in row[4:7]]
            _hand_over(checker, numbers, hashes, texts)
        except ValueError:
            checker.verdict.add("file", f"Line {number} is damaged: it is no event as it was exported.")
    return checker.finish()


def harmed(text: str) -> str:
    """A cell of an export as it was before it was made harmless for spreadsheets."""
    return text.removeprefix("'")


def read_anchors(paths: Iterable[Path]) -> list[Mark]:
    """The anchors in these files: lines of anchors, lines of syslog that hold them, or saved mails.

    Raises:
        Unreadable: a line is no anchor.
        OSError: a file cannot be opened.
    """
    return [mark for path in paths for mark in _anchors(path)]


def _anchors(path: Path) -> Iterator[Mark]:
    data = path.read_bytes()
    is_mail = _MAIL.match(data) is not None
    for number, line in enumerate(_text_of_mail(data) if is_mail else data.splitlines(), 1):
        # A line of syslog has its own head before the document; a mail has words around them.
        start = line.find(b"{")
        if not line.strip() or (is_mail and start < 0):
            continue
        try:
            yield _mark(orjson.loads(line[start:]))
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"Line {number} of {path} is no anchor.") from error


def _text_of_mail(data: bytes) -> list[bytes]:
    """The lines of a mail as it was saved, or of a mailbox with many (mbox)."""
    lines: list[bytes] = []
    for part in _FROM.split(data):
        for text in email.message_from_bytes(part, policy=email.policy.default).walk():
            if text.get_content_type() == "text/plain":
                content = text.get_payload(decode=True)
                lines += content.splitlines() if isinstance(content, bytes) else []
    return lines


def _mark(document: dict[str, Any]) -> Mark:
    at = document.get("at")
    return Mark(
        customer=_owner(document["scope"]),
        sequence=int(document["sequence"]),
        hash=bytes.fromhex(document["hash"]),
        at=dt.datetime.fromisoformat(at) if at else None,
    )


def _owner(scope: str) -> bytes:
    return NO_CUSTOMER if scope == "all" else uuid.UUID(scope).bytes


def _begin(line: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
        if document["tenantry_audit"] != 1:
            raise Unreadable("This export is of another version of Tenantry.")
        return {
            "customer": _owner(document["scope"]),
            "begins": [_mark(entry) for entry in document["begins_after"]],
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("This is no export of the record: its first line does not say so.") from error


def _take(checker: Checker, document: dict[str, Any], line: bytes) -> None:
    event = document["event"]
    # Written anew it must be the same line: no doubled key, no further one, nothing that readers could see otherwise.
    if orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE) != line or tuple(event) != FIELDS:
        raise ValueError("not as it was exported")
    hashes = [_hash(document[name]) for name in _COLUMNS[4:]]
    _hand_over(checker, [document[name] for name in _COLUMNS[:4]], hashes, list(event.values()))


def _hash(text: str) -> bytes:
    value = bytes.fromhex(text)
    if value.hex() != text:  # one way to write it
        raise ValueError("not as it was exported")
    return value


def _hand_over(checker: Checker, numbers: list[int], hashes: list[bytes], texts: list[str | None]) -> None:
    sequence, event_id, place, sealed_us = numbers
    digest, own, link_hash = hashes
    if any(len(value) != 32 for value in hashes) or texts[0] != str(event_id):  # noqa: PLR2004  SHA-256
        raise ValueError("not as it was exported")
    customer = texts[CUSTOMER_FIELD]
    owner = NO_CUSTOMER if customer is None else uuid.UUID(customer).bytes
    try:
        checker.take(sequence, event_id, sealed_us, digest, link_hash, owner, place, own, pack(texts))
    except OverflowError as error:
        raise ValueError("not as it was exported") from error
