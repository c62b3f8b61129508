"""The login endpoints without pages: discovery, keys and tokens."""

import base64
import binascii
import dataclasses
import datetime as dt
import hmac
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug import Request, Response

from entrasim import assertions, delegated, effective, tokens
from entrasim.errors import AadstsError, Dropped, aadsts
from entrasim.faults import TOKEN_PATH
from entrasim.journal import JournalEntry, redact
from entrasim.state import GRAPH_APP_ID, AppRegistration, Tenant, World

if TYPE_CHECKING:
    from entrasim.app import Context

MANY_TENANTS = frozenset({"common", "organizations", "consumers"})
_USER_GRANTS = {"authorization_code": delegated.redeem, "refresh_token": delegated.refresh}


def find_tenant(world: World, name: str) -> Tenant:
    """The tenant of that id or verified domain.

    Raises:
        AadstsError: 90002.
    """
    found = world.tenants.get(name.lower())
    if found is None:
        with world.lock:
            found = next((tenant for tenant in world.tenants.values() if name.lower() in tenant.domains), None)
    if found is None or found.gone:
        raise aadsts(
            90002,
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant.",
        )
    world.touch(found.id)
    return found


def openid_configuration(context: "Context", request: Request, tenant: str) -> Response:
    """`/{tenant}/v2.0/.well-known/openid-configuration`."""
    base = request.host_url.rstrip("/")
    if tenant in MANY_TENANTS:
        issuer = f"{base}/{{tenantid}}/v2.0"
    else:
        try:
            issuer = f"{base}/{find_tenant(context.world, tenant).id}/v2.0"
        except AadstsError as error:
            error.error = "invalid_tenant"
            return _error_response(context, request, error)
    at = f"{base}/{tenant}"
    return _json(
        200,
        {
            "token_endpoint": f"{at}{TOKEN_PATH}",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{at}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"{context.graph_url}/oidc/userinfo",
            "authorization_endpoint": f"{at}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{at}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{at}/oauth2/v2.0/logout",
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "name",
                "oid",
                "preferred_username",
                "tid",
                "nonce",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": urllib.parse.urlsplit(base).hostname,
            "msgraph_host": urllib.parse.urlsplit(context.graph_url).netloc,
        },
    )


def keys(context: "Context", request: Request, tenant: str) -> Response:
    """`/{tenant}/discovery/v2.0/keys`."""
    name = "{tenantid}" if tenant in MANY_TENANTS else tenant
    return _json(200, context.keys.jwks(f"{request.host_url}{name}/v2.0"))


def instance_discovery(context: "Context", request: Request) -> Response:
    """`/common/discovery/instance`: this host and nothing else."""
    host = request.host
    return _json(
        200,
        {
            "tenant_discovery_endpoint": f"{request.host_url}common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            "simulated_graph": context.graph_url,
        },
    )


@dataclasses.dataclass(slots=True)
class _Asked:
    tenant_id: str = ""
    app_id: str = ""
    effect: bool = False
    fault: str = ""


def token(context: "Context", request: Request, tenant: str) -> Response:
    """`/{tenant}/oauth2/v2.0/token`."""
    asked = _Asked()
    response: Response | None = None
    try:
        response = _token(context, request, tenant, asked)
    except AadstsError as error:
        response = _error_response(context, request, error)
    finally:
        context.journal.add(
            JournalEntry(
                at=context.clock.now(),
                method=request.method,
                path=request.path,
                query=request.query_string.decode(),
                status=response.status_code if response is not None else 0,
                app_id=asked.app_id,
                client_request_id=request.headers.get("client-request-id", ""),
                request_id=str(uuid.uuid4()),
                request_body=redact(request.get_data(), request.mimetype),
                effect=asked.effect,
                tenant_id=asked.tenant_id,
                area="login",
                fault=asked.fault,
            )
        )
    return response


