"""What can go wrong with one answer of Graph or of its token endpoint."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: Any = None
    """JSON, or text as it is."""
    headers: dict[str, str] = field(default_factory=dict)
    here: str = ""
    """Of a page of a list: another link that leads to this same page."""
    own: str = ""
    """The link that led to this page."""
    asked: dict[str, str] = field(default_factory=dict)
    """Headers of the request."""
    cut: bool = False
    """The connection breaks in the middle of the body."""
    delay: float = 0.0

    def raw(self) -> bytes:
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body).encode()


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    """https://learn.microsoft.com/graph/errors"""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"code": code, "message": message, "innerError": {"request-id": "0"}}
    return Answer(status, {"error": error}, named)


Spoiler = Callable[[Answer], Answer]


_LINK = "@odata.nextLink"


def _without_value(answer: Answer) -> Answer:
    return replace(answer, body={k: v for k, v in answer.body.items() if k != "value"})


def _value(change: Callable[[list[Any]], Any]) -> Spoiler:
    return lambda a: replace(a, body={**a.body, "value": change(a.body["value"])})


def _link(change: Callable[[Answer], Any]) -> Spoiler:
    return lambda a: replace(a, body={**a.body, _LINK: change(a)})


def _empty(answer: Answer) -> Answer:
    return replace(answer, body={"value": [], _LINK: answer.here})


def _other_host(answer: Answer) -> str:
    return answer.here.replace("127.0.0.1", "localhost")


def _always(answer: Answer) -> Spoiler:
    return lambda before: answer


def _echo(answer: Answer) -> Answer:
    said = f"This request was not understood: {answer.asked}"
    return refusal(400, "BadRequest", said)


HARMLESS_PAGES: dict[str, Spoiler] = {
    "an empty page with a next link": _empty,
    "an item twice": _value(lambda items: items + items[:1]),
    "a page replayed": _link(lambda a: a.here),
}
HARMLESS: dict[str, Spoiler] = {
    "429 with Retry-After": _always(refusal(429, "TooManyRequests", "slow", retry_after="3")),
    "429 without Retry-After": _always(refusal(429, "TooManyRequests", "slow")),
    "503 with Retry-After": _always(refusal(503, "serviceNotAvailable", "up", retry_after="2")),
}
FATAL_PAGES: dict[str, Spoiler] = {
    "value missing": _without_value,
    "value null": _value(lambda items: None),
    "value an object": _value(lambda items: {}),
    "an item that is no object": _value(lambda items: [*items, 7]),
    "an item without id": _value(lambda items: [*items, {"displayName": "?"}]),
    "an item with an empty id": _value(lambda items: [*items, {"id": "", "principalId": ""}]),
    "a next link to another host": _link(_other_host),
    "a next link without https": _link(lambda a: a.here.replace("https:", "http:")),
    "a next link that is null": _link(lambda a: None),
    "a next link that is empty": _link(lambda a: ""),
    "a next link that is a number": _link(lambda a: 7),
    "a next link that is unknown": _link(lambda a: a.here + "x"),
}
FATAL: dict[str, Spoiler] = {
    "429 for an hour": _always(refusal(429, "TooManyRequests", "slow", retry_after="3600")),
    "500": _always(refusal(500, "generalException", "broken")),
    "503 without a time": _always(refusal(503, "serviceNotAvailable", "up")),
    "410": _always(refusal(410, "Gone", "resync", location="https://127.0.0.1/v1.0/users")),
    "400 syncStateNotFound": _always(refusal(400, "syncStateNotFound", "resync")),
    "403": _always(refusal(403, "Authorization_RequestDenied", "Insufficient privileges")),
    "404 of another kind": _always(Answer(404, "<html>no such page</html>")),
    "302": _always(Answer(302, None, {"location": "https://localhost/"})),
    "204": _always(Answer(204)),
    "200 with HTML": _always(Answer(200, "<html>please sign in</html>")),
    "200 with nothing": _always(Answer(200, "")),
    "200 with a list": _always(Answer(200, "[]")),
    "200 with an empty object": _always(Answer(200, "{}")),
    "the request echoed": _echo,
}
BROKEN_WIRE: dict[str, Spoiler] = {
    "JSON cut in half": lambda a: replace(a, body=a.raw()[: len(a.raw()) // 2].decode()),
    "connection dropped": lambda a: replace(a, cut=True),
}


def slow(answer: Answer) -> Answer:
    return replace(answer, delay=1.0)


LOOP: Spoiler = _link(lambda a: a.own)
"""With `times` above one: a next link that leads back to its own page."""
LAG: Spoiler = _value(lambda items: items[:-1])
"""A replica that has not heard of the last item yet."""


@dataclass
class Fault:
    """One spoiled answer, or several in a row, of one endpoint."""

    where: str
    spoil: Spoiler
    after: int = 0
    """How many answers of that endpoint stay good before."""
    times: int = 1
    fired: int = 0

    def on(self, where: str, answer: Answer) -> Answer:
        if where != self.where:
            return answer
        if self.after > 0:
            self.after -= 1
            return answer
        if self.fired >= self.times:
            return answer
        self.fired += 1
        return self.spoil(answer)
