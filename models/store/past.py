"""One fact with everything that is heard of it, as it stands or as it stood.

What stood is told from what stands and the undo log (`changes`): of each mark and cover the
first line that was written after the moment in question says what it was then.
"""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row

from models.evidence import Channel
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store.database import Tx, loads
from models.store.hearing import CHANNELS, is_led

_MARKS = ", ".join(
    f"coalesce(m.{channel}_{word}, 0) AS {channel}_{word}"
    for channel in Channel
    for word in ("yes", "no")
)
_MEMBER = f"""
    SELECT c.id AS connection_id, {_MARKS}, g.push_cover, g.removed_at, g.login_known, g.let_in,
        g.pull_known AS group_pull_known, g.pull_yes AS group_pull_yes,
        g.pull_no AS group_pull_no, u.pull_known AS user_pull_known,
        u.pull_yes AS user_pull_yes, u.pull_no AS user_pull_no,
        u.pull_cover AS user_pull_cover, u.login_cover, {CHANNELS}, EXISTS (
            SELECT 1 FROM group_aliases a WHERE a.group_id = g.id AND a.namespace = 'claim'
              AND a.valid_from <= :at) AS login_named, {is_led("g.id", "u.id")} AS is_led
    FROM users u JOIN groups g ON g.id = :group JOIN connections c ON c.id = u.connection_id
    LEFT JOIN memberships m ON m.group_id = g.id AND m.user_id = u.id
    WHERE u.id = :user
"""


def member(tx: Tx, user: UserKey, group: GroupKey, *, at: Instant, now: Instant) -> Any:
    """What `hearing.member` needs, whether anybody ever spoke of the membership or not."""
    row = tx.row(_MEMBER, {"user": user, "group": group, "at": at})
    assert row is not None
    values = _values(row)
    if at < now:
        both, mine, its = (
            _lines(tx, "user_id = :user AND group_id = :group", at, user=user, group=group),
            _lines(tx, "user_id = :user AND group_id IS NULL", at, user=user),
            _lines(tx, "user_id IS NULL AND group_id = :group", at, group=group),
        )
        for channel in Channel:
            _undo(values, channel.value, both.get(("member", channel.value)))
        _undo(values, "user_pull", mine.get(("exists", "pull")))
        _undo(values, "group_pull", its.get(("exists", "pull")))
        _undo_covers(values, {"user_pull_cover": mine, "login_cover": mine, "push_cover": its})
        _undo_one(values, "removed_at", its.get(("removed", "")))
        _undo_read(values, _line_of_read(tx, row.connection_id, at))
        for marks in (*Channel, "user_pull", "group_pull"):
            _forget_later(values, str(marks), at)
        values["removed_at"] *= values["removed_at"] <= at
        values["login_known"] = values["login_known"] and values["login_named"]
        for one in ("user", "group"):
            values[f"{one}_pull_known"] = _was_known(values, one)
    values["group_covered"] = (
        values["group_pull_known"]
        and 0 < values["group_pull_yes"] >= values["group_pull_no"] < values["pull_cover_no"]
    )
    return SimpleNamespace(**values)


def user(tx: Tx, key: UserKey, *, at: Instant, now: Instant) -> Any:
    """What `hearing.exists` and `hearing.active` need."""
    row = tx.row(
        f"SELECT o.*, {CHANNELS} FROM users o JOIN connections c ON c.id = o.connection_id "
        "WHERE o.id = :key",
        {"key": key},
    )
    assert row is not None
    return _subject(tx, row, "user_id = :user AND group_id IS NULL", at=at, now=now, user=key)


def group(tx: Tx, key: GroupKey, *, at: Instant, now: Instant) -> Any:
    """What `hearing.exists` needs, and when it was removed."""
    row = tx.row(
        f"SELECT o.*, {CHANNELS} FROM groups o JOIN connections c ON c.id = o.connection_id "
        "WHERE o.id = :key",
        {"key": key},
    )
    assert row is not None
    return _subject(tx, row, "user_id IS NULL AND group_id = :group", at=at, now=now, group=key)


def _subject(
    tx: Tx, row: Row[Any], where: str, *, at: Instant, now: Instant, **keys: int
) -> SimpleNamespace:
    values = _values(row)
    if at < now:
        lines = _lines(tx, where, at, **keys)
        for channel in Channel:
            _undo(values, channel.value, lines.get(("exists", channel.value)))
            _undo(values, f"{channel}_active", lines.get(("active", channel.value)))
            _forget_later(values, channel.value, at)
            _forget_later(values, f"{channel}_active", at)
        _undo_one(values, "removed_at", lines.get(("removed", "")))
        if values.get("removed_at", 0) > at:
            values["removed_at"] = 0
        _undo_read(values, _line_of_read(tx, row.connection_id, at))
        values["pull_known"] = bool(values["pull_known"] and values["pull_yes"] + values["pull_no"])
    return SimpleNamespace(**values)


def _values(row: Row[Any]) -> dict[str, Any]:
    return row._asdict()


def _lines(tx: Tx, where: str, at: Instant, **keys: int) -> dict[tuple[str, str], Row[Any]]:
    """Of each fact and channel the first line that was written after a moment."""
    rows = tx.rows(
        f"""
        SELECT fact, channel, yes, no, value FROM changes WHERE id IN (
            SELECT min(id) FROM changes WHERE {where} AND created_at > :at
            GROUP BY fact, channel)
        """,
        {"at": at, **keys},
    )
    return {(row.fact, row.channel): row for row in rows}


def _line_of_read(tx: Tx, connection: int, at: Instant) -> Row[Any] | None:
    return tx.row(
        """
        SELECT yes, no, value FROM changes
        WHERE connection_id = :connection AND user_id IS NULL AND group_id IS NULL
          AND created_at > :at ORDER BY created_at, id LIMIT 1
        """,
        {"connection": connection, "at": at},
    )


def _undo(values: dict[str, Any], marks: str, line: Row[Any] | None) -> None:
    if line is not None:
        values[f"{marks}_yes"], values[f"{marks}_no"] = line.yes, line.no


def _undo_one(values: dict[str, Any], name: str, line: Row[Any] | None) -> None:
    if line is not None:
        values[name] = line.yes


def _undo_covers(values: dict[str, Any], lines: dict[str, dict[tuple[str, str], Row[Any]]]) -> None:
    for name, found in lines.items():
        channel = next(one.value for one in Channel if one.value in name)
        _undo_one(values, name, found.get(("cover", channel)))


def _undo_read(values: dict[str, Any], line: Row[Any] | None) -> None:
    if line is not None:
        values["pull_cover_yes"], values["pull_cover_no"] = line.yes, line.no
        values["pull_read_no"] = loads(line.value)["read_no"]


def _forget_later(values: dict[str, Any], marks: str, at: Instant) -> None:
    """Marks that nothing replaced were written at once, when the fact was first spoken of."""
    names: Iterable[str] = [f"{marks}_{word}" for word in ("yes", "no")]
    if any(values.get(name, 0) > at for name in names):
        values |= {name: 0 for name in names if name in values}


def _was_known(values: dict[str, Any], one: str) -> bool:
    """Only what the directory had spoken of then could be missing from what it listed."""
    spoken = values[f"{one}_pull_yes"] + values[f"{one}_pull_no"]
    return bool(values[f"{one}_pull_known"] and spoken)
