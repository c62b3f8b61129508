"""The PowerShell scripts, read strictly: there is no PowerShell here to run them (docs/not-verified-live.md).

Every cmdlet and parameter that a script names stands in a table with its documentation page, brackets and quotes are
balanced, names are used with the letters they were given, and no value leaves its quotes.
"""

import itertools
import re
import shlex
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.handover.scripts import Errand, Language, Road, bash_quoted, powershell_quoted, script

QUOTES = "'\u2018\u2019\u201a\u201b"
_CORE = "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/"
_UTILITY = "https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/"
_GRAPH = "https://learn.microsoft.com/powershell/module/microsoft.graph.authentication/"
# Cmdlet -> where it is documented, and the parameters of that page that our scripts use.
CMDLETS = {
    "Set-StrictMode": (_CORE, {"Version"}),
    "Get-Command": (_CORE, {"ErrorAction"}),
    "Where-Object": (_CORE, set()),
    "Out-Null": (_CORE, set()),
    "ConvertTo-Json": (_UTILITY, {"InputObject", "Depth"}),
    "Start-Sleep": (_UTILITY, {"Seconds"}),
    "Write-Host": (_UTILITY, set()),
    "Connect-MgGraph": (_GRAPH, {"TenantId", "Environment", "Scopes", "ContextScope", "NoWelcome"}),
    "Disconnect-MgGraph": (_GRAPH, {"ErrorAction"}),
    "Get-MgContext": (_GRAPH, set()),
    "Invoke-MgGraphRequest": (_GRAPH, {"Method", "Uri", "Body", "ContentType", "OutputType"}),
}
OPERATORS = {"eq", "ne", "gt", "and", "not"}
AUTOMATIC = {"_", "true", "false", "null", "ErrorActionPreference"}
NASTY = "a'b\u2019\u201bc\"d$(calc)`e ${x}\n; exit #"


def errands() -> list[Errand]:
    made = []
    for road, by_pim, duration, name in itertools.product(Road, (True, False), ("", "P90D"), ("Plain", NASTY)):
        made.append(
            Errand(
                road=road,
                graph_url="https://graph.microsoft.com",
                tenant_id=str(uuid.UUID(int=1)),
                tenant_name=name,
                app_id=str(uuid.UUID(int=2)),
                app_name=name,
                role_id=str(uuid.UUID(int=3)),
                role_name=name,
                group_name=name,
                by_pim=by_pim,
                duration=duration,
                needs_ticket=by_pim,
                justification=name,
            )
        )
    return made


def code_of(text: str) -> str:
    """The script without comments and with empty strings; what is inside `$(...)` of a string is kept as code."""
    kept: list[str] = []
    at = 0
    single = re.compile(rf"'(?:[^{QUOTES}]|[{QUOTES}]{{2}})*'")
    double = re.compile(r'"(?:[^"`]|`.)*"', re.DOTALL)
    while at < len(text):
        sign = text[at]
        if sign == "#":
            at = text.find("\n", at)
            continue
        if sign in QUOTES or sign == '"':
            found = (double if sign == '"' else single).match(text, at)
            assert found, f"a quote is not closed: {text[at : at + 60]!r}"
            if sign == '"':
                kept.extend(f" {inner} " for inner in re.findall(r"(?<!`)\$\((.*?)\)", found.group()))
                kept.extend(f" {name} " for name in re.findall(r"(?<!`)\$[A-Za-z]\w*(?::\w+)?", found.group()))
            kept.append("''")
            at = found.end()
            continue
        kept.append(sign)
        at += 1
    return "".join(kept)


def commands(code: str) -> list[tuple[str, set[str]]]:
    """Each command with the names of its parameters, as far as it goes."""
    found = re.finditer(r"(?<![\w$.-])([A-Z][a-z]+-[A-Z]\w*)([^|;(){}\n]*)", code)
    return [(match.group(1), set(re.findall(r"\s-([A-Z]\w*)", match.group(2)))) for match in found]


@pytest.mark.parametrize("errand", errands(), ids=lambda errand: f"{errand.road}-{errand.by_pim}-{errand.duration}")
def test_a_script_is_balanced_and_uses_only_what_is_documented(errand: Errand) -> None:
    text = script(errand, Language.POWERSHELL)
    code = code_of(text)
    stack = []
    pairs = {")": "(", "]": "[", "}": "{"}
    for sign in code:
        if sign in "([{":
            stack.append(sign)
        elif sign in pairs:
            assert stack, "a bracket closes nothing"
            assert stack.pop() == pairs[sign]
    assert not stack
    assert "`" not in code.replace("`$", "")  # no line goes on by an invisible sign
    own = {name: set(re.findall(r"\$(\w+)", parameters)) for name, parameters in
           re.findall(r"(?m)^function ([\w-]+)\((.*?)\) \{", text)}  # fmt: skip
    for name, used in commands(code):
        known = own[name] if name in own else CMDLETS[name][1]
        assert used <= known, (name, used)
    assert set(re.findall(r"(?<=\s)-([a-z]+)\b", code)) <= OPERATORS
    assert text.count("param(") == 1
    assert text.rstrip().endswith("exit 0")


@pytest.mark.parametrize(
    "errand", errands()[::2], ids=lambda errand: f"{errand.road}-{errand.by_pim}-{errand.duration}"
)
def test_every_variable_is_given_a_value_before_strict_mode_would_complain(errand: Errand) -> None:
    code = code_of(script(errand, Language.POWERSHELL))
    given_value = set(re.findall(r"\$(?:script:)?(\w+)(?=\s*=(?!=))", code))
    given_value |= set(re.findall(r"\[[\w.]+\] \$(\w+)", code)) | set(re.findall(r"foreach \(\$(\w+) in", code))
    used = set(re.findall(r"\$(?:script:)?([A-Za-z_]\w*)", code))
    assert used <= given_value | AUTOMATIC, used - given_value - AUTOMATIC


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from([NASTY, QUOTES * 3]))
def test_no_name_leaves_its_quotes(name: str) -> None:
    """Read back as each shell reads a literal: the same text, and nothing after it."""
    quoted = powershell_quoted(name)
    assert re.fullmatch(rf"'(?:[^{QUOTES}]|([{QUOTES}])\1)*'", quoted)
    assert re.sub(f"([{QUOTES}])\\1", r"\1", quoted[1:-1]) == name
    if "\0" not in name:
        assert shlex.split(bash_quoted(name)) == [name]


@given(st.text(max_size=40))
def test_a_script_has_the_same_lines_whatever_the_names(name: str) -> None:
    """No control character, line or paragraph separator of a name makes a line of its own."""
    plain, nasty = (
        Errand(
            road=Road.GROUP,
            graph_url="https://graph.microsoft.com",
            tenant_id=str(uuid.UUID(int=1)),
            tenant_name=text,
            app_id=str(uuid.UUID(int=2)),
            app_name=text,
            role_id=str(uuid.UUID(int=3)),
            role_name=text,
            group_name=text,
            by_pim=True,
            justification=text,
        )
        for text in ("Plain", name)
    )
    for language in Language:
        one, other = script(plain, language).splitlines(), script(nasty, language).splitlines()
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert left == right or re.match(r"\$?\w+ ?= ?'", left), left
