"""One connection pool for login and Graph. urllib3 reads no proxy or netrc settings from the environment."""

import functools
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3
from django.conf import settings

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
# A pool connection per thread of a busy process; more wait rather than open connections without bound.
CONNECTIONS_PER_HOST = 32


@functools.lru_cache(maxsize=8)
def _pool_for(ca_file: str) -> urllib3.PoolManager:
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return urllib3.PoolManager(
        maxsize=CONNECTIONS_PER_HOST,
        block=False,
        ssl_context=context,
        retries=False,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
    )


def pool() -> urllib3.PoolManager:
    """The process's connection pool."""
    return _pool_for(settings.CA_FILE)


class MsalResponse:
    """What MSAL reads of an HTTP answer."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self.status_code = answer.status
        self.headers: Mapping[str, str] = answer.headers
        self.text = answer.data.decode("utf-8", "replace")

    def raise_for_status(self) -> None:
        """MSAL asks for this on discovery answers."""
        if self.status_code >= 400:  # noqa: PLR2004  HTTP's own border
            raise urllib3.exceptions.HTTPError(f"status {self.status_code}")


class MsalHttpClient:
    """MSAL's `http_client` on our pool."""

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,  # noqa: ANN401  MSAL may pass options of other clients
    ) -> MsalResponse:
        """POST a form."""
        if isinstance(data, Mapping):
            answer = pool().request(
                "POST", _with(url, params), fields=dict(data), encode_multipart=False, headers=dict(headers or {})
            )
        else:
            answer = pool().request("POST", _with(url, params), body=data, headers=dict(headers or {}))
        return MsalResponse(answer)

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,  # noqa: ANN401  as above
    ) -> MsalResponse:
        """GET a document."""
        return MsalResponse(pool().request("GET", _with(url, params), headers=dict(headers or {})))

    def close(self) -> None:
        """The pool outlives every MSAL client."""


def _with(url: str, params: Mapping[str, str] | None) -> str:
    if not params:
        return url
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode(params)}"