def _token(context: "Context", request: Request, name: str, asked: _Asked) -> Response:
    form = request.form
    client_id, secret = _client(request)
    asked.app_id = client_id
    grant = form.get("grant_type", "")
    if not grant:
        raise aadsts(900144, "The request body must contain the following parameter: 'grant_type'.")
    if grant != "client_credentials" and grant not in _USER_GRANTS:
        raise aadsts(70003, f"The app requested an unsupported grant type '{grant}'.")
    if grant == "client_credentials" and name in {"common", "consumers"}:
        raise aadsts(
            9001023,
            "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations "
            "or tenant-specific endpoint.",
        )
    if not client_id:
        raise aadsts(900144, "The request body must contain the following parameter: 'client_id'.")
    app = context.world.apps.get(client_id)
    tenant = _tenant_of(context, name, app, grant)
    if tenant is not None:
        asked.tenant_id = tenant.id
        _fault_before(context, tenant, asked)
    if app is None or (tenant is not None and not app.serves(tenant.id)):
        raise aadsts(
            700016,
            f"Application with identifier '{client_id}' was not found in the directory "
            f"'{tenant.display_name if tenant else name}'. This can happen if the application has not been installed "
            "by the administrator of the tenant or consented to by any user in the tenant. You may have sent your "
            "authentication request to the wrong tenant.",
        )
    credential = _authenticate(context, request, name, app, secret)
    if grant in _USER_GRANTS:
        home, body = _USER_GRANTS[grant](
            context, form, app, tenant, host=request.host_url.rstrip("/"), has_credential=credential is not None
        )
        asked.tenant_id = home.id
        response = _json(200, body)
    elif tenant is None:
        raise aadsts(90002, f"Tenant '{name}' not found.")
    else:
        by_certificate = credential == "certificate"
        response = _client_credentials(context, form.get("scope", ""), app, tenant, by_certificate=by_certificate)
    asked.effect = True
    if asked.tenant_id and context.faults.take(asked.tenant_id, "POST", TOKEN_PATH, "lost"):
        asked.fault = "lost"
        raise Dropped
    return response


def _tenant_of(context: "Context", name: str, app: AppRegistration | None, grant: str) -> Tenant | None:
    if name == "organizations" and grant == "client_credentials" and app is not None:
        return find_tenant(context.world, app.home_tenant_id)
    if name in MANY_TENANTS:
        return None
    return find_tenant(context.world, name)


def _fault_before(context: "Context", tenant: Tenant, asked: _Asked) -> None:
    fault = context.faults.take(tenant.id, "POST", TOKEN_PATH, "throttled", "error", "refused_before", "not_found")
    if fault is None:
        return
    asked.fault = fault.kind
    if fault.kind == "refused_before":
        raise Dropped
    if fault.kind == "throttled":
        error = aadsts(50196, "The server terminated an operation because it encountered a loop while processing a "
                              "request. Please wait.", error="temporarily_unavailable", status=429)  # fmt: skip
        after = fault.options.get("retry_after", "2.128")
        error.retry_after = None if after is None else str(after)
        raise error
    if fault.kind == "not_found":
        raise aadsts(90002, f"Tenant '{tenant.id}' not found.")
    status = int(fault.options.get("status") or 503)
    code = fault.options.get("code")
    number = int(str(code)) if str(code or "").isdigit() else 90033
    name = str(code) if code and not str(code).isdigit() else None
    message = str(fault.options.get("message") or "A transient error has occurred. Please try again.")
    raise aadsts(number, message, error=name, status=status)


