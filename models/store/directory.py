"""The directory as it was decided: what the API lists and targets are compared with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, Profile, UserKey
from models.instant import Instant
from models.store import changes
from models.store.database import Tx, chunks


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was decided of one user."""

    key: UserKey
    wanted: bool
    active: bool
    profile: Profile | None


def save_users(tx: Tx, decided: Iterable[Resolved], now: Instant) -> None:
    """Keep the last decisions that were not a hold. Where no profile was decided it stays."""
    rows = [
        {"key": one.key, "wanted": one.wanted, "active": one.active, "now": now}
        | ({name: getattr(one.profile, name) for name in _NAMES} if one.profile else {})
        for one in decided
    ]
    named = ", ".join(f"{name} = :{name}" for name in _NAMES)
    for sets, some in (
        (f", {named}", [row for row in rows if "user_name" in row]),
        ("", [row for row in rows if "user_name" not in row]),
    ):
        tx.many(
            "UPDATE users SET wanted = :wanted, active = :active, updated_at = :now"
            f"{sets} WHERE id = :key",
            some,
        )


_NAMES = ("user_name", "email", "first_name", "last_name", "display_name")


def lacked_somewhere(tx: Tx, users: Iterable[UserKey]) -> set[UserKey]:
    """Those of whom some target of their connection has no account."""
    found: set[UserKey] = set()
    for chunk in chunks(sorted(users)):
        found |= set(
            tx.column(
                """
                SELECT u.id FROM users u WHERE u.id IN :users AND EXISTS (
                    SELECT 1 FROM target_connections l WHERE l.connection_id = u.connection_id
                      AND NOT EXISTS (SELECT 1 FROM user_bindings b
                        WHERE b.target_id = l.target_id AND b.user_id = u.id))
                """,
                {"users": chunk},
            )
        )
    return found


def save_group(
    tx: Tx, group: GroupKey, *, wanted: bool, let_in: bool, name: str, now: Instant
) -> None:
    """Keep the last decision that was not a hold. What is wanted is not removed any more."""
    sql = """
        UPDATE groups SET wanted = :wanted, let_in = :let_in, name = :name, updated_at = :now,
            removed_at = CASE WHEN :wanted THEN 0 ELSE removed_at END
        WHERE id = :key
    """
    values = {"wanted": wanted, "let_in": let_in, "name": name, "now": now, "key": group}
    tx.run(sql, values)


def user(tx: Tx, public_id: str) -> Row[Any] | None:
    return tx.row("SELECT * FROM users WHERE public_id = :id", {"id": public_id})


def group(tx: Tx, public_id: str) -> Row[Any] | None:
    return tx.row("SELECT * FROM groups WHERE public_id = :id", {"id": public_id})


def user_of(tx: Tx, key: UserKey) -> Row[Any] | None:
    return tx.row("SELECT * FROM users WHERE id = :key", {"key": key})


def group_of(tx: Tx, key: GroupKey) -> Row[Any] | None:
    return tx.row("SELECT * FROM groups WHERE id = :key", {"key": key})


def connection_of(tx: Tx, user: int | None, group: int | None) -> int:
    """Of a user, or else of a group."""
    table, key = ("users", user) if user else ("groups", group)
    return int(tx.value(f"SELECT connection_id FROM {table} WHERE id = :key", {"key": key}))


def users_shown(tx: Tx, keys: Iterable[int]) -> dict[int, dict[str, str]]:
    """The public id and the name of each."""
    return _shown(tx, "users", "user_name", keys)


def groups_shown(tx: Tx, keys: Iterable[int]) -> dict[int, dict[str, str]]:
    return _shown(tx, "groups", "name", keys)


def _shown(tx: Tx, table: str, name: str, keys: Iterable[int]) -> dict[int, dict[str, str]]:
    wanted, found = sorted(set(keys)), dict[int, dict[str, str]]()
    for start in range(0, len(wanted), 5000):
        rows = tx.rows(
            f"SELECT id, public_id, {name} AS name FROM {table} WHERE id IN :keys",
            {"keys": wanted[start : start + 5000]},
        )
        found |= {row.id: {"id": row.public_id, "name": row.name} for row in rows}
    return found


def mark_removed(tx: Tx, group: GroupKey, at: Instant, now: Instant) -> None:
    """An administrator removed the group (`at` > 0) or restored it (0)."""
    changes.log_removed(tx, group, now)
    tx.update("groups", group, {"removed_at": at, "updated_at": now})
