"""Logs and error reports that cannot carry a secret.

The first defence is that secrets travel as `Secret`. These are the second: whatever looks like a token, an assertion, a
password field or a sign-in link is struck out of every log line, and error reports hide all settings and local values.
"""

import logging
import re
from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

_PATTERNS = (
    re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(
        r"""(?ix)(["']? (?: password | client_secret | client_assertion | (?:access|refresh|id)_token | code )
        ["']? \s* [:=] \s* ["']?) [^\s"'&,}]+"""
    ),
    re.compile(r"(?i)((?:bearer|basic)\s+)[\w.+/=~-]{8,}"),
    re.compile(r"(/(?:handover|join|secret|setup|verify|welcome)/)[\w-]{16,}"),
    re.compile(r"((?:postgres(?:ql)?|smtps?)://[^:/\s]+:)[^@\s]+(?=@)"),
    re.compile(r"(tnt_)[\w-]{8,}"),
    re.compile(r"(whsec_)[\w+/=-]{8,}"),
)


def strike(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `<struck>`."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: (match.group(1) if match.re.groups else "") + "<struck>", text)
    return text


class Redact(logging.Filter):
    """Strikes secrets out of messages and tracebacks before a handler writes them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; never drops one."""
        record.msg = strike(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = strike(record.exc_text)
        return True


class NoSettingsReporterFilter(SafeExceptionReporterFilter):
    """Error reports show neither settings nor posted values nor local variables."""

    def get_safe_settings(self) -> dict[str, Any]:
        """No settings at all."""
        return {}

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """The names of the posted fields only."""
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> ItemsView[str, Any]:  # noqa: ANN401
        """No local variables."""
        del request, tb_frame
        return {}.items()
