"""Passwords that are long and yet among the first to be tried: a common word, dressed up."""

import functools
import re
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from tenantry.technicians.models import Technician

CONTEXT_WORDS: Final = frozenset(
    {"admin", "administrator", "azure", "console", "customer", "entra", "helpdesk", "microsoft", "office", "password"}
    | {"reset", "technician", "tenant", "tenantry", "welcome"}
)
"""Words of this work. The words of the console's and the technician's own addresses come to them."""
_LEFT: Final = 8
"""Letters that have to be there beside such words, digits and signs: enough for two words of a phrase."""
_WORDS: Final = re.compile(r"[^\W\d_]+")
_SHORTEST: Final = 3
_ROWS: Final = ("01234567890" * 2, "1234567890" * 3, "abcdefghijklmnopqrstuvwxyz" * 2, "qwertyuiopasdfghjklzxcvbnm" * 2)
_FEW: Final = 4
"""So many different signs are no password however long the row of them is."""
_LOOK_ALIKES: Final = str.maketrans("013457@$!", "oieastasi")


class GuessableValidator:
    """Refuses a common password or a word of this place with digits and signs around it, such as "Tenantry-2026!!".

    The list is Django's, 20,000 passwords from breaches. Few of them have the twelve characters asked for here, so what
    is compared is the password without its decoration.
    """

    def validate(self, password: str, user: object = None) -> None:
        """Pass, or say what is wrong.

        Raises:
            ValidationError: nothing but such words is left.
        """
        context = CONTEXT_WORDS | _own_words(user)
        lower = password.lower()
        if len(set(lower)) <= _FEW or any(lower in row or lower[::-1] in row for row in _ROWS):
            raise _refused()
        for spelled in (lower, lower.translate(_LOOK_ALIKES)):
            bare = re.sub(r"[\W\d_]+", "", spelled)
            left = bare
            for word in sorted(context, key=len, reverse=True):
                left = left.replace(word, "")
            if bare in _common() or left in _common() or (left != bare and len(left) < _LEFT):
                raise _refused()

    def get_help_text(self) -> str:
        """The rule, for whoever chooses a password."""
        return "It must not be a common word, or a name of this place, with digits and signs around it."


def _refused() -> ValidationError:
    return ValidationError(
        "This is a common word or row with signs around it, or names this place. "
        "Take four words that do not belong together.",
        code="password_guessable",
    )


@functools.cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _own_words(user: object) -> frozenset[str]:
    """The words of the console's address, and of the technician's address and name."""
    places, names = urlsplit(settings.PUBLIC_URL).hostname or "", ""
    if isinstance(user, Technician):
        local, _, domain = user.email.partition("@")
        places, names = f"{places}.{domain}", f"{local} {user.display_name}"
    found = [(word, _SHORTEST + 1) for word in _WORDS.findall(places.lower())]
    found += [(word, _SHORTEST) for word in _WORDS.findall(names.lower())]
    return frozenset(word for word, least in found if len(word) >= least)  # longer than "com" in an address
