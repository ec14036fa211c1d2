"""By which values the groups of a connection go in its tokens."""

from collections.abc import Sequence

from models.identity import GroupKey, Identifier
from models.instant import Instant
from models.store import identities
from models.store.database import Tx
from models.store.scim import name_key


def named(tx: Tx, connection: int, values: Sequence[str]) -> dict[str, GroupKey]:
    """Value → group: seen in a token before, or an id of the directory, or a name."""
    found: dict[str, GroupKey] = {}
    for namespace in ("name", "external_id", "id", "claim"):
        asked = {
            Identifier(namespace, name_key(value) if namespace == "name" else value): value
            for value in values
        }
        groups = identities.groups_named(tx, connection, list(asked))
        found |= {asked[one]: group for one, group in groups.items()}
    return found


def name(tx: Tx, connection: int, group: GroupKey, value: str, now: Instant) -> None:
    """Tokens name this group, so one that lists all groups and not this one denies it."""
    identities.name_group(tx, connection, group, Identifier("claim", value), proof="token", now=now)
    tx.run(
        "UPDATE groups SET login_known = :known WHERE id = :key AND NOT login_known",
        {"known": True, "key": group},
    )
