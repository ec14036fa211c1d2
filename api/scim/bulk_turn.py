"""One operation of a bulk request, as if it had come by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from api.scim import bulk_order, groups, users
from api.scim.asking import Work, ask_for
from api.scim.auth import Caller
from api.scim.bulk_message import PREFIX, Method, Operation
from api.scim.projection import Projection
from api.scim.render import location
from sync.pushing.push import Push

_ONLY_ID = Projection(included=frozenset({"id"}))


@dataclass(frozen=True, slots=True)
class Turn:
    caller: Caller
    """Whoever asks, with a record for this operation."""
    operation: Operation
    method: Method
    public_id: str | None
    """What it is about, unless that is still to be made."""
    data: object
    version: str | None

    def work(self) -> Callable[[Push], Response]:
        """Raises what it is refused for before anything was looked up."""
        table = self.operation.table
        ask = ask_for(
            self.caller,
            table,
            self.public_id or "",
            if_match=self.version,
            projection=_ONLY_ID,
        )
        with self.caller.noting():
            return partial(_WORKS[table, self.method](self.data), ask)

    @property
    def location(self) -> str | None:
        kind = "User" if self.operation.table == users.TABLE else "Group"
        name = self.public_id
        return None if name is None else location(self.caller.base_url, kind, name)


def turn_of(whole: Caller, operation: Operation, made: Mapping[str, str]) -> Turn:
    """`made`: the ids of what was made, by bulkId.

    What it has made itself is replaced by all of itself, now that it can refer to the others.
    """
    makes, known = operation.method is Method.POST, _known(operation, made)
    method = Method.PUT if makes and known else operation.method
    version = None if makes else operation.version
    name = known or operation.public_id
    path = f"/{operation.table.capitalize()}" + (f"/{name}" if name else "")
    data = bulk_order.resolved(operation.data, made)
    caller = whole.part(method, path, data, version)
    return Turn(caller, operation, method, known, data, version)


def _known(operation: Operation, made: Mapping[str, str]) -> str | None:
    name = operation.public_id
    if operation.method is Method.POST:
        return made.get(operation.bulk_id or "")
    return made.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else name


_WORKS: Mapping[tuple[str, Method], Callable[[object], Work]] = {
    (users.TABLE, Method.POST): users.creation,
    (users.TABLE, Method.PUT): users.replacement,
    (users.TABLE, Method.PATCH): users.alteration,
    (users.TABLE, Method.DELETE): lambda _: users.deletion,
    (groups.TABLE, Method.POST): groups.creation,
    (groups.TABLE, Method.PUT): groups.replacement,
    (groups.TABLE, Method.PATCH): groups.alteration,
    (groups.TABLE, Method.DELETE): lambda _: groups.deletion,
}
