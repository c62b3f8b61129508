"""Errors as they go over the wire: Graph's envelope and the token endpoint's AADSTS bodies.

GraphError      an answer of Microsoft Graph ("Microsoft Graph error responses")
AadstsError     an answer of a login endpoint ("Error and warning codes")
Dropped         no answer at all: the connection is closed
"""

import datetime as dt
import uuid
from typing import Any

_ERRORS: dict[int, tuple[str, int]] = {
    50034: ("invalid_grant", 400),
    50194: ("invalid_request", 400),
    50057: ("invalid_grant", 400),
    50126: ("invalid_grant", 400),
    50173: ("invalid_grant", 400),
    54005: ("invalid_grant", 400),
    65001: ("invalid_grant", 400),
    65004: ("access_denied", 400),
    70000: ("invalid_grant", 400),
    70003: ("unsupported_grant_type", 400),
    70008: ("invalid_grant", 400),
    70011: ("invalid_scope", 400),
    90002: ("invalid_request", 400),
    90033: ("temporarily_unavailable", 503),
    500011: ("invalid_resource", 400),
    500112: ("invalid_grant", 400),
    501481: ("invalid_grant", 400),
    650053: ("invalid_scope", 400),
    700016: ("unauthorized_client", 400),
    700024: ("invalid_client", 401),
    700025: ("invalid_client", 401),
    700027: ("invalid_client", 401),
    700021: ("invalid_client", 401),
    700082: ("invalid_grant", 400),
    900144: ("invalid_request", 400),
    1002012: ("invalid_scope", 400),
    7000112: ("unauthorized_client", 400),
    7000215: ("invalid_client", 401),
    7000218: ("invalid_client", 401),
    7000222: ("invalid_client", 401),
    7000229: ("invalid_client", 401),
    9001023: ("invalid_request", 400),
}
"""`error` and HTTP status by code. Microsoft documents the codes; most statuses are common knowledge only."""


class AadstsError(Exception):
    """A refusal of a login endpoint."""

    def __init__(self, code: int, message: str, *, error: str, status: int, retry_after: str | None = None) -> None:
        super().__init__(f"AADSTS{code}: {message}")
        self.code = code
        self.message = message
        self.error = error
        self.status = status
        self.retry_after = retry_after

    def body(self, now: dt.datetime, *, correlation_id: str | None = None, host: str) -> dict[str, Any]:
        """The JSON that goes out."""
        trace, correlation = str(uuid.uuid4()), correlation_id or str(uuid.uuid4())
        stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{self.code}: {self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        )
        return {
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{host}/error?code={self.code}",
        }


def aadsts(code: int, message: str, *, error: str | None = None, status: int | None = None) -> AadstsError:
    """The error of that code; `error` and `status` come from the table unless given."""
    name, usual = _ERRORS.get(code, ("invalid_request", 400))
    return AadstsError(code, message, error=error or name, status=status or usual)


class GraphError(Exception):
    """A refusal of Microsoft Graph."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        details: list[dict[str, str]] | None = None,
        inner_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.details = details
        self.inner_code = inner_code
        self.lack_of_permission = False

    def body(self, now: dt.datetime, *, request_id: str, client_request_id: str) -> dict[str, Any]:
        """The JSON that goes out."""
        inner: dict[str, Any] = {"code": self.inner_code} if self.inner_code else {}
        inner["date"] = now.strftime("%Y-%m-%dT%H:%M:%S")
        inner["request-id"] = request_id
        inner["client-request-id"] = client_request_id
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        error["innerError"] = inner
        return {"error": error}


class Dropped(Exception):
    """A scripted fault closes the connection without an answer."""


def denied(*, lack_of_permission: bool = False) -> GraphError:
    """403: a permission or a role is missing; Graph does not say which."""
    error = GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    error.lack_of_permission = lack_of_permission
    return error


def not_found(object_id: str) -> GraphError:
    """404: no such object, or not replicated yet."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present.",
    )


def bad_request(message: str, *, code: str = "Request_BadRequest", **more: Any) -> GraphError:  # noqa: ANN401
    """400 with Graph's usual code."""
    return GraphError(400, code, message, **more)


def unsupported_query(message: str) -> GraphError:
    """400 for query options that the directory does not take."""
    return GraphError(400, "Request_UnsupportedQuery", message)
