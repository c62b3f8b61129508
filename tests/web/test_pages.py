"""Whole pages: the style guide, the errors, and what the content policy asks of every template."""

import re
from pathlib import Path

import pytest
from django.http import Http404
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings

import tenantry.web
from tenantry.web import styleguide

TEMPLATES = sorted((Path(tenantry.web.__file__).parent / "templates").rglob("*.html"))
SCRIPTS = sorted((Path(tenantry.web.__file__).parent / "static/tenantry/js").glob("*.js"))
SHEETS = sorted((Path(tenantry.web.__file__).parent / "static/tenantry/css").glob("*.css"))


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html", "403_csrf.html"])
def test_an_error_page_says_what_happened_why_and_what_to_do_without_any_context(name: str) -> None:
    html = render_to_string(name)
    for heading in ("What happened", "Why", "What to do"):
        assert re.search(rf"<dt>{heading}</dt><dd>\w", html)


@override_settings(DEBUG=False, IS_DEMO=False)
def test_the_style_guide_is_not_there_in_a_deployment_that_works() -> None:
    with pytest.raises(Http404):
        styleguide.show(RequestFactory().get("/styleguide/"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_needs_what_the_content_policy_refuses(template: Path) -> None:
    source = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", source)
    assert not re.search(r"<style", source)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert "|safe" not in source
    assert "javascript:" not in source


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_from_text(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in source


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_rule_stands_in_a_layer_and_fetches_nothing(sheet: Path) -> None:
    source = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL).strip()
    assert source.startswith("@layer ")
    assert "url(" not in source
    assert source.count("{") == source.count("}")


def test_only_the_tokens_name_colours() -> None:
    for sheet in SHEETS:
        if sheet.name == "tokens.css":
            continue
        rules = "\n".join(line for line in sheet.read_text(encoding="utf-8").splitlines() if "fill: " not in line)
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#fff", "#000"}, sheet.name
