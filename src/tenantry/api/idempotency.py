"""Writes under a key: the same key is one effect, whatever the network does."""

import dataclasses
import hmac
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Final

from django.db import IntegrityError, transaction
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import salted_hmac
from ninja import Header

from tenantry.api.actions import KEPT_FOR
from tenantry.api.auth import token_of
from tenantry.api.models import KeptAnswer
from tenantry.kit import clock
from tenantry.kit.errors import Conflict, Invalid, Refusal

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="Chosen by the client for each wish, for example a UUID. Sent again, it gives the same answer.",
    ),
]
_SALT: Final = "tenantry.api.idempotency"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers: status, body as JSON, and where its result is found."""

    status: int
    body: dict[str, Any]
    location: str = ""


def once(request: HttpRequest, key: str, work: Callable[[uuid.UUID], Answer]) -> JsonResponse:
    """Do `work` once for this token and key, and answer the same to whoever asks again within a day.

    Row, work and answer are one transaction: of two requests at the same moment the second waits at the unique key
    and reads the first one's answer. A refusal leaves nothing behind, so the key may be used again after it.

    Args:
        request: of a token.
        key: the client's.
        work: gets the id for its confirmation.

    Raises:
        Invalid: the key was used for something else.
        Refusal: what `work` refuses with.
    """
    with transaction.atomic():
        row, is_new = _taken(request, key)
        if not is_new:
            return _again(row)
        answer = work(row.pk)
        return _kept(row, answer)


def once_outside(
    request: HttpRequest,
    key: str,
    work: Callable[[uuid.UUID], Answer],
    so_far: Callable[[uuid.UUID], Answer | None] = lambda _: None,
) -> JsonResponse:
    """The same for work that speaks to somebody outside, and commits what it does before it does it.

    One transaction around it could undo the record of what was sent, or a try that was spent. So the key is taken
    first, and the answer kept when there is one. Whoever asks again in between, or after a process was killed in
    between, gets what has become of it so far, or is told that it is under way: never a second effect.

    Args:
        request: of a token.
        key: the client's.
        work: gets an id of its own, for instance for what it makes. A refusal must mean that it did nothing.
        so_far: what an earlier request with this id has come to; None: nothing that could be told.

    Raises:
        Invalid: the key was used for something else.
        Conflict: an earlier request with this key has no answer (yet).
        Refusal: what `work` refuses with.
    """
    row, is_new = _taken(request, key)
    if not is_new:
        if row.status is not None:
            return _again(row)
        found = so_far(row.pk)
        if found is None:
            raise Conflict(
                "An earlier request with this idempotency key is under way, or was cut off.",
                remedy="Read what has become of it. If nothing has, send it again with a new key.",
                code="request_under_way",
            )
        return _again(_filled(row, found))
    try:
        answer = work(row.pk)
    except Refusal:
        row.delete()
        raise
    return _kept(row, answer)


def _taken(request: HttpRequest, key: str) -> tuple[KeptAnswer, bool]:
    """The row of this token and key, and whether it was made now.

    Raises:
        Invalid: the key was used for something else.
    """
    token, mark, now = token_of(request), _fingerprint(request), clock.now()
    KeptAnswer.objects.filter(token=token, key=key, created_at__lte=now - KEPT_FOR).delete()
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(token=token, key=key, fingerprint=mark, created_at=now), True
    except IntegrityError:
        row = KeptAnswer.objects.get(token=token, key=key)
    if not hmac.compare_digest(bytes(row.fingerprint), mark):
        raise Invalid(
            "This idempotency key was used for another request.",
            remedy="Use a new key for each wish.",
            code="idempotency_key_reused",
        )
    return row, False


def _filled(row: KeptAnswer, answer: Answer) -> KeptAnswer:
    row.status, row.body, row.location = answer.status, answer.body, answer.location
    return row


def _kept(row: KeptAnswer, answer: Answer) -> JsonResponse:
    _filled(row, answer).save(update_fields=["status", "body", "location"])
    return _respond(row)


def _again(row: KeptAnswer) -> JsonResponse:
    answer = _respond(row)
    answer["Idempotent-Replayed"] = "true"
    return answer


def _respond(row: KeptAnswer) -> JsonResponse:
    answer = JsonResponse(row.body, status=row.status)
    if row.location:
        answer["Location"] = row.location
    return answer


def _fingerprint(request: HttpRequest) -> bytes:
    """Keyed: a body may hold six digits, and a plain digest of it could be searched by whoever reads the database."""
    parts = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return salted_hmac(_SALT, parts, algorithm="sha256").digest()
