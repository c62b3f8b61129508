"""Duo's Admin API: a verification push to an enrolled device, made for help desks.

`duo_client` signs the requests (version 5); they are sent like every other, since its own client waits up to a minute
by itself when Duo is busy. The application needs the grants "read resource" and "write resource".

Sources: Duo "Admin API" (Retrieve Users, Send Verification Push, Retrieve Verification Push Response, Authentication).
What that page leaves open is in docs/not-verified-live.md.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from email.utils import format_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from duo_client.client import canon_params, normalize_params, sign

from tenantry.kit import clock
from tenantry.kit.sealed import Secret
from tenantry.notifications.sending import NotDelivered, https
from tenantry.verification.providers.base import NoAnswer, NotSent

HOST: Final = re.compile(r"api-[0-9a-f]{8}\.(duosecurity|duofederal)\.com")
KEY: Final = re.compile(r"DI[A-Z0-9]{18}")
_SIGNATURE_VERSION: Final = 5
_PUSH: Final = "push"


class Answer(StrEnum):
    """What the owner of the device did."""

    WAITING = "waiting"
    APPROVED = "approve"
    DENIED = "deny"
    FRAUD = "fraud"
    GONE = "gone"  # Duo knows the push no longer


@dataclasses.dataclass(frozen=True, slots=True)
class Push:
    """A push that went out.

    Attributes:
        reference: Duo's ids of user and push.
        device: the device, as people call it.
        code: what the push shows, to be compared; empty when Duo tells none.
    """

    reference: str
    device: str
    code: str


@dataclasses.dataclass(frozen=True, slots=True)
class Duo:
    """One Admin API application.

    Attributes:
        host: the API hostname, which is part of the signature.
        key: the integration key.
        secret: the secret key.
        base: where requests go; https and the host, but for a stand-in.
    """

    host: str
    key: str
    secret: Secret
    base: str

    def test(self) -> str:
        """Prove that the credentials may read users; returns what was found.

        Raises:
            NotSent: they may not.
        """
        self._users({"limit": "1"})
        return "Duo accepts the application, and it may read users."

    def push(self, *, name: str, mail: str) -> Push:
        """Send a push to the one active user with this name, alias or mail address.

        Raises:
            NotSent: there is none, or several; none of their devices takes a push; Duo refuses or does not answer.
        """
        user = self._user(name, mail)
        if user.get("status") != "active":
            raise NotSent(f"Duo does not verify this user: its status there is “{user.get('status')}”.")
        phones = [each for each in user.get("phones") or () if each.get("activated") and _PUSH in each["capabilities"]]
        if not phones:
            raise NotSent("Duo knows no device of this user that takes a push.")
        user_id, phone = str(user["user_id"]), phones[0]
        try:
            status, body = self._ask(
                "POST", f"/admin/v1/users/{user_id}/send_verification_push", {"phone_id": str(phone["phone_id"])}
            )
        except NotDelivered as error:
            raise NotSent(f"{error.words} A push may be on its way; tell the caller to deny it.") from error
        told = body.get("response")
        if status != HTTPStatus.OK or not isinstance(told, dict) or not told.get("push_id"):
            raise NotSent(_refusal(status, body))
        return Push(
            reference=f"{user_id} {told['push_id']}",
            device=str(phone.get("name") or phone.get("model") or phone.get("type") or "a device")[:60],
            code=str(told.get("confirmation_code") or "")[:12],
        )

    def answer(self, *, reference: str) -> Answer:
        """What became of a push.

        Raises:
            NoAnswer: Duo refuses, does not answer, or says something new.
        """
        user_id, _, push_id = reference.partition(" ")
        path = f"/admin/v1/users/{user_id}/verification_push_response"
        try:
            status, body = self._ask("GET", path, {"push_id": push_id})
        except NotDelivered as error:
            raise NoAnswer(error.words) from error
        if status == HTTPStatus.NOT_FOUND:
            return Answer.GONE
        told = body.get("response")
        result = told.get("result") if isinstance(told, dict) else None
        if status != HTTPStatus.OK or result not in {each.value for each in Answer}:
            raise NoAnswer(_refusal(status, body))
        return Answer(str(result))

    def _user(self, name: str, mail: str) -> dict[str, Any]:
        found = self._users({"username": name})
        if not found and mail:
            found = self._users({"email": mail})
        known = {each.casefold() for each in (name, mail) if each}
        matching = [
            user
            for user in found
            if known & {str(each).casefold() for each in (user.get("username"), user.get("email"), *_aliases(user))}
        ]
        if len(matching) != 1:
            raise NotSent(
                "Duo knows several users by this name or mail address." if matching
                else "Duo knows no user by this sign-in name or mail address."
            )  # fmt: skip
        return matching[0]

    def _users(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        try:
            status, body = self._ask("GET", "/admin/v1/users", params)
        except NotDelivered as error:
            raise NotSent(error.words) from error
        found = body.get("response")
        if status != HTTPStatus.OK or not isinstance(found, list):
            raise NotSent(_refusal(status, body))
        return found

    def _ask(self, method: str, path: str, params: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        date = format_datetime(clock.now())
        is_post = method == "POST"
        body = json.dumps(dict(params), sort_keys=True, separators=(",", ":")) if is_post else ""
        in_query = {} if is_post else normalize_params(dict(params))
        query = canon_params(in_query)
        signed = sign(
            self.key, self.secret.reveal(), method, self.host, path, date, _SIGNATURE_VERSION, in_query, body=body
        )
        answer = https.request(
            method,
            f"{self.base}{path}" + (f"?{query}" if query else ""),
            headers={
                "Authorization": signed,
                "Date": date,
                **({"Content-Type": "application/json"} if is_post else {}),
            },
            body=body.encode() if is_post else None,
        )
        try:
            found = json.loads(answer.body or b"{}")
        except ValueError:
            found = {}
        return answer.status, found if isinstance(found, dict) else {}


def _aliases(user: Mapping[str, Any]) -> tuple[str, ...]:
    aliases = user.get("aliases")
    return tuple(str(each) for each in aliases.values()) if isinstance(aliases, dict) else ()


_WORDS: Final[Mapping[int, str]] = {
    40002: "Duo calls a value invalid: the device may not take a push any more.",
    40101: "Duo does not accept the credentials.",
    40102: "Duo does not know this integration key.",
    40103: "The secret key is another one, or the clocks of this machine and of Duo differ.",
    40104: "Duo does not accept requests that old: look at this machine's clock.",
    40301: "The application lacks a grant: it needs “read resource” and “write resource”.",
    42901: "Duo takes no more requests at the moment.",
}


def _refusal(status: int, body: Mapping[str, Any]) -> str:
    """Duo's refusal by its code; its own text may hold names."""
    code = body.get("code")
    known = _WORDS.get(code) if isinstance(code, int) else None
    told = f"HTTP {status}" + (f", code {code}" if isinstance(code, int) else "")
    return f"{known} ({told})" if known else f"Duo refused ({told})."
