"""The table of what is simulated, made from the routes themselves so that it cannot drift from them."""

from entrasim.routes import simulated


def markdown_table() -> str:
    """One row for each method and path, sorted by area and path."""
    lines = ["| Area | Method | Path | What | Permissions (any of) |", "| --- | --- | --- | --- | --- |"]
    for route in sorted(simulated(), key=lambda r: (r.area, r.path, r.method)):
        permissions = ", ".join(route.permissions) or "-"
        cells = (route.area, route.method, f"`{route.path}`", route.summary, permissions)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
