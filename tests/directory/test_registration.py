"""AC-6.5: a user with a mail address and a mobile number in one E.164 writing is registered completely."""

import pytest

from tenantry.directory.models import DirectoryUser
from tenantry.directory.registration import registration_of


@pytest.mark.parametrize(
    ("mail", "mobile", "country", "missing"),
    [
        ("dana@kestrel.example", "+49 1512 3456789", "", []),
        ("dana@kestrel.example", "01512 3456789", "DE", []),
        ("dana@kestrel.example", "01512 3456789", "", ["no country code"]),
        ("dana@kestrel.example", "+49 30 901820", "", ["no mobile number"]),
        ("dana@kestrel.example", "extension 7", "DE", ["no telephone number"]),
        ("dana@kestrel.example", "", "DE", ["no mobile number"]),
        ("", "+49 1512 3456789", "", ["no mail address"]),
        ("", "", "", ["no mail address", "no mobile number"]),
    ],
)
def test_ac_6_5_complete_with_both_and_the_missing_one_is_named(
    mail: str, mobile: str, country: str, missing: list[str]
) -> None:
    found = registration_of(DirectoryUser(mail=mail, mobile_phone=mobile, usage_location=country))
    assert found.is_complete == (not missing)
    assert len(found.missing) == len(missing)
    assert all(words in why for words, why in zip(missing, found.missing, strict=True))


def test_ac_6_5_before_the_number_was_read_nothing_is_called_complete() -> None:
    found = registration_of(DirectoryUser(mail="dana@kestrel.example", mobile_phone=None))
    assert (found.is_known, found.is_complete) == (False, False)
