"""Reading the description: paths to match, and its schemas as JSON Schema that also refuses what it does not name."""

import dataclasses
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FILE: Final = Path(__file__).resolve().parents[3] / "shared" / "reference" / "graph-openapi-subset.yaml"

_REF: Final = "#/components/schemas/"
_BASE: Final = "urn:graph"
_FORMATS: Final = {
    "uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)$",
    "date": r"^\d{4}-\d\d-\d\d$",
}
_PARAMETER: Final = re.compile(r"\{[^}]+\}")
_SYSTEM_QUERY: Final = frozenset({"$skiptoken", "$deltatoken", "$format"})
"""What stands in links that Graph hands out; no client writes them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        path: the template.
        method: upper case.
        query: names of the query parameters.
        request: schema of the body; None when it takes none.
        answers: schema of the body by status ("200", "2XX"); None for an answer without one.
    """

    path: str
    method: str
    query: frozenset[str]
    request: dict[str, Any] | None
    answers: dict[str, dict[str, Any] | None]

    def answer(self, status: int) -> dict[str, Any] | None:
        """The schema of a successful answer's body.

        Raises:
            KeyError: no such status is described.
        """
        for key in (str(status), f"{status // 100}XX"):
            if key in self.answers:
                return self.answers[key]
        raise KeyError(status)


class Description:
    """The whole description, ready to be asked."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._schemas: dict[str, Any] = document["components"]["schemas"]
        self._subtypes = self._find_subtypes()
        converted = {name: self._component(name) for name in self._schemas}
        resource: Resource[Any] = Resource.from_contents(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": converted}}
        )
        self._registry: Registry[Any] = Registry().with_resource(_BASE, resource)
        self._paths = [
            (self._pattern(path), path, item) for path, item in sorted(document["paths"].items(), key=_fixed_first)
        ]

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that answers a request; None when the description has none."""
        for pattern, template, item in self._paths:
            if pattern.fullmatch(path) and method.lower() in item:
                return self._operation(template, method)
        return None

    def has_path(self, path: str) -> bool:
        """Whether the description knows the path, whatever the method."""
        return any(pattern.fullmatch(path) for pattern, _, _ in self._paths)

    def problems(self, schema: dict[str, Any], value: object) -> list[str]:
        """What is wrong with `value`, a line each."""
        found = Draft202012Validator(schema, registry=self._registry).iter_errors(value)
        leaves = (_leaf(error) for error in found)
        return [f"{leaf.json_path}: {leaf.message[:160]}" for leaf in leaves]

    @functools.cache  # noqa: B019  one description for each process
    def _operation(self, template: str, method: str) -> Operation:
        described = self._document["paths"][template][method.lower()]
        parameters = [self._resolved(each) for each in described.get("parameters", [])]
        parameters += [self._resolved(each) for each in self._document["paths"][template].get("parameters", [])]
        body = self._resolved(described["requestBody"]) if "requestBody" in described else None
        answers: dict[str, dict[str, Any] | None] = {}
        for status, answer in described["responses"].items():
            if status != "default":
                answers[status] = self._content(self._resolved(answer))
        return Operation(
            path=template,
            method=method,
            query=frozenset(each["name"] for each in parameters if each["in"] == "query") | _SYSTEM_QUERY,
            request=self._content(body) if body else None,
            answers=answers,
        )

    def _content(self, described: dict[str, Any]) -> dict[str, Any] | None:
        content = described.get("content", {}).get("application/json")
        return self._convert(content["schema"]) if content else None

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/")]
            node = found
        return node

    def _pattern(self, path: str) -> re.Pattern[str]:
        on_the_wire = path.replace("/delta()", "/delta")
        parts = _PARAMETER.split(on_the_wire)
        return re.compile("[^/]+".join(re.escape(part) for part in parts))

    def _find_subtypes(self) -> dict[str, set[str]]:
        parents = {
            name: {part["$ref"].removeprefix(_REF) for part in schema.get("allOf", []) if "$ref" in part}
            for name, schema in self._schemas.items()
        }
        found: dict[str, set[str]] = {}
        for name in self._schemas:
            waiting = set(parents[name])
            while waiting:
                parent = waiting.pop()
                found.setdefault(parent, set()).add(name)
                waiting |= parents.get(parent, set())
        return found

    def _component(self, name: str) -> dict[str, Any]:
        """A named schema. A type with subtypes is what its `@odata.type` says; without one it may be any of them."""
        subtypes = sorted(self._subtypes.get(name, ()))
        strict = self._flat(name)
        if not subtypes:
            return strict
        cases = [
            {
                "if": {"properties": {"@odata.type": {"const": f"#{subtype}"}}, "required": ["@odata.type"]},
                "then": {"$ref": f"{_BASE}{_REF}{subtype}"},
            }
            for subtype in subtypes
        ]
        return {**strict, "additionalProperties": True, "allOf": cases}

    def _flat(self, name: str) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        is_object = False

        def take(schema: dict[str, Any]) -> None:
            nonlocal is_object
            for part in schema.get("allOf", []):
                take(self._schemas[part["$ref"].removeprefix(_REF)] if "$ref" in part else part)
            if "properties" in schema or schema.get("type") == "object":
                is_object = True
                properties.update(schema.get("properties", {}))
                required.extend(schema.get("required", []))

        schema = self._schemas[name]
        take(schema)
        return self._object(properties, required) if is_object else self._convert(schema)

    def _object(self, properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {key: self._convert(value) for key, value in properties.items()},
            "patternProperties": {"@": True},  # annotations: @odata.type, members@odata.bind, @removed
            "additionalProperties": False,
            "required": required,
        }

    def _convert(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401  a node of the document
        if "$ref" in schema:
            # Graph answers null for every structure that is not set; the description cannot say so beside a $ref.
            return {"anyOf": [{"$ref": f"{_BASE}{schema['$ref']}"}, {"type": "null"}]}
        kept = ("enum", "pattern", "maxItems", "maxLength", "minimum", "maximum")
        made: dict[str, Any] = {key: schema[key] for key in kept if key in schema}
        if parts := schema.get("anyOf") or schema.get("oneOf"):
            made["anyOf"] = [self._convert(part) for part in parts]
        if schema.get("type") == "array":
            made |= {"type": "array", "items": self._convert(schema.get("items", {}))}
        elif schema.get("properties"):
            made |= self._object(schema["properties"], schema.get("required", []))
        elif "type" in schema:
            made["type"] = schema["type"]
        if schema.get("format") in _FORMATS and "pattern" not in made:
            made["pattern"] = _FORMATS[schema["format"]]
        if schema.get("nullable") or not schema.get("type"):
            made = {"anyOf": [made, {"type": "null"}]} if made else {}
        return made


def _fixed_first(item: tuple[str, object]) -> tuple[int, str]:
    """Paths with fewer parameters first: `/users/delta` is not the user called delta."""
    return len(_PARAMETER.findall(item[0])), item[0]


def _leaf(error: Any) -> Any:  # noqa: ANN401  jsonschema publishes no type for it that helps
    """The most telling of nested errors."""
    while error.context:
        error = max(error.context, key=lambda each: (len(each.path), each.validator != "type"))
    return error


@functools.cache
def description() -> Description | None:
    """The description; None where its file does not stand beside the checkout."""
    if not FILE.exists():
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with FILE.open(encoding="utf-8") as file:
        return Description(yaml.load(file, Loader=loader))
