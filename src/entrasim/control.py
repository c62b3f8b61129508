"""The handle over HTTP, as JSON, for programs in other processes: demos, browser tests, other languages.

It answers on loopback only and knows no passwords of its own: whoever reaches it owns the simulated world. It refuses
any `Host` that is not this machine and any write that is not `application/json`, so that a web page in a browser on
the same machine cannot drive it.
"""

import dataclasses
import datetime as dt
import json
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from entrasim.changes import changing
from entrasim.clock import SystemClock
from entrasim.control_endpoints import ENDPOINTS
from entrasim.keeping.codec import UnfitError, codec
from entrasim.keeping.keeper import NotKeptError
from entrasim.state import AppRegistration, Lag, User
from entrasim.worlds.describe import describe_tenant, plain
from entrasim.worlds.harbour_it import LAGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
Body = dict[str, Any]
Answer = tuple[int, object]


class Refused(Exception):
    """A request that cannot be carried out."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ControlApp:
    """A WSGI app over a simulator's handle."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator
        self._handle = simulator.handle
        self._map = Map([Rule(e.path, methods=[e.method], endpoint=e.name) for e in ENDPOINTS])

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> "Iterable[bytes]":
        """Answer one request, as WSGI asks."""
        request = Request(environ)
        response = self._answer(request)
        if request.method == "GET":
            self._simulator.world.take_touched()
            return response(environ, start_response)
        try:
            self._simulator.context.save(directories=True)
        except NotKeptError as error:
            response = _json(500, {"error": str(error)})
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            if request.host.rpartition(":")[0] not in LOOPBACK and request.host not in LOOPBACK:
                return _json(403, {"error": "the control address answers this machine only"})
            name, values = self._map.bind_to_environ(request.environ).match()
            action: Callable[..., Answer] = getattr(self, f"_do_{name}")
            if request.method == "GET":
                status, body = action(request, **values)
            else:
                status, body = action(_body_of(request), **values)
        except Refused as refused:
            return _json(refused.status, {"error": refused.reason})
        except HTTPException as wrong:
            return _json(wrong.code or 500, {"error": f"{wrong.description} GET / lists the endpoints."})
        except LookupError as missing:
            return _json(404, {"error": _reason(missing)})
        except (TypeError, ValueError, UnfitError) as wrong:
            return _json(400, {"error": _reason(wrong)})
        return _json(status, body)

    def _tenant(self, name: str) -> "TenantHandle":
        world = self._simulator.world
        found = world.tenants.get(name.lower()) or next(
            (tenant for tenant in list(world.tenants.values()) if name.lower() in tenant.domains), None
        )
        if found is None:
            raise Refused(404, f"no tenant {name}")
        world.touch(found.id)
        return self._handle.tenant(tenant_id=found.id)

    def _app(self, app_id: object) -> AppRegistration:
        app = self._simulator.world.apps.get(str(app_id).lower())
        if app is None:
            raise Refused(404, f"no app registration {app_id}")
        return app

    def _user(self, tenant: "TenantHandle", name: str) -> User:
        state = tenant.state
        with state.lock:
            everybody = [*state.users.values(), *state.deleted_users.values()]
        for user in everybody:
            if name.lower() in {user.id, user.user_principal_name.lower()}:
                return user
        raise Refused(404, f"no user {name} in {state.display_name}")

    def _principal(self, tenant: "TenantHandle", name: str) -> str:
        return self._user(tenant, name).id if "@" in name else name.lower()

    def _do_index(self, _request: Request) -> Answer:
        return 200, {"endpoints": [{"method": e.method, "path": e.path, "summary": e.summary} for e in ENDPOINTS]}

    def _do_list_tenants(self, _request: Request) -> Answer:
        tenants = list(self._simulator.world.tenants.values())
        return 200, {"tenants": [describe_tenant(self._handle.tenant(tenant_id=t.id)) for t in tenants]}

    def _do_new_tenant(self, body: Body) -> Answer:
        lag = body.pop("lag", None)
        if lag is not None:
            body["lag"] = _lag(lag)
        return 201, describe_tenant(self._handle.new_tenant(**body))

    def _do_get_tenant(self, _request: Request, tenant: str) -> Answer:
        return 200, describe_tenant(self._tenant(tenant))

    def _do_add_user(self, body: Body, tenant: str) -> Answer:
        return 201, plain(self._tenant(tenant).add_user(**_user_fields(body)))

    def _do_set_access_passes(self, body: Body, tenant: str) -> Answer:
        self._tenant(tenant).allow_access_passes(**body)
        return 200, {}

    def _do_list_users(self, request: Request, tenant: str) -> Answer:
        search = request.args.get("search", "").lower()
        limit = request.args.get("limit", default=100, type=int)
        state = self._tenant(tenant).state
        with state.lock:
            found = [u for u in state.users.values() if u.display_name.lower().startswith(search)]
        return 200, {"users": [plain(user) for user in found[:limit]], "count": len(found)}

    def _do_get_user(self, _request: Request, tenant: str, user: str) -> Answer:
        return 200, plain(self._user(self._tenant(tenant), user))

    def _do_set_user(self, body: Body, tenant: str, user: str) -> Answer:
        handle = self._tenant(tenant)
        found = self._user(handle, user)
        unknown = sorted(set(body) - {f.name for f in dataclasses.fields(User)} | set(body) & {"id", "change_number"})
        if unknown:
            raise Refused(400, f"cannot set {', '.join(unknown)}")
        with changing(handle.state, found, now=self._simulator.clock.now()):
            for name, value in _user_fields(body).items():
                setattr(found, name, value)
        return 200, plain(found)

    def _do_delete_user(self, _body: Body, tenant: str, user: str) -> Answer:
        handle = self._tenant(tenant)
        handle.delete_user(user=self._user(handle, user))
        return 200, {}

    def _do_restore_user(self, _body: Body, tenant: str, user: str) -> Answer:
        handle = self._tenant(tenant)
        found = self._user(handle, user)
        handle.restore_user(user=found)
        return 200, plain(found)

    def _do_list_roles(self, _request: Request, tenant: str) -> Answer:
        state = self._tenant(tenant).state
        with state.lock:
            return 200, {
                "role_assignments": [plain(assignment) for assignment in state.role_assignments.values()],
                "role_eligibilities": [plain(assignment) for assignment in state.role_eligibilities.values()],
            }

    def _do_assign_role(self, body: Body, tenant: str) -> Answer:
        handle = self._tenant(tenant)
        principal_id = self._principal(handle, _text(body, "principal"))
        role, scope = _text(body, "role"), body.get("scope", "/")
        ends_at = _moment(body["ends_at"]) if body.get("ends_at") else None
        if body.get("eligible") or ends_at is not None:
            eligible = body.get("eligible") is True
            made = handle.assign_by_pim(principal_id, role, eligible=eligible, scope=scope, ends_at=ends_at)
        else:
            made = handle.assign_role(principal_id=principal_id, role=role, scope=scope)
        return 201, plain(made)

    def _do_remove_role(self, body: Body, tenant: str) -> Answer:
        handle = self._tenant(tenant)
        remove = handle.remove_eligible if body.get("eligible") is True else handle.remove_role
        remove(principal_id=self._principal(handle, _text(body, "principal")), role=_text(body, "role"))
        return 200, {}

    def _do_make_eligible(self, body: Body, tenant: str) -> Answer:
        handle = self._tenant(tenant)
        return 201, plain(handle.make_eligible(self._principal(handle, _text(body, "principal")), _text(body, "role")))

    def _do_add_custom_role(self, body: Body, tenant: str) -> Answer:
        return 201, plain(self._tenant(tenant).add_custom_role(_text(body, "name"), list(body.get("actions", ()))))

    def _do_onboard_pim(self, body: Body, tenant: str) -> Answer:
        self._tenant(tenant).onboard_pim(onboarded=body.get("onboarded", True) is True)
        return 200, {}

    def _do_set_pim_rule(self, body: Body, tenant: str) -> Answer:
        changes = body.get("changes")
        if not isinstance(changes, dict):
            raise Refused(400, "changes is missing")
        self._tenant(tenant).set_pim_rule(_text(body, "rule"), role=body.get("role", ""), **changes)
        return 200, {}

    def _do_decide_activation(self, body: Body, tenant: str, request: str) -> Answer:
        self._tenant(tenant).decide_activation(request, approved=body.get("approved", True) is True)
        return 200, {}

    def _do_list_licences(self, _request: Request, tenant: str) -> Answer:
        state = self._tenant(tenant).state
        with state.lock:
            return 200, {"licences": plain(list(state.skus.values())), "on_the_way": plain(state.skus_on_the_way)}

    def _do_add_licence(self, body: Body, tenant: str) -> Answer:
        return 201, plain(self._tenant(tenant).add_sku(**body))

    def _do_set_licence(self, body: Body, tenant: str, part: str) -> Answer:
        self._tenant(tenant).set_sku_status(part, _text(body, "status"))
        return 200, {}

    def _do_remove_licence(self, _body: Body, tenant: str, part: str) -> Answer:
        self._tenant(tenant).remove_sku(part)
        return 200, {}

    def _do_assign_licence(self, body: Body, tenant: str, user: str) -> Answer:
        handle = self._tenant(tenant)
        return 200, plain(handle.assign_licence(self._user(handle, user), _text(body, "part_number")))

    def _do_add_group(self, body: Body, tenant: str) -> Answer:
        handle = self._tenant(tenant)
        return 201, plain(handle.add_group(**self._with_ids(handle, body)))

    def _do_add_unit(self, body: Body, tenant: str) -> Answer:
        handle = self._tenant(tenant)
        return 201, plain(handle.add_restricted_unit(**self._with_ids(handle, body)))

    def _with_ids(self, tenant: "TenantHandle", body: Body) -> Body:
        """Members and owners as ids, whether given as ids or user principal names."""
        people: Body = {
            name: [self._principal(tenant, item) for item in body[name]]
            for name in ("members", "owners")
            if name in body
        }
        return {**body, **people}

    def _do_list_consent(self, _request: Request, tenant: str) -> Answer:
        state = self._tenant(tenant).state
        with state.lock:
            return 200, {"enterprise_apps": [plain(principal) for principal in state.service_principals.values()]}

    def _do_consent(self, body: Body, tenant: str) -> Answer:
        made = self._tenant(tenant).consent(
            app=self._app(body.get("app_id")),
            display_name=body.get("display_name"),
            app_roles=body.get("permissions"),
        )
        return 201, plain(made)

    def _do_withdraw(self, _body: Body, tenant: str, app: str) -> Answer:
        self._tenant(tenant).withdraw_consent(app=self._app(app))
        return 200, {}

    def _do_remove_permission(self, _body: Body, tenant: str, app: str, name: str) -> Answer:
        self._tenant(tenant).remove_permission(app=self._app(app), name=name)
        return 200, {}

    def _do_disable_app(self, _body: Body, tenant: str, app: str) -> Answer:
        self._tenant(tenant).disable_app(app=self._app(app))
        return 200, {}

    def _do_set_lag(self, body: Body, tenant: str) -> Answer:
        state = self._tenant(tenant).state
        with state.lock:
            state.lag = _lag(body)
        return 200, plain(state.lag)

    def _do_fault(self, body: Body, tenant: str) -> Answer:
        return 201, plain(self._tenant(tenant).fault(**body))

    def _do_clear_faults(self, _body: Body, tenant: str) -> Answer:
        self._tenant(tenant).clear_faults()
        return 200, {}

    def _do_expire_delta(self, _body: Body, tenant: str) -> Answer:
        self._tenant(tenant).expire_delta_tokens()
        return 200, {}

    def _do_set_sign_in(self, body: Body, tenant: str) -> Answer:
        handle = self._tenant(tenant)
        if "context" in body:
            handle.protect_context(_text(body, "context"), wants_mfa=body.get("wants_mfa", True) is True)
        if "tells_methods" in body:
            handle.tell_methods_in_id_tokens(told=body["tells_methods"] is True)
        return 200, {
            "contexts": dict(handle.state.authentication_contexts),
            "tells_methods": handle.state.id_tokens_tell_methods,
        }

    def _do_vanish(self, _body: Body, tenant: str) -> Answer:
        self._tenant(tenant).vanish()
        return 200, {}

    def _do_journal(self, _request: Request, tenant: str) -> Answer:
        return 200, {"entries": [plain(entry) for entry in self._tenant(tenant).journal()]}

    def _do_lint(self, _request: Request, tenant: str) -> Answer:
        return 200, {"complaints": self._tenant(tenant).lint()}

    def _do_list_apps(self, _request: Request) -> Answer:
        return 200, {"apps": [plain(app) for app in self._simulator.world.apps.values()]}

    def _do_register_app(self, body: Body) -> Answer:
        return 201, plain(self._handle.register_app(**body))

    def _do_time(self, _request: Request) -> Answer:
        return 200, {"now": plain(self._simulator.clock.now())}

    def _do_advance(self, body: Body) -> Answer:
        clock = self._simulator.clock
        if not isinstance(clock, SystemClock):
            raise Refused(409, "the clock belongs to the program that started the simulator; move it there")
        return 200, {"now": plain(clock.advance(dt.timedelta(seconds=float(body["seconds"]))))}


