"""Many small questions in one request: a twentieth of the round trips of a large tenant."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from connectors.entra.graph import Graph, decode, is_throttled
from connectors.errors import Transient
from connectors.http import Reply

_SIZE = 20  # https://learn.microsoft.com/graph/json-batching


class _Item(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] = msgspec.field(default_factory=dict)
    body: msgspec.Raw = msgspec.Raw(b"")


class _Answers(msgspec.Struct):
    responses: list[_Item]


def gather(graph: Graph, paths: Iterable[str]) -> Iterator[tuple[str, Reply]]:
    """Each path with its answer, in any order, whatever its status but 429 and 401.

    Raises Transient when an answer is missing or is nobody's.
    """
    waiting = list(dict.fromkeys(paths))
    while waiting:
        chunk, waiting = waiting[:_SIZE], waiting[_SIZE:]
        answers = _ask(graph, chunk)
        late = [path for path in chunk if is_throttled(answers[path])]
        for path in chunk:
            if answers[path].status == 401:  # its token ended under way; alone, it is renewed
                yield path, graph.ask(path)
            elif path not in late:
                yield path, answers[path]
        if late:
            graph.wait(answers[path] for path in late)
        waiting = late + waiting


def _ask(graph: Graph, paths: list[str]) -> dict[str, Reply]:
    asked = {str(number): path for number, path in enumerate(paths)}
    items = [{"id": number, "method": "GET", "url": path} for number, path in asked.items()]
    whole = graph.ask("/$batch", method="POST", json={"requests": items})
    told = decode(whole, _Answers).responses
    if sorted(item.id for item in told) != sorted(asked):
        raise Transient(f"{whole.url} did not answer each question once.")
    return {asked[item.id]: _alone(whole, item, asked[item.id]) for item in told}


def _alone(whole: Reply, item: _Item, path: str) -> Reply:
    """One item as if it had come by itself. Header values may be numbers here."""
    return replace(
        whole,
        status=item.status,
        headers=type(whole.headers)({name: str(value) for name, value in item.headers.items()}),
        body=bytes(item.body),
        url=whole.url.removesuffix("/$batch") + path.split("?", maxsplit=1)[0],
    )
