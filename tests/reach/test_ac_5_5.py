import pathlib
import re

import tenantry

SOURCES = pathlib.Path(tenantry.__file__).parent
FORBIDDEN = re.compile(r"\bresetPassword\b|28c10230-6103-485e-b985-444c60001490")
"""The authentication-methods action and the id of the password method it is called on."""


def test_ac_5_5_no_code_path_mentions_the_reset_action_that_apps_may_not_call() -> None:
    files = sorted(SOURCES.rglob("*.py"))
    assert files
    guilty = [str(file.relative_to(SOURCES)) for file in files if FORBIDDEN.search(file.read_text(encoding="utf-8"))]
    assert guilty == []


def test_the_check_recognises_a_call() -> None:
    assert FORBIDDEN.search('f"/users/{user_id}/authentication/methods/{method_id}/resetPassword"')
    assert not FORBIDDEN.search('path("reset-password/", reset_password)')
