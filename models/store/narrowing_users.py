"""Which users a plan may be about, of all that a connection has.

What was decided of them is written down before anything is planned. So only those need a look
of whom a channel says no, or whom the target does not hold exactly as they are to be.
"""

from collections.abc import Iterator
from typing import Any

from models.actions import Ownership
from models.identity import Profile, UserKey
from models.instant import Instant
from models.plans import profile_digest
from models.store.database import Tx, loads

_PAGE = 5000
_SAID = ", ".join(f"CAST(u.{by}_said AS TEXT)" for by in ("push", "pull", "login"))
"""As it is written: psycopg takes twice as long to decode a document as we do."""
_PROFILE = ("user_name", "email", "first_name", "last_name", "display_name")
NO = """
    u.push_no > u.push_yes OR u.pull_no > u.pull_yes
    OR u.push_active_no > u.push_active_yes OR u.pull_active_no > u.pull_active_yes
    OR (u.pull_yes = 0 AND u.pull_known AND c.pull_cover_yes > 0)
    OR (u.login_yes > 0 AND u.login_yes < :unvouched_before)"""
"""That somebody says no of a user's existence or state, or that its lease ran out."""


def users(
    tx: Tx, connection: int, target: int, *, unvouched_before: Instant = 0
) -> Iterator[list[UserKey]]:
    """Left out are those who are neither wanted nor held, who are foreign there, and those of
    whom all that is said is yes, and who are held as they were decided.
    """
    sql = f"""
        SELECT u.id, u.wanted AND u.active AND NOT ({NO}), b.ownership, b.active, b.digest,
            {", ".join(f"u.{name}" for name in _PROFILE)}
        FROM users u JOIN connections c ON c.id = u.connection_id
        LEFT JOIN user_bindings b ON b.target_id = :target AND b.user_id = u.id
        WHERE u.connection_id = :connection AND u.id > :after
          AND (u.wanted OR b.user_id IS NOT NULL) ORDER BY u.id LIMIT {_PAGE}
    """
    params = {
        "connection": connection,
        "target": target,
        "unvouched_before": unvouched_before,
        "after": 0,
    }
    while rows := tx.tuples(sql, params):
        params["after"] = rows[-1][0]
        found = [UserKey(key) for key, *told in rows if _may_need_something(*told)]
        if found:
            yield found


SPLIT = """
    (u.push_yes = 0 AND u.pull_yes > 0 AND c.push)
    OR (u.push_active_yes = 0 AND u.pull_active_yes > 0 AND c.push)"""
"""That the push is silent of what a read affirms."""


def in_question(
    tx: Tx, connection: int, *, directories: tuple[str, ...], admits_all: bool = False
) -> Iterator[list[UserKey]]:
    """Users of whom something may be decided otherwise than is written down, or told.

    `directories`: which of push and pull there are. Left out are those of whom all that is
    said is yes, and all attributes are as they were decided; and, as everywhere, those whom
    nobody admitted. It holds where the newest word counts for every attribute.
    """
    sql = f"""
        SELECT u.id, u.wanted AND u.active AND NOT ({NO} OR {SPLIT}),
            {_SAID}, {", ".join(f"u.{name}" for name in _PROFILE)}
        FROM users u JOIN connections c ON c.id = u.connection_id
        WHERE u.connection_id = :connection AND u.id > :after
          AND (u.wanted OR u.push_yes > 0 OR u.login_yes > 0 OR (:admits_all AND u.pull_yes > 0))
        ORDER BY u.id LIMIT {_PAGE}
    """
    params: dict[str, int] = {"connection": connection, "admits_all": admits_all, "after": 0}
    params["unvouched_before"] = 0
    while rows := tx.tuples(sql, params):
        params["after"] = rows[-1][0]
        found = [
            UserKey(key)
            for key, is_plain, push, pull, login, *profile in rows
            if not is_plain
            or _says_otherwise({"push": push, "pull": pull}, login, profile, directories)
        ]
        if found:
            yield found


def _says_otherwise(
    said: dict[str, Any], login: Any, profile: list[Any], directories: tuple[str, ...]
) -> bool:
    """Whether anybody has another value, or nobody who counts has one that was decided."""
    words = {by: loads(told) for by, told in said.items()}
    directory = [words[by] for by in directories if words[by]]
    decided = {n: value for n, value in zip(_PROFILE, profile, strict=True) if value is not None}
    if directory and all(not one or _values(one) == decided for one in words.values()):
        return False  # as it is of nearly everybody, and quickly found out
    counting = directory or [loads(login)]
    for name, value in zip(_PROFILE, profile, strict=True):
        if any(one[name][0] != value for one in (*words.values(), *counting) if name in one):
            return True
        if value is not None and not any(name in one for one in counting):
            return True
    return False


def _values(words: dict[str, Any]) -> dict[str, Any]:
    """Without their times."""
    return {name: word[0] for name, word in words.items()}


def _may_need_something(
    is_plain: bool, ownership: str | None, is_active: bool, held: str, *profile: Any
) -> bool:
    if ownership == Ownership.FOREIGN:
        return False
    if not (is_plain and ownership is not None and is_active):
        return True
    return held != profile_digest(Profile(**dict(zip(_PROFILE, profile, strict=True))))
