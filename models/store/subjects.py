"""What the channels say of users and groups themselves. Part of the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from models.evidence import NO_COVER, Channel, Cover, GroupSaid, Marks, UserSaid, meet
from models.instant import Instant
from models.store import changes, hearing
from models.store.changes import Line
from models.store.database import Tx, dumps, loads
from models.store.hearing import CHANNELS

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Held:
    """A user as it stands, for whoever holds it and speaks as its provider pushes."""

    row: Row[Any]
    besides: Mapping[str, Any] = field(default_factory=dict)
    """Columns that are to be written together with what is said."""


@dataclass(slots=True)
class Joined:
    """One row, with what is new about it and what that replaces."""

    row: Row[Any]
    channel: Channel
    as_of: Instant
    now: Instant
    values: dict[str, Any] = field(default_factory=dict)
    replaced: list[Line] = field(default_factory=list)

    def mark(self, fact: str, marks: str, says: bool | None, cover: Cover = NO_COVER) -> None:
        """Join a word into `{marks}_yes` and `{marks}_no`."""
        if says is None:
            return
        before = Marks(getattr(self.row, f"{marks}_yes"), getattr(self.row, f"{marks}_no", 0))
        said = Marks(yes=self.as_of) if says else Marks(no=self.as_of)
        after = meet(before, said, cover)
        self.values[f"{marks}_yes"] = after.yes
        if after.no:
            self.values[f"{marks}_no"] = after.no
        if after != before and (before != Marks() or self.as_of != self.now):
            self.replaced.append(self._line(fact, before.yes, before.no))

    def attributes(self, said: Mapping[str, str | None]) -> None:
        """Of each attribute the newest word stands."""
        column = f"{self.channel}_said"
        before: dict[str, Any] = loads(getattr(self.row, column)) or {}
        newer = {n: v for n, v in said.items() if n not in before or before[n][1] <= self.as_of}
        self.values[column] = dumps(before | {n: [v, self.as_of] for n, v in newer.items()})
        old = {n: before[n] for n, v in newer.items() if n in before and before[n][0] != v}
        if old:
            self.replaced.append(self._line("attributes", value=dumps(old)))

    def name(self, said: str | None) -> None:
        """The newest name stands."""
        at = getattr(self.row, f"{self.channel}_name_at", None)
        if said is None or at is None or at > self.as_of:
            return
        before = getattr(self.row, f"{self.channel}_name")
        self.values |= {f"{self.channel}_name": said, f"{self.channel}_name_at": self.as_of}
        if before is not None and before != said:
            self.replaced.append(self._line("name", yes=at, value=before))

    def save(self, tx: Tx, table: str, besides: Mapping[str, Any] = NOTHING) -> None:
        tx.update(table, self.row.id, {**self.values, "updated_at": self.now, **besides})
        changes.log(tx, self.replaced, self.now)

    def _line(self, fact: str, yes: Instant = 0, no: Instant = 0, value: str | None = None) -> Line:
        is_group = hasattr(self.row, "push_name")
        return Line(
            connection_id=self.row.connection_id,
            fact=fact,
            channel=self.channel.value,
            user_id=None if is_group else self.row.id,
            group_id=self.row.id if is_group else None,
            yes=yes,
            no=no,
            value=value,
        )


def first_push(
    as_of: Instant, *, active: bool, attributes: Mapping[str, str | None]
) -> dict[str, Any]:
    """The marks of a user whom nobody knows yet, once this is pushed."""
    said = {name: [value, as_of] for name, value in attributes.items()}
    marked = "push_active_yes" if active else "push_active_no"
    return {"push_yes": as_of, marked: as_of, "push_said": dumps(said)}


def say_of_user(
    tx: Tx,
    channel: Channel,
    as_of: Instant,
    said: UserSaid,
    now: Instant,
    *,
    held: Held | None = None,
) -> None:
    """Join what a channel says of a user. A login knows nobody who is gone or disabled.

    The next full read must compare with what the directory says between two reads, not with
    what the last one listed.
    """
    row = _held(tx, "users", said.user) if held is None else held.row
    joined = Joined(row, channel, as_of, now)
    is_login = channel is Channel.LOGIN
    joined.mark(
        "exists", channel.value, said.exists or None if is_login else said.exists, _cover(joined)
    )
    if not is_login:
        joined.mark("active", f"{channel}_active", said.active)
    if said.attributes:
        joined.attributes(said.attributes)
    if channel is Channel.PULL:
        joined.values["pull_digest"] = ""
    joined.save(tx, "users", NOTHING if held is None else held.besides)


def say_of_group(tx: Tx, channel: Channel, as_of: Instant, said: GroupSaid, now: Instant) -> None:
    """Join what a channel says of a group. A token that does not name it does not deny it."""
    joined = Joined(_held(tx, "groups", said.group), channel, as_of, now)
    is_login = channel is Channel.LOGIN
    joined.mark(
        "exists", channel.value, said.exists or None if is_login else said.exists, _cover(joined)
    )
    if not is_login:
        joined.name(said.name)
    joined.save(tx, "groups")


def _cover(joined: Joined) -> Cover:
    """A read covers the users and groups that the directory can name."""
    if joined.channel is not Channel.PULL or not joined.row.pull_known:
        return NO_COVER
    return hearing.read_cover(joined.row)


def _held(tx: Tx, table: str, key: int) -> Row[Any]:
    lock = "" if tx.dialect == "sqlite" else " FOR UPDATE OF o"
    row = tx.row(
        f"SELECT o.*, {CHANNELS} FROM {table} o JOIN connections c ON c.id = o.connection_id "
        f"WHERE o.id = :key{lock}",
        {"key": key},
    )
    assert row is not None
    return row
