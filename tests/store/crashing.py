"""A process that dies at a chosen statement, and a target that remembers what was done to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from connectors.memory import MemoryTarget
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    Operation,
    Outcome,
    RemoveMembers,
)
from models.store.database import Database
from tests.playground import Crash


@contextmanager
def dies_at(found: Database, number: int) -> Iterator[None]:
    """Before the n-th statement from now the process ends; 0 is never."""
    left = [number]

    def count(_link: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if not sql.startswith("BEGIN"):
            left[0] -= 1
            if left[0] == 0:
                raise Crash(f"The process ended before: {sql.strip()[:60]}")

    event.listen(found.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(found.engine, "before_cursor_execute", count)


@dataclass(frozen=True)
class Done:
    """One operation as it was carried out, on objects by their names."""

    operation: Operation
    name: str
    members: tuple[str, ...] = ()


@dataclass
class Trouble:
    """What the next call meets: before it has an effect, or after."""

    error: Exception
    is_late: bool = field(default=False)


class WatchedTarget(MemoryTarget):
    """Tells what was done to it, by names, and meets trouble on order."""

    trouble: Trouble | None = None

    def watch(self) -> "WatchedTarget":
        self.done: list[Done] = []
        return self

    def apply(self, operation: Operation) -> Outcome:
        trouble, self.trouble = self.trouble, None
        if trouble is not None and not trouble.is_late:
            raise trouble.error
        done = self._named(operation)
        outcome = super().apply(operation)
        self.done.append(done)
        if trouble is not None:
            raise trouble.error
        return outcome

    def _named(self, operation: Operation) -> Done:
        match operation:
            case CreateUser():
                return Done(operation, operation.profile.user_name)
            case CreateGroup():
                return Done(operation, operation.name)
            case AddMembers(remote_id, members) | RemoveMembers(remote_id, members):
                names = (self.users[one].user_name for one in members if one in self.users)
                return Done(operation, self._name(remote_id), tuple(names))
            case _:
                return Done(operation, self._name(operation.remote_id))

    def _name(self, remote_id: str) -> str:
        if remote_id in self.users:
            return self.users[remote_id].user_name
        return self.groups[remote_id].name if remote_id in self.groups else ""
