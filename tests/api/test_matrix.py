"""Every route x every role's token x an own and a foreign customer, from the router (issue: access matrix)."""

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.access_matrix.matrix import ALL
from tests.api.conftest import Office, Program, made
from tests.api.matrix import ANY, ROWS

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.json"
ROLES = sorted(ALL)


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    from tenantry.api import assembly

    return assembly.openapi()


@pytest.fixture(scope="module")
def programs(open_office: Callable[..., Office], ours: Office) -> dict[str, Program]:
    """A program of each role with everything such a token can have; ours in one team, but for the auditor's.

    Auditors cannot make tokens: theirs is one that was made before the role was taken away.
    """
    found = {}
    for role in ROLES:
        person = open_office("engineer" if role == "auditor" else role).technician
        for team in ours.technician.teams.all():
            team.members.add(person)
        found[role] = made(person)
        if role == "auditor":
            type(person).objects.filter(pk=person.pk).update(role="auditor")
    return found


def _send(program: Program, row: str, office: Office) -> Any:  # noqa: ANN401  Django's test response
    method, path = row.split(" ", 1)
    ids = {"customer_id": office.customer.pk, "user_id": office.user.object_id}
    for name in ("request_id", "operation_id", "verification_id", "run_id"):
        ids[name] = uuid.UUID(int=7)
    filled = path.format_map({name: str(each) for name, each in ids.items()})
    return program.send(method, filled + ("?search=x" if path == "/users" else ""), {} if method != "GET" else None)


def test_every_route_has_a_row_and_every_row_a_route(description: dict[str, Any]) -> None:
    routes = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in description["paths"].items()
        for method in methods
    }
    assert routes == set(ROWS)


def test_a_role_is_let_in_exactly_where_the_matrix_says(programs: dict[str, Program], ours: Office) -> None:
    wrong = []
    for role, program in programs.items():
        for row, wanted in ROWS.items():
            answer = _send(program, row, ours)
            code = answer.json().get("code", "") if answer.status_code >= 400 else ""
            is_refused = answer.status_code == 403 and code in {"role_too_small", "token_too_small"}
            if is_refused == (wanted == ANY or role in wanted[1]):
                wrong.append((role, row, answer.status_code, code))
    assert not wrong


def test_a_token_without_the_permission_of_a_route_is_refused_by_name(ours: Office) -> None:
    everything = {row[0] for row in ROWS.values() if row != ANY}
    for permission in sorted(everything):
        program = made(ours.technician, permissions=sorted(everything - {permission}))
        # That a token is let in where it includes the permission, the test by role has seen.
        asking = [row for row, wanted in ROWS.items() if wanted != ANY and wanted[0] == permission]
        for row in (*asking, "GET /token"):
            wanted = ROWS[row]
            answer = _send(program, row, ours)
            is_refused = answer.status_code == 403 and answer.json()["code"] == "token_too_small"
            assert is_refused == (wanted != ANY and wanted[0] == permission), (permission, row, answer.status_code)


def test_an_object_of_anothers_customer_is_not_there(programs: dict[str, Program], theirs: Office) -> None:
    for role in ("engineer", "help_desk", "auditor"):
        for row in ROWS:
            if "{customer_id}" not in row:
                continue
            answer = _send(programs[role], row, theirs)
            assert answer.status_code in {403, 404}, (role, row, answer.status_code)
            assert theirs.customer.name not in answer.content.decode()


def test_without_a_valid_token_every_route_answers_401(ours: Office) -> None:
    """A browser's session does not count either."""
    from django.test import Client

    browser = Client()
    browser.force_login(ours.technician, backend="django.contrib.auth.backends.ModelBackend")
    for row in ROWS:
        method, path = row.split(" ", 1)
        ids = dict.fromkeys(re.findall(r"{(\w+)}", path), uuid.uuid4())
        filled = path.format(**ids)
        for headers in ({}, {"authorization": "Bearer nothing"}, {"authorization": "Basic dG50Xzp4"}):
            answer = browser.generic(
                method, f"/api/v1{filled}", b"{}", content_type="application/json", headers=headers
            )
            assert answer.status_code in {401, 429}, (row, answer.status_code)
            assert answer["Content-Type"] == "application/problem+json"
            assert not answer.cookies
            if answer.status_code == 401:
                assert answer["WWW-Authenticate"].startswith("Bearer")


def test_the_description_is_the_one_in_the_docs(description: dict[str, Any]) -> None:
    """Drift: run `python -m tests.api.snapshot` and read what changed."""
    assert json.loads(SNAPSHOT.read_text(encoding="utf-8")) == description
