"""A connection as the engine needs it."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from models.instant import Instant
from models.store import accounts
from models.store.database import Tx, dumps, loads
from sync.policies import settings as policies
from sync.policies.policy import Policy


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
    nests: bool = False
    """Whether a group was ever pushed into another."""
    extensions: str = ""
    """What an administrator declared to extend what is pushed, as it is kept; empty for nothing."""

    @property
    def is_narrow(self) -> bool:
        """Whether reads look at less than the whole directory."""
        return bool((self.pull or {}).get("scope", "all") != "all")


def of_row(row: Row[Any]) -> Connection:
    pull, login = loads(row.pull), loads(row.login)
    return Connection(
        key=row.id,
        public_id=row.public_id,
        organization=row.organization_id,
        slug=row.slug,
        provider=row.provider,
        policy=_policy(
            row.provider,
            _text(row.policy),
            bool(row.push),
            _text(row.pull),
            _text(row.login),
            scoped_at=row.scoped_at,
        ),
        pull=pull,
        login=login,
        secrets=row.secrets,
        pull_users=row.pull_users,
        pull_groups=row.pull_groups,
        nests=bool(row.nests),
        extensions=_text(row.extensions) if row.extensions else "",
    )


@lru_cache(maxsize=1024)
def _policy(
    provider: str, settings: str, push: bool, pull: str, login: str, *, scoped_at: Instant
) -> Policy:
    """Read once for each wording of it: every push and every login asks."""
    found = policies.of(provider, loads(settings), push=push, pull=loads(pull), login=loads(login))
    return replace(found, scoped_at=scoped_at)


def _text(document: Any) -> str:
    """A column's document as SQLite has it; PostgreSQL decoded it already."""
    return document if isinstance(document, str) else dumps(document)


def load(tx: Tx, key: int) -> Connection:
    """Raises LookupError when there is none."""
    row = accounts.connection(tx, key)
    if row is None:
        raise LookupError(f"there is no connection {key}")
    return of_row(row)
