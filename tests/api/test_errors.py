"""A client that nobody here has seen: whatever it sends wrongly, it gets a problem document with the right status."""

import io
import json
import uuid
from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import Office, Program, made

WISH = {"justification": "Lost telephone"}


@pytest.fixture(scope="module")
def program(ours: Office) -> Program:
    return made(ours.technician)


def _is_problem(answer: Any) -> bool:  # noqa: ANN401  Django's test response
    said = answer.json()
    return (
        answer["Content-Type"] == "application/problem+json"
        and said["status"] == answer.status_code
        and bool(said["title"] and said["code"] and said["detail"])
        and said["type"] == "about:blank"
    )


def _sent(program: Program, method: str, path: str, body: bytes = b"", **headers: str) -> Any:  # noqa: ANN401  as above
    kind = headers.pop("content_type", "application/json")
    sent = {"authorization": f"Bearer {program.text}", "idempotency-key": str(uuid.uuid4())}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    client = Client(raise_request_exception=False)
    return client.generic(method, path, body, content_type=kind, headers=sent)


def test_what_is_not_there_and_what_is_not_served_are_problems(program: Program, ours: Office) -> None:
    """RFC 9457 on every path: also beside the routes, and for methods that nobody has heard of."""
    one = f"/api/v1/customers/{ours.customer.pk}"
    for path in (
        "/api",
        "/api/",
        "/api/v1",
        "/api/v2/customers",
        "/api/v1/customers/",
        "/api/v1/customers/x",
        f"{one}0",
    ):
        answer = _sent(program, "GET", path)
        assert (answer.status_code, _is_problem(answer)) == (404, True), path
    for method in ("DELETE", "PUT", "TRACE", "PURGE"):
        answer = _sent(program, method, "/api/v1/customers")
        assert (answer.status_code, _is_problem(answer), "GET" in answer["Allow"]) == (405, True, True), method
    assert _sent(program, "DELETE", "/api/v1/customers")["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_is_answered_as_get_and_options_tells_the_methods(program: Program, ours: Office, theirs: Office) -> None:
    """RFC 9110, 9.1: every general-purpose server knows GET and HEAD."""
    one = f"/api/v1/customers/{ours.customer.pk}"
    got, asked = _sent(program, "GET", one), _sent(program, "HEAD", one)
    assert (asked.status_code, asked["Content-Type"]) == (got.status_code, got["Content-Type"])
    assert asked.content == b""
    assert _sent(program, "HEAD", f"/api/v1/customers/{theirs.customer.pk}").status_code == 404
    assert Client().head(one).status_code == 401
    told = _sent(program, "OPTIONS", f"{one}/connection")
    assert (told.status_code, told["Allow"], told.content) == (204, "GET, HEAD, OPTIONS", b"")


def test_ids_are_read_in_any_case(program: Program, ours: Office, theirs: Office) -> None:
    """RFC 9562, 4: hexadecimal values are case-insensitive on input."""
    path = f"/api/v1/customers/{str(ours.customer.pk).upper()}/users/{str(ours.user.object_id).upper()}"
    assert _sent(program, "GET", path).json()["id"] == str(ours.user.object_id)
    assert _sent(program, "GET", f"/api/v1/customers/{str(theirs.customer.pk).upper()}").status_code == 404


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"{", {}),
        (400, b'{"justification": "\xff"}', {}),
        (400, b"[" * 100_000, {}),
        (400, b'{"justification": ' + b"9" * 5000 + b"}", {}),
        (422, b"", {}),
        (422, b"null", {}),
        (422, b"[]", {}),
        (422, b'{"justification": NaN}', {}),
        (422, b'{"justification": "a\\u0000bc"}', {}),
        (422, b'{"justification": "abc\\ud800"}', {}),
        (422, b'{"justification": "     "}', {}),
        (422, b'{"justification": "abc", "ticket": 1e999}', {}),
        (422, b'{"justification": "abc", "more": 1}', {}),
        (413, b'{"justification": "' + b"x" * 2_700_000 + b'"}', {}),
        (415, b"justification=abc", {"content_type": "application/x-www-form-urlencoded"}),
        (415, b'{"justification": "Lost"}', {"content_type": "text/plain"}),
        (415, b'{"justification": "Lost"}', {"content_type": "nonsense"}),
        (415, b'{"justification": "Lost"}', {"content_type": "application/json; charset=utf-16"}),
        (415, b'{"justification": "Lost"}', {"content_encoding": "gzip"}),
    ],
)
def test_a_body_that_cannot_be_taken_is_a_problem_that_says_which(
    program: Program, ours: Office, status: int, body: bytes, headers: dict[str, str]
) -> None:
    from tenantry.api.models import KeptAnswer
    from tenantry.helpdesk.models import Operation

    answer = _sent(program, "POST", f"/api/v1{ours.one}/revoke-sessions", body, **headers)
    assert (answer.status_code, _is_problem(answer)) == (status, True), answer.content
    assert (answer.get("Accept") == "application/json") == (status == 415)
    assert not Operation.objects.filter(customer_id=ours.customer.pk).exists()
    assert not KeptAnswer.objects.filter(token=program.token).exists()


def test_json_is_read_whatever_its_declaration_looks_like(program: Program, ours: Office) -> None:
    """Without a declaration too; a wrong field shows that it was read."""
    for kind in ("", "APPLICATION/JSON", 'application/json; charset="UTF-8"', "application/vnd.tickets+json"):
        answer = _sent(
            program, "POST", f"/api/v1{ours.one}/revoke-sessions", b'{"justification": "ab"}', content_type=kind
        )
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.justification"), kind


def test_a_body_in_chunks_is_read_and_one_that_is_too_large_refused(program: Program, ours: Office) -> None:
    """Clients that do not know a body's length beforehand send it in chunks; the server takes those apart."""
    from tenantry.wsgi import application

    def send(body: bytes) -> tuple[str, dict[str, Any]]:
        told: list[str] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"/api/v1{ours.one}/revoke-sessions",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_AUTHORIZATION": f"Bearer {program.text}",
            "HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4()),
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_TYPE": "application/json",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        parts = application(environ, lambda status, _headers: told.append(status[:3]))
        return told[0], json.loads(b"".join(parts))

    assert send(b'{"justification": "ab"}')[1]["errors"][0]["field"] == "body.justification"
    assert send(b'{"justification": "' + b"x" * 2_700_000 + b'"}')[0] == "413"
    status, said = send(json.dumps(WISH).encode())
    assert (status, said["operation"]["kind"]) == ("202", "revoke_sessions")


def test_the_emergency_stop_is_a_problem_like_every_other(program: Program, ours: Office) -> None:
    from tenantry.kit import clock
    from tenantry.panic.models import EmergencyStop

    stop = EmergencyStop.objects.create(reason="A test", pressed_at=clock.now(), pressed_by="a test")
    try:
        answer = _sent(program, "POST", f"/api/v1{ours.one}/block", json.dumps(WISH).encode())
        assert (answer.status_code, _is_problem(answer)) == (403, True)
        assert (answer.json()["code"], answer.json()["title"]) == ("emergency_stop", "Forbidden")
        assert answer.json()["remedy"]
        assert _sent(program, "GET", "/api/v1/customers").status_code == 200
    finally:
        stop.delete()
