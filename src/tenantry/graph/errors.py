"""What can go wrong when speaking to Microsoft. Callers catch a leaf.

GraphError
├── Throttled            429; `retry_after` seconds
├── Refused              403: a permission or a directory role is missing; `is_restricted_unit`
├── NotConsented         the tenant has no (enabled) enterprise app of ours, or tokens are refused
├── OurCredential        our own secret or certificate is refused: every tenant fails
├── SignInRefused        a person's sign-in gave no token: declined, not allowed, or not theirs
├── NotFound             404: no such object, or not replicated yet
├── Rejected             400/409: Microsoft refuses the content; `code`, `message`
│   └── AlreadyExists    the object is there already
├── TokenExpired         401 on a call (the transport renews once by itself)
├── ResyncNeeded         410: the delta token is too old
├── TenantGone           the tenant does not exist (any more), or lives in another cloud
├── TenantUnreachable    5xx, time-out, no connection: nothing was changed (reads, or refused before sending)
└── UnknownOutcome       a write was sent and no answer came: only a read can tell
"""


class GraphError(Exception):
    """Something went wrong at or on the way to Microsoft.

    Attributes:
        code: Graph's `error.code` or "AADSTS…", empty when there was no answer.
        message: Microsoft's own words (never contains a secret).
        status: the HTTP status, 0 without an answer.
        request_id: Microsoft's id of the failed request, for their support.
    """

    def __init__(self, message: str, *, code: str = "", status: int = 0, request_id: str = "") -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id


class Throttled(GraphError):
    """Too many requests; `retry_after` is in seconds (may be a fraction)."""

    retry_after: float = 1.0


class Refused(GraphError):
    """A permission or a directory role is missing, or the target is protected."""

    @property
    def is_restricted_unit(self) -> bool:
        """Whether the target is protected by a restricted management administrative unit."""
        return "restricted management administrative unit" in self.message.lower()


class NotConsented(GraphError):
    """The tenant has no usable enterprise app of ours."""


class OurCredential(GraphError):
    """Our own credential is refused."""


class SignInRefused(GraphError):
    """A person's sign-in gave no token."""


class NotFound(GraphError):
    """No such object, or it is not replicated yet."""


class Rejected(GraphError):
    """Microsoft refuses the content of the request."""


class AlreadyExists(Rejected):
    """The object is there already: success only after a read."""


class TokenExpired(GraphError):
    """The access token is no longer accepted."""


class ResyncNeeded(GraphError):
    """The delta token is too old; start over."""


class TenantGone(GraphError):
    """The tenant does not exist in this cloud."""


class TenantUnreachable(GraphError):
    """No usable answer, and nothing was changed."""


class UnknownOutcome(GraphError):
    """A write may or may not have happened."""
