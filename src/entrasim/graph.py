"""Graph v1.0: from a request to an answer, with authentication, faults, throttling and permissions on the way."""

import dataclasses
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from entrasim import enforcement, pim
from entrasim.effective import View
from entrasim.errors import Dropped, GraphError, not_found
from entrasim.faults import Fault
from entrasim.journal import JournalEntry, redact
from entrasim.odata.query import parse
from entrasim.tokens import GraphToken, read_bearer
from entrasim.web import ROUTES, Call, GraphRequest, Reply, Route

if TYPE_CHECKING:
    from entrasim.app import Context

_DIAGNOSTIC = (
    '{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"ENTRASIM"}}'
)
_SLOW_CHUNK = 64
_QUOTED_KEY = re.compile(r"^/(users|groups|servicePrincipals|domains|applications|oauth2PermissionGrants)\('([^']+)'\)")
"""OData's own way to write a key: `/users('id')` is `/users/id`."""


@dataclasses.dataclass(slots=True)
class Outcome:
    """An answer on its way, with what the journal wants to know."""

    reply: Reply
    tenant_id: str = ""
    app_id: str = ""
    area: str = ""
    effect: bool = False
    unsimulated: bool = False
    lack_of_permission: bool = False
    drop: bool = False
    slow: Fault | None = None
    fault: str = ""


