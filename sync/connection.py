"""A connection as the engine needs it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from models.store import accounts
from models.store.database import Tx, dumps, loads
from sync import policy as policies
from sync.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    key: int
    public_id: str
    organization: int
    slug: str
    provider: str
    policy: Policy
    pull: dict[str, Any] | None
    login: dict[str, Any] | None
    secrets: bytes | None
    pull_users: int
    pull_groups: int


def of_row(row: Row[Any]) -> Connection:
    pull, login = loads(row.pull), loads(row.login)
    return Connection(
        key=row.id,
        public_id=row.public_id,
        organization=row.organization_id,
        slug=row.slug,
        provider=row.provider,
        policy=_policy(
            row.provider, _text(row.policy), bool(row.push), _text(row.pull), _text(row.login)
        ),
        pull=pull,
        login=login,
        secrets=row.secrets,
        pull_users=row.pull_users,
        pull_groups=row.pull_groups,
    )


@lru_cache(maxsize=1024)
def _policy(provider: str, settings: str, push: bool, pull: str, login: str) -> Policy:
    """Read once for each wording of it: every push and every login asks."""
    return policies.of(provider, loads(settings), push=push, pull=loads(pull), login=loads(login))


def _text(document: Any) -> str:
    """A column's document as SQLite has it; PostgreSQL decoded it already."""
    return document if isinstance(document, str) else dumps(document)


def load(tx: Tx, key: int) -> Connection:
    """Raises LookupError when there is none."""
    row = accounts.connection(tx, key)
    if row is None:
        raise LookupError(f"there is no connection {key}")
    return of_row(row)
