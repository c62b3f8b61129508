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
from tenantry.kit.errors import Invalid

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
    token = token_of(request)
    mark = _fingerprint(request)
    now = clock.now()
    with transaction.atomic():
        KeptAnswer.objects.filter(token=token, key=key, created_at__lte=now - KEPT_FOR).delete()
        try:
            with transaction.atomic():
                row = KeptAnswer.objects.create(token=token, key=key, fingerprint=mark, created_at=now)
        except IntegrityError:
            return _again(KeptAnswer.objects.get(token=token, key=key), mark)
        answer = work(row.pk)
        row.status, row.body, row.location = answer.status, answer.body, answer.location
        row.save(update_fields=["status", "body", "location"])
    return _respond(row)


def _again(row: KeptAnswer, mark: bytes) -> JsonResponse:
    if not hmac.compare_digest(bytes(row.fingerprint), mark):
        raise Invalid(
            "This idempotency key was used for another request.",
            remedy="Use a new key for each wish.",
            code="idempotency_key_reused",
        )
    answer = _respond(row)
    answer["Idempotent-Replayed"] = "true"
    return answer


def _respond(row: KeptAnswer) -> JsonResponse:
    answer = JsonResponse(row.body, status=row.status)
    if row.location:
        answer["Location"] = row.location
    return answer


def _fingerprint(request: HttpRequest) -> bytes:
    parts = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return salted_hmac(_SALT, parts, algorithm="sha256").digest()
