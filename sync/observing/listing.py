"""Read a target's listing, compare each page as it arrives, and correct what we believe.

What we believe is corrected; the plan that follows mends what is not as decided. What is not
ours is noted, and left alone. A page is compared by reading alone; only differences are
written, each page's in a short transaction of its own, so that pushes answer meanwhile.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from connectors.base import ObserveEnded, RemoteGroup, RemoteUser, Target
from connectors.errors import Transient
from models.findings import Finding
from models.identity import GroupKey, Membership, UserKey
from models.instant import Instant
from models.store import accounts, leases, outbox
from models.store.database import Database, Tx
from models.store.ledger import Touched
from sync.observing.groups import compare_groups, missing_groups
from sync.observing.sight import Difference, Found, Sight
from sync.observing.users import compare_users, missing_users

MOST = 1000
"""Differences that are written in one transaction."""


def observe(
    database: Database, sight: Sight, peer: Target, beat: Callable[[], Instant]
) -> Iterator[Finding]:
    """Believe what the target holds; answers what was otherwise.

    Raises a `ConnectorError` when it could not be read to its end: what was seen until then
    is believed, and nothing counts as missing.
    """
    for found in pages(database, sight, peer, beat):
        yield from database.insist(partial(_correct_alone, sight=sight, found=found))
    with database.write() as tx:
        accounts.observed(tx, sight.target.id, sight.now)


def pages(
    database: Database, sight: Sight, peer: Target, beat: Callable[[], Instant]
) -> Iterator[list[Found]]:
    """What differs, a list a page. Raises a `ConnectorError` unless the end was seen."""
    with database.read() as tx:
        sight.begin(tx)
    for part in peer.observe():
        beat()
        if isinstance(part, ObserveEnded):
            yield from _missing(database, sight)
            return
        with database.read() as tx:
            found = list(_compare(tx, sight, part))
        yield from _chunks(iter(found))
    raise Transient("The target's listing stopped before its end was reached.")


def _correct_alone(tx: Tx, *, sight: Sight, found: list[Found]) -> list[Finding]:
    leases.lock(tx, _touched(found))
    return correct(tx, sight, found)


def correct(tx: Tx, sight: Sight, found: list[Found]) -> list[Finding]:
    """Believe what was seen instead, and answer the findings.

    What was acted on since the look began may have been seen as it was before that, and is
    left for the next look.
    """
    keys = [one.object_key for one in found if isinstance(one, Difference)]
    moving = outbox.touched_since(tx, sight.target.id, sight.now, keys)
    findings: list[Finding] = []
    for one in found:
        match one:
            case Finding():
                findings.append(one)
            case Difference():
                if one.object_key in moving:
                    continue
                one.believe(tx)
                findings += [] if one.finding is None else [one.finding]
    return findings


def _compare(tx: Tx, sight: Sight, part: list[RemoteUser] | list[RemoteGroup]) -> Iterator[Found]:
    users = [one for one in part if isinstance(one, RemoteUser)]
    groups = [one for one in part if isinstance(one, RemoteGroup)]
    if users:
        yield from compare_users(tx, sight, users)
    if groups:
        yield from compare_groups(tx, sight, groups)


def _missing(database: Database, sight: Sight) -> Iterator[list[Found]]:
    """Only now that the end was seen."""
    with database.read() as tx:
        gone: list[Found] = [*missing_users(tx, sight), *missing_groups(tx, sight)]
    yield from _chunks(iter(gone))


def _chunks(found: Iterator[Found]) -> Iterator[list[Found]]:
    while some := list(islice(found, MOST)):
        yield some


def _touched(found: list[Found]) -> Touched:
    touched = Touched()
    for one in found:
        if isinstance(one, Finding):
            continue
        match one.kind, one.about:
            case _, Membership() as membership:
                touched.memberships.add(membership)
            case "group", int(key):
                touched.groups.add(GroupKey(key))
            case _, int(key):
                touched.users.add(UserKey(key))
    return touched
