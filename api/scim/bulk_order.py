"""What the operations of a bulk request refer to, and in which order they can be carried out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.scim.bulk_message import PREFIX, Operation, folded
from api.scim.errors import InvalidSyntax

MAX_DEPTH = 50
"""How deep the data of an operation may nest."""

_QUOTED = re.compile(rf'"{PREFIX}([^"\\]+)"')


@dataclass(frozen=True, slots=True)
class Step:
    place: int
    """Of the operation in the request."""
    is_completion: bool = False
    """What was made is to be replaced by all of itself, now that it can refer to the others."""


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


def steps(needs: Sequence[Sequence[int]]) -> list[Step]:
    """In the order of the request, except that what others refer to is made before them.

    Where operations refer to each other in a circle, one is made without the reference and
    completed as soon as the circle is done, before anything else is done to it.
    """
    order: list[Step] = []
    seen: set[int] = set()
    for start in range(len(needs)):
        together = _together(start, needs, seen)
        late = set(together)
        early = []
        for place in together:
            if not late.isdisjoint(needs[place]):
                early.append(Step(place, is_completion=True))
            late.discard(place)
        order += [*map(Step, together), *early]
    return order


def _together(start: int, needs: Sequence[Sequence[int]], seen: set[int]) -> list[int]:
    """An operation and all it needs that was not done before, the needed first."""
    found: list[int] = []
    stack: list[tuple[int, Iterator[int]]]
    stack = [] if start in seen else [(start, iter(needs[start]))]
    seen.add(start)
    while stack:
        rest = stack[-1][1]
        needed = next((one for one in rest if one not in seen), None)
        if needed is None:
            found.append(stack.pop()[0])
        else:
            seen.add(needed)
            stack.append((needed, iter(needs[needed])))
    return found
