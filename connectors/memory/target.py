"""A target in memory."""

import threading
from collections.abc import Iterable, Iterator
from itertools import count

from connectors.base import ObservedPart, ObserveEnded, RemoteGroup, RemoteUser
from connectors.memory.faults import Calls, Faults
from connectors.memory.shelf import Groups, Users
from models.actions import (
    AddMembers,
    CreateGroup,
    CreateUser,
    DeactivateUser,
    DeleteGroup,
    DeleteUser,
    Operation,
    Outcome,
    RemoveMembers,
    UpdateGroup,
    UpdateUser,
)


class MemoryTarget:
    """A `Target`. Thread-safe. With `adopt`, a user of the same userName may be adopted.

    `apply`, and each of the three parts of `observe`, count as one call: `faults` lets the
    n-th fail before it did anything, `late_faults` the n-th `apply` after it did its work.
    """

    def __init__(
        self,
        users: Iterable[RemoteUser] = (),
        groups: Iterable[RemoteGroup] = (),
        *,
        adopt: bool = False,
        faults: Faults | None = None,
        late_faults: Faults | None = None,
        problems: Iterable[str] = (),
    ) -> None:
        self.users = {user.remote_id: user for user in users}
        self.groups = {group.remote_id: group for group in groups}
        self.applied: list[Operation] = []
        """Every operation that was carried out, in order."""
        self.problems = list(problems)
        given = self.users.keys() | self.groups.keys()  # as it is now: no id is given again
        ids = (f"r{number}" for number in count(1) if f"r{number}" not in given)
        self._users = Users(self.users, ids, adopt=adopt)
        self._groups = Groups(self.groups, ids)
        self._calls = Calls(faults)
        self._late = Calls(late_faults)
        self._lock = threading.RLock()

    def observe(self) -> Iterator[ObservedPart]:
        with self._lock:
            users, groups = list(self.users.values()), list(self.groups.values())
        parts: tuple[ObservedPart, ...] = (users, groups, ObserveEnded())
        for part in parts:
            self._calls.count()
            yield part

    def check(self) -> list[str]:
        return list(self.problems)

    def close(self) -> None:
        """Nothing to let go of."""

    def apply(self, operation: Operation) -> Outcome:
        with self._lock:
            self._calls.count()
            outcome = self._carry_out(operation)
            self.applied.append(operation)
            self._late.count()
            return outcome

    def _carry_out(self, operation: Operation) -> Outcome:
        match operation:
            case CreateUser() | UpdateUser() | DeactivateUser():
                return self._users.write(operation)
            case CreateGroup() | UpdateGroup():
                return self._groups.write(operation)
            case AddMembers(remote_id, members):
                return self._groups.add(remote_id, members, known=self.users.keys())
            case RemoveMembers(remote_id, members):
                return self._groups.remove(remote_id, members)
            case DeleteUser(remote_id):
                self._groups.forget(remote_id)
                return Outcome(self.users.pop(remote_id, None) is not None, remote_id)
            case DeleteGroup(remote_id):
                return Outcome(self.groups.pop(remote_id, None) is not None, remote_id)
