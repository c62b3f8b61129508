"""The state machine of a connection, moved by a clock alone (J6, AC-2.3, AC-2.4, AC-5.4)."""

import dataclasses
import datetime as dt

import pytest

from tenantry.reach import permissions, roles
from tenantry.reach.permissions import Feature
from tenantry.tenants.models import ConnectionState
from tenantry.tenants.policies import Facts, Trouble, checklist, feature_rows, next_check_at, next_state, would_do

T0 = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
UNIT = "11111111-2222-3333-4444-555555555555"


def facts(**changes: object) -> Facts:
    base = Facts(wanted_role_id=PAA, app_name="Quickpass", granted=permissions.HELPDESK_REQUIRED)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]  # each test names real fields


def with_role(**changes: object) -> Facts:
    return facts(role_ids=frozenset({PAA}), role_seen_at=T0, **changes)


def after(minutes: int, seconds: int = 0) -> dt.datetime:
    return T0 + dt.timedelta(minutes=minutes, seconds=seconds)


def test_ac_1_4_a_consent_not_looked_at_yet_is_consented_not_ready() -> None:
    assert next_state(facts(roles_are_read=False), T0).state == ConnectionState.CONSENTED


def test_ac_2_3_without_the_role_the_state_says_which_role_is_missing() -> None:
    standing = next_state(facts(), T0)
    assert standing.state == ConnectionState.ROLE_MISSING
    assert "Privileged Authentication Administrator is missing" in standing.cause
    assert "Quickpass" in standing.fix
    assert standing.who


def test_ac_2_4_a_role_limited_to_a_unit_does_not_count_and_the_unit_is_named() -> None:
    limited = facts(unit_roles={UNIT: frozenset({PAA})}, unit_names={UNIT: "Warehouse"})
    standing = next_state(limited, T0)
    assert standing.state == ConnectionState.ROLE_MISSING
    assert "limited to unit “Warehouse”" in standing.cause
    unnamed = next_state(dataclasses.replace(limited, unit_names={}), T0)
    assert UNIT in unnamed.cause


def test_ac_6_4_the_role_seen_at_zero_is_propagating() -> None:
    standing = next_state(with_role(), T0)
    assert standing.state == ConnectionState.PROPAGATING
    assert standing.who == "nobody"


def test_ac_6_4_a_refusal_at_14_59_is_still_propagating() -> None:
    moment = after(14, 59)
    assert next_state(with_role(refused_at=moment), moment).state == ConnectionState.PROPAGATING


def test_ac_6_4_a_refusal_at_15_01_needs_attention_and_names_the_role() -> None:
    moment = after(15, 1)
    standing = next_state(with_role(refused_at=moment, refused_note="Authorization_RequestDenied: no."), moment)
    assert standing.state == ConnectionState.NEEDS_ATTENTION
    assert "Privileged Authentication Administrator" in standing.cause
    assert "Authorization_RequestDenied" in standing.cause


@pytest.mark.parametrize("seconds", [0, 1, 899, 900, 901, 86_400])
def test_ac_6_4_an_action_that_works_makes_ready_at_any_time(seconds: int) -> None:
    moment = T0 + dt.timedelta(seconds=seconds)
    refused = with_role(refused_at=moment - dt.timedelta(seconds=1), worked_at=moment)
    assert next_state(refused, moment).state == ConnectionState.READY
    assert next_state(with_role(worked_at=moment), moment).state == ConnectionState.READY


def test_ac_6_2_a_refusal_inside_the_window_after_a_probe_stays_amber_until_an_action_works() -> None:
    probed = with_role(probed_at=after(2))
    assert next_state(probed, after(2)).state == ConnectionState.READY
    refused = dataclasses.replace(probed, refused_at=after(3))
    assert next_state(refused, after(3)).state == ConnectionState.PROPAGATING
    assert next_state(dataclasses.replace(refused, probed_at=after(4)), after(4)).state == ConnectionState.PROPAGATING
    assert next_state(dataclasses.replace(refused, worked_at=after(5)), after(5)).state == ConnectionState.READY


def test_ac_6_3_a_probe_decides_ready_early_and_its_proof_carries_its_time() -> None:
    standing = next_state(with_role(probed_at=after(1)), after(1))
    assert standing.state == ConnectionState.READY
    assert standing.proven_at == after(1)
    assert "fresh token" in standing.proof


def test_ac_6_3_a_probe_does_not_overrule_a_refusal_after_the_window() -> None:
    refused = with_role(refused_at=after(16), probed_at=after(20))
    assert next_state(refused, after(20)).state == ConnectionState.NEEDS_ATTENTION


def test_ac_6_3_a_refusal_inside_the_window_is_overcome_by_a_probe_after_it() -> None:
    refused = with_role(refused_at=after(10))
    assert next_state(dataclasses.replace(refused, probed_at=after(16)), after(16)).state == ConnectionState.READY
    assert next_state(refused, after(16)).state == ConnectionState.NEEDS_ATTENTION


def test_a_token_that_names_no_roles_does_not_keep_a_connection_from_ready_for_ever() -> None:
    assert next_state(with_role(), after(14, 59)).state == ConnectionState.PROPAGATING
    assert next_state(with_role(), after(15)).state == ConnectionState.READY


def test_a_role_given_back_starts_a_new_window_whatever_was_refused_or_worked_before() -> None:
    again = with_role(refused_at=after(-30), worked_at=after(-40), probed_at=after(-50))
    assert next_state(again, after(1)).state == ConnectionState.PROPAGATING


