"""The routes: parse, call one action or query, answer.

Ids in their addresses are read in any case, as RFC 9562 has it; Django's own converter wants small letters.
"""

from django.urls import register_converter
from django.urls.converters import UUIDConverter


class AnyCaseConverter(UUIDConverter):
    """An id, in small letters from here on; the framework makes a UUID of it."""

    regex = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"

    def to_python(self, value: str) -> str:  # type: ignore[override]  # what it is made of is checked by the framework
        """The id as text."""
        return value.lower()


register_converter(AnyCaseConverter, "id")
