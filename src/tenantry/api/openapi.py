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


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Add to each operation the problems it may answer with."""
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
    for path in schema["paths"].values():
        for operation in path.values():
            for status in _ERRORS:
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
    # Through JSON: plain types, and keys in one order.
    return dict(json.loads(json.dumps(_plain(schema), sort_keys=True)))


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
