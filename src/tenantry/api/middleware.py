"""What is special about requests to the API: no cookie counts, a token does, and every error is a problem document."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from tenantry.api import actions, errors
from tenantry.api.models import ApiToken
from tenantry.kit.errors import Refusal
from tenantry.kit.limits import Limit, neighbourhood
from tenantry.technicians.recording import network_address

GetResponse = Callable[[HttpRequest], HttpResponse]

_PATH: Final = "/api/"
TOKEN: Final = "api_token"  # noqa: S105  a name, not a token
"""The attribute of a request that carries its token."""
REQUESTS: Final = Limit(name="api-token", most=300, seconds=60)
"""Requests of one token."""
WRONG_TOKENS: Final = Limit(name="api-wrong-token", most=30, seconds=60)
"""Requests without a valid token from one network address."""
_SCHEME: Final = "bearer "
_CARRIED: Final = ("Allow", "Retry-After")

log = logging.getLogger(__name__)


def is_for_programs(request: HttpRequest) -> bool:
    """Whether an address is the API's."""
    return f"{request.path}/".startswith(_PATH)


class ProblemMiddleware:
    """Takes cookies off requests to the API before anything reads them, and gives errors their form."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Without cookies there is no session, so a browser's sign-in opens nothing here and needs no CSRF check.

        HEAD is answered as GET, whose body the server leaves out; OPTIONS tells the methods of an address.
        Source: RFC 9110, 9.1 and 9.3.7.
        """
        if not is_for_programs(request):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        method = request.method
        request.method = "GET" if method == "HEAD" else method
        answer = self.get_response(request)
        request.method = method
        if "Allow" in answer.headers:
            answer["Allow"] = _allowed(answer["Allow"])
            if method == "OPTIONS" and answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                answer = HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Allow": answer["Allow"]})
                del answer["Content-Type"]
        is_error = answer.status_code >= HTTPStatus.BAD_REQUEST
        if is_error and answer.headers.get("Content-Type") != errors.CONTENT_TYPE:
            plain = answer
            answer = errors.of_status(plain.status_code)
            for name in _CARRIED:
                if name in plain.headers:
                    answer[name] = plain.headers[name]
        answer["Cache-Control"] = "no-store"
        answer.cookies.clear()
        return answer


class TokenMiddleware:
    """Makes the technician behind a token, narrowed to it, the user of the request.

    So the middlewares that follow hold it in its technician's scope like any other request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Find the token; without one the request goes on as nobody's and is refused by the routes."""
        if not is_for_programs(request):
            return self.get_response(request)
        request.user = AnonymousUser()
        try:
            token = _token_of(request)
        except Refusal as refusal:
            return errors.of_refusal(refusal)
        if token is not None:
            request.user = token.technician
            setattr(request, TOKEN, token)  # Django's class does not declare it; read by `auth.token_of`
        return self.get_response(request)


def _allowed(methods: str) -> str:
    found = {each.strip() for each in methods.split(",")} | {"OPTIONS"}
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def _token_of(request: HttpRequest) -> ApiToken | None:
    address = network_address(request)
    header = request.headers.get("Authorization", "")
    given = header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""
    # Before the limit: a neighbour's wrong tokens must not stop a right one.
    token = actions.use_token(text=given, address=address)
    if token is None:
        if given:
            log.info("a token that is not valid was used from %s", address)
            if not WRONG_TOKENS.count(neighbourhood(address)):
                raise errors.TooMany(seconds=WRONG_TOKENS.seconds)
        return None
    if not REQUESTS.count(str(token.pk)):
        raise errors.TooMany(seconds=REQUESTS.seconds)
    return token
