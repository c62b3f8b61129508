"""What a technician saw when pressing the button, signed into the form.

A confirmation says which effect, on whom, asked for by whom, and which operation on that user was the newest at the
time. Posting the same one twice is one effect; posting one that no longer fits changes nothing.
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any, Final, Self

from django.core import signing

from tenantry.kit import clock
from tenantry.kit.errors import NotAllowed

LIFETIME: Final = dt.timedelta(minutes=10)
_SALT: Final = "tenantry.helpdesk.confirmation"


class NotGenuine(NotAllowed):
    """The confirmation was changed, or belongs to something or somebody else."""

    code = "confirmation_not_genuine"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One rendered confirmation.

    Attributes:
        id: the same one posted twice is one effect.
        kind: value of the operation's kind.
        newest: the newest operation on the user when the page was rendered; None when there was none.
        object_ids: the users; one, or those of a bulk run.
        again: the same operation done a moment ago, when the technician was told of it and wants it once more.
    """

    id: uuid.UUID
    kind: str
    technician_id: uuid.UUID
    customer_id: uuid.UUID
    tenant_id: uuid.UUID
    object_ids: tuple[uuid.UUID, ...]
    newest: uuid.UUID | None
    issued_at: dt.datetime
    again: uuid.UUID | None = None

    @property
    def is_expired(self) -> bool:
        """Whether it is older than ten minutes: what was on the page may have changed."""
        return clock.now() > self.issued_at + LIFETIME

    def sealed(self) -> str:
        """The signed text for a hidden field."""
        payload = {
            "i": self.id.hex,
            "k": self.kind,
            "w": self.technician_id.hex,
            "c": self.customer_id.hex,
            "t": self.tenant_id.hex,
            "o": [each.hex for each in self.object_ids],
            "n": self.newest.hex if self.newest else "",
            "a": self.issued_at.timestamp(),
            "g": self.again.hex if self.again else "",
        }
        return signing.Signer(salt=_SALT).sign_object(payload, compress=True)

    @classmethod
    def opened(cls, text: str) -> Self:
        """Read a signed confirmation.

        Raises:
            NotGenuine: it was not signed by us, or was changed.
        """
        try:
            payload: dict[str, Any] = signing.Signer(salt=_SALT).unsign_object(text)
        except signing.BadSignature as error:
            raise not_genuine() from error
        return cls(
            id=uuid.UUID(payload["i"]),
            kind=payload["k"],
            technician_id=uuid.UUID(payload["w"]),
            customer_id=uuid.UUID(payload["c"]),
            tenant_id=uuid.UUID(payload["t"]),
            object_ids=tuple(uuid.UUID(each) for each in payload["o"]),
            newest=uuid.UUID(payload["n"]) if payload["n"] else None,
            issued_at=dt.datetime.fromtimestamp(payload["a"], tz=dt.UTC),
            again=uuid.UUID(payload["g"]) if payload["g"] else None,
        )


def mint(
    *,
    kind: str,
    technician_id: uuid.UUID,
    customer_id: uuid.UUID,
    tenant_id: uuid.UUID,
    object_ids: tuple[uuid.UUID, ...],
    newest: uuid.UUID | None,
    again: uuid.UUID | None = None,
) -> Confirmation:
    """A new confirmation for the page about to be rendered."""
    return Confirmation(
        id=uuid.uuid4(),
        kind=kind,
        technician_id=technician_id,
        customer_id=customer_id,
        tenant_id=tenant_id,
        object_ids=object_ids,
        newest=newest,
        issued_at=clock.now(),
        again=again,
    )


def not_genuine() -> NotGenuine:
    """The refusal for a confirmation that does not fit what is asked."""
    return NotGenuine(
        "This confirmation belongs to another page, customer, user or technician. Nothing was sent.",
        remedy="Open the user's page again and start from there.",
    )
