"""The catalogue of explained errors: what it knows, what it does not, and that nothing in it is out of reach."""

import re
from pathlib import Path

import pytest

from tenantry.graph import errors
from tenantry.graph.explained import CATALOGUE, Who, explain, explain_code, lookup
from tenantry.graph.explained.printed import as_markdown

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = [entry for entries in CATALOGUE.values() for entry in entries]
# fmt: off
EXPECTED = (
    7000215, 7000222, 700027, 7000229, 700016, 90002, 65001, 65004, 7000112, 70011, 1002012, 500011, 650052,
    650051, 53003, 50196, 90055, 90033, 90006, 90012, 90024, 90038, 900382, 900432, 90099, 5000224, 50020,
    50034, 50053, 50055, 50057, 50058, 50059, 50076, 50079, 50105, 50126, 50173, 50194, 53000, 53001, 53002,
    53004, 65005, 70008, 90008, 90014, 90025, 90072, 90093, 90094, 90095, 90097, 240001, 240002, 500113,
    50011, 650053, 650054, 650055, 650056, 650057, 700030, 700082, 7000218, 900144, 9001023,
)
# fmt: on


def all_leaves(kind: type[errors.GraphError]) -> list[type[errors.GraphError]]:
    return [leaf for sub in kind.__subclasses__() for leaf in (sub, *all_leaves(sub))]


@pytest.mark.parametrize("number", EXPECTED)
def test_every_sign_in_code_that_a_provider_meets_is_explained(number: int) -> None:
    told = explain_code(f"AADSTS{number}", f"AADSTS{number}: Something in Microsoft's words.")
    assert told.is_known, number
    assert told.code == f"AADSTS{number}"
    assert told.what
    assert told.why
    assert told.fix
    assert told.page.startswith("https://learn.microsoft.com/")


@pytest.mark.parametrize(
    ("code", "message", "what", "who", "heals"),
    [
        (
            "Authorization_RequestDenied",
            (
                "This user is a member of a restricted management administrative unit. Management rights are limited "
                "to administrators scoped on that administrative unit."
            ),
            "Protected account",
            Who.UNIT_ADMIN,
            False,
        ),
        (
            "Authorization_RequestDenied",
            "Only companies who have purchased AAD Premium may perform this operation.",
            "licence",
            Who.CUSTOMER,
            False,
        ),
        (
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
            "permission or a directory role",
            Who.ROLE_ADMIN,
            False,
        ),
        (
            "Request_BadRequest",
            (
                "The specified password does not comply with password complexity requirements. Please provide a "
                "different password."
            ),
            "did not accept this password",
            Who.TECHNICIAN,
            False,
        ),
        (
            "Request_BadRequest",
            "A conflicting object with one or more of the specified property values is present in the directory.",
            "there already",
            Who.TECHNICIAN,
            False,
        ),
        (
            "Request_BadRequest",
            "One or more added object references already exist for the following modified properties: 'members'.",
            "there already",
            Who.TECHNICIAN,
            False,
        ),
        (
            "Request_BadRequest",
            (
                "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
                "currently undergoing migration."
            ),
            "own Active Directory",
            Who.CUSTOMER,
            False,
        ),
        (
            "RoleAssignmentRequestPolicyValidationFailed",
            'The following policy rules failed: ["ExpirationRule"]',
            "length",
            Who.ROLE_ADMIN,
            False,
        ),
        (
            "RoleAssignmentRequestPolicyValidationFailed",
            'The following policy rules failed: ["MfaRule"]',
            "multifactor",
            Who.ROLE_ADMIN,
            False,
        ),
        (
            "RoleAssignmentRequestPolicyValidationFailed",
            'The following policy rules failed: ["JustificationRule"]',
            "justification",
            Who.ROLE_ADMIN,
            False,
        ),
        (
            "RoleAssignmentRequestPolicyValidationFailed",
            'The following policy rules failed: ["TicketingRule"]',
            "ticket",
            Who.ROLE_ADMIN,
            False,
        ),
        ("MissingProvider", "The provider is missing", "never used", Who.ROLE_ADMIN, False),
        ("TooManyRequests", "Please retry again later.", "slow down", Who.NOBODY, True),
        ("resyncRequired", "", "from the start", Who.NOBODY, True),
        (
            "invalid_client",
            "AADSTS7000222: The provided client secret keys are expired.",
            "expired",
            Who.OPERATOR,
            False,
        ),
    ],
)
def test_a_code_of_many_meanings_is_told_by_its_message(
    code: str, message: str, what: str, who: Who, heals: bool
) -> None:
    told = explain_code(code, message)
    assert what in told.what
    assert (told.who, told.heals, told.is_known) == (who, heals, True)


