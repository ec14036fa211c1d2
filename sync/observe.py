"""Read a target and compare it with what we believe it holds.

What we believe is corrected; the plan that follows mends what is not as decided. What is
not ours is noted, and left alone.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from connectors.base import ObserveEnded, RemoteGroup, RemoteUser, Target
from connectors.errors import ConnectorError
from models.actions import Ownership
from models.findings import Evidence, Finding, Kind, Severity
from models.identity import GroupKey, Profile, UserKey
from models.instant import Instant
from models.plans import digest, profile_digest
from models.store import bindings, ledger, outbox
from models.store.database import Tx
from models.store.scim import name_key


@dataclass(slots=True)
class Look:
    """Everything a target holds, read to its end."""

    users: dict[str, RemoteUser] = field(default_factory=dict)
    groups: dict[str, RemoteGroup] = field(default_factory=dict)


def look(target: Target) -> Look | str:
    """All of it, or the reason in a sentence."""
    seen = Look()
    try:
        for part in target.observe():
            if isinstance(part, ObserveEnded):
                return seen
            for one in part:
                if isinstance(one, RemoteUser):
                    seen.users[one.remote_id] = one
                else:
                    seen.groups[one.remote_id] = one
    except ConnectorError as trouble:
        return str(trouble)
    return "The target's listing stopped before its end was reached."


@dataclass(slots=True)
class Comparison:
    """Corrects the bindings of one target for one connection, noting every difference."""

    tx: Tx
    target: Row[Any]
    connection: int
    now: Instant
    moving: set[str]
    """Objects that were acted on while the target was read: what was seen may be outdated."""
    findings: list[Finding] = field(default_factory=list)
    user_of: dict[str, UserKey] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Ids of users that are gone; a group there may still name them."""

    def compare(self, seen: Look) -> list[Finding]:
        self._users(seen)
        self._groups(seen)
        return self.findings

    def _users(self, seen: Look) -> None:
        rows = bindings.users_at(self.tx, self.target.id)
        bound = {row.remote_id for row in rows}
        for row in rows:  # one account may be ours for a connection and foreign for another
            remote_id = row.remote_id
            if row.connection_id != self.connection:
                continue
            if row.ownership == Ownership.FOREIGN:
                if remote_id not in seen.users:
                    bindings.unbind_user(self.tx, self.target.id, UserKey(row.user_id))
                else:
                    self._in_the_way(row.user_name, remote_id, user=row.user_id)
                continue
            if f"u{row.user_id}" in self.moving:
                self.user_of[remote_id] = UserKey(row.user_id)
                continue
            remote = seen.users.get(remote_id)
            if remote is None:
                self.lost.add(remote_id)
                self._user_missing(row)
            else:
                self.user_of[remote_id] = UserKey(row.user_id)
                self._user_differs(row, remote)
        strangers = [one for key, one in seen.users.items() if key not in bound]
        ours = self._by_public_id("users", [one.external_id for one in strangers])
        names = self._by_name([one.user_name for one in strangers])
        for stranger in strangers:
            self._stranger(stranger, ours, names)

    def _user_missing(self, row: Row[Any]) -> None:
        bindings.unbind_user(self.tx, self.target.id, UserKey(row.user_id))
        self._note(
            Kind.MISSING_AT_TARGET,
            Severity.HIGH if row.active else Severity.LOW,
            f"{row.user_name} is not at {self.target.slug} any more, and we had put it there.",
            "It is created again, if it is still wanted.",
            user=row.user_id,
        )

    def _user_differs(self, row: Row[Any], remote: RemoteUser) -> None:
        held = profile_digest(_profile(remote))
        if bool(row.active) == remote.active and row.digest in ("", held):
            return
        bindings.bind_user(
            self.tx,
            self.target.id,
            UserKey(row.user_id),
            remote_id=remote.remote_id,
            ownership=Ownership(row.ownership),
            digest=held,
            active=remote.active,
            now=self.now,
        )
        what = "attributes" if bool(row.active) == remote.active else "active"
        shown = "active" if remote.active else "inactive"
        summary = (
            f"Somebody changed attributes of {row.user_name} at {self.target.slug}."
            if what == "attributes"
            else f"{row.user_name} is {shown} at {self.target.slug}, which we did not ask for."
        )
        self._note(
            Kind.ATTRIBUTE_DRIFT,
            Severity.LOW if what == "attributes" else Severity.HIGH,
            summary,
            "It is set back to what was decided.",
            user=row.user_id,
            detail=what,
        )

    def _stranger(self, remote: RemoteUser, ours: dict[str, int], names: dict[str, int]) -> None:
        """Ours by its external id (an answer to a create was lost), or somebody else's."""
        key = ours.get(remote.external_id or "")
        if key is not None:
            self.user_of[remote.remote_id] = UserKey(key)
            bindings.bind_user(
                self.tx,
                self.target.id,
                UserKey(key),
                remote_id=remote.remote_id,
                ownership=Ownership.OURS,
                digest=profile_digest(_profile(remote)),
                active=remote.active,
                now=self.now,
            )
            return
        self._note(
            Kind.FOREIGN_AT_TARGET,
            Severity.MEDIUM if name_key(remote.user_name) in names else Severity.INFO,
            f"{remote.user_name} is at {self.target.slug} and was not put there by us.",
            "Adopt it by a stated correlation, or leave it. It is never changed.",
            user=names.get(name_key(remote.user_name)),
            detail=remote.remote_id,
        )

    def _groups(self, seen: Look) -> None:
        rows = bindings.groups_at(self.tx, self.target.id)
        bound = {row.remote_id for row in rows}
        for row in rows:
            remote_id = row.remote_id
            if row.connection_id != self.connection:
                continue
            if row.ownership == Ownership.FOREIGN:
                if remote_id not in seen.groups:
                    bindings.unbind_group(self.tx, self.target.id, GroupKey(row.group_id))
                else:
                    self._in_the_way(f"The group {row.name}", remote_id, group=row.group_id)
                continue
            if f"g{row.group_id}" in self.moving:
                continue
            remote = seen.groups.get(remote_id)
            if remote is None:
                self._group_missing(row)
                continue
            self._group_differs(row, remote)
            if remote.members is not None:
                self._members(row, remote.members)
        strangers = [one for key, one in seen.groups.items() if key not in bound]
        ours = self._by_public_id("groups", [one.external_id for one in strangers])
        for stranger in strangers:
            self._strange_group(stranger, ours)

    def _in_the_way(
        self, who: str, remote_id: str, *, user: int | None = None, group: int | None = None
    ) -> None:
        """What is foreign has the name of ours, so ours cannot be created."""
        self._note(
            Kind.FOREIGN_AT_TARGET,
            Severity.MEDIUM,
            f"{who} is at {self.target.slug}, was not put there by us, and stands in the way "
            "of ours.",
            "Adopt it by a stated correlation, or leave it. It is never changed.",
            user=user,
            group=group,
            detail=remote_id,
        )

    def _group_missing(self, row: Row[Any]) -> None:
        bindings.unbind_group(self.tx, self.target.id, GroupKey(row.group_id))
        self._note(
            Kind.MISSING_AT_TARGET,
            Severity.HIGH,
            f"The group {row.name} is not at {self.target.slug} any more.",
            "It is created again with its members, if it is still wanted.",
            group=row.group_id,
        )

    def _group_differs(self, row: Row[Any], remote: RemoteGroup) -> None:
        held = digest(remote.name)
        if row.digest == held:
            return
        self._bind_group(row.group_id, remote, Ownership(row.ownership))
        self._note(
            Kind.ATTRIBUTE_DRIFT,
            Severity.LOW,
            f"The group {row.name} is called {remote.name} at {self.target.slug}.",
            "It is set back to what was decided.",
            group=row.group_id,
            detail="name",
        )

    def _strange_group(self, remote: RemoteGroup, ours: dict[str, int]) -> None:
        key = ours.get(remote.external_id or "")
        if key is not None:
            self._bind_group(key, remote, Ownership.OURS)
            return
        self._note(
            Kind.FOREIGN_AT_TARGET,
            Severity.INFO,
            f"The group {remote.name} is at {self.target.slug} and was not put there by us.",
            "Nothing: it is never changed.",
            detail=remote.remote_id,
        )

    def _bind_group(self, key: int, remote: RemoteGroup, ownership: Ownership) -> None:
        bindings.bind_group(
            self.tx,
            self.target.id,
            GroupKey(key),
            remote_id=remote.remote_id,
            ownership=ownership,
            digest=digest(remote.name),
            now=self.now,
        )

    def _members(self, row: Row[Any], remote: frozenset[str]) -> None:
        group = GroupKey(row.group_id)
        believed = bindings.members_at(self.tx, self.target.id, group)
        there = {self.user_of[one] for one in remote if one in self.user_of}
        moving = {user for user in believed ^ there if f"m{group}:{user}" in self.moving}
        believed, there = believed - moving, there - moving
        for user in sorted(believed - there):
            self._drifted(row, user, "is no longer in")
        for user in sorted(there - believed):
            self._drifted(row, user, "is in")
        bindings.unbind_members(self.tx, self.target.id, group, believed - there)
        ledger.mention(self.tx, group, there - believed)
        bindings.bind_members(self.tx, self.target.id, group, there - believed)
        for stranger in sorted(remote - set(self.user_of) - self.lost):
            self._note(
                Kind.UNEXPECTED_AT_TARGET,
                Severity.MEDIUM,
                f"An account that is not ours ({stranger}) is in the group {row.name} at "
                f"{self.target.slug}.",
                "Ask who put it there. It is left alone.",
                group=row.group_id,
                detail=stranger,
            )

    def _drifted(self, row: Row[Any], user: UserKey, how: str) -> None:
        name = self.tx.value("SELECT user_name FROM users WHERE id = :key", {"key": user})
        self._note(
            Kind.MEMBERSHIP_DRIFT,
            Severity.MEDIUM,
            f"{name} {how} the group {row.name} at {self.target.slug}, which we did not do.",
            "It is set back to what was decided.",
            user=user,
            group=row.group_id,
        )

    def _by_public_id(self, table: str, ids: list[str | None]) -> dict[str, int]:
        """Ours among these external ids, by public id; only of this connection."""
        asked = [one for one in ids if one]
        if not asked:
            return {}
        rows = self.tx.rows(
            f"SELECT public_id, id FROM {table} WHERE public_id IN :ids "
            "AND connection_id = :connection",
            {"ids": asked, "connection": self.connection},
        )
        return {row.public_id: row.id for row in rows}

    def _by_name(self, names: list[str]) -> dict[str, int]:
        if not names:
            return {}
        rows = self.tx.rows(
            "SELECT user_name, id FROM users WHERE connection_id = :connection AND wanted",
            {"connection": self.connection},
        )
        asked = {name_key(name) for name in names}
        return {
            name_key(row.user_name): row.id
            for row in rows
            if row.user_name and name_key(row.user_name) in asked
        }

    def _note(
        self,
        kind: Kind,
        severity: Severity,
        summary: str,
        suggestion: str,
        *,
        user: int | None = None,
        group: int | None = None,
        detail: str = "",
    ) -> None:
        self.findings.append(
            Finding(
                kind=kind,
                severity=severity,
                connection=self.connection,
                target=self.target.id,
                user=user,
                group=group,
                detail=detail,
                summary=summary,
                suggestion=suggestion,
                evidence=(Evidence(channel="target", says="yes", as_of=self.now),),
            )
        )


def compare(
    tx: Tx, target: Row[Any], seen: Look, *, connection: int, began: Instant, now: Instant
) -> list[Finding]:
    """Compare what was read since `began` with what we believe, and believe what was read."""
    tx.run("UPDATE targets SET observed_at = :now WHERE id = :key", {"now": now, "key": target.id})
    moving = outbox.touched_since(tx, target.id, began)
    return Comparison(tx, target, connection, now, moving).compare(seen)


def _profile(remote: RemoteUser) -> Profile:
    return Profile(
        user_name=remote.user_name,
        email=remote.email,
        first_name=remote.first_name,
        last_name=remote.last_name,
        display_name=remote.display_name,
    )
