"""What a full read of a directory finds known, and what it leaves unlisted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store.database import Tx, dumps
from models.store.identities import new_public_id


@dataclass(frozen=True, slots=True)
class Known:
    """An object that the directory has named before."""

    key: int
    digest: str
    """Of what it last said; empty while it says nothing, or has said no."""


def known_users(tx: Tx, connection: int) -> dict[str, Known]:
    """By directory id. All of them: this is the one part of a read that is held in memory."""
    rows = tx.stream(
        """
        SELECT a.value, u.id, CASE WHEN u.pull_yes > u.pull_no THEN u.pull_digest ELSE '' END AS d
        FROM user_aliases a JOIN users u ON u.id = a.user_id
        WHERE a.connection_id = :connection AND a.namespace = 'id' AND a.valid_to IS NULL
        """,
        {"connection": connection},
    )
    return {row.value: Known(row.id, row.d) for row in rows}


def known_groups(tx: Tx, connection: int) -> dict[str, Known]:
    rows = tx.stream(
        """
        SELECT a.value, g.id, CASE WHEN g.pull_yes > g.pull_no THEN g.pull_name ELSE '' END AS d
        FROM group_aliases a JOIN groups g ON g.id = a.group_id
        WHERE a.connection_id = :connection AND a.namespace = 'id' AND a.valid_to IS NULL
        """,
        {"connection": connection},
    )
    return {row.value: Known(row.id, row.d or "") for row in rows}


def insert_users(tx: Tx, connection: int, count: int, now: Instant) -> list[UserKey]:
    """So many new users, all at once."""
    public = [new_public_id() for _ in range(count)]
    tx.many(
        """
        INSERT INTO users (public_id, connection_id, push_said, pull_said, login_said,
            pull_known, pull_digest, scim_version, active, wanted, created_at, updated_at)
        VALUES (:public_id, :connection, '{}', '{}', '{}', :no, '', 0, :yes, :no, :now, :now)
        """,
        [
            {"public_id": one, "connection": connection, "yes": True, "no": False, "now": now}
            for one in public
        ],
    )
    return [UserKey(key) for key in _keys(tx, "users", public)]


def insert_groups(tx: Tx, connection: int, names: Sequence[str], now: Instant) -> list[GroupKey]:
    public = [new_public_id() for _ in names]
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
    tx.many(
        f"""
        INSERT INTO {kind}_aliases
            (connection_id, {kind}_id, namespace, value, valid_from, proof)
        VALUES (:connection, :owner, :namespace, :value, :now, 'directory')
        ON CONFLICT (connection_id, namespace, value) WHERE valid_to IS NULL DO NOTHING
        """,
        [
            {
                "connection": connection,
                "owner": owner,
                "namespace": namespace,
                "value": value,
                "now": now,
            }
            for namespace, value, owner in names
        ],
    )


def rename(
    tx: Tx, kind: str, connection: int, names: Iterable[tuple[str, str, int]], now: Instant
) -> None:
    """Names that the directory gives to others from now on. What is pushed keeps its name.

    Each is a namespace, a value, and who has it now. `kind` is user or group.
    """
    given = list(names)
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
        ],
    )
    name_all(tx, kind, connection, given, now)


def list_users(
    tx: Tx, said: Iterable[tuple[UserKey, bool, Mapping[str, str | None], str]], as_of: Instant
) -> None:
    """The directory lists these users: key, active, attributes, digest of both."""
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
                "digest": digest,
                "said": dumps({name: [value, as_of] for name, value in attributes.items()}),
                "at": as_of,
            }
            for key, active, attributes, digest in said
        ],
    )


def list_groups(tx: Tx, said: Iterable[tuple[GroupKey, str]], as_of: Instant) -> None:
    tx.many(
        """
        UPDATE groups SET pull_yes = :at, pull_known = :known, pull_name = :name,
            pull_name_at = :at WHERE id = :key AND pull_yes < :at
        """,
        [{"key": key, "known": True, "name": name, "at": as_of} for key, name in said],
    )


def park_missing(tx: Tx, run: int, group: GroupKey, users: Iterable[UserKey]) -> None:
    """The read did not list these members. It counts only once the read proves complete."""
    tx.many(
        """
        INSERT INTO pull_missing (run_id, group_id, user_id) VALUES (:run, :group, :user)
        ON CONFLICT DO NOTHING
        """,
        [{"run": run, "group": group, "user": user} for user in sorted(users)],
    )


def unpark_missing(tx: Tx, run: int, group: GroupKey, users: Iterable[UserKey]) -> None:
    """The group came again, and these are listed after all."""
    tx.many(
        "DELETE FROM pull_missing WHERE run_id = :run AND group_id = :group AND user_id = :user",
        [{"run": run, "group": group, "user": user} for user in sorted(users)],
    )


def forget_missing(tx: Tx, run: int) -> None:
    tx.run("DELETE FROM pull_missing WHERE run_id = :run", {"run": run})


def deny_missing(tx: Tx, run: int, no_as_of: Instant) -> int:
    """The read is complete: what it did not list, it denies."""
    return tx.run(
        """
        UPDATE memberships SET pull_no = :no
        WHERE pull_no < :no AND EXISTS (SELECT 1 FROM pull_missing p WHERE p.run_id = :run
            AND p.group_id = memberships.group_id AND p.user_id = memberships.user_id)
        """
        if tx.dialect == "sqlite"
        else """
        UPDATE memberships SET pull_no = :no FROM pull_missing p
        WHERE p.run_id = :run AND p.group_id = memberships.group_id
          AND p.user_id = memberships.user_id AND pull_no < :no
        """,
        {"run": run, "no": no_as_of},
    )


def date_members(tx: Tx, connection: int, groups: Iterable[int]) -> None:
    """Write down how fresh the members of groups are that the read did not list.

    A read covers the members of the groups it lists. Who was in the others stands as of the
    read before, whose cover is about to be replaced.
    """
    cover = tx.row(
        "SELECT pull_cover_yes AS yes, pull_cover_no AS no FROM connections WHERE id = :key",
        {"key": connection},
    )
    if cover is None or not cover.yes:
        return
    tx.many(
        """
        UPDATE memberships SET pull_yes = :yes
        WHERE group_id = :group AND pull_yes > 0 AND pull_yes >= pull_no AND pull_yes < :yes
          AND pull_no < :no AND EXISTS (SELECT 1 FROM groups g WHERE g.id = :group
            AND g.pull_yes > 0 AND g.pull_yes >= g.pull_no AND g.pull_no < :no)
        """,
        [{"group": group, "yes": cover.yes, "no": cover.no} for group in sorted(groups)],
    )


def deny_unlisted(tx: Tx, table: str, keys: Iterable[int], no_as_of: Instant) -> None:
    """Users or groups that a complete read did not list."""
    sets = ", pull_digest = ''" if table == "users" else ""
    tx.many(
        f"UPDATE {table} SET pull_no = :no, pull_known = :known{sets} "
        "WHERE id = :key AND pull_no < :no AND (pull_yes >= pull_no OR pull_no = 0)",
        [{"key": key, "no": no_as_of, "known": True} for key in sorted(keys)],
    )


def never_listed(tx: Tx, connection: int) -> set[int]:
    """Pushed users that the directory ought to have listed under the id they were pushed by.

    Only where the users it did list prove that pushed ids are the directory's ids (nine of
    ten at the least). Without that proof an unlisted id is just a name in another language.
    """
    row = tx.row(
        """
        SELECT count(*) AS both, sum(CASE WHEN d.value = p.value THEN 1 ELSE 0 END) AS same
        FROM user_aliases d JOIN user_aliases p ON p.user_id = d.user_id
        WHERE d.connection_id = :connection AND d.namespace = 'id' AND d.valid_to IS NULL
          AND p.namespace = 'external_id' AND p.valid_to IS NULL
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
