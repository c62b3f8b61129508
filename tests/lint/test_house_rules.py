"""Rules worth saying twice: each is checked on the source itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "src" / "tenantry"
DOMAINS = ("technicians", "customers", "tenants", "directory", "helpdesk", "registrations", "notifications", "audit")


def modules(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_time_comes_only_from_the_clock() -> None:
    wanted = re.compile(
        r"\b(?:dt|datetime)\.(?:datetime\.)?(?:now|utcnow|today)\(|timezone\.now\(|time\.(?:time|sleep)\("
    )
    # The process tree and the doctor measure the machine's own time: nothing of theirs is a rule about minutes.
    exempt = {PRODUCT / "kit" / "clock.py", PRODUCT / "processes.py", PRODUCT / "doctor.py"}
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(PRODUCT.rglob("*.py"))
        if path not in exempt
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if wanted.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_never_reads_or_writes_the_tables_of_another(domain: str) -> None:
    """Another domain's classes may name the type of what its queries return; its tables are reached through it only."""
    found = []
    for path, tree in modules(PRODUCT / domain):
        foreign = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
            if re.fullmatch(r"tenantry\.(\w+)\.models", node.module)
            and node.module.split(".")[1] in set(DOMAINS) - {domain}
        }
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr="objects" | "_default_manager") if name in foreign:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
                case _:
                    pass
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in foreign:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.func.id}(...)")
    assert [line for line in found if not line.endswith("Result(...)")] == []


def test_edges_do_not_speak_to_microsoft() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for domain in DOMAINS
        for path, tree in modules(PRODUCT / domain)
        if path.stem in {"views", "forms", "urls", "queries", "policies", "models"} or "views" in path.parts
        for line, name in imported(tree)
        if name.startswith(("tenantry.graph.calls", "tenantry.graph.transport", "tenantry.graph.tokens"))
    ]
    assert found == []


def test_no_error_is_swallowed_in_silence() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in (PRODUCT, ROOT / "src" / "entrasim")
        for path, tree in modules(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and all(isinstance(step, ast.Pass) for step in node.body)
    ]
    assert found == []


def test_nothing_asks_for_the_beta_version_of_graph() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((PRODUCT / "graph").rglob("*.py"))
        if "/beta" in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_every_function_that_changes_a_tenant_demands_an_intent() -> None:
    """Promise 3: an unrecorded write does not type-check."""
    found = []
    for path, tree in modules(PRODUCT / "graph" / "calls"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            writes = any(
                isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "write"
                for call in ast.walk(node)
            )
            names = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
            if writes and "intent" not in names:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert found == []


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    bad = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in sorted((ROOT / "src").rglob("*.html"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bad.search(line)
    ]
    assert found == []


def test_no_template_switches_escaping_off() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "src").rglob("*.html"))
        if re.search(r"\|\s*safe\b|autoescape\s+off", path.read_text(encoding="utf-8"))
    ]
    assert found == []
