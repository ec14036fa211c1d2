"""What newer words replaced, written in the transaction that replaces it: an undo log.

Nothing here decides. From a fact as it stands and the lines that were written since, what
stood at any earlier time can be told. A word about something that nobody had spoken of
replaces nothing, so it needs no line, unless it was heard later than it was dated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from models.evidence import Channel
from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store.database import Tx, chunks, dumps


@dataclass(frozen=True, slots=True)
class Said:
    """A word that is about to be written down."""

    channel: Channel
    word: Literal["yes", "no"]
    as_of: Instant
    now: Instant
    by_full_read: bool = False
    """The words of a full read are dated by its start, and heard until its end."""

    @property
    def is_late(self) -> bool:
        """Its date does not tell when it was heard."""
        return self.as_of != self.now and not self.by_full_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was said before of one user or one group."""

    connection_id: int
    fact: str
    channel: str = ""
    user_id: int | None = None
    group_id: int | None = None
    yes: Instant = 0
    no: Instant = 0
    value: str | None = None


def log(tx: Tx, lines: Sequence[Line], now: Instant) -> None:
    """At the end of the transaction, for nothing in it asks what stood before."""
    for line in lines:
        tx.defer(_write, {name: getattr(line, name) for name in _COLUMNS} | {"now": now})


def _write(tx: Tx, lines: list[dict[str, Any]]) -> None:
    tx.many(
        """
        INSERT INTO changes (connection_id, fact, channel, user_id, group_id, yes, no, value,
            created_at)
        VALUES (:connection_id, :fact, :channel, :user_id, :group_id, :yes, :no, :value, :now)
        """,
        lines,
    )


_COLUMNS = [one.name for one in fields(Line)]


def log_raised(tx: Tx, said: Said, group: GroupKey, users: Sequence[UserKey]) -> None:
    """Before marks of memberships are raised. A late word was logged before it was inserted."""
    if not said.is_late:
        yes, no = f"m.{said.channel}_yes", f"m.{said.channel}_no"
        _log_members(tx, said, group, users, f"({yes} > 0 OR {no} > 0)")


def log_late(tx: Tx, said: Said, group: GroupKey, users: Sequence[UserKey]) -> None:
    """Before a late word about memberships, also where nobody has spoken of them yet."""
    if said.is_late:
        _log_members(tx, said, group, users, "1 = 1")


def _log_members(tx: Tx, said: Said, group: GroupKey, users: Sequence[UserKey], where: str) -> None:
    yes, no, mark = (f"m.{said.channel}_{one}" for one in ("yes", "no", said.word))
    sql = f"""
        INSERT INTO changes (connection_id, fact, channel, user_id, group_id, yes, no, created_at)
        SELECT u.connection_id, 'member', '{said.channel}', u.id, :group, coalesce({yes}, 0),
            coalesce({no}, 0), :now
        FROM users u LEFT JOIN memberships m ON m.group_id = :group AND m.user_id = u.id
        WHERE u.id IN :users AND coalesce({mark}, 0) < :at AND {where}
    """
    for chunk in chunks(users):
        tx.run(sql, {"group": group, "at": said.as_of, "now": said.now, "users": chunk})


def log_parked(tx: Tx, where: str, part: Mapping[str, int], now: Instant) -> None:
    """Before a full read denies memberships that it has parked. (CROSS, that SQLite begins with
    those.)"""
    tx.run(
        f"""
        INSERT INTO changes (connection_id, fact, channel, user_id, group_id, yes, no, created_at)
        SELECT g.connection_id, 'member', 'pull', m.user_id, m.group_id, m.pull_yes, m.pull_no,
            :now
        FROM pull_missing p CROSS JOIN memberships m CROSS JOIN groups g
        WHERE {where} AND g.id = m.group_id
        """,
        {**part, "now": now},
    )


def log_dated(
    tx: Tx, connection: int, where: str, dated: Sequence[dict[str, int]], now: Instant
) -> None:
    """Before it is written down how fresh members of groups are that a read did not list."""
    tx.many(
        f"""
        INSERT INTO changes (connection_id, fact, channel, user_id, group_id, yes, no, created_at)
        SELECT :connection, 'member', 'pull', user_id, group_id, pull_yes, pull_no, :now
        FROM memberships WHERE {where}
        """,
        [{**one, "connection": connection, "now": now} for one in dated],
    )


