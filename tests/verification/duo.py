"""A stand-in for Duo's Admin API over HTTPS: it checks every signature by itself, and knows users, devices and pushes.

Source: Duo "Admin API": Authentication (version 5), Retrieve Users, Send Verification Push, Retrieve Verification Push
Response. What the page leaves open (`confirmation_code`, how an old push is answered) follows what clients expect.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import uuid
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from tests.conftest import SharedClock
from tests.verification.stand_in import Refused, StandIn

HOST, KEY = "api-1a2b3c4d.duosecurity.com", "DIABCDEFGHIJKLMNOPQR"
SECRET = "canaryDuoSecretKeyOfFortySignsAndNoMore0"
SKEW, LIFETIME = dt.timedelta(minutes=5), dt.timedelta(minutes=1)


@dataclasses.dataclass
class SentPush:
    """A push on somebody's device."""

    id: str
    user_id: str
    phone_id: str
    sent_at: dt.datetime
    result: str = "waiting"


def refused(status: int, code: int, message: str) -> Refused:
    """Duo's shape of a refusal."""
    return Refused(status, {"stat": "FAIL", "code": code, "message": message})


class DuoStandIn(StandIn):
    """A server of its own; `url` is where the console sends what is meant for Duo."""

    failure: ClassVar[dict[str, Any]] = {"stat": "FAIL"}

    def __init__(self, clock: SharedClock, folder: Path) -> None:
        self.clock = clock
        self.users: list[dict[str, Any]] = []
        self.pushes: dict[str, SentPush] = {}
        self.is_granted = True
        self.tells_code = True
        super().__init__(folder)  # from here on it answers

    def add_user(self, username: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  of Duo's user
        phone = {
            "phone_id": f"DP{uuid.uuid4().hex[:18].upper()}", "activated": True, "name": "", "type": "Mobile",
            "model": "Pixel 9", "capabilities": ["auto", "push", "sms", "mobile_otp"],
        }  # fmt: skip
        user = {
            "user_id": f"DU{uuid.uuid4().hex[:18].upper()}", "username": username, "email": "", "aliases": {},
            "status": "active", "is_enrolled": True, "phones": [phone],
        } | fields  # fmt: skip
        self.users.append(user)
        return user

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(path)
        self._check_signature(method, parts.path, parts.query, headers, body)
        if not self.is_granted:
            raise refused(403, 40301, "Access forbidden")
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        if method == "GET" and parts.path == "/admin/v1/users":
            return 200, {"stat": "OK", "response": self._find(query), "metadata": {}}
        segments = parts.path.split("/")
        if len(segments) != 6 or segments[:4] != ["", "admin", "v1", "users"]:
            raise refused(404, 40401, "Resource not found")
        user = next((each for each in self.users if each["user_id"] == segments[4]), None)
        if user is None:
            raise refused(404, 40401, "Resource not found")
        if (method, segments[5]) == ("POST", "send_verification_push"):
            return self._send(user, body)
        if (method, segments[5]) == ("GET", "verification_push_response"):
            return self._tell(user, query)
        raise refused(405, 40501, "Method not allowed")

    def _check_signature(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
        date = headers.get("Date", "")
        if abs(parsedate_to_datetime(date) - self.clock.now()) > SKEW:
            raise refused(401, 40104, "Bad request timestamp")
        canonical = "\n".join(
            [date, method, HOST, path, "&".join(sorted(query.split("&"))) if query else "",
             hashlib.sha512(body).hexdigest(), hashlib.sha512(b"").hexdigest()]
        )  # fmt: skip
        expected = hmac.new(SECRET.encode(), canonical.encode(), hashlib.sha512).hexdigest()
        given = base64.b64decode(headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if given.partition(":")[0] != KEY:
            raise refused(401, 40102, "Invalid integration key in request credentials")
        if given.partition(":")[2] != expected:
            raise refused(401, 40103, "Invalid signature in request credentials")
        if method == "POST" and headers.get("Content-Type") != "application/json":
            raise refused(400, 40002, "Invalid request parameters")

    def _find(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if set(query) == {"limit"}:
            return self.users[: int(query["limit"])]
        if set(query) == {"username"}:
            name = query["username"].lower()
            return [u for u in self.users if name in {u["username"].lower(), *map(str.lower, u["aliases"].values())}]
        if set(query) == {"email"}:
            return [u for u in self.users if u["email"].lower() == query["email"].lower()]
        raise refused(400, 40002, "Invalid request parameters")

    def _send(self, user: dict[str, Any], body: bytes) -> tuple[int, dict[str, Any]]:
        form = json.loads(body)
        phone = next((each for each in user["phones"] if each["phone_id"] == form.get("phone_id")), None)
        if set(form) != {"phone_id"} or phone is None or not phone["activated"]:
            raise refused(400, 40002, "Invalid request parameters")
        push = SentPush(str(uuid.uuid4()), user["user_id"], phone["phone_id"], self.clock.now())
        self.pushes[push.id] = push
        told = {"push_id": push.id} | ({"confirmation_code": "493021"} if self.tells_code else {})
        return 200, {"stat": "OK", "response": told}

    def _tell(self, user: dict[str, Any], query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        push = self.pushes.get(query.get("push_id", ""))
        is_over = push is not None and push.result == "waiting" and self.clock.now() >= push.sent_at + LIFETIME
        if push is None or push.user_id != user["user_id"] or is_over:
            raise refused(404, 40401, "Resource not found")
        return 200, {"stat": "OK", "response": {"push_id": push.id, "result": push.result}}
