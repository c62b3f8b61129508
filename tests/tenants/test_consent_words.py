"""Every end of a consent round trip has its own message (AC-1.3)."""

import pytest

from tenantry.tenants.models import ConsentOutcome
from tenantry.tenants.policies import end_of_error, words_of


def test_ac_1_3_every_outcome_has_a_message_of_its_own() -> None:
    titles = [words_of(outcome).title for outcome in ConsentOutcome]
    messages = [words_of(outcome).message for outcome in ConsentOutcome]
    assert len(set(titles)) == len(titles)
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize(
    ("error", "description", "subcode", "outcome", "code"),
    [
        (
            "access_denied",
            "AADSTS65004: User declined to consent to access the app. Trace ID: 1 Correlation ID: 2",
            "",
            ConsentOutcome.DECLINED,
            "AADSTS65004",
        ),
        ("permission_denied", "The admin canceled the request", "", ConsentOutcome.DECLINED, "permission_denied"),
        ("access_denied", "", "cancel", ConsentOutcome.DECLINED, "access_denied"),
        ("access_denied", "AADSTS90094: Admin consent is required.", "", ConsentOutcome.NOT_ADMIN, "AADSTS90094"),
        (
            "access_denied",
            "AADSTS50020: User account from identity provider",
            "",
            ConsentOutcome.OTHER_DIRECTORY,
            "AADSTS50020",
        ),
        ("server_error", "AADSTS90033: A transient error has occurred.", "", ConsentOutcome.ERROR, "AADSTS90033"),
        ("<script>alert(1)</script>", "", "", ConsentOutcome.ERROR, "scriptalert1script"),
    ],
)
def test_ac_1_3_microsofts_error_redirects_are_told_apart(
    error: str, description: str, subcode: str, outcome: ConsentOutcome, code: str
) -> None:
    assert end_of_error(error=error, description=description, subcode=subcode) == (outcome, code)
