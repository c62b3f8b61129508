"""What a body must be: JSON, and said to be."""

from email.message import Message
from typing import Any, Final

from django.http import HttpRequest
from ninja.parser import Parser

ACCEPTED: Final = "application/json"
_PLAIN: Final = frozenset({"", "identity"})
_UTF_8: Final = frozenset({"", "utf-8", "utf8"})


class NotJson(Exception):
    """The body is declared to be something else than JSON in UTF-8, or is compressed."""


class JsonParser(Parser):
    """Reads JSON only. Who declares nothing is believed to have sent it."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body.

        Raises:
            NotJson
            ValueError: it says that it is, and is not.
        """
        declared = Message()
        declared["Content-Type"] = request.headers.get("Content-Type", "") or ACCEPTED
        kind = declared.get_content_type()
        is_json = kind == ACCEPTED or (kind.startswith("application/") and kind.endswith("+json"))
        charset = str(declared.get_param("charset", "")).lower()
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        if not is_json or charset not in _UTF_8 or encoding not in _PLAIN:
            raise NotJson
        return super().parse_body(request)
