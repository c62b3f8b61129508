"""Whatever is sent to the API, it answers as its description says, and never with anything of another's customer.

Schemathesis makes the requests from the description, valid ones and broken ones; the ids in them are those of our
customer, of theirs, and made up. The same requests in every run. It is imported where it is used: it takes seconds.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Office, Program, made
from tests.api.matrix import ROWS
from tests.conftest import SharedClock

if TYPE_CHECKING:
    from schemathesis import Case, GenerationMode

    from tenantry.helpdesk.models import Operation
    from tenantry.safeguards.models import ApprovalRequest

EXAMPLES: Final = 7
"""For each route, token and kind of request."""


@dataclass(frozen=True)
class Side:
    """One customer with everything a route can name, and a token that may do everything there."""

    office: Office
    program: Program
    operation: "Operation"
    approval: "ApprovalRequest"
    verification_id: str
    run_id: str

    @property
    def ids(self) -> dict[str, str]:
        return {
            "customer_id": str(self.office.customer.pk),
            "user_id": str(self.office.user.object_id),
            "operation_id": str(self.operation.pk),
            "request_id": str(self.approval.pk),
            "verification_id": self.verification_id,
            "run_id": self.run_id,
        }

    @property
    def marks(self) -> tuple[str, ...]:
        """What of it must never be in an answer to somebody else."""
        tag = self.office.customer.name.rpartition(" ")[2]
        return (tag, *self.ids.values(), str(self.office.connection.tenant_id), str(self.office.group.pk))

    def as_it_stands(self) -> tuple[object, ...]:
        """Everything about it that a request could change."""
        from tenantry.audit.models import Event
        from tenantry.customers.models import Customer
        from tenantry.helpdesk.models import Operation, SecretLink
        from tenantry.safeguards.models import ApprovalRequest
        from tenantry.verification.models import Verification

        key = self.office.customer.pk
        return (
            list(Customer.objects.filter(pk=key).values_list("name", "domain", "state")),
            sorted(Operation.objects.filter(customer_id=key).values_list("pk", "state")),
            list(ApprovalRequest.objects.filter(customer_id=key).values_list("pk", "state", "note")),
            sorted(Verification.objects.filter(customer_id=key).values_list("pk", "state", "tries_left")),
            sorted(SecretLink.objects.filter(operation__customer_id=key).values_list("pk", "closed_why")),
            Event.objects.filter(customer_id=key).count(),
        )


@pytest.fixture(scope="module")
def sides(open_office: Callable[..., Office], clock: SharedClock, stack: object) -> Iterator[tuple[Side, Side]]:
    del stack  # the simulator gives us an app, or no caller could be verified
    from tenantry.api import middleware
    from tenantry.helpdesk import passwords
    from tenantry.helpdesk.models import Operation
    from tenantry.kit.limits import Limit
    from tenantry.kit.sealed import Secret
    from tenantry.safeguards.models import ApprovalRequest

    def side() -> Side:
        office, colleague = open_office(), open_office()
        program = made(office.technician)
        wish = {"justification": "Lost telephone"}
        begun = program.post(f"{office.one}/revoke-sessions", wish).json()["operation"]["id"]
        many = {"kind": "block", "users": [str(office.user.object_id)], **wish}
        run = program.post(f"/customers/{office.customer.pk}/bulk-runs", many).json()
        assert [each["user_principal_name"] for each in run["skipped"]] == [office.user.user_principal_name]
        sealed = passwords.sealed_for(uuid.UUID(begun), Secret("canary-plum-kettle"))
        # Ended, so that others may begin, and with something to hand over.
        ended = {"state": "done", "next_at": None, "finished_at": clock.now()}
        Operation.objects.filter(pk=begun).update(password_sealed=sealed, **ended)
        approval = ApprovalRequest.objects.create(
            confirmation_id=office.user.object_id,
            kind="helpdesk.operation",
            requester=colleague.technician,
            requester_name=colleague.technician.display_name,
            customer=office.customer,
            customer_name=office.customer.name,
            tenant=office.connection.tenant,
            object_id=office.user.object_id,
            target_name=office.user.user_principal_name,
            target_class="administrator",
            deed="block_sign_in",
            lines=[["User", office.user.display_name]],
            payload={},
            justification="Left the organisation",
            requested_at=clock.now(),
            expires_at=clock.now().replace(year=clock.now().year + 1),
        )
        caller = program.post(f"{office.one}/verifications", {"deed": "reset-password", "ticket": "T-1"}).json()
        return Side(office, program, Operation.objects.get(pk=begun), approval, caller["id"], run["id"])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(middleware, "REQUESTS", Limit(name="api-conversation", most=1_000_000, seconds=60))
        yield side(), side()


@pytest.mark.parametrize("row", sorted(ROWS))
def test_every_answer_is_as_described_and_nothing_of_anothers_customer_is_in_it(
    sides: tuple[Side, Side], row: str
) -> None:
    """Issue 4: no 5xx, no answer outside the schema, no cross-customer read; nor is anything of theirs changed."""
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    from tenantry.api import assembly

    method, _, path = row.partition(" ")
    operation = schemathesis.openapi.from_dict(assembly.openapi())[f"/api/v1{path}"][method]
    app, keys = WSGIHandler(), itertools.count()
    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]

    def run(us: Side, them: Side, mode: "GenerationMode") -> None:
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), whose=st.sampled_from(["ours", "theirs", "made up"]))
        def talk(case: "Case[Any]", whose: str) -> None:
            if whose != "made up":
                ids = (us if whose == "ours" else them).ids
                case.path_parameters |= {name: ids[name] for name in case.path_parameters if name in ids}
                if row.endswith("/bulk-runs") and method == "POST" and isinstance(case.body, dict):
                    both: list[Any] = [side.ids["user_id"] for side in (us, them)]
                    case.body["users"] = both[: 1 + next(keys) % 2]
                if row == "POST /customers" and isinstance(case.body, dict):
                    case.body["groups"] = [str((us if whose == "ours" else them).office.group.pk)]
            headers: dict[str, Any] = {"Authorization": f"Bearer {us.program.text}", "Host": "testserver"}
            if method != "GET" and mode is GenerationMode.POSITIVE:
                headers["Idempotency-Key"] = f"key-{next(keys)}"
            answer = case.call(app=app, headers=headers)
            case.validate_response(answer, checks=wanted)
            if whose == "theirs" and "{customer_id}" in path:
                assert answer.status_code in {400, 401, 404, 405, 422}
            said = answer.text
            assert not [mark for mark in them.marks if mark in said]

        talk()

    for us, them in (sides, sides[::-1]):
        before = them.as_it_stands()
        run(us, them, GenerationMode.POSITIVE)
        run(us, them, GenerationMode.NEGATIVE)
        assert them.as_it_stands() == before


def test_what_is_anothers_is_not_there_beneath_ones_own_customer_either(sides: tuple[Side, Side]) -> None:
    """An address may name our customer and their object: every route that names both."""
    why = {"justification": "Lost telephone"}
    bodies = {"code": {"code": "123456"}, "verifications": {"deed": "block"}}
    acts = {"access-pass", "block", "reset-password", "revoke-sessions", "unblock"}
    for us, them in (sides, sides[::-1]):
        before, ids = them.as_it_stands(), {**them.ids, "customer_id": us.ids["customer_id"]}
        named = [row for row in ROWS if row.count("{") > 1]
        assert len(named) > 15
        for row in named:
            method, _, path = row.partition(" ")
            last = path.rpartition("/")[2]
            query = "?deed=block" if last == "verification-methods" else ""
            body = None if method == "GET" else bodies.get(last, why if last in acts else {})
            answer = us.program.send(method, path.format(**ids) + query, body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_here"), row
            assert not [mark for mark in them.marks if mark in answer.content.decode()]
        assert them.as_it_stands() == before
