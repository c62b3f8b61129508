"""Passwords: generated ones that can be read out, and the rules Microsoft states for typed ones.

Source of the rules: Microsoft Entra "Password policies and account restrictions". Banned words, and what the customer
added to them, are known to Microsoft only; its answer decides.
"""

import functools
import secrets
import string
import uuid
from typing import Final

from django.db import models
from xkcdpass import xkcd_password

from tenantry.helpdesk.models import Operation
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal

SHORTEST: Final = 8
LONGEST: Final = 256
_CATEGORIES_NEEDED: Final = 3
_WORDS: Final = 4
_WORD_LENGTHS: Final = (4, 8)
_RANDOM_LENGTH: Final = 16
# Nothing that is mistaken for something else when read from a screen or said aloud: 0 O o, 1 l I, 5 S, 2 Z ...
_CLEAR: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRTUVWXY346789-+=?#%"


class Source(models.TextChoices):
    """Where the new password comes from."""

    WORDS = "words", "Readable words"
    RANDOM = "random", "Random characters"
    TYPED = "typed", "Type it"


@functools.cache
def word_list() -> tuple[str, ...]:
    """The EFF's long list, without words that are long to type or hard to say."""
    shortest, longest = _WORD_LENGTHS
    words = xkcd_password.generate_wordlist(wordfile="eff-long", min_length=shortest, max_length=longest)
    return tuple(sorted({word for word in words if word.isascii() and word.isalpha() and word.islower()}))


def problems(password: str, user_principal_name: str) -> list[str]:
    """Why Microsoft would refuse `password` for this user, one sentence each; empty when it may be tried."""
    found = []
    if not SHORTEST <= len(password) <= LONGEST:
        found.append(f"Use {SHORTEST} to {LONGEST} characters.")
    if not all(" " <= sign <= "~" for sign in password):
        found.append("Use only plain letters, digits and signs of an English keyboard.")
    categories = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
    kinds = sum(any(sign in category for sign in password) for category in categories)
    kinds += any(not (sign.isascii() and sign.isalnum()) for sign in password)
    if kinds < _CATEGORIES_NEEDED:
        found.append("Use three of: lower case, upper case, digit, symbol.")
    name = user_principal_name.split("@", 1)[0].lower()
    if name and name in password.lower():
        found.append("Do not use the user name in it.")
    return found


def readable(user_principal_name: str) -> Secret:
    """Four words and two digits, e.g. `Maple-orbit-tundra-velvet-42`: more than 50 bits, easy to say."""
    words = word_list()
    while True:
        chosen = [secrets.choice(words) for _ in range(_WORDS)]
        chosen[0] = chosen[0].capitalize()
        password = "-".join([*chosen, str(10 + secrets.randbelow(90))])
        if not problems(password, user_principal_name):
            return Secret(password)


def random(user_principal_name: str) -> Secret:
    """Sixteen characters without look-alikes: more than 90 bits."""
    while True:
        password = "".join(secrets.choice(_CLEAR) for _ in range(_RANDOM_LENGTH))
        has_all = all(
            any(sign in category for sign in password)
            for category in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-+=?#%")
        )
        if has_all and not problems(password, user_principal_name):
            return Secret(password)


_TABLE: Final = "helpdesk_operation"
_COLUMN: Final = "password_sealed"


def sealed_for(operation_id: uuid.UUID, password: Secret) -> bytes:
    """The password sealed for this operation's row; it opens nowhere else."""
    return seal(password, table=_TABLE, row=operation_id, column=_COLUMN)


def opened(operation: Operation) -> Secret:
    """The password sealed on the row.

    Raises:
        CannotUnseal: there is none, or it was sealed with another keyset.
    """
    if operation.password_sealed is None:
        raise CannotUnseal(f"operation {operation.pk} holds no password")
    return unseal(operation.password_sealed, table=_TABLE, row=operation.pk, column=_COLUMN)
