"""A stand-in for Twilio Verify v2 over HTTPS: strict about what it is sent, with Twilio's rules about one number.

While a verification of a number is pending, another one for it is the same one, and sends the same code. It is gone
once it is approved, expired (ten minutes), or its five checks are used up. Five sendings in ten minutes are the most.

Sources: Twilio "Verifications", "Verification Check", "Rate limits and timeouts", "Test Verify with no rate limits".
"""

import base64
import dataclasses
import datetime as dt
import re
import uuid
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from tests.conftest import SharedClock
from tests.verification.stand_in import Refused, StandIn

ACCOUNT, KEY, SERVICE = f"AC{'a1' * 16}", f"SK{'b2' * 16}", f"VA{'c3' * 16}"
SECRET = "canary-twilio-key-secret"
LIFETIME = dt.timedelta(minutes=10)
_PATH = re.compile(
    r"/v2/Services/(VA[0-9a-f]{32})(/Verifications|/VerificationCheck|/Verifications/(VE[0-9a-f]{32}))?$"
)
_FIELDS = {"/Verifications": {"To", "Channel"}, "/VerificationCheck": {"VerificationSid", "Code"}}


@dataclasses.dataclass
class Pending:
    """A verification that is not over."""

    sid: str
    to: str
    code: str
    started_at: dt.datetime
    checks: int = 0


def refused(status: int, code: int, message: str) -> Refused:
    """Twilio's shape of a refusal."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Refused(status, {"code": code, "message": message, "status": status, "more_info": more})


class Twilio(StandIn):
    """A server of its own; `url` is what the console is pointed at."""

    failure: ClassVar[dict[str, Any]] = {}

    def __init__(self, clock: SharedClock, folder: Path) -> None:
        self.clock = clock
        self.pending: dict[str, Pending] = {}
        self.sendings: list[tuple[str, dt.datetime]] = []
        self.cancelled: list[str] = []
        self.accepts = True  # whether the credentials are good
        super().__init__(folder)  # from here on it answers

    def code_for(self, number: str) -> str:
        """What stands on the telephone."""
        return next(each.code for each in self.pending.values() if each.to == number)

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        given = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if headers.get("Authorization") != f"Basic {given}" or not self.accepts:
            raise refused(401, 20003, "Authenticate")
        found = _PATH.fullmatch(path)
        if found is None or found.group(1) != SERVICE:
            raise refused(404, 20404, f"The requested resource {path} was not found")
        if method == "GET":
            if found.group(2):
                raise refused(405, 20004, "Method not allowed")
            return 200, {"sid": SERVICE, "account_sid": ACCOUNT, "friendly_name": "Harbour IT", "code_length": 6}
        if headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise refused(415, 20001, "Unsupported media type")
        form = dict(parse_qsl(body.decode(), strict_parsing=True))
        for sid in [each.sid for each in self.pending.values() if self.clock.now() >= each.started_at + LIFETIME]:
            del self.pending[sid]
        kind = found.group(2) or ""
        fields = {"Status"} if found.group(3) else _FIELDS.get(kind, set())
        if set(form) != fields:
            raise refused(400, 60200, "Invalid parameter")
        if found.group(3):
            return self._cancel(found.group(3), form)
        return self._start(form) if kind == "/Verifications" else self._check(form)

    def _start(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        to, now = form["To"], self.clock.now()
        if not re.fullmatch(r"\+[1-9][0-9]{6,14}", to) or form["Channel"] != "sms":
            raise refused(400, 60200, "Invalid parameter `To`")
        if sum(each == to and at > now - LIFETIME for each, at in self.sendings) >= 5:
            raise refused(429, 60203, "Max send attempts reached")
        self.sendings.append((to, now))
        found = next((each for each in self.pending.values() if each.to == to), None)
        if found is None:
            number = uuid.uuid4()
            found = Pending(f"VE{number.hex}", to, f"{number.int % 10**6:06d}", now)
            self.pending[found.sid] = found
        return 201, self._document(found, "pending")

    def _check(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        found = self.pending.get(form["VerificationSid"])
        if found is None:
            raise refused(404, 20404, "The requested resource was not found")
        if found.checks >= 5:
            raise refused(429, 60202, "Max check attempts reached")
        found.checks += 1
        if form["Code"] != found.code:
            return 200, self._document(found, "pending")
        del self.pending[found.sid]
        return 200, self._document(found, "approved")

    def _cancel(self, sid: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form["Status"] not in {"canceled", "approved"}:
            raise refused(400, 60200, "Invalid parameter `Status`")
        found = self.pending.pop(sid, None)
        if found is None:
            raise refused(404, 20404, "The requested resource was not found")
        self.cancelled.append(sid)
        return 200, self._document(found, form["Status"])

    def _document(self, found: Pending, status: str) -> dict[str, Any]:
        return {
            "sid": found.sid, "service_sid": SERVICE, "account_sid": ACCOUNT, "to": found.to, "channel": "sms",
            "status": status, "valid": status == "approved",
        }  # fmt: skip