def _client(request: Request) -> tuple[str, str | None]:
    """Client id and secret, from the form or from Basic authentication."""
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith("Basic "):
        try:
            pair = base64.b64decode(authorization[6:], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise aadsts(900144, "The Authorization header is malformed.") from error
        client_id, _, secret = pair.partition(":")
        return urllib.parse.unquote(client_id).lower(), urllib.parse.unquote(secret)
    return request.form.get("client_id", "").lower(), request.form.get("client_secret")


def _authenticate(
    context: "Context", request: Request, name: str, app: AppRegistration, secret: str | None
) -> str | None:
    """Check the client's credential and name its kind; None for a public client, which has none."""
    assertion = request.form.get("client_assertion")
    if _comes_without_credential(context, request.form, app):
        if assertion or secret is not None:
            raise aadsts(
                700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
            )
        return None
    if assertion:
        if request.form.get("client_assertion_type") != assertions.JWT_BEARER:
            raise aadsts(900144, "The request body must contain the following parameter: 'client_assertion_type'.")
        bases = {request.host_url.rstrip("/"), context.login_url, context.browser_url}
        audiences = {f"{base}/{name}{tail}" for base in bases for tail in (TOKEN_PATH, "/v2.0", "/oauth2/token")}
        assertions.check(assertion, app, audiences=audiences, now=context.clock.now())
        return "certificate"
    if secret is None:
        raise aadsts(
            7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        )
    _check_secret(app, secret, context.clock.now())
    return "secret"


def _comes_without_credential(context: "Context", form: Any, app: AppRegistration) -> bool:  # noqa: ANN401  a form
    """Whether this request is one of a public client: told by the address of the code, or by the refresh token."""
    grant = form.get("grant_type")
    if grant == "authorization_code":
        return delegated.is_public(app, form.get("redirect_uri", ""))
    if grant == "refresh_token":
        return context.refresh_tokens.find(form.get("refresh_token", ""), app_id=app.app_id).is_public
    return False


def _check_secret(app: AppRegistration, secret: str, now: dt.datetime) -> None:
    fitting = [known for known in app.passwords if hmac.compare_digest(secret.encode(), known.text.encode())]
    if not fitting:
        raise aadsts(
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app.app_id}'.",
        )
    if all(known.end_date_time is not None and known.end_date_time <= now for known in fitting):
        raise aadsts(7000222, f"The provided client secret keys for app '{app.app_id}' are expired.")


def _client_credentials(
    context: "Context", scope: str, app: AppRegistration, tenant: Tenant, *, by_certificate: bool
) -> Response:
    if not scope:
        raise aadsts(900144, "The request body must contain the following parameter: 'scope'.")
    if not scope.endswith("/.default") or " " in scope:
        raise aadsts(
            1002012,
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
        )
    audience = scope.removesuffix("/.default")
    if audience.rstrip("/") not in context.audiences | {GRAPH_APP_ID}:
        raise aadsts(
            500011,
            f"The resource principal named {audience} was not found in the tenant named {tenant.display_name}. This "
            "can happen if the application has not been installed by the administrator of the tenant or consented to "
            "by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
        )
    principal = effective.service_principal_of(tenant, app.app_id, context.clock.now())
    if principal is None:
        raise aadsts(
            7000229,
            f"The client application {app.app_id} is missing service principal in the tenant {tenant.id}. See "
            "instructions here: https://go.microsoft.com/fwlink/?linkid=2225119",
        )
    if not principal.account_enabled:
        raise aadsts(7000112, f"Application '{app.app_id}'({principal.display_name}) is disabled.")
    without = context.faults.take(tenant.id, "POST", TOKEN_PATH, "no_roles") is not None
    access = tokens.app_only(
        context, tenant, app, principal, audience=audience, by_certificate=by_certificate, without_roles=without
    )
    lifetime = tokens.LIFETIME_SECONDS
    return _json(
        200, {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": access}
    )


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    response = Response(orjson.dumps(body), status=status, mimetype="application/json", headers=headers)
    response.headers["Cache-Control"] = "no-store, no-cache"
    response.headers["x-ms-request-id"] = str(uuid.uuid4())
    return response


def _error_response(context: "Context", request: Request, error: AadstsError) -> Response:
    body = error.body(
        context.clock.now(),
        correlation_id=request.headers.get("client-request-id"),
        host=request.host_url.rstrip("/"),
    )
    return _json(error.status, body, {"Retry-After": error.retry_after} if error.retry_after else None)