def log_listed_members(
    tx: Tx, members: Sequence[tuple[GroupKey, UserKey]], as_of: Instant, now: Instant
) -> None:
    """Before a full read affirms memberships of which reads have spoken before."""
    by_group: dict[GroupKey, list[int]] = {}
    for group, user in members:
        by_group.setdefault(group, []).append(user)
    for group, users in sorted(by_group.items()):
        tx.run(
            """
            INSERT INTO changes (connection_id, fact, channel, user_id, group_id, yes, no,
                created_at)
            SELECT g.connection_id, 'member', 'pull', m.user_id, m.group_id, m.pull_yes,
                m.pull_no, :now
            FROM groups g JOIN memberships m ON m.group_id = g.id
            WHERE g.id = :group AND m.user_id IN :users AND m.pull_yes < :at
              AND (m.pull_yes > 0 OR m.pull_no > 0)
            """,
            {"group": group, "users": users, "at": as_of, "now": now},
        )


def log_listed(tx: Tx, kind: str, keys: Iterable[int], as_of: Instant, now: Instant) -> None:
    """Before a full read says something new of users or groups that it has listed before."""
    facts = {
        "user": {
            "exists": "pull_yes, pull_no, NULL",
            "active": "pull_active_yes, pull_active_no, NULL",
            "attributes": "0, 0, CAST(pull_said AS TEXT)",
        },
        "group": {"exists": "pull_yes, pull_no, NULL", "name": "pull_name_at, 0, pull_name"},
    }[kind]
    for chunk in chunks(sorted(keys)):
        for fact, replaced in facts.items():
            _log_pull(tx, kind, fact, replaced, keys=chunk, as_of=as_of, now=now)


def _log_pull(
    tx: Tx,
    kind: str,
    fact: str,
    replaced: str,
    *,
    keys: list[int],
    as_of: Instant,
    now: Instant,
) -> None:
    tx.run(
        f"""
        INSERT INTO changes (connection_id, fact, channel, {kind}_id, yes, no, value, created_at)
        SELECT connection_id, '{fact}', 'pull', id, {replaced}, :now FROM {kind}s
        WHERE id IN :keys AND pull_yes < :at AND (pull_yes > 0 OR pull_no > 0)
        """,
        {"keys": keys, "at": as_of, "now": now},
    )


def log_unlisted(tx: Tx, kind: str, keys: Iterable[int], no_as_of: Instant, now: Instant) -> None:
    """Before a full read denies users or groups that it did not list."""
    sql = f"""
        INSERT INTO changes (connection_id, fact, channel, {kind}_id, yes, no, created_at)
        SELECT connection_id, 'exists', 'pull', id, pull_yes, pull_no, :now FROM {kind}s
        WHERE id IN :keys AND pull_no < :no AND (pull_yes >= pull_no OR pull_no = 0)
    """
    for chunk in chunks(sorted(keys)):
        tx.run(sql, {"keys": chunk, "no": no_as_of, "now": now})


def log_group_cover(tx: Tx, group: GroupKey, as_of: Instant, now: Instant) -> None:
    """Before a push lists all members of a group."""
    tx.run(
        """
        INSERT INTO changes (connection_id, fact, channel, group_id, yes, no, created_at)
        SELECT connection_id, 'cover', 'push', id, push_cover, push_cover, :now FROM groups
        WHERE id = :key AND push_cover < :at
        """,
        {"key": group, "at": as_of, "now": now},
    )


def log_user_cover(tx: Tx, channel: Channel, user: UserKey, as_of: Instant, now: Instant) -> None:
    """Before a token or a point read lists all groups of a user."""
    cover = f"{channel}_cover"
    tx.run(
        f"""
        INSERT INTO changes (connection_id, fact, channel, user_id, yes, no, created_at)
        SELECT connection_id, 'cover', '{channel}', id, {cover}, {cover}, :now FROM users
        WHERE id = :key AND {cover} < :at
        """,
        {"key": user, "at": as_of, "now": now},
    )


def log_read_cover(tx: Tx, connection: int, as_of: Instant, now: Instant) -> None:
    """Before a full read, or a round that follows it, covers a directory as of anew."""
    row = tx.row(
        """
        SELECT pull_cover_yes AS yes, pull_cover_no AS no, pull_read_no AS read_no
        FROM connections WHERE id = :key AND pull_cover_yes < :at
        """,
        {"key": connection, "at": as_of},
    )
    if row is not None:
        line = Line(
            connection_id=connection,
            fact="cover",
            channel="pull",
            yes=row.yes,
            no=row.no,
            value=dumps({"read_no": row.read_no}),
        )
        log(tx, [line], now)


def log_removed(tx: Tx, group: GroupKey, now: Instant) -> None:
    """Before an administrator removes or restores a group."""
    tx.run(
        """
        INSERT INTO changes (connection_id, fact, channel, group_id, yes, no, created_at)
        SELECT connection_id, 'removed', '', id, removed_at, 0, :now FROM groups WHERE id = :key
        """,
        {"key": group, "now": now},
    )
