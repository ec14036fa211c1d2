"""The API described: one value an operation, from which both routes and OpenAPI 3.1 are made."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.problems import MEDIA_TYPE, ProblemDocument

CSV = "text/csv"
JSON = "application/json"
TITLE = "Trueup administration"
VERSION = "1"
_REFUSALS = {
    "400": "The request cannot be understood.",
    "401": "There is no live API key in the request.",
    "404": "There is no such object, or the key may not see it.",
    "409": "The state of things forbids it.",
    "422": "A field is wrong.",
}
Act = Callable[[Any], Any]
Gives = type[BaseModel] | str | None
"""The model of an answer, a media type for text, None for no content."""
Schemas = Mapping[tuple[type[BaseModel], JsonSchemaMode], Any]


class NoQuery(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


class NoBody(BaseModel):
    """No body, or an empty object."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method does at one path."""

    method: str
    path: str
    noun: str
    summary: str
    act: Act
    """Takes an `api.admin.call.Call` and gives an `Answer`; runs in a thread."""
    about: str = ""
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] = NoBody
    answers: Mapping[int, Gives] = field(default_factory=dict)
    """By status."""

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def name(self) -> str:
        """Unique among all operations, as OpenAPI asks."""
        words = re.sub(r"\W+", "_", self.path).strip("_")
        return f"{self.method.lower()}_{words}"


@dataclass(frozen=True, slots=True)
class Noun:
    """Makes the operations of one noun: each a path below its own, what to do, and a summary."""

    name: str
    at: str

    def get(
        self,
        path: str,
        act: Act,
        summary: str,
        *,
        gives: Gives,
        query: type[BaseModel] = NoQuery,
        about: str = "",
    ) -> Operation:
        return self._operation(
            "GET", path, act, summary=summary, query=query, answers={200: gives}, about=about
        )

    def post(
        self,
        path: str,
        act: Act,
        summary: str,
        *,
        gives: Gives,
        takes: type[BaseModel] = NoBody,
        query: type[BaseModel] = NoQuery,
        status: tuple[int, ...] = (200,),
        about: str = "",
    ) -> Operation:
        answers = {one: gives for one in status}
        return self._operation(
            "POST", path, act, summary=summary, body=takes, query=query, answers=answers, about=about
        )

    def patch(
        self,
        path: str,
        act: Act,
        summary: str,
        *,
        gives: Gives,
        takes: type[BaseModel],
        about: str = "",
    ) -> Operation:
        return self._operation(
            "PATCH", path, act, summary=summary, body=takes, answers={200: gives}, about=about
        )

    def delete(
        self,
        path: str,
        act: Act,
        summary: str,
        *,
        query: type[BaseModel] = NoQuery,
        about: str = "",
    ) -> Operation:
        return self._operation(
            "DELETE", path, act, summary=summary, query=query, answers={204: None}, about=about
        )

    def _operation(self, method: str, path: str, act: Act, **parts: Any) -> Operation:
        return Operation(method=method, path=self.at + path, noun=self.name, act=act, **parts)


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
    yield from {**found, (ProblemDocument, "serialization"): None}


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
    problem = {MEDIA_TYPE: {"schema": schemas[ProblemDocument, "serialization"]}}
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
