"""What the operations of a bulk request refer to, and in which order they can be carried out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from api.scim.bulk_message import PREFIX, Operation, folded
from api.scim.errors import InvalidSyntax

MAX_DEPTH = 50
"""How deep the data of an operation may nest."""

_QUOTED = re.compile(rf'"{PREFIX}([^"\\]+)"')


def references(operation: Operation) -> list[str]:
    """The bulkIds that an operation refers to, in order. Raises InvalidSyntax."""
    own = operation.public_id
    inside = [own.removeprefix(PREFIX)] if own.startswith(PREFIX) else []
    return list(dict.fromkeys([*inside, *_referred(operation.data)]))


def _referred(value: object, depth: int = 0) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise InvalidSyntax("The data of an operation is nested too deep.")
    match value:
        case dict():
            for name, each in value.items():
                yield from _selected(name, each)
                yield from _referred(each, depth + 1)
        case list():
            for each in value:
                yield from _referred(each, depth + 1)
        case str() if value.startswith(PREFIX):
            yield value.removeprefix(PREFIX)


def _selected(name: object, value: object) -> list[str]:
    """In the path of an operation of a PATCH, as in `members[value eq "bulkId:ada"]`."""
    is_path = str(name).casefold() == "path" and isinstance(value, str)
    return _QUOTED.findall(str(value)) if is_path else []


def resolved(value: object, ids: Mapping[str, str]) -> object:
    """The data with ids for references. A member or manager that has none yet is left out."""
    match value:
        case dict():
            kept = {name: each for name, each in value.items() if _can_refer(each, ids)}
            return {name: _named(name, resolved(each, ids), ids) for name, each in kept.items()}
        case list():
            return [resolved(each, ids) for each in value if _can_refer(each, ids)]
        case str() if value.startswith(PREFIX):
            return ids[value.removeprefix(PREFIX)]
        case _:
            return value


def _named(name: object, value: object, ids: Mapping[str, str]) -> object:
    if not _selected(name, value):
        return value
    return _QUOTED.sub(lambda found: f'"{ids.get(found[1], PREFIX + found[1])}"', str(value))


def _can_refer(value: object, ids: Mapping[str, str]) -> bool:
    """Whether what is referred to is there, by the text itself or by the value of an object."""
    if isinstance(value, dict):
        value = folded(value).get("value")
    is_reference = isinstance(value, str) and value.startswith(PREFIX)
    return not is_reference or str(value).removeprefix(PREFIX) in ids


def parts(needs: Sequence[Sequence[int]]) -> list[list[int]]:
    """In the order of the request, except that what others need comes before them.

    Those that need each other in a circle are one part.
    """
    search = _Search(needs)
    for place in range(len(needs)):
        if place not in search.reached:
            search.follow(place)
    return search.parts


@dataclass(frozen=True, slots=True)
class _Search:
    """Strongly connected components, by the paths that lead to them (Gabow 2000)."""

    needs: Sequence[Sequence[int]]
    parts: list[list[int]] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)
    """How many were reached before."""
    told: set[int] = field(default_factory=set)
    waiting: list[int] = field(default_factory=list)
    """Reached, and not told yet."""
    firsts: list[int] = field(default_factory=list)
    """Of what waits, whatever may be the first of its part."""

    def follow(self, start: int) -> None:
        path = [self._reach(start)]
        while path:
            needed = next(path[-1][1], None)
            if needed is None:
                self._leave(path.pop()[0])
            elif needed not in self.reached:
                path.append(self._reach(needed))
            elif needed not in self.told:
                self._close(needed)

    def _reach(self, place: int) -> tuple[int, Iterator[int]]:
        self.reached[place] = len(self.reached)
        self.waiting.append(place)
        self.firsts.append(place)
        return place, iter(self.needs[place])

    def _close(self, needed: int) -> None:
        """All that was reached since is in a circle with it."""
        while self.reached[self.firsts[-1]] > self.reached[needed]:
            self.firsts.pop()

    def _leave(self, place: int) -> None:
        if self.firsts[-1] == place:
            self.firsts.pop()
            start = self.waiting.index(place)
            found = self.waiting[start:]
            del self.waiting[start:]
            self.told.update(found)
            self.parts.append(sorted(found))
