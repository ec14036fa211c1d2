"""What a full read of a directory finds known, and what it leaves unlisted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.identity import GroupKey, Identifier, UserKey
from models.instant import Instant
from models.store import changes, identities
from models.store.database import Tx, dumps
from models.store.identities import new_public_ids
from models.store.statements import NUMBER


@dataclass(frozen=True, slots=True)
class Known:
    """A group that the directory has named before."""

    key: GroupKey
    name: str
    """What it was last called; empty while the directory says nothing of it, or has said no."""
    members: int
    """The digest of those that the directory affirms, if it is known (see `digests`)."""


def known_users(
    tx: Tx, connection: int
) -> Iterator[tuple[Sequence[str], Sequence[int], Sequence[int]]]:
    """Whom the directory has named: its ids, our keys, and the digests of what it last said.

    The digest is 0 while it says nothing, or has said no. Some thousand at a time. (CROSS, that
    SQLite goes through the users in the order in which they lie.)
    """
    rows = tx.some_tuples(
        """
        SELECT a.value, u.id, CASE WHEN u.pull_yes > u.pull_no THEN u.pull_digest ELSE '' END
        FROM users u CROSS JOIN user_aliases a
        WHERE u.connection_id = :connection AND a.user_id = u.id AND a.namespace = 'id'
          AND a.connection_id = :connection AND a.valid_to IS NULL
        """,
        {"connection": connection},
    )
    for some in rows:
        names, keys, digests = zip(*some, strict=True)
        yield names, keys, [int(one or "0", 16) for one in digests]


def known_groups(tx: Tx, connection: int) -> dict[str, Known]:
    """By directory id."""
    rows = tx.some_tuples(
        """
        SELECT a.value, g.id, CASE WHEN g.pull_yes > g.pull_no THEN g.pull_name ELSE '' END,
            coalesce(g.pull_digest, -1)
        FROM group_aliases a JOIN groups g ON g.id = a.group_id
        WHERE a.connection_id = :connection AND a.namespace = 'id' AND a.valid_to IS NULL
        """,
        {"connection": connection},
    )
    return {
        name: Known(GroupKey(key), called or "", members)
        for some in rows
        for name, key, called, members in some
    }


def insert_users(tx: Tx, connection: int, count: int, now: Instant) -> list[UserKey]:
    """So many new users, all at once."""
    public = new_public_ids(count)
    nothing = {name: "json" for name in ("push_said", "pull_said", "login_said")}
    tx.fill(
        "users",
        {"public_id": "text", **nothing},
        [(one, "{}", "{}", "{}") for one in public],
        {
            "connection_id": connection,
            "pull_known": False,
            "pull_digest": "",
            "scim_version": 0,
            "active": True,
            "wanted": False,
            "created_at": now,
            "updated_at": now,
        },
    )
    return [UserKey(key) for key in _keys(tx, "users", public)]


def insert_groups(tx: Tx, connection: int, names: Sequence[str], now: Instant) -> list[GroupKey]:
    public = new_public_ids(len(names))
    tx.many(
        """
        INSERT INTO groups (public_id, connection_id, name, pull_known, login_known,
            scim_version, wanted, created_at, updated_at)
        VALUES (:public_id, :connection, :name, :no, :no, 0, :no, :now, :now)
        """,
        [
            {"public_id": one, "connection": connection, "name": name, "no": False, "now": now}
            for one, name in zip(public, names, strict=True)
        ],
    )
    return [GroupKey(key) for key in _keys(tx, "groups", public)]


def _keys(tx: Tx, table: str, public: list[str]) -> list[int]:
    found: dict[str, int] = {}
    for start in range(0, len(public), 5000):
        rows = tx.rows(
            f"SELECT public_id, id FROM {table} WHERE public_id IN :public",
            {"public": public[start : start + 5000]},
        )
        found |= {row.public_id: row.id for row in rows}
    return [found[one] for one in public]


def name_all(
    tx: Tx, kind: str, connection: int, names: Iterable[tuple[str, str, int]], now: Instant
) -> None:
    """Give (namespace, value) to an owner where nobody has it. `kind` is user or group."""
    tx.fill(
        f"{kind}_aliases",
        {"namespace": "text", "value": "text", f"{kind}_id": NUMBER},
        list(names),
        {"connection_id": connection, "valid_from": now, "proof": "directory"},
    )


def rename(
    tx: Tx, kind: str, connection: int, names: Iterable[tuple[str, str, int]], now: Instant
) -> None:
    """Names that the directory gives to others from now on. What is pushed keeps its name.

    Each is a namespace, a value, and who has it now. `kind` is user or group.
    """
    given = list(names)
    asked = [Identifier(namespace, value) for namespace, value, _ in given]
    named = identities.named(tx, kind, connection, asked)
    tx.many(
        f"""
        UPDATE {kind}_aliases SET valid_to = :now
        WHERE connection_id = :connection AND namespace = :namespace AND value = :value
          AND valid_to IS NULL AND {kind}_id <> :owner AND NOT EXISTS (
            SELECT 1 FROM {kind}s o WHERE o.id = {kind}_aliases.{kind}_id
              AND o.scim_name_key = :value)
        """,
        [
            {
                "connection": connection,
                "namespace": namespace,
                "value": value,
                "owner": owner,
                "now": now,
            }
            for namespace, value, owner in given
            if named.get(Identifier(namespace, value), owner) != owner
        ],
    )
    name_all(tx, kind, connection, given, now)


def list_users(
    tx: Tx,
    said: Iterable[tuple[UserKey, bool, Mapping[str, str | None], int]],
    as_of: Instant,
    now: Instant,
) -> None:
    """The directory lists these users: key, active, attributes, digest of both."""
    listed = list(said)
    changes.log_listed(tx, "user", [one[0] for one in listed], as_of, now)
    tx.many(
        """
        UPDATE users SET pull_yes = :at, pull_known = :known, pull_digest = :digest,
            pull_said = :said, pull_active_yes = CASE WHEN :active THEN :at
                ELSE pull_active_yes END,
            pull_active_no = CASE WHEN :active THEN pull_active_no ELSE :at END
        WHERE id = :key AND pull_yes < :at
        """,
        [
            {
                "key": key,
                "known": True,
                "active": active,
                "digest": f"{digest:x}",
                "said": dumps({name: [value, as_of] for name, value in attributes.items()}),
                "at": as_of,
            }
            for key, active, attributes, digest in listed
        ],
    )


def list_groups(tx: Tx, said: Iterable[tuple[GroupKey, str]], as_of: Instant, now: Instant) -> None:
    """The directory lists these groups: key and name."""
    listed = list(said)
    changes.log_listed(tx, "group", [one[0] for one in listed], as_of, now)
    tx.many(
        """
        UPDATE groups SET pull_yes = :at, pull_known = :known, pull_name = :name,
            pull_name_at = :at WHERE id = :key AND pull_yes < :at
        """,
        [{"key": key, "known": True, "name": name, "at": as_of} for key, name in listed],
    )


def deny_unlisted(tx: Tx, kind: str, keys: Iterable[int], no_as_of: Instant, now: Instant) -> None:
    """Users or groups that a complete read did not list. `kind` is user or group."""
    missing = sorted(keys)
    changes.log_unlisted(tx, kind, missing, no_as_of, now)
    sets = ", pull_digest = ''" if kind == "user" else ""
    tx.many(
        f"""
        UPDATE {kind}s SET pull_no = :no, pull_known = :known{sets},
            pull_yes = coalesce((SELECT max(c.pull_cover_yes) FROM connections c
                WHERE c.id = {kind}s.connection_id AND {kind}s.pull_known
                  AND {kind}s.pull_yes > 0 AND {kind}s.pull_yes >= {kind}s.pull_no
                  AND {kind}s.pull_yes < c.pull_cover_yes AND c.pull_cover_yes < :no
                  AND {kind}s.pull_no < c.pull_cover_no), pull_yes)
        WHERE id = :key AND pull_no < :no AND (pull_yes >= pull_no OR pull_no = 0)
        """,
        [{"key": key, "no": no_as_of, "known": True} for key in missing],
    )


def never_listed(tx: Tx, connection: int) -> set[int]:
    """Pushed users that the directory ought to have listed under the id they were pushed by.

    Only where the pushed users it did list prove that pushed ids are the directory's ids (nine
    of ten at the least). Without that proof an unlisted id is just a name in another language,
    whatever tokens call people.
    """
    row = tx.row(
        """
        SELECT count(*) AS both, sum(CASE WHEN EXISTS (SELECT 1 FROM user_aliases d
            WHERE d.user_id = p.user_id AND d.namespace = 'id' AND d.valid_to IS NULL
              AND d.value = p.value) THEN 1 ELSE 0 END) AS same
        FROM user_aliases p
        WHERE p.connection_id = :connection AND p.namespace = 'external_id'
          AND p.valid_to IS NULL AND EXISTS (SELECT 1 FROM user_aliases d
            WHERE d.user_id = p.user_id AND d.namespace = 'id' AND d.valid_to IS NULL)
          AND EXISTS (SELECT 1 FROM users u WHERE u.id = p.user_id AND u.push_yes > 0)
        """,
        {"connection": connection},
    )
    if row is None or not row.both or row.same * 10 < row.both * 9:
        return set()
    rows = tx.rows(
        """
        SELECT p.user_id FROM user_aliases p
        WHERE p.connection_id = :connection AND p.namespace = 'external_id'
          AND p.valid_to IS NULL AND NOT EXISTS (
            SELECT 1 FROM user_aliases d WHERE d.user_id = p.user_id AND d.namespace = 'id')
          AND EXISTS (SELECT 1 FROM users u WHERE u.id = p.user_id AND u.push_yes > 0)
        """,
        {"connection": connection},
    )
    return {row.user_id for row in rows}


def note_size(tx: Tx, connection: int, *, users: int, groups: int) -> dict[str, Any]:
    """How much the newest complete read listed, for the next one to be compared with."""
    sizes = {"pull_users": users, "pull_groups": groups}
    tx.update("connections", connection, sizes)
    return sizes


def know_user(tx: Tx, user: UserKey) -> None:
    """The directory has answered about this user by its id: it can name it."""
    tx.run(
        "UPDATE users SET pull_known = :known WHERE id = :key AND NOT pull_known",
        {"known": True, "key": user},
    )


def know_groups(tx: Tx, groups: Sequence[GroupKey]) -> None:
    if groups:
        tx.run(
            "UPDATE groups SET pull_known = :known WHERE id IN :keys AND NOT pull_known",
            {"known": True, "keys": list(groups)},
        )
