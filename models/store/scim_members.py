"""Whom the members of a push name, and who is still waited for."""

from collections.abc import Sequence
from operator import itemgetter

from models.identity import GroupKey, UserKey
from models.instant import Instant
from models.store.database import Tx


def known_members(tx: Tx, connection: int, values: list[str]) -> dict[str, UserKey]:
    """Which of these member values name pushed users: by our id, or else by the provider's.

    Who was parked under the provider's id and has joined must be found by it to be removed.
    """
    found = _known(tx, "users", connection, values)
    return {value: UserKey(key) for value, key in found.items()}


def known_groups(tx: Tx, connection: int, values: list[str]) -> dict[str, GroupKey]:
    """Which of these member values name pushed groups: by our id, or else by the provider's."""
    found = _known(tx, "groups", connection, values)
    return {value: GroupKey(key) for value, key in found.items()}


def _known(tx: Tx, table: str, connection: int, values: list[str]) -> dict[str, int]:
    found = _named(tx, table, "public_id", connection=connection, values=values)
    rest = [value for value in values if value not in found]
    return _named(tx, table, "scim_external_id", connection=connection, values=rest) | found


def _named(
    tx: Tx, table: str, column: str, *, connection: int, values: list[str]
) -> dict[str, int]:
    """Of several the one that came first. (By public id SQLite would rather look at everybody of
    the connection, had it the choice.)
    """
    link = "+connection_id" if column == "public_id" else "connection_id"
    found: dict[str, int] = {}
    for start in range(0, len(values), 5000):
        rows = tx.tuples(
            f"SELECT {column}, id FROM {table} WHERE {link} = :connection "
            f"AND {column} IN :values AND scim IS NOT NULL",
            {"connection": connection, "values": values[start : start + 5000]},
        )
        found |= dict(sorted(rows, key=itemgetter(1), reverse=True))
    return found


def former_members(
    tx: Tx, kind: str, connection: int, values: list[str]
) -> tuple[dict[str, int], set[str]]:
    """Who had each of these externalIds, where it was one alone and is nobody else's now; and
    which of them several have had. `kind` is user or group.
    """
    pushed: dict[str, set[int]] = {}
    others = set[str]()
    for start in range(0, len(values), 5000):
        given = {"connection": connection, "values": values[start : start + 5000]}
        for row in tx.rows(_HAD.format(kind=kind), given):
            if row.is_pushed:
                pushed.setdefault(row.value, set()).add(row.owner)
            elif row.is_valid:
                others.add(row.value)
    unclear = others | {value for value, owners in pushed.items() if len(owners) > 1}
    return {v: min(owners) for v, owners in pushed.items() if v not in unclear}, unclear


_HAD = " UNION ".join(
    f"""
    SELECT a.value, a.{{kind}}_id AS owner, o.scim IS NOT NULL AS is_pushed,
        a.valid_to IS NULL AS is_valid
    FROM {{kind}}_aliases a JOIN {{kind}}s o ON o.id = a.{{kind}}_id
    WHERE a.connection_id = :connection AND a.namespace = 'external_id'
      AND a.value IN :values AND a.valid_to IS {when}
    """
    for when in ("NULL", "NOT NULL")
)


def names_of_gone(tx: Tx, kind: str, connection: int, values: list[str]) -> list[str]:
    """All by which those would come back as themselves whom the provider deleted, and whom one of
    these names: our id, and its own. `kind` is user or group.
    """
    return [
        name
        for start in range(0, len(values), 5000)
        for name in tx.column(
            _GONE.format(kind=kind),
            {"connection": connection, "values": values[start : start + 5000]},
        )
    ]


_GONE = """
    WITH gone AS (
        SELECT id, public_id FROM {kind}s
        WHERE +connection_id = :connection AND public_id IN :values AND scim IS NULL
        UNION
        SELECT o.id, o.public_id FROM {kind}_aliases a JOIN {kind}s o ON o.id = a.{kind}_id
        WHERE a.connection_id = :connection AND a.namespace = 'external_id'
          AND a.value IN :values AND a.valid_to IS NULL AND o.scim IS NULL
    )
    SELECT public_id FROM gone
    UNION
    SELECT a.value FROM gone CROSS JOIN {kind}_aliases a WHERE a.{kind}_id = gone.id
      AND +a.connection_id = :connection AND a.namespace = 'external_id' AND a.valid_to IS NULL
"""


def park(
    tx: Tx, connection: int, group: GroupKey, *, values: Sequence[str], as_of: Instant
) -> None:
    """These members are not known yet. They join when they arrive."""
    tx.many(
        """
        INSERT INTO parked_members (group_id, value, connection_id, as_of)
        VALUES (:group, :value, :connection, :at)
        ON CONFLICT (group_id, value) DO UPDATE SET as_of = excluded.as_of
        """,
        [
            {"group": group, "value": value, "connection": connection, "at": as_of}
            for value in sorted(set(values))
        ],
    )


def unpark(tx: Tx, group: GroupKey, values: list[str] | None = None) -> set[str]:
    """These are not to join any more; None is all of the group's. Answers which were to."""
    if values is None:
        sql = "DELETE FROM parked_members WHERE group_id = :group RETURNING value"
        return set(tx.column(sql, {"group": group}))
    sql = "DELETE FROM parked_members WHERE group_id = :group AND value IN :values RETURNING value"
    return {
        value
        for start in range(0, len(values), 5000)
        for value in tx.column(sql, {"group": group, "values": values[start : start + 5000]})
    }


def parked_for(tx: Tx, connection: int, values: list[str]) -> list[tuple[GroupKey, str]]:
    """The groups that wait for somebody of one of these names."""
    rows = tx.rows(
        "SELECT group_id, value FROM parked_members "
        "WHERE connection_id = :connection AND value IN :values ORDER BY group_id, value",
        {"connection": connection, "values": values},
    )
    return [(GroupKey(row.group_id), row.value) for row in rows]