def _json(status: int, body: object) -> Response:
    return Response(json.dumps(body, ensure_ascii=False, indent=1), status=status, mimetype="application/json")


def _body_of(request: Request) -> Body:
    if request.content_length in (None, 0) and request.method == "DELETE":
        return {}
    if request.mimetype != "application/json":
        raise Refused(415, "send application/json")
    body = json.loads(request.get_data() or b"{}")
    if not isinstance(body, dict):
        raise Refused(400, "send a JSON object")
    return body


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(400, f"{name} is missing")
    return value


def _lag(body: object) -> Lag:
    if isinstance(body, dict) and "preset" in body:
        body = body["preset"]
    if isinstance(body, str):
        if body not in LAGS:
            raise Refused(400, f"no lag preset {body}; there are {', '.join(LAGS)}")
        return dataclasses.replace(LAGS[body])
    if not isinstance(body, dict):
        raise Refused(400, "lag is a preset's name or an object of seconds")
    return Lag(**{str(name): float(seconds) for name, seconds in body.items()})


def _moment(value: object) -> dt.datetime:
    moment = dt.datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _user_fields(body: Body) -> Body:
    """What names a field of `User`, as its type has it; a time may come without a zone.

    Raises:
        UnfitError: a value of another type.
    """
    hints = typing.get_type_hints(User)
    made = dict(body)
    for name in set(body) & set(hints):
        is_time = "datetime" in str(hints[name]) and body[name] is not None
        try:
            made[name] = _moment(body[name]) if is_time else codec(hints[name]).read(body[name])
        except UnfitError as error:
            raise UnfitError(f"{name}: {error}") from error
    return made


def _reason(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__
