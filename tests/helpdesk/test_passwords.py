"""Generated passwords and Microsoft's rules for typed ones."""

import math

import pytest

from tenantry.helpdesk import passwords

UPN = "dana.doe@kestrel.example"


def test_readable_passwords_hold_more_than_50_bits_and_follow_the_rules() -> None:
    words = passwords.word_list()
    assert len(words) == len(set(words))
    assert math.log2(len(words)) * 4 + math.log2(90) > 50
    made = {passwords.readable(UPN).reveal() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert passwords.problems(password, UPN) == []
        first, *_, digits = password.split("-")
        assert first[0].isupper()
        assert digits.isdigit()


def test_random_passwords_have_no_look_alikes_and_follow_the_rules() -> None:
    for _ in range(200):
        password = passwords.random(UPN).reveal()
        assert len(password) == 16
        assert passwords.problems(password, UPN) == []
        assert not set(password) & set("0O1lI")


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("Short-1", "8 to 256"),
        ("A1-" + "x" * 254, "8 to 256"),
        ("lowercaseonly", "three of"),
        ("lowercase123", "three of"),
        ("Größe-12345", "English keyboard"),
        ("X1-DANA.DOE-99", "user name"),
    ],
)
def test_what_microsoft_would_refuse_is_said(password: str, part: str) -> None:
    assert any(part in problem for problem in passwords.problems(password, UPN))


@pytest.mark.parametrize("password", ["Lower-Upper", "lower1 blank", "UPPER-123", "A1-" + "x" * 253])
def test_three_categories_are_enough_and_a_blank_is_a_symbol(password: str) -> None:
    assert passwords.problems(password, UPN) == []
