import csv
import pathlib

import pytest

from tenantry.reach import permissions, roles
from tenantry.reach.permission_ids import PERMISSION_IDS
from tenantry.reach.permissions import ELEVATION_REQUIRED, HELPDESK_REQUIRED, PERMISSIONS, Feature

REFERENCE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference"


def read(name: str) -> list[dict[str, str]]:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip(f"the official table {name} is not beside the repository")
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.reference
def test_every_built_in_role_is_known_as_the_official_list_has_it() -> None:
    expected = {
        (
            line["display_name"],
            line["template_id"],
            line["is_privileged"] == "true",
            line["assignment_mode"] == "allowed",
        )
        for line in read("directory_roles.csv")
    }
    assert {(r.name, r.template_id, r.is_privileged, r.is_assignable) for r in roles.ROLES} == expected


@pytest.mark.reference
def test_permission_names_and_ids_are_the_official_ones() -> None:
    expected = {
        line["permission"]: line["id"] for line in read("graph_permissions.csv") if line["type"] == "Application"
    }
    assert expected == PERMISSION_IDS


@pytest.mark.reference
def test_the_recommended_block_roles_hold_the_actions_in_their_definitions() -> None:
    held = {(line["template_id"], line["action"].rpartition("/")[2]) for line in read("role_actions.csv")}
    for role_id in (
        roles.USER_ADMINISTRATOR,
        roles.AUTHENTICATION_ADMINISTRATOR,
        roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    ):
        assert {(role_id, "enable"), (role_id, "disable"), (role_id, "invalidateAllRefreshTokens")} <= held
    assert (roles.HELPDESK_ADMINISTRATOR, "disable") not in held
    assert (roles.PASSWORD_ADMINISTRATOR, "invalidateAllRefreshTokens") not in held


def test_each_role_constant_is_the_id_of_the_role_it_is_named_after() -> None:
    constants = {
        name: value
        for name, value in vars(roles).items()
        if name[0].isalpha() and name.isupper() and isinstance(value, str)
    }
    assert constants
    for name, template_id in constants.items():
        assert roles.role(template_id).name.upper().replace(" ", "_") == name


def test_roles_are_found_by_id_and_by_name() -> None:
    assert roles.role_name(roles.GLOBAL_ADMINISTRATOR.upper()) == "Global Administrator"
    assert roles.role_by_name(" global administrator ").template_id == roles.GLOBAL_ADMINISTRATOR
    assert roles.find_role("not-a-role") is None
    assert roles.role_name("not-a-role") == "a custom role"
    with pytest.raises(KeyError):
        roles.role("not-a-role")


def test_ac_5_1_each_role_option_tells_its_limit_and_one_is_recommended() -> None:
    for looks_after_admins, recommended in (
        (True, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR),
        (False, roles.USER_ADMINISTRATOR),
    ):
        options = roles.role_options(looks_after_admins=looks_after_admins)
        assert [option.role.name for option in options] == [
            "Privileged Authentication Administrator",
            "User Administrator",
            "Authentication Administrator",
            "Helpdesk Administrator",
            "Password Administrator",
        ]
        assert [option.role.template_id for option in options if option.is_recommended] == [recommended]
        assert all(option.limit and option.summary for option in options)
        for option in options[3:]:
            assert not option.can_block
            assert "Cannot block" in option.limit
            assert "live refusal" in option.limit


@pytest.mark.parametrize("looks_after_admins", [True, False])
def test_ac_5_1_the_group_path_offers_global_administrator_never_preselected(looks_after_admins: bool) -> None:
    options = roles.role_options(looks_after_admins=looks_after_admins, group_path=True)
    last = options[-1]
    assert last.role.template_id == roles.GLOBAL_ADMINISTRATOR
    assert last.needs_confirmation
    recommended = [option.role.template_id for option in options if option.is_recommended]
    assert recommended == [roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR]


def test_ac_x_4_the_helpdesk_app_asks_for_reading_password_and_sign_in_only() -> None:
    assert {p.name for p in permissions.wanted()} == HELPDESK_REQUIRED
    assert not any("RoleManagement.ReadWrite" in name or name == "User.Create" for name in HELPDESK_REQUIRED)
    assert not permissions.HELPDESK_OPTIONAL & (HELPDESK_REQUIRED | ELEVATION_REQUIRED)
    assert {p.name for p in PERMISSIONS} == HELPDESK_REQUIRED | ELEVATION_REQUIRED | permissions.HELPDESK_OPTIONAL
    assert all(p.reason.endswith(".") and p.features for p in PERMISSIONS)
    assert set(permissions.FEATURE_LABELS) == set(Feature)


def test_names_and_ids_translate_both_ways_and_an_unknown_id_stays_visible() -> None:
    for name, permission_id in PERMISSION_IDS.items():
        assert permissions.permission_name(permission_id.upper()) == name
        assert permissions.permission_id(name) == permission_id
    assert permissions.permission_name("unknown-id") == "unknown-id"


def test_nothing_is_missing_off_or_surplus_when_all_is_granted() -> None:
    granted = [PERMISSION_IDS[name] for name in HELPDESK_REQUIRED]
    assert permissions.missing(granted) == ()
    assert permissions.features_off(granted) == {}
    assert permissions.surplus(granted) == ()


def test_ac_1_5_a_missing_permission_turns_off_only_the_features_that_need_it() -> None:
    granted = HELPDESK_REQUIRED - {"User.RevokeSessions.All"}
    assert [p.name for p in permissions.missing(granted)] == ["User.RevokeSessions.All"]
    assert list(permissions.features_off(granted)) == [Feature.REVOKE_SESSIONS]


def test_features_of_the_elevation_app_are_judged_by_what_it_asks_for() -> None:
    off = permissions.features_off(ELEVATION_REQUIRED - {"User.Create"}, required=ELEVATION_REQUIRED)
    assert list(off) == [Feature.CREATE_ACCOUNTS]


def test_what_was_granted_beyond_the_request_is_listed_by_name() -> None:
    granted = [*HELPDESK_REQUIRED, PERMISSION_IDS["Directory.ReadWrite.All"], "unknown-id"]
    assert permissions.surplus(granted) == ("Directory.ReadWrite.All", "unknown-id")