def test_ac_5_4_a_role_that_was_taken_away_is_degraded_and_says_so() -> None:
    standing = next_state(facts(role_lost_at=after(60)), after(60))
    assert standing.state == ConnectionState.DEGRADED
    assert standing.cause.startswith("Role missing")


def test_ac_1_5_a_grown_permission_list_turns_off_only_what_needs_the_new_permission() -> None:
    missing = "User.RevokeSessions.All"
    short = with_role(granted=permissions.HELPDESK_REQUIRED - {missing}, worked_at=after(1))
    standing = next_state(short, after(1))
    assert standing.state == ConnectionState.RECONSENT_NEEDED
    assert missing in standing.cause
    rows = {row.feature: row for row in feature_rows(short, after(1))}
    assert rows[Feature.REVOKE_SESSIONS].kind == "bad"
    assert missing in rows[Feature.REVOKE_SESSIONS].cause
    for feature in (Feature.READ_DIRECTORY, Feature.RESET_PASSWORD, Feature.BLOCK_SIGN_IN):
        assert rows[feature].is_ready, feature


@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_way_to_be_offline_says_cause_fix_and_who(trouble: Trouble) -> None:
    standing = next_state(with_role(trouble=trouble, trouble_note="AADSTS700: words."), after(1))
    assert standing.state == ConnectionState.OFFLINE
    assert all((standing.cause, standing.fix, standing.who))
    assert "AADSTS700" in standing.cause
    assert all(row.kind == "bad" for row in feature_rows(with_role(trouble=trouble), after(1)))
    assert next_state(with_role(worked_at=after(1)), after(1)).state == ConnectionState.READY


def test_ac_6_1_reading_users_is_ready_while_password_functions_propagate() -> None:
    rows = {row.feature: row for row in feature_rows(with_role(), after(1))}
    assert rows[Feature.READ_DIRECTORY].is_ready
    assert rows[Feature.RESET_PASSWORD].word == "Propagating"
    assert rows[Feature.RESET_PASSWORD].until == after(15)


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        (roles.GLOBAL_ADMINISTRATOR, PAA, True),
        (PAA, roles.USER_ADMINISTRATOR, True),
        (roles.USER_ADMINISTRATOR, PAA, False),
        (roles.USER_ADMINISTRATOR, roles.HELPDESK_ADMINISTRATOR, True),
        (roles.AUTHENTICATION_ADMINISTRATOR, roles.USER_ADMINISTRATOR, False),
        (roles.PARTNER_TIER2_SUPPORT, PAA, False),
        (roles.PRIVILEGED_ROLE_ADMINISTRATOR, PAA, False),
    ],
)
def test_a_role_counts_when_it_reaches_everybody_the_wanted_one_reaches(held: str, wanted: str, expected: bool) -> None:
    assert would_do(held, wanted) is expected
    standing = next_state(facts(wanted_role_id=wanted, role_ids=frozenset({held}), role_seen_at=T0, probed_at=T0), T0)
    assert (standing.state == ConnectionState.READY) is expected


def test_helpdesk_administrator_is_told_not_to_block_without_calling_it_a_fault() -> None:
    helpdesk = roles.HELPDESK_ADMINISTRATOR
    held = facts(wanted_role_id=helpdesk, role_ids=frozenset({helpdesk}), role_seen_at=T0, probed_at=T0)
    rows = {row.feature: row for row in feature_rows(held, T0)}
    assert rows[Feature.RESET_PASSWORD].is_ready
    assert rows[Feature.BLOCK_SIGN_IN].kind == "mute"
    assert "User Administrator" in rows[Feature.BLOCK_SIGN_IN].fix


def test_the_checklist_goes_green_step_by_step() -> None:
    def kinds(given: Facts, now: dt.datetime) -> list[str]:
        return [step.kind for step in checklist(given, now)]

    assert kinds(facts(roles_are_read=False), T0) == ["done", "now", "later", "later", "later"]
    assert kinds(facts(), T0) == ["done", "now", "wait", "later", "later"]
    assert kinds(with_role(), after(1)) == ["done", "done", "done", "wait", "later"]
    assert kinds(with_role(probed_at=after(2)), after(2)) == ["done", "done", "done", "done", "now"]
    assert kinds(with_role(refused_at=after(16)), after(16)) == ["done", "done", "done", "bad", "later"]
    assert kinds(facts(role_lost_at=after(20)), after(20)) == ["done", "now", "bad", "later", "later"]
    assert kinds(facts(trouble=Trouble.WITHDRAWN), T0)[0] == "bad"


def test_ac_5_4_a_settled_connection_is_looked_at_well_within_24_hours() -> None:
    import uuid

    for number in range(50):
        due = next_check_at(ConnectionState.READY, tenant_id=uuid.UUID(int=number * 7919), stirred_at=T0, now=T0)
        assert dt.timedelta(hours=1) < due - T0 < dt.timedelta(hours=12)


def test_connections_in_motion_are_looked_at_within_seconds_and_failures_back_off() -> None:
    import uuid

    tenant_id = uuid.UUID(int=1)
    for state in (ConnectionState.CONSENTED, ConnectionState.ROLE_MISSING, ConnectionState.PROPAGATING):
        assert next_check_at(state, tenant_id=tenant_id, stirred_at=T0, now=after(5)) - after(5) <= dt.timedelta(
            seconds=20
        )
    pauses = [
        next_check_at(ConnectionState.READY, tenant_id=tenant_id, stirred_at=T0, now=T0, failures=n) - T0
        for n in range(1, 9)
    ]
    assert pauses == sorted(pauses)
    assert pauses[-1] == dt.timedelta(hours=1)
