"""By which values the groups of a connection go in its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.identity import GroupKey, Identifier
from models.instant import Instant
from models.store import identities
from models.store.database import Tx
from models.store.scim import name_key


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the values of a token name."""

    groups: dict[str, GroupKey]
    """Seen in a token before, or an id of the directory, or a name: the strongest of these."""
    before: frozenset[str]
    """The values that have named their group in tokens before."""


def named(tx: Tx, connection: int, values: Sequence[str]) -> Spoken:
    names = {value: name_key(value) for value in values}
    asked = [
        Identifier(space, names[value] if space == "name" else value)
        for space in _WEAKEST_FIRST
        for value in values
    ]
    found = identities.groups_named(tx, connection, asked)
    groups: dict[str, GroupKey] = {}
    for space in _WEAKEST_FIRST:
        for value in values:
            one = Identifier(space, names[value] if space == "name" else value)
            if one in found:
                groups[value] = found[one]
    return Spoken(groups, frozenset(one for one in values if Identifier("claim", one) in found))


_WEAKEST_FIRST = ("name", "external_id", "id", "claim")


def name(tx: Tx, connection: int, group: GroupKey, value: str, now: Instant) -> list[str]:
    """Tokens name this group, so one that lists all groups and not this one denies it.

    Answers by which other values they did so before, if this is the first time by this one.
    """
    is_new = identities.name_group(
        tx, connection, group, Identifier("claim", value), proof="token", now=now
    )
    know(tx, group)
    return [one for one in _values(tx, group) if one != value] if is_new else []


def know(tx: Tx, group: GroupKey) -> None:
    """Tokens can name this group."""
    tx.run(
        "UPDATE groups SET login_known = :known WHERE id = :key AND NOT login_known",
        {"known": True, "key": group},
    )


def _values(tx: Tx, group: GroupKey) -> list[str]:
    rows = tx.rows(
        """
        SELECT value FROM group_aliases
        WHERE group_id = :group AND namespace = 'claim' AND valid_to IS NULL ORDER BY id
        """,
        {"group": group},
    )
    return [row.value for row in rows]


def echoes(tx: Tx, groups: Sequence[GroupKey]) -> set[GroupKey]:
    """The groups that turned out to be one of these. What is said of the one they hear too.

    So each keeps what the other would have without it, and they can be split again.
    """
    if not groups:
        return set()
    rows = tx.rows("SELECT id FROM groups WHERE merged_into IN :groups", {"groups": list(groups)})
    return {GroupKey(row.id) for row in rows}
