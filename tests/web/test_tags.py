"""The components as template tags: what they write, and that nothing a tenant may hold gets through as HTML."""

import datetime as dt
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django import forms
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory

from tenantry.kit import clock
from tenantry.web import nav

EVIL = "\"><script>alert(1)</script>' onload=x"
NOON = dt.datetime(2026, 11, 12, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    previous = clock.install(clock.TravellingClock(NOON))
    yield
    clock.install(previous)


def render(source: str, **context: object) -> str:
    request = context.setdefault("request", RequestFactory().get("/"))
    assert isinstance(request, HttpRequest)
    return Template("{% load ui ui_forms %}" + source).render(Context(context))


class _Names(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.found.update(name for name, _ in attrs)


def names_of(html: str) -> set[str]:
    """Every element and attribute a browser would see in `html`."""
    parser = _Names()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize(
    "source",
    [
        '{% state "bad" evil %}',
        "{% copy evil %}",
        '{% copy "x" evil %}',
        "{% copy_button evil evil %}",
        "{% secret evil %}",
        "{% secret evil evil %}",
        '{% empty "inbox" evil evil evil evil %}',
        "{% progress 1 2 evil %}",
        "{% bar evil good=1 %}",
        '{% note "bad" evil %}{{ evil }}{% endnote %}',
        '{% step 1 "now" evil %}{{ evil }}{% endstep %}',
        "{% menu evil text=evil %}{{ evil }}{% endmenu %}",
        "{% sort_th evil evil evil %}",
        "{% pager after=evil before=evil words=evil %}",
        "{% countdown until evil %}",
        "{% when None empty=evil %}",
        "{{ evil|initials }}",
    ],
)
def test_what_a_tenant_holds_never_becomes_markup(source: str) -> None:
    html = render(source, evil=EVIL, until=NOON)
    assert names_of(html).isdisjoint({"script", "onload", "style"})


def test_a_state_is_an_icon_and_a_word() -> None:
    html = render('{% state "good" "Ready" %}')
    assert 'class="state good"' in html
    assert "<svg" in html
    assert "Ready" in html


def test_an_unknown_state_is_a_mistake_of_the_page() -> None:
    with pytest.raises(ValueError, match="purple"):
        render('{% state "purple" "Ready" %}')


def test_a_time_is_right_without_scripts_and_exact_in_its_title() -> None:
    html = render("{% when at %}", at=NOON - dt.timedelta(minutes=4))
    assert 'datetime="2026-11-12T11:56:00Z"' in html
    assert 'title="12 Nov 2026, 11:56:00 UTC"' in html
    assert ">12 Nov 2026, 11:56 UTC</time>" in html
    assert ">4 min ago</time>" in render('{% when at "relative" %}', at=NOON - dt.timedelta(minutes=4))


def test_a_time_that_never_was_is_said() -> None:
    assert "never" in render("{% when at %}", at=None)


def test_a_countdown_shows_the_time_left_by_the_products_clock() -> None:
    html = render('{% countdown until "Propagating, " %}', until=NOON + dt.timedelta(minutes=11))
    assert "Propagating, <span data-left>11 min left</span>" in html


def test_a_secret_stands_in_a_place_that_is_wiped() -> None:
    html = render("{% secret word %}", word="maple-orbit-7")
    assert html.startswith('<div class="secret" data-secret>')
    assert "<span>maple</span><span>-orbit</span><span>-7</span>" in html
    assert "maple, dash, orbit, dash, seven" in html


def test_a_column_sorts_up_then_down_and_drops_the_cursor() -> None:
    request = RequestFactory().get("/?state=bad&after=c9&sort=name")
    html = render('{% sort_th "Customer" "name" %}', request=request)
    assert 'aria-sort="ascending"' in html
    assert 'href="?state=bad&amp;sort=-name"' in html
    other = render('{% sort_th "Users" "users" "num" %}', request=request)
    assert 'aria-sort="none"' in other
    assert "sort=users" in other


def test_the_pager_keeps_filters_and_offers_only_where_there_is_more() -> None:
    request = RequestFactory().get("/?state=bad&before=c1")
    html = render('{% pager after="c9" words="1 to 50" %}', request=request)
    assert 'href="?state=bad&amp;after=c9"' in html
    assert 'rel="prev"' not in html


def test_progress_without_a_total_only_says_that_it_runs() -> None:
    assert "value=" not in render('{% progress 0 0 "Asking" %}')
    assert 'value="5" max="5"' in render('{% progress 9 5 "Reading" %}')


def test_the_bar_says_in_words_what_it_shows() -> None:
    html = render("{% bar good=3 bad=1 %}")
    assert 'aria-label="3 good, 1 bad"' in html
    assert 'width="75.00%"' in html


def test_the_navigation_works_before_its_pages_exist() -> None:
    assert nav.address("nothing:here", "/there/") == "/there/"
    html = render("{% main_nav %}", nav="users")
    assert html.count("aria-current") == 1
    assert "Customers" in html


class _Form(forms.Form):
    name = forms.CharField(help_text="As invoiced.")
    note = forms.CharField(required=False)
    role = forms.ChoiceField(choices=[("a", "Alpha"), ("b", "Beta")], widget=forms.RadioSelect)
    send = forms.BooleanField(required=False)
    token = forms.CharField(widget=forms.HiddenInput)
    password = forms.CharField(widget=forms.PasswordInput)


def test_a_field_ties_label_hint_and_error_to_its_control() -> None:
    html = render("{% field form.name %}", form=_Form({"name": ""}))
    assert '<label for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_hint_given_by_the_page_is_tied_too() -> None:
    html = render('{% field form.note "Only for you." %}', form=_Form())
    assert 'aria-describedby="id_note_helptext"' in html
    assert "optional" in html


def test_choices_are_cards_in_a_fieldset_each_with_its_hint() -> None:
    html = render("{% field form.role hints=hints %}", form=_Form({"role": ""}), hints={"b": "Second & last"})
    assert '<fieldset class="field wrong" aria-describedby="id_role_error">' in html
    assert "<legend>Role</legend>" in html
    assert html.count('class="choice-hint"') == 1
    assert "Second &amp; last" in html


def test_a_checkbox_may_be_drawn_as_a_switch() -> None:
    assert 'role="switch"' in render("{% field form.send switch=True %}", form=_Form())
    assert 'role="switch"' not in render("{% field form.send %}", form=_Form())


def test_a_hidden_field_has_no_label() -> None:
    assert "<label" not in render("{% field form.token %}", form=_Form())


def test_the_summary_of_errors_leads_to_the_fields_and_names_hidden_ones() -> None:
    html = render("{% form_errors form %}", form=_Form({"name": "", "role": "a", "password": "x"}))
    assert 'href="#id_name"' in html
    assert html.count("<li>") == 2
    assert render("{% form_errors form %}", form=_Form()).strip() == ""


def test_a_typed_password_is_never_sent_back() -> None:
    html = render("{% form_fields form %}", form=_Form({"password": "hunter2-hunter2"}))
    assert "hunter2" not in html


def test_password_hints_know_their_field_and_the_user_name() -> None:
    html = render("{% password_hints form.password name %}", form=_Form(), name=EVIL)
    assert 'data-password-policy="id_password"' in html
    assert html.count("data-rule=") == 4
    assert "<script" not in html
