"""The operator's pages name every setting and every permission, and none that is not there."""

import re
from pathlib import Path

from tenantry.env import KNOWN
from tenantry.reach import permissions

OPERATOR = Path(__file__).resolve().parents[2] / "docs" / "operator"


def test_every_setting_has_a_row_with_meaning_default_and_example() -> None:
    page = (OPERATOR / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(TENANTRY_\w+)` \|([^|]+)\|([^|]+)\|([^|]+)\|$", page, re.MULTILINE)
    assert sorted(name for name, *_ in rows) == sorted(KNOWN)
    assert [name for name, *cells in rows if not all(cell.strip() for cell in cells)] == []


def test_no_operators_page_names_a_setting_that_is_unknown() -> None:
    known = KNOWN.keys() | {f"{name}_FILE" for name in KNOWN}
    named = {
        (page.name, name)
        for page in OPERATOR.glob("*.md")
        for name in re.findall(r"\bTENANTRY_[A-Z_]+\b", page.read_text(encoding="utf-8"))
    }
    assert sorted(name for name in named if name[1].rstrip("_") not in known and name[1] != "TENANTRY_") == []


def test_the_permissions_page_says_what_each_app_asks_for_and_why() -> None:
    page = (OPERATOR / "permissions.md").read_text(encoding="utf-8")
    helpdesk, elevation = page.split("## Elevation app")
    helpdesk, optional = helpdesk.split("One more is asked for only once")
    for part, required in (
        (helpdesk, permissions.HELPDESK_REQUIRED),
        (optional, permissions.HELPDESK_OPTIONAL),
        (elevation, permissions.ELEVATION_REQUIRED),
    ):
        rows = re.findall(r"^\| `([\w.-]+)` \| `([0-9a-f-]{36})` \| (.+) \|$", part, re.MULTILINE)
        assert rows == [(p.name, p.id, p.reason) for p in permissions.wanted(required)]
