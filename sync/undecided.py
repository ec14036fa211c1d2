"""Who is decided otherwise than is written down: by time, by a read, or by a changed policy."""

from collections.abc import Iterator

from models.instant import Instant
from models.records import UserRecord
from models.store import cases
from models.store.database import Tx
from models.store.ledger import Touched
from sync import decide
from sync.connection import Connection


def undecided(tx: Tx, connection: Connection, now: Instant) -> Touched:
    """Users and groups that are to be decided again."""
    policy, changed = connection.policy, Touched()
    for user in users_in_question(tx, connection):
        decided = decide.user(user, policy, now)
        wanted = decide.wanted(decided.exists, user.wanted)
        active = decide.resolved_active(decided, user.was_active)
        if (wanted, active, decided.profile) != (user.wanted, user.was_active, user.resolved):
            changed.users.add(user.key)
    for group in cases.all_groups(tx, connection.key):
        verdict = decide.group(group, policy, now)
        is_wanted = decide.wanted(verdict.exists, group.wanted)
        was = (group.wanted, group.let_in, group.name)
        if (is_wanted, verdict.is_let_in, verdict.name) != was:
            changed.groups.add(group.key)
    return changed


def users_in_question(tx: Tx, connection: Connection) -> Iterator[UserRecord]:
    """Users of whom the channels may say different things, or other than is written down.

    Narrowed by SQL where nothing but reads grows stale, and the newest word counts for every
    attribute; otherwise all of them.
    """
    policy = connection.policy
    grows_stale = policy.push_ttl is not None or not policy.has_directory
    if grows_stale or policy.ignored or policy.authority.attributes:
        return cases.all_users(tx, connection.key, admits_all=policy.pull_admits)
    directories = {"push": policy.push, "pull": policy.pull}
    return cases.users_in_question(
        tx,
        connection.key,
        directories=tuple(name for name, is_there in directories.items() if is_there),
        admits_all=policy.pull_admits,
    )
