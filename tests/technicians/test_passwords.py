"""Passwords of technicians: long, of any composition, and not what is tried first."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from tests.technicians.conftest import PASSWORD

from tenantry.technicians.models import Technician

BOSS = Technician(email="sam@harbourlights.example", display_name="Sam Reed")


@pytest.mark.parametrize("password", [
    "Tenantry-2026!!", "P@ssw0rd2026!!", "Password123456", "Summer-2026-!!!", "Welcome to Entra!", "123456789012",
    "aaaaaaaaaaaa", "qwertyuiopasdf", "zyxwvutsrqpo", "1212121212121212", "HarbourLights-26", "microsoft-office-1",
    "sam reed sam reed",
    "short words",
])  # fmt: skip
def test_what_is_tried_first_is_refused(password: str) -> None:
    """ASVS 6.2.4, 6.2.11: common words dressed up, words of this place, rows of keys."""
    with pytest.raises(ValidationError) as refused:
        validate_password(password, BOSS)
    assert all(str(words).strip() for words in refused.value.messages)


@pytest.mark.parametrize("password", [
    "plum kettle harbour 9", "correct horse battery staple", "xk9#fq2!lw8prz", "nur kleine buchstaben hier",
    "\u540d\u524d\u306f\u9577\u3044\u79d8\u5bc6\u306e\u8a00\u8449\u3067\u3059",
    "plum kettle tenant orchard", "0918273645 5463728190", "velvet tundra " * 9,
])  # fmt: skip
def test_any_composition_and_length_will_do(password: str) -> None:
    """ASVS 6.2.5, 6.2.9: no classes of characters are asked for, and more than 64 characters are fine."""
    validate_password(password, BOSS)


def test_a_change_asks_for_the_current_password(as_technician: Client, technician: Technician) -> None:
    """ASVS 6.2.3: a session that was left open does not change the password."""
    new = "velvet tundra orchard 4"
    for old in ("", "something else 12"):
        given = {"oldpassword": old, "password1": new, "password2": new}
        assert as_technician.post("/accounts/password/change/", given).status_code == 200
    technician.refresh_from_db()
    assert technician.check_password(PASSWORD)
