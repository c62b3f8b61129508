"""A signed POST. Redirects are not followed, and the address that was checked is the one that is connected to.

The signature follows the published "Standard Webhooks" scheme, for which receivers find libraries: the headers
`webhook-id` (the same for every attempt of one message), `webhook-timestamp` (seconds since 1970) and
`webhook-signature`: "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body" with the secret's bytes.
"""

import base64
import hashlib
import hmac
import ipaddress
import secrets
import socket
from typing import Final
from urllib.parse import urlsplit

import urllib3
from django.conf import settings

from tenantry.kit import clock
from tenantry.kit.errors import Invalid
from tenantry.kit.sealed import Secret
from tenantry.notifications.policies import refused_address, webhook_host
from tenantry.notifications.sending.https import TIMEOUT_SECONDS, tls_context, words
from tenantry.notifications.sending.outcome import NotDelivered

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
_GOOD: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


def new_secret() -> Secret:
    """A signing secret in the scheme's own writing."""
    return Secret(_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())


def signature(*, secret: Secret, delivery_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    key = base64.b64decode(secret.reveal().removeprefix(_PREFIX))
    signed = hmac.new(key, f"{delivery_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def post(*, url: Secret, secret: Secret, delivery_id: str, body: bytes) -> str:
    """Send one message; returns the status in words.

    Raises:
        NotDelivered: the address may not be used, nobody answered in time, or the answer was not 2xx.
    """
    whole = url.reveal()
    try:
        webhook_host(whole, may_be_loopback=settings.IS_DEMO)
    except Invalid as refusal:
        raise NotDelivered(refusal.reason) from refusal
    parts = urlsplit(whole)
    host = parts.hostname or ""
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    timestamp = int(clock.now().timestamp())
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "Tenantry",
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret=secret, delivery_id=delivery_id, timestamp=timestamp, body=body),
    }
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = _address_of(host, port)
    timeout = urllib3.Timeout(total=TIMEOUT_SECONDS)
    pool: urllib3.HTTPConnectionPool
    if is_tls:
        pool = urllib3.HTTPSConnectionPool(
            address,
            port,
            ssl_context=tls_context(settings.ALERTS_CA_FILE),
            server_hostname=host,
            assert_hostname=host,
            retries=False,
            timeout=timeout,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, retries=False, timeout=timeout)
    try:
        # The answer's body is not read: nothing in it is ours, and it may be endless.
        answer = pool.urlopen("POST", target, body=body, headers=headers, redirect=False, preload_content=False)
        status = answer.status
        answer.close()
    except urllib3.exceptions.HTTPError as error:
        raise NotDelivered(words(error)) from error
    finally:
        pool.close()
    if status in _GOOD:
        return f"Answered {status}"
    if status in _REDIRECTS:
        raise NotDelivered(f"Answered {status}: a redirect, which is not followed. Enter the final address.")
    raise NotDelivered(f"Answered {status}")


def _address_of(host: str, port: int) -> str:
    """One address of the host, after every address was found to be allowed.

    Connecting to what was checked, and not to the name again, leaves no time in which the name could change.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotDelivered(f"The host is not known ({type(error).__name__}).") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        plain = ipaddress.ip_address(address.partition("%")[0])
        if why := refused_address(plain, may_be_loopback=settings.IS_DEMO):
            raise NotDelivered(f"Not sent: the name leads to {plain}, and {why}.")
    return addresses[0]
