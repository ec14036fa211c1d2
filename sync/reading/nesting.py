"""Which groups are inside which, compared with what was listed before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.base import DirectoryMembers
from models.identity import GroupKey
from models.instant import Instant
from models.store import nesting
from models.store.database import Database, Tx
from models.store.nesting import Pair
from models.store.reading import Known


@dataclass(slots=True)
class Nesting:
    """Of one read. What is new counts at once; what is missing, once the read proves whole."""

    database: Database
    connection: int
    started: Instant
    before: dict[GroupKey, set[GroupKey]] | None = None
    """What stood; None until the first group comes that has or had groups inside."""
    missing: set[Pair] = field(default_factory=set)

    def take(self, part: DirectoryMembers, groups: Mapping[str, Known]) -> None:
        if part.group not in groups:
            return
        parent = GroupKey(groups[part.group].key)
        known = self._known().get(parent, set())
        if not part.groups and not known:
            return
        inside = {GroupKey(groups[one].key) for one in part.groups if one in groups}
        self.missing -= {(parent, child) for child in inside}
        self.missing |= {(parent, child) for child in known - inside}
        added = {(parent, child) for child in inside - known if child != parent}
        if added:
            with self.database.write() as tx:
                nesting.affirm(tx, added, self.started)
            self._known().setdefault(parent, set()).update(child for _, child in added)

    def conclude(self, tx: Tx, no_as_of: Instant) -> None:
        nesting.deny(tx, self.missing, no_as_of)

    def _known(self) -> dict[GroupKey, set[GroupKey]]:
        if self.before is None:
            with self.database.read() as tx:
                self.before = nesting.affirmed(tx, self.connection)
        return self.before
