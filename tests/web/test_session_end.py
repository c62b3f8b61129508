"""What a polled part of a page answers when the session has ended."""

import uuid

import pytest
from django.test import Client

pytestmark = pytest.mark.usefixtures("database", "clock")


def test_a_polled_part_leads_the_whole_page_to_sign_in(eve: Client) -> None:
    page = f"/customers/{uuid.uuid4()}/"
    answer = eve.get(
        f"{page}connection/", headers={"HX-Request": "true", "HX-Current-URL": f"https://console.example{page}?tab=1"}
    )
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/accounts/login/?next=%2Fcustomers%2F")
    assert "console.example" not in answer["HX-Redirect"]


def test_a_whole_page_is_redirected_as_ever(eve: Client) -> None:
    answer = eve.get("/customers/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/customers/")
