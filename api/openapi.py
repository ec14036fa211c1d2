"""The operations of the API, described as OpenAPI 3.1."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.operation import JSON, NoBody, Operation
from api.problems import MEDIA_TYPE, ProblemDocument

TITLE = "Trueup administration"
VERSION = "1"
_REFUSALS = {
    "400": "The request cannot be understood.",
    "401": "There is no live API key in the request.",
    "404": "There is no such object, or the key may not see it.",
    "409": "The state of things forbids it.",
    "422": "A field is wrong.",
    "429": "Too many wrong keys came from this address; Retry-After says how long to wait.",
}
Schemas = Mapping[Any, Any]
"""By model and mode: a reference to the schema."""


def document(operations: Sequence[Operation], *, prefix: str, server: str) -> dict[str, Any]:
    """The OpenAPI document. `prefix` stands before the path of every operation."""
    schemas, definitions = models_json_schema(
        list(_models(operations)), ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        path = re.sub(r":\w+}", "}", prefix + one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "tags": [{"name": noun} for noun in dict.fromkeys(one.noun for one in operations)],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _models(operations: Sequence[Operation]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    """Each once, in the order of first use."""
    found: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for one in operations:
        if one.body is not NoBody:
            found[one.body, "validation"] = None
        for answer in one.answers.values():
            if isinstance(answer, type):
                found[answer, "serialization"] = None
    found[ProblemDocument, "serialization"] = None
    yield from found


def _operation(one: Operation, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.noun],
        "summary": one.summary,
        "parameters": [*_path_parameters(one), *_query_parameters(one)],
        "responses": _responses(one, schemas),
    }
    if one.about:
        described["description"] = one.about
    if one.body is not NoBody:
        described["requestBody"] = {
            "required": any(part.is_required() for part in one.body.model_fields.values()),
            "content": {JSON: {"schema": schemas[one.body, "validation"]}},
        }
    return described


def _path_parameters(one: Operation) -> Iterator[dict[str, Any]]:
    for name in one.parameters:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": "An id, or a slug where the object has one.",
            "schema": {"type": "string"},
        }


def _query_parameters(one: Operation) -> Iterator[dict[str, Any]]:
    described = one.query.model_json_schema()
    for name, schema in described.get("properties", {}).items():
        yield {
            "name": name,
            "in": "query",
            "required": name in described.get("required", []),
            "description": schema.pop("description", ""),
            "schema": schema,
        }


def _responses(one: Operation, schemas: Schemas) -> dict[str, Any]:
    problem: dict[str, Any] = {MEDIA_TYPE: {"schema": schemas[ProblemDocument, "serialization"]}}
    found: dict[str, Any] = {
        status: {"description": text, "content": problem} for status, text in _REFUSALS.items()
    }
    for status, answer in one.answers.items():
        found[str(status)] = {"description": one.summary}
        if isinstance(answer, str):
            found[str(status)]["content"] = {answer: {"schema": {"type": "string"}}}
        elif answer is not None:
            schema = schemas[answer, "serialization"]
            found[str(status)]["content"] = {JSON: {"schema": schema}}
    return dict(sorted(found.items()))
