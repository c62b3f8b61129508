"""Mail over SMTP through Django's backend. One message for each address, so that one bad address is noticed."""

import functools
import smtplib
import ssl
from collections.abc import Callable
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from tenantry.notifications.sending.outcome import NotDelivered

TIMEOUT_SECONDS: Final = 10


class _Backend(EmailBackend):
    """Django's, with the authorities an operator may name."""

    @functools.cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """The authorities of the system, and those of TENANTRY_ALERTS_CA_FILE."""
        context = ssl.create_default_context()
        if settings.ALERTS_CA_FILE:
            context.load_verify_locations(settings.ALERTS_CA_FILE)
        return context


def is_set_up() -> bool:
    """Whether there is a mail server to send through."""
    return settings.MAIL_SERVER is not None and bool(settings.MAIL_FROM)


def send(*, delivery_id: str, subject: str, text: str, addresses: list[str], on_sent: Callable[[str], None]) -> str:
    """Send to each address in one connection; returns what happened in words.

    Args:
        delivery_id: travels as Message-ID, so that a repetition can be told.
        subject: one line.
        text: the body.
        addresses: who has not got it yet.
        on_sent: told each address that the server took.

    Raises:
        NotDelivered: no server is set, it cannot be reached, or it refused an address.
    """
    server = settings.MAIL_SERVER
    if server is None or not settings.MAIL_FROM:
        raise NotDelivered("No mail server is set: TENANTRY_MAIL_URL and TENANTRY_MAIL_FROM are needed.")
    backend = _Backend(
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password.reveal() if server.password else "",
        use_tls=server.tls == "starttls",
        use_ssl=server.tls == "implicit",
        timeout=TIMEOUT_SECONDS,
    )
    domain = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2] or "tenantry.invalid"
    refused = []
    try:
        backend.open()
        for address in addresses:
            try:
                EmailMessage(
                    subject,
                    text,
                    settings.MAIL_FROM,
                    [address],
                    headers={
                        "Message-ID": f"<{delivery_id}@{domain}>",
                        "Tenantry-Delivery": delivery_id,
                        "Auto-Submitted": "auto-generated",
                    },
                    connection=backend,
                ).send()
            except smtplib.SMTPRecipientsRefused:
                refused.append(address)
                continue
            on_sent(address)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotDelivered(_words(error)) from error
    finally:
        backend.close()
    if refused:
        raise NotDelivered(f"The mail server refused {', '.join(refused)}.")
    return "Taken by the mail server"


_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (smtplib.SMTPAuthenticationError, "The mail server does not accept the name and password of TENANTRY_MAIL_URL."),
    (smtplib.SMTPNotSupportedError, "The mail server offers no STARTTLS or sign-in; see `tls` in TENANTRY_MAIL_URL."),
    (ssl.SSLCertVerificationError, "The mail server's certificate is not trusted; see TENANTRY_ALERTS_CA_FILE."),
    (TimeoutError, f"The mail server did not answer within {TIMEOUT_SECONDS} seconds."),
    (ConnectionRefusedError, "The mail server refuses connections."),
)


def _words(error: Exception) -> str:
    """Why it failed, without anything that the server may have echoed of a sign-in."""
    known = next((words for kind, words in _WORDS if isinstance(error, kind)), "")
    if not known and isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}."
    return known or f"The mail server could not be used ({type(error).__name__})."
