"""One request over TLS to an address that the operator chose, and what may go wrong. Redirects are not followed."""

import dataclasses
import functools
import ssl
from collections.abc import Mapping
from typing import Final

import urllib3
from django.conf import settings

from tenantry.notifications.sending.outcome import NotDelivered

TIMEOUT_SECONDS: Final = 10.0
_MOST_BYTES: Final = 65_536
"""Nobody whom we ask has more to say."""


@dataclasses.dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body of an answer."""

    status: int
    body: bytes


def request(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> HttpAnswer:
    """Ask once. Whether a request without an answer had an effect is not known.

    Args:
        method: GET or POST.
        url: an https address.
        headers: beside Host and Content-Length.
        body: of a POST.

    Raises:
        NotDelivered: no answer in time, no connection, no trusted certificate, or an answer longer than 64 KiB.
    """
    with urllib3.PoolManager(
        ssl_context=tls_context(settings.ALERTS_CA_FILE),
        retries=False,
        timeout=urllib3.Timeout(total=TIMEOUT_SECONDS),
    ) as pool:
        try:
            answer = pool.request(
                method,
                url,
                body=body,
                headers={"User-Agent": "Tenantry", **headers},
                redirect=False,
                preload_content=False,
            )
            found = answer.read(_MOST_BYTES + 1)
            answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise NotDelivered(words(error)) from error
    if len(found) > _MOST_BYTES:
        raise NotDelivered("The answer is longer than anything that was asked for.")
    return HttpAnswer(answer.status, found)


@functools.lru_cache(maxsize=4)
def tls_context(ca_file: str) -> ssl.SSLContext:
    """The authorities of the system, and those of TENANTRY_ALERTS_CA_FILE; TLS 1.2 or later."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def words(error: urllib3.exceptions.HTTPError) -> str:
    """Why it failed. The texts of urllib3's errors carry the path, which may hold a token: only the kind is told."""
    match error:
        case urllib3.exceptions.NewConnectionError():
            return "The receiver refuses connections."
        case urllib3.exceptions.ConnectTimeoutError() | urllib3.exceptions.ReadTimeoutError():
            return f"No answer within {TIMEOUT_SECONDS:.0f} seconds."
        case urllib3.exceptions.SSLError():
            return "The receiver's certificate is not trusted, or not for this host; see TENANTRY_ALERTS_CA_FILE."
        case _:
            return f"The message may not have arrived ({type(error).__name__})."