def test_an_unknown_code_keeps_its_ids_and_says_that_it_is_unknown() -> None:
    error = errors.Rejected("Odd things happened.", code="Strange_New_Code", status=400, request_id="4711-abc")
    told = explain(error)
    assert not told.is_known
    assert "Strange_New_Code" in told.what
    assert "does not know" in told.what
    assert "Odd things happened." in told.why
    assert (told.code, told.request_id) == ("Strange_New_Code", "4711-abc")
    assert "4711-abc" in told.fix
    unknown = explain_code("AADSTS99999999", "AADSTS99999999: New.")
    assert not unknown.is_known
    assert unknown.page == "https://login.microsoftonline.com/error?code=99999999"


@pytest.mark.parametrize("kind", all_leaves(errors.GraphError))
def test_every_kind_of_error_has_words_even_without_a_code(kind: type[errors.GraphError]) -> None:
    told = explain(kind("No usable answer {0} {said}."))
    assert told.what
    assert told.fix
    assert told.is_known is (kind is not errors.Rejected)


def test_no_meaning_is_hidden_behind_another_of_the_same_code() -> None:
    """An entry without a pattern matches every message, so it must be the last of its code."""
    hidden = []
    for code in {code for entry in ENTRIES for code in entry.codes}:
        found = [entry for entry in ENTRIES if code in entry.codes]
        hidden += [(code, entry.what) for entry in found[:-1] if not entry.pattern]
    assert hidden == []


def test_a_meaning_that_hangs_on_the_message_says_so() -> None:
    assert [entry.what for entry in ENTRIES if bool(entry.pattern) != bool(entry.when)] == []
    assert [entry.what for entry in ENTRIES if not entry.page.startswith("https://learn.microsoft.com/")] == []
    assert [entry.what for entry in ENTRIES if entry.heals is False and entry.who is Who.NOBODY] == [
        "There is no such role assignment."
    ]


@pytest.mark.parametrize(
    ("search", "code"),
    [
        ("65001", "AADSTS65001"),
        ("aadsts65001", "AADSTS65001"),
        (
            "AADSTS65001: The user or administrator has not consented. Trace ID: 12345-1 Timestamp: 2026-11-24",
            "AADSTS65001",
        ),
        ("request_badrequest", "Request_BadRequest"),
        ("Error: MissingProvider - The provider is missing", "MissingProvider"),
    ],
)
def test_a_code_is_found_however_it_is_pasted(search: str, code: str) -> None:
    found = [entry for _, entry in lookup(search)]
    assert found
    assert all(code in entry.codes for entry in found)


def test_words_find_entries_and_nonsense_finds_none() -> None:
    assert any("AADSTS53003" in entry.codes for _, entry in lookup("conditional access policy"))
    assert list(lookup("zebra crossing")) == []
    assert list(lookup("")) == []
    assert list(lookup("AADSTS1")) == list(lookup("65")) == list(lookup("AADSTS999999")) == []


def test_the_printed_page_is_the_catalogue() -> None:
    """When this fails: python -m tenantry.graph.explained.printed > docs/errors.md."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert page == as_markdown()
    assert all(f"`{code}`" in page for entry in ENTRIES for code in entry.codes)


def test_the_codes_of_the_token_client_are_all_explained() -> None:
    """What the product itself branches on is never unknown to the catalogue."""
    source = (ROOT / "src" / "tenantry" / "graph" / "tokens.py").read_text(encoding="utf-8")
    source += (ROOT / "src" / "tenantry" / "tenants" / "policies" / "consent.py").read_text(encoding="utf-8")
    sets = re.findall(r"frozenset\(\{([\d, ]+)\}\)", source)
    numbers = {number.strip() for found in sets for number in found.split(",")}
    assert len(numbers) > 15
    assert sorted(number for number in numbers if not explain_code(number).is_known) == []
