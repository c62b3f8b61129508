"""The description of the API: ninja's, with the errors it does not know of."""

import json
from typing import Any, Final

from tenantry.api.errors import CONTENT_TYPE
from tenantry.api.schemas import Problem

_ERRORS: Final = {
    "400": "The request cannot be read.",
    "401": "No valid token.",
    "403": "The token, the role or a rule does not allow it.",
    "404": "Not there, or not for this token.",
    "409": "Somebody or something was faster, or it is under way.",
    "413": "The request is too large.",
    "415": "The body is declared to be something else than JSON.",
    "422": "The request cannot be accepted.",
    "429": "Too many requests; see `Retry-After`.",
    "500": "Something broke here.",
}


_OF_BODIES: Final = frozenset({"413", "415"})
_GOOD: Final = frozenset({200, 201, 202})
_LOCATED: Final = frozenset({201, 202})


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Add to each operation what the framework does not know of its answers."""
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = Problem.json_schema() | {"title": "Problem"}
    definitions = components["schemas"]["Problem"].pop("$defs", {})
    components["schemas"] |= definitions
    components["responses"] = {
        f"Problem{status}": {
            "description": words,
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, words in _ERRORS.items()
    }
    components["responses"]["Problem429"]["headers"] = {"Retry-After": _header("Seconds to wait.", "integer")}
    for path in schema["paths"].values():
        for operation in path.values():
            _describe(operation)
    # Through JSON: plain types, and keys in one order.
    return dict(json.loads(json.dumps(_plain(schema), sort_keys=True)))


def _describe(operation: dict[str, Any]) -> None:
    """The problems an operation may answer with, and the headers of its answers."""
    answers, has_body = operation["responses"], "requestBody" in operation
    for status in _ERRORS:
        if has_body or status not in _OF_BODIES:
            answers.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    if not any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ())):
        return
    for status, answer in answers.items():
        if status in _GOOD:
            answer["headers"] = {"Idempotent-Replayed": _header("`true` when this was answered before.", "string")}
        if status in _LOCATED:
            answer["headers"]["Location"] = _header("Where to read what was made.", "string") | {"required": True}


def _header(description: str, kind: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def _plain(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """References of pydantic's own kind point to the components."""
    if isinstance(value, dict):
        return {
            str(key): each.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref" and isinstance(each, str)
            else _plain(each)
            for key, each in value.items()
        }
    return [_plain(each) for each in value] if isinstance(value, list) else value
