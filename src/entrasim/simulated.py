"""The table of what is simulated, made from the routes themselves so that it cannot drift from them."""

from pathlib import Path

from entrasim import login_pages, portal
from entrasim.routes import SimulatedRoute, simulated

BEGIN = "<!-- simulated: begin -->\n"
END = "<!-- simulated: end -->"


def markdown_table() -> str:
    """One row for each method and path, sorted by area and path."""
    lines = [
        "| Area | Method | Path | What | Application permissions (any of) | Delegated (any of) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    pages = [
        SimulatedRoute(method, page.rule.replace("<", "{").replace(">", "}"), page.area, page.summary, ())
        for page in (*login_pages.PAGES, *portal.PAGES)
        for method in page.methods
    ]
    for route in sorted([*simulated(), *pages], key=lambda r: (r.area, r.path, r.method)):
        permissions = ", ".join(route.permissions) or "-"
        scopes = "the same" if route.scopes == route.permissions else ", ".join(route.scopes) or "-"
        in_a_users_name = f"{scopes}; and a role" if route.needs_role else scopes
        cells = (
            route.area, route.method, f"`{route.path}`", route.summary, permissions,
            in_a_users_name if route.permissions else "-",
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def put_between_markers(page: Path, table: str) -> None:
    """Replace what stands between the two markers of a Markdown page. Raises ValueError when a marker is missing."""
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{page} has no line {BEGIN.strip()} or {END}")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    page.write_text(f"{head}{BEGIN}{table}{END}{tail}", encoding="utf-8")
