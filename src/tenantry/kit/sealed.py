"""Secrets at rest and in memory.

At rest they are sealed with Google Tink (AEAD, AES-256-GCM, key rotation by keyset); the associated data is table, row
and column, so a sealed value copied into another row does not open. In memory they travel as `Secret`, whose repr and
str show `<sealed>`: tracebacks, logs and templates cannot leak them by accident.
"""

import functools
import json

import tink
from django.conf import settings
from tink import aead, secret_key_access


class Secret:
    """A secret string; only `reveal()` gives it out."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret in clear: for the wire, or for the one screen that shows it."""
        return self._value

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is never pickled; seal it")


class CannotUnseal(Exception):
    """A sealed value does not open: the keyset is another one, or the value was moved or changed."""


def new_keyset() -> str:
    """A fresh keyset as JSON text, to be kept like a private key."""
    aead.register()
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    return str(tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


@functools.lru_cache(maxsize=4)
def _primitive(keyset: str) -> aead.Aead:
    aead.register()
    json.loads(keyset)  # a clear error for a damaged file before Tink's own
    handle = tink.json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
    return handle.primitive(aead.Aead)


def _associated(table: str, row: object, column: str) -> bytes:
    return f"{table}\x1f{row}\x1f{column}".encode()


def seal(secret: Secret, *, table: str, row: object, column: str) -> bytes:
    """Seal `secret` for exactly this place."""
    sealed: bytes = _primitive(settings.SEAL_KEYSET.reveal()).encrypt(
        secret.reveal().encode(), _associated(table, row, column)
    )
    return sealed


def unseal(sealed: bytes | memoryview, *, table: str, row: object, column: str) -> Secret:
    """Open a value sealed for this place.

    Raises:
        CannotUnseal: wrong keyset, wrong place, or a changed value.
    """
    try:
        opened = _primitive(settings.SEAL_KEYSET.reveal()).decrypt(bytes(sealed), _associated(table, row, column))
    except tink.TinkError as error:
        raise CannotUnseal(f"{table}.{column} of {row} does not open with the present keyset") from error
    return Secret(opened.decode())
