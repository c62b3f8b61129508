"""What several tests of this folder need and is no fixture."""

import base64
import hashlib
import hmac
import struct
from urllib.parse import urlsplit

from django.test import Client

from tenantry.audit.models import Event
from tenantry.technicians.models import Technician


def path_of(url: str) -> str:
    """The path of an absolute address."""
    return urlsplit(url).path


def token_of(url: str) -> str:
    """The token at the end of a one-time link."""
    return path_of(url).strip("/").rpartition("/")[2]


def is_signed_in(client: Client, technician: Technician | None = None) -> bool:
    """Whether the browser holds a session (of `technician`)."""
    user_id = client.session.get("_auth_user_id")
    return user_id is not None and (technician is None or user_id == str(technician.pk))


def totp_code(secret: str, counter: int) -> str:
    """The code an authenticator app shows in the step `counter` (RFC 6238), written apart from the product's own."""
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


def acts_of(technician: Technician) -> list[tuple[str, str, str]]:
    """What the record says about the technician, oldest first: action, summary, result."""
    events = Event.objects.filter(target_id=str(technician.pk)).order_by("pk")
    return list(events.values_list("action", "summary", "result"))
