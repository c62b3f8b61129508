"""The catalogue as a page: `python -m tenantry.graph.explained.printed > docs/errors.md`; a test compares the two."""

import sys

from tenantry.graph.explained import CATALOGUE, Basis, Entry

_HEAD = """# Errors, explained

What the error codes of Microsoft's sign-in service (AADSTS) and of Microsoft Graph mean for a provider that looks after
other people's tenants: what happened, why, who must do what, and whether waiting helps. The console uses the same
words, and its page "Look up an error" (`/help/errors/`) finds them. This page is printed from the catalogue in
`src/tenantry/graph/explained/`; change it there.

A code that is not here is shown with Microsoft's own words and its request id, and said to be unknown.
"""


def as_markdown() -> str:
    """The whole catalogue, by subject."""
    parts = [_HEAD]
    for subject, entries in CATALOGUE.items():
        parts.append(f"## {subject}\n")
        parts.extend(_section(entry) for entry in entries)
    return "\n".join(parts)


def _section(entry: Entry) -> str:
    codes = ", ".join(f"`{code}`" for code in entry.codes)
    lines = [f"### {entry.what.rstrip('.')}", "", f"- Codes: {codes}"]
    if entry.when:
        lines.append(f"- Only when {entry.when}")
    lines += [
        f"- Why: {entry.why_printed}",
        f"- What to do: {entry.fix}",
        f"- Who: {entry.who}",
        f"- Waiting helps: {'yes' if entry.heals else 'no'}",
        f"- From: [{'documented' if entry.basis is Basis.DOCUMENTED else str(entry.basis)}]({entry.page})",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
