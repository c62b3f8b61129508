"""A stand-in for Azure CLI: `az account show` and `az rest`, with the few forms of JMESPath that our scripts use."""

import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from typing import Any

VALUE_OPTIONS = {"--method", "--url", "--body", "--headers", "--query", "--output"}


def options(words: list[str]) -> dict[str, str]:
    found = {}
    while words:
        name = words.pop(0)
        assert name in VALUE_OPTIONS, name
        found[name] = words.pop(0)
    return found


def pick(body: Any, path: str) -> Any:  # noqa: ANN401  JSON
    """`a.b`, `value[].x`, `value[].[x,y.z]`."""
    if listed := re.fullmatch(r"value\[\]\.(.+)", path):
        inner = listed.group(1)
        if many := re.fullmatch(r"\[(.+)\]", inner):
            return [[pick(row, part) for part in many.group(1).split(",")] for row in body["value"]]
        return [pick(row, inner) for row in body["value"]]
    for part in path.split("."):
        body = body.get(part) if isinstance(body, dict) else None
    return body


def cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def tsv(value: Any) -> str:  # noqa: ANN401  JSON
    if not isinstance(value, list):
        return cell(value) + "\n"
    return "".join("\t".join(map(cell, row if isinstance(row, list) else [row])) + "\n" for row in value)


def main() -> int:
    words = sys.argv[1:]
    if words[:2] == ["account", "show"]:
        sys.stdout.write(os.environ["AZ_TENANT"] + "\n")
        return 0
    assert words.pop(0) == "rest"
    given = options(words)
    headers = dict([given["--headers"].split("=", 1)]) if "--headers" in given else {}
    request = urllib.request.Request(
        given["--url"],
        method=given["--method"].upper(),
        data=given["--body"].encode() if "--body" in given else None,
        headers={**headers, "Authorization": f"Bearer {os.environ['AZ_TOKEN']}"},
    )
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["AZ_CA"])) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as refusal:
        sys.stderr.write(f"ERROR: {refusal.reason}({refusal.read().decode()})\n")
        return 1
    if os.environ.get("AZ_LOSES_ANSWERS") and given["--method"] == "post":
        sys.stderr.write("ERROR: Connection aborted.\n")
        return 1
    if given.get("--output") != "none":
        sys.stdout.write(tsv(pick(json.loads(text), given["--query"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