class Graph:
    """Answers requests to Graph."""

    def __init__(self, context: "Context") -> None:
        self._context = context
        self._routes: MapAdapter = Map(
            [Rule(r.rule, methods=[r.method], endpoint=r, merge_slashes=False) for r in ROUTES], merge_slashes=False
        ).bind("graph")

    def answer(self, request: GraphRequest) -> Outcome:
        """Answer one request and note it; never raises for what a client did.

        A dropped connection is told by `Outcome.drop`; inside a batch it ends the whole batch.
        """
        outcome = Outcome(Reply())
        try:
            outcome.reply = self._answer(request, outcome)
        except GraphError as error:
            outcome.lack_of_permission = error.lack_of_permission
            body = error.body(
                self._context.clock.now(),
                request_id=request.request_id,
                client_request_id=request.client_request_id or request.request_id,
            )
            outcome.reply = Reply(error.status, body, {**outcome.reply.headers, **error.headers})
        except Dropped:
            outcome.drop = True
        self._finish(request, outcome)
        return outcome

    def unsimulated(self, request: GraphRequest) -> Outcome:
        """Another version than v1.0: refused and complained about."""
        outcome = Outcome(Reply(), unsimulated=True)
        try:
            token = read_bearer(self._context, request.headers.get("authorization", ""))
        except GraphError:
            tenant_id = ""
        else:
            tenant_id, outcome.app_id = token.tenant_id, token.app_id
        outcome.tenant_id = tenant_id
        self._context.linter.complain(tenant_id, f"{request.method} {request.path} is not v1.0")
        error = GraphError(501, "NotImplemented", "Only v1.0 of Microsoft Graph is simulated.")
        now = self._context.clock.now()
        outcome.reply = Reply(501, error.body(now, request_id=request.request_id, client_request_id=""))
        self._finish(request, outcome)
        return outcome

    def _answer(self, request: GraphRequest, outcome: Outcome) -> Reply:
        token = read_bearer(self._context, request.headers.get("authorization", ""))
        outcome.tenant_id, outcome.app_id = token.tenant_id, token.app_id
        self._context.linter.asked(
            tenant_id=token.tenant_id,
            app_id=token.app_id,
            method=request.method,
            path=request.path,
            url=request.url,
            client_request_id=request.client_request_id or ("batch" if request.in_batch else ""),
            body=request.body,
        )
        tenant = self._context.world.tenants.get(token.tenant_id)
        if tenant is None or tenant.gone:
            raise GraphError(401, "InvalidAuthenticationToken", "The tenant of the access token was not found.")
        route, args = self._match(request, outcome)
        outcome.area = route.area
        self._fault_before(request, token, outcome)
        query = parse(request.query_string, request.headers)
        if route.area != "batch":
            self._throttle(request, token, outcome)
        stale = self._take(outcome, token.tenant_id, request, "stale") is not None
        view = View(tenant, self._context.clock.now(), stale=stale)
        call = Call(self._context, request, tenant, token, args, query, view)
        if route.area == "batch":
            # Its parts take the lock one by one; none of them may wait for another tenant's.
            return route.handler(call)
        with tenant.lock:
            pim.settle(tenant, view.now)
            caller = enforcement.caller_of(tenant, token, view.now, for_write=request.method != "GET")
            if route.operation is not None:
                enforcement.require_operation(caller, route.operation)
            try:
                reply = route.handler(call)
            finally:
                outcome.effect = call.effect
        reply.headers = {**outcome.reply.headers, **reply.headers}
        if self._take(outcome, token.tenant_id, request, "lost"):
            raise Dropped
        outcome.slow = self._take(outcome, token.tenant_id, request, "slow")
        return reply

    def _match(self, request: GraphRequest, outcome: Outcome) -> tuple[Route, dict[str, str]]:
        try:
            path = _QUOTED_KEY.sub(r"/\1/\2", request.path.rstrip("/") or "/")
            route, args = self._routes.match(path, method=request.method)
        except MethodNotAllowed as error:
            raise GraphError(
                405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
            ) from error
        except NotFound as error:
            outcome.unsimulated = True
            raise GraphError(
                501, "NotImplemented", f"entrasim does not simulate {request.method} {request.path}."
            ) from error
        return route, dict(args)

    def _take(self, outcome: Outcome, tenant_id: str, request: GraphRequest, *kinds: str) -> Fault | None:
        fault = self._context.faults.take(tenant_id, request.method, request.path, *kinds)
        if fault is not None:
            outcome.fault = fault.kind
        return fault

    def _fault_before(self, request: GraphRequest, token: GraphToken, outcome: Outcome) -> None:
        fault = self._take(outcome, token.tenant_id, request, "throttled", "error", "refused_before", "not_found")
        if fault is None:
            return
        options = fault.options
        if fault.kind == "refused_before":
            raise Dropped
        if fault.kind == "throttled":
            after = options.get("retry_after", "2.128")
            raise _throttled({} if after is None else {"Retry-After": str(after)})
        if fault.kind == "not_found":
            raise not_found(request.path.split("/")[2] if request.path.count("/") > 1 else request.path)
        status = int(options.get("status") or 503)
        code = str(
            options.get("code") or {503: "ServiceUnavailable", 504: "GatewayTimeout"}.get(status, "UnknownError")
        )
        headers = {"Retry-After": str(options["retry_after"])} if options.get("retry_after") else {}
        message = str(options.get("message") or "The service is temporarily unavailable.")
        raise GraphError(status, code, message, headers=headers)

    def _throttle(self, request: GraphRequest, token: GraphToken, outcome: Outcome) -> None:
        verdict = self._context.throttle.admit(
            tenant=self._context.world.tenants[token.tenant_id],
            app_id=token.app_id,
            method=request.method,
            path=request.path,
            query=parse(request.query_string, request.headers),
        )
        outcome.reply.headers.update(verdict.headers)
        if verdict.retry_after is not None:
            raise _throttled({"Retry-After": verdict.retry_after})

    def _finish(self, request: GraphRequest, outcome: Outcome) -> None:
        reply = outcome.reply
        now = self._context.clock.now()
        if outcome.effect:
            self._context.world.touch(outcome.tenant_id)
        reply.headers.setdefault("request-id", request.request_id)
        reply.headers.setdefault("client-request-id", request.client_request_id or request.request_id)
        reply.headers.setdefault("x-ms-ags-diagnostic", _DIAGNOSTIC)
        linter = self._context.linter
        who = {"tenant_id": outcome.tenant_id, "app_id": outcome.app_id}
        if outcome.drop:
            linter.lost(**who, method=request.method, path=request.path, body=request.body)
        else:
            linter.answered(
                **who,
                method=request.method,
                path=request.path,
                status=reply.status,
                retry_after=reply.headers.get("Retry-After"),
                lack_of_permission=outcome.lack_of_permission,
            )
        observer = self._context.journal.observer
        if observer is not None and not outcome.drop:
            observer(request.method, request.path, request.query_string, request.body, reply.status, reply.body)
        self._context.journal.add(
            JournalEntry(
                at=now,
                method=request.method,
                path=request.path,
                query=request.query_string,
                status=0 if outcome.drop else reply.status,
                app_id=outcome.app_id,
                client_request_id=request.client_request_id,
                request_id=request.request_id,
                request_body=redact(request.body, request.headers.get("content-type", "application/json")),
                effect=outcome.effect,
                tenant_id=outcome.tenant_id,
                area=outcome.area,
                unsimulated=outcome.unsimulated,
                in_batch=request.in_batch,
                fault=outcome.fault,
            )
        )


def _throttled(headers: dict[str, str]) -> GraphError:
    return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers, inner_code="429")


def trickle(data: bytes, fault: Fault) -> Iterator[bytes]:
    """A body in small pieces, in the machine's time: slowness is a matter of the wire, not of the simulated clock."""
    size = int(fault.options.get("chunk") or _SLOW_CHUNK)
    pause = float(fault.options.get("seconds") or 0.05)
    for start in range(0, len(data), size):
        yield data[start : start + size]
        time.sleep(pause)
