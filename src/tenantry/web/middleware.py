"""Health answers before everything else; refusals of actions as pages that say what, why and what to do."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from tenantry.kit.errors import Conflict, Invalid, NotHere, Refusal

GetResponse = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """`/healthz`: this process lives. `/readyz`: it can serve, so the database answers and is migrated.

    Before the host check and the sessions, so that a probe needs neither a known Host header nor a cookie.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer probes, pass on the rest."""
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            return self._ready()
        return self.get_response(request)

    @staticmethod
    def _ready() -> HttpResponse:
        from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415  heavy, and only probes need it

        try:
            executor = MigrationExecutor(connection)
            is_behind = bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        except DatabaseError:
            return JsonResponse({"status": "unavailable", "cause": "the database does not answer"}, status=503)
        if is_behind:
            return JsonResponse({"status": "unavailable", "cause": "the database is not migrated"}, status=503)
        return JsonResponse({"status": "ready"})


class BrowserMiddleware:
    """What a browser may do with an answer, whichever it is: keep no copy, and show it to no other site.

    Files of the product itself are the same for everybody and keep their own rules.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, and add what is missing to the answer."""
        answer = self.get_response(request)
        answer.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(str(settings.STATIC_URL)):
            patch_cache_control(answer, no_store=True, private=True)
        return answer


class MethodMiddleware:
    """Methods that nothing here serves, TRACE among them, end here."""

    METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, or refuse."""
        if request.method in self.METHODS:
            return self.get_response(request)
        return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(self.METHODS))})


class PlainQueryMiddleware:
    """Takes NUL out of the query of an address, and a cookie that holds one: PostgreSQL's text holds none.

    A cookie can hold one as the escape of a quoted value. In a form it is an error of the form.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Clean both before anything reads them, and pass on."""
        query = request.META.get("QUERY_STRING", "")
        while "%00" in query:  # again: taking one out can join the parts of another
            query = query.replace("%00", "")
            request.META["QUERY_STRING"] = query
        for name in [name for name, value in request.COOKIES.items() if "\0" in value]:
            del request.COOKIES[name]
        return self.get_response(request)


class SignInAgainMiddleware:
    """When a session has ended, a polled part of a page leads the whole page to sign-in, not only itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Turn the redirect of an htmx request into htmx's own, back to the page it came from."""
        answer = self.get_response(request)
        to_sign_in = answer.status_code == HTTPStatus.FOUND and answer["Location"].startswith(str(settings.LOGIN_URL))
        if not to_sign_in or request.headers.get("HX-Request") != "true":
            return answer
        came_from = urlsplit(request.headers.get("HX-Current-URL", ""))
        query = urlencode({"next": f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path or "/"})
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": f"{settings.LOGIN_URL}?{query}"})


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as a page: 409 (somebody was faster), 400 (input) or 403 (a rule)."""
    status = 409 if isinstance(refusal, Conflict) else 400 if isinstance(refusal, Invalid) else 403
    return render(request, "tenantry/refusal.html", {"refusal": refusal}, status=status)


class RefusalMiddleware:
    """Turns a refusal that no view caught into a page; `NotHere` is a 404 like any other."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a `Refusal`: 404, 409 (somebody was faster), 400 (input) or 403 (a rule)."""
        if not isinstance(exception, Refusal):
            return None
        if isinstance(exception, NotHere):
            raise Http404(exception.reason)
        return refusal_page(request, exception)
