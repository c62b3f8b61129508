"""Twilio Verify, version 2: two form POSTs, one to cancel, and one GET that tests the credentials.

Sources: Twilio "Verifications" (start, update status), "Verification Check", "Verify Services", "Verify error codes".
A verification is deleted once it is approved, expired, or its checks are used up; it answers 404 then.
"""

import base64
import dataclasses
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from tenantry.kit.sealed import Secret
from tenantry.notifications.sending import NotDelivered, https
from tenantry.verification.providers.base import Check, NoAnswer, NotSent

ACCOUNT: Final = re.compile(r"AC[0-9a-f]{32}")
KEY: Final = re.compile(r"SK[0-9a-f]{32}")
SERVICE: Final = re.compile(r"VA[0-9a-f]{32}")
_VERIFICATION: Final = re.compile(r"VE[0-9a-f]{32}")
_CODE: Final = re.compile(r"[0-9]{4,10}")

_MAX_CHECKS: Final = 60202
_WORDS: Final[Mapping[int, str]] = {
    20003: "Twilio does not accept the credentials.",
    20404: "Twilio knows no such Verify service in this account.",
    20429: "Twilio takes no more requests at the moment.",
    60200: "Twilio calls a value invalid.",
    60203: "Five codes went to this number within ten minutes; Twilio sends no more until that time is over.",
    60205: "Twilio sends no text messages to landlines.",
    60212: "Twilio sends no more codes to this number at the moment: too many were asked for.",
    60410: "Twilio blocks numbers of this kind to prevent fraud; see Fraud Guard in its console.",
    60605: "Twilio does not send codes to this country; see Geo permissions in its console.",
}

_SAYS: Final[Mapping[str, Check]] = {
    "approved": Check.RIGHT,
    "pending": Check.WRONG,
    "max_attempts_reached": Check.TOO_MANY,
    "canceled": Check.GONE,
    "expired": Check.GONE,
    "deleted": Check.GONE,
    "failed": Check.GONE,
}


@dataclasses.dataclass(frozen=True, slots=True)
class TwilioVerify:
    """One Verify service.

    Attributes:
        base: such as https://verify.twilio.com.
        user: the account SID, or the SID of an API key.
        password: the account's auth token, or the key's secret.
        service: SID of the Verify service.
    """

    base: str
    user: str
    password: Secret
    service: str

    def test(self) -> str:
        """Read the service ("Fetch a Verify Service")."""
        try:
            status, body = self._ask("GET", "")
        except NotDelivered as error:
            raise NotSent(error.words) from error
        if status != HTTPStatus.OK or body.get("sid") != self.service:
            raise NotSent(_refusal(status, body))
        return f"Twilio knows the service “{str(body.get('friendly_name') or '')[:60]}”."

    def send(self, *, number: str) -> str:
        """Start a verification by SMS ("Start New Verification")."""
        try:
            status, body = self._ask("POST", "/Verifications", {"To": number, "Channel": "sms"})
        except NotDelivered as error:
            raise NotSent(f"{error.words} A code may be on its way, but it is of no use.") from error
        reference = str(body.get("sid") or "")
        if status != HTTPStatus.CREATED:
            raise NotSent(_refusal(status, body))
        if body.get("status") != "pending" or not _VERIFICATION.fullmatch(reference):
            raise NotSent("Twilio's answer is not understood.")
        return reference

    def check(self, *, reference: str, code: str) -> Check:
        """Check a code ("Check a Verification"). What cannot be a code costs no request."""
        if not _CODE.fullmatch(code):
            return Check.WRONG
        try:
            status, body = self._ask("POST", "/VerificationCheck", {"VerificationSid": reference, "Code": code})
        except NotDelivered as error:
            raise NoAnswer(error.words) from error
        if status == HTTPStatus.NOT_FOUND:
            return Check.GONE
        if body.get("code") == _MAX_CHECKS and status != HTTPStatus.OK:
            return Check.TOO_MANY
        if status != HTTPStatus.OK or body.get("sid") != reference:
            raise NoAnswer(_refusal(status, body))
        told = _SAYS.get(str(body.get("status")))
        if told is None:
            raise NoAnswer("Twilio's answer is not understood.")
        return told if told is not Check.RIGHT or body.get("valid") is True else Check.WRONG

    def cancel(self, *, reference: str) -> None:
        """Cancel a verification ("Update Verification Status")."""
        try:
            status, body = self._ask("POST", f"/Verifications/{reference}", {"Status": "canceled"})
        except NotDelivered as error:
            raise NoAnswer(error.words) from error
        if status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise NoAnswer(_refusal(status, body))

    def _ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        basic = base64.b64encode(f"{self.user}:{self.password.reveal()}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Accept": "application/json"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = https.request(
            method,
            f"{self.base}/v2/Services/{self.service}{path}",
            headers=headers,
            body=urlencode(form).encode() if form is not None else None,
        )
        try:
            found = json.loads(answer.body or b"{}")
        except ValueError:
            found = {}
        return answer.status, found if isinstance(found, dict) else {}


def _refusal(status: int, body: Mapping[str, Any]) -> str:
    """Twilio's refusal by its code. Its own text is not repeated: it may hold the number."""
    code = body.get("code")
    known = _WORDS.get(code) if isinstance(code, int) else None
    if known is None and status == HTTPStatus.UNAUTHORIZED:
        known = _WORDS[20003]
    told = f"HTTP {status}" + (f", code {code}" if isinstance(code, int) else "")
    return f"{known} ({told})" if known else f"Twilio refused ({told})."
