"""One value an operation of the API, from which both its route and its description are made."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

CSV = "text/csv"
JSON = "application/json"
Act = Callable[[Any], Any]
Gives = type[BaseModel] | str | None
"""The model of an answer, a media type for text, None for no content."""


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
            "POST",
            path,
            act,
            summary=summary,
            body=takes,
            query=query,
            answers=answers,
            about=about,
        )

    def patch(
        self,
        path: str,
        act: Act,
        summary: str,
        *,
        gives: Gives,
        takes: type[BaseModel],
        query: type[BaseModel] = NoQuery,
        about: str = "",
    ) -> Operation:
        return self._operation(
            "PATCH",
            path,
            act,
            summary=summary,
            body=takes,
            query=query,
            answers={200: gives},
            about=about,
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
