"""The API put together: routes, errors, and its description."""

from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.operation import Operation

from tenantry.api import errors
from tenantry.api.auth import CLOSED
from tenantry.api.bodies import ACCEPTED, JsonParser, NotJson
from tenantry.api.openapi import described
from tenantry.api.routes import activity, approvals, bulk, customers, links, users, verifications
from tenantry.kit.errors import Refusal

PREFIX: Final = "/api/v1"
_HIDDEN: Final = frozenset({"api-root"})


class _Api(NinjaAPI):
    """Names its operations by file and function: clients are generated from the names, so they outlive a move."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        view = operation.view_func
        return f"{view.__module__.rpartition('.')[2]}_{view.__name__}"


# Neither its description nor a page to try it: both want scripts from elsewhere, and the snapshot is in the docs.
api = _Api(
    title="Tenantry",
    version="1",
    description="The console's REST API. Every error is an RFC 9457 problem document with a stable `code`.",
    urls_namespace="api-v1",
    docs_url=None,
    openapi_url=None,
    auth=CLOSED,
    parser=JsonParser(),
)
for _routes in (customers, users, links, bulk, verifications, approvals, activity):
    api.add_router("", _routes.router)


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    del request
    return errors.of_refusal(refusal)


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    del request, error
    return errors.of_refusal(errors.NoToken())


@api.exception_handler(Http404)
def _not_here(request: HttpRequest, error: Http404) -> HttpResponse:
    del request, error
    return errors.of_status(404)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    del request
    if isinstance(error.__cause__, NotJson):  # the framework makes one thing of all that a parser says
        return errors.problem(415, headers={"Accept": ACCEPTED})
    return errors.of_status(error.status_code)


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    del request, error
    return errors.of_status(413)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Says which field and why; never what was sent."""
    del request
    found = [
        {"field": ".".join(str(part) for part in each["loc"][1:]), "reason": str(each["msg"])} for each in error.errors
    ]
    return errors.problem(422, errors=found)


def patterns() -> list[URLPattern]:
    """The addresses; open to the middleware of sign-in, since each route asks for its token itself."""
    found = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name not in _HIDDEN]
    for pattern in found:
        view: Any = pattern.callback
        view.login_required = False
    return found


def openapi() -> dict[str, Any]:
    """The description as it is committed to `docs/api/openapi.json`."""
    return described(dict(api.get_openapi_schema(path_prefix=f"{PREFIX}/")))
