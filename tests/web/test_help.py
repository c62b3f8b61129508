"""The page that explains a code: signed in only, a plain form, nothing of the search becomes markup."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client


def test_a_code_is_explained_on_a_page_that_needs_no_script(as_alice: "Client") -> None:
    page = as_alice.get("/help/errors/", {"q": "AADSTS7000112"}).content.decode()
    assert "Our enterprise app is disabled in this tenant." in page
    assert "Enabled for users to sign-in" in page
    assert "A Global Administrator of the customer." in page


def test_without_a_search_the_whole_catalogue_is_there(as_alice: "Client") -> None:
    page = as_alice.get("/help/errors/").content.decode()
    assert "Conditional Access" in page
    assert "?q=AADSTS65004" in page


def test_an_unknown_code_is_called_unknown_and_stays_text(as_alice: "Client") -> None:
    page = as_alice.get("/help/errors/", {"q": "<b>AADSTS4</b>"}).content.decode()
    assert "does not know" in page
    assert "<b>AADSTS4" not in page
    words = as_alice.get("/help/errors/", {"q": "zebra crossing"}).content.decode()
    assert "Nothing matches" in words


def test_the_page_is_for_people_who_are_signed_in(eve: "Client") -> None:
    assert eve.get("/help/errors/").status_code == 302
