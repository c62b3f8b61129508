"""The documents keep up with the code: links resolve, named paths exist, every dependency has its reason."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "screens"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?\)")
_NAMED = re.compile(r"`((?:src|tests|deploy|requirements|docs|bench)/[\w./-]+\.\w+)`")
_IN_PRODUCT = re.compile(r"`((?:\w+/)+\w+\.py|doctor\.py)`")


def prose_of(document: Path) -> str:
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def anchors_of(document: Path) -> set[str]:
    """The anchors of headings, as the usual renderers make them."""
    titles = re.findall(r"^#+\s+(.+?)\s*$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    dead = []
    for link in _LINK.findall(prose_of(document)):
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if PICTURES in target.parents and not PICTURES.exists():
            continue  # made by `make screenshots`
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize(
    "document",
    [ROOT / "ARCHITECTURE.md", ROOT / "THREAT_MODEL.md", ROOT / "docs" / "not-verified-live.md"],
    ids=lambda path: path.name,
)
def test_every_place_in_the_code_that_is_named_exists(document: Path) -> None:
    prose = prose_of(document)
    gone = [name for name in _NAMED.findall(prose) if not (ROOT / name).exists()]
    product = ROOT / "src" / "tenantry"
    gone += [
        name for name in _IN_PRODUCT.findall(prose) if not (product / name).exists() and not (ROOT / name).exists()
    ]
    assert gone == []


@pytest.mark.parametrize("requirements", ["runtime.in", "dev.in"])
def test_every_dependency_has_its_reason_in_the_architecture(requirements: str) -> None:
    lines = (ROOT / "requirements" / requirements).read_text(encoding="utf-8").splitlines()
    wanted = {re.split(r"[\[<>=!~ ;]", line)[0] for line in lines if line and not line.startswith(("#", "-"))}
    cells = re.findall(
        r"^\| ([^|]+) \| [^|]+ \|$", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    explained = {name.strip() for cell in cells for name in cell.split(",")}
    assert sorted(wanted - explained) == []


def test_nothing_is_explained_that_is_no_longer_a_dependency() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| package \| why \|\n\| --- \| --- \|\n((?:\|.*\n)+)", text, re.MULTILINE)
    explained = {
        name.strip() for table in tables for row in table.splitlines() for name in row.split("|")[1].split(",")
    }
    files = [(ROOT / "requirements" / name).read_text(encoding="utf-8") for name in ("runtime.in", "dev.in")]
    lines = "\n".join(files).splitlines()
    wanted = {re.split(r"[\[<>=!~ ;]", line)[0] for line in lines if line and not line.startswith(("#", "-"))}
    assert len(tables) == len(files)
    assert sorted(explained - wanted) == []
