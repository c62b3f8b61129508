"""A user's sign-in: password, block, sessions; and the reads that prove a change.

The authentication method's own reset action is delegated only, so an app-only reset goes through
`passwordProfile` of the user (AC-5.5).
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from tenantry.graph import errors, transport
from tenantry.kit.intent import Intent
from tenantry.kit.sealed import Secret

_SELECT = (
    "id,userPrincipalName,displayName,accountEnabled,userType,onPremisesSyncEnabled,"
    "lastPasswordChangeDateTime,signInSessionsValidFromDateTime"
)
_MIRRORED = (
    "userPrincipalName",
    "displayName",
    "accountEnabled",
    "userType",
    "onPremisesSyncEnabled",
    "lastPasswordChangeDateTime",
)


@dataclasses.dataclass(frozen=True, slots=True)
class SignInFacts:
    """What a user's sign-in looks like at the moment of the read.

    Attributes:
        account_enabled: whether sign-in is possible.
        last_password_change_at: last change or creation; None when Microsoft does not say.
        sessions_valid_from_at: refresh tokens issued before are void.
        is_guest: the account's home is another tenant.
        is_synced: mastered on-premises.
        mirrored: the part of Graph's JSON that the directory mirror keeps.
        pass_ids: ids of the user's Temporary Access Passes; None when they were not asked for.
    """

    account_enabled: bool
    last_password_change_at: dt.datetime | None
    sessions_valid_from_at: dt.datetime | None
    is_guest: bool
    is_synced: bool
    mirrored: dict[str, Any]
    pass_ids: frozenset[str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The facts as JSON values, for the row and the record."""
        return {
            "accountEnabled": self.account_enabled,
            "lastPasswordChangeDateTime": _text(self.last_password_change_at),
            "signInSessionsValidFromDateTime": _text(self.sessions_valid_from_at),
            **({"temporaryAccessPassMethods": sorted(self.pass_ids)} if self.pass_ids is not None else {}),
        }


def read_sign_in_facts(*, tenant_id: uuid.UUID, object_id: uuid.UUID, patience: float = transport.HASTY) -> SignInFacts:
    """Read the facts that show whether a reset, block or revocation took effect.

    Microsoft Graph "Get user"; least permission User.Read.All. App-only reads have no session consistency: an
    answer may be older than the last write.

    Raises:
        GraphError: any leaf but UnknownOutcome; NotFound also for an object that is not replicated yet.
    """
    answer = transport.get(tenant_id, f"/users/{object_id}", query={"$select": _SELECT}, patience=patience)
    body = answer.json
    if not isinstance(body, dict) or not isinstance(body.get("accountEnabled"), bool):
        raise errors.TenantUnreachable("Microsoft's answer names no accountEnabled, so it proves nothing.")
    return SignInFacts(
        account_enabled=body["accountEnabled"],
        last_password_change_at=_time(body.get("lastPasswordChangeDateTime")),
        sessions_valid_from_at=_time(body.get("signInSessionsValidFromDateTime")),
        is_guest=body.get("userType") == "Guest",
        is_synced=bool(body.get("onPremisesSyncEnabled")),
        mirrored={name: body[name] for name in _MIRRORED if name in body},
    )


def set_password(
    *, intent: Intent, object_id: uuid.UUID, password: Secret, must_change: bool, patience: float = transport.HASTY
) -> None:
    """Set a user's password. Sending the same one again changes nothing further for the user.

    Microsoft Graph "Update user", `passwordProfile`; least permission User-PasswordProfile.ReadWrite.All, and a
    directory role (User Administrator at least). Not for federated users.

    Raises:
        Rejected: the password breaks the tenant's rules; the message is Microsoft's.
        UnknownOutcome, GraphError: see `transport.write`.
    """
    profile = {"password": password, "forceChangePasswordNextSignIn": must_change}
    _patch(intent, object_id, {"passwordProfile": profile}, patience)


def set_account_enabled(
    *, intent: Intent, object_id: uuid.UUID, enabled: bool, patience: float = transport.HASTY
) -> None:
    """Block (False) or unblock (True) a user's sign-in. Idempotent.

    Microsoft Graph "Update user", `accountEnabled`; least permission User.EnableDisableAccount.All with
    User.Read.All, and a role of the table "Who can perform sensitive actions".

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    _patch(intent, object_id, {"accountEnabled": enabled}, patience)


def revoke_sessions(*, intent: Intent, object_id: uuid.UUID, patience: float = transport.HASTY) -> None:
    """Void every refresh token and session cookie of a user. Access tokens already issued live on for up to an hour.

    Microsoft Graph "user: revokeSignInSessions"; least permission User.RevokeSessions.All. Not repeated after an
    unknown outcome before a read has shown that nothing happened.

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    transport.write(
        "POST", intent.tenant_id, f"/users/{object_id}/revokeSignInSessions", intent=intent, patience=patience
    )


def _patch(intent: Intent, object_id: uuid.UUID, body: dict[str, Any], patience: float) -> None:
    transport.write("PATCH", intent.tenant_id, f"/users/{object_id}", body, intent=intent, patience=patience)


def _time(text: object) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if isinstance(text, str) and text else None


def _text(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
