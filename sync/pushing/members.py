"""Who is in a group, as its provider pushes it: users, groups, and the people of those groups.

A group in a group is a fact of its own. The people of the inner one are members of the outer
by the same evidence, marked as indirect: they come and go with what put them there, and are
never taken out by anything else, nor while another way leads there.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from models.evidence import Channel, GroupCovered, GroupSaid, MembersAdded, MembersRemoved
from models.identity import GroupKey, UserKey
from models.store import indirect, nesting, scim, scim_members
from sync.pushing.tolerances import FORMER_EXTERNAL_ID, STRANGERS_PARKED
from sync.pushing.voice import Voice


class Circle(Exception):
    """A group would be inside itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the values of members name."""

    users: frozenset[UserKey] = frozenset()
    groups: frozenset[GroupKey] = frozenset()


@dataclass(frozen=True, slots=True)
class PushedMembers(Voice):
    def add(self, group: GroupKey, values: Sequence[str]) -> None:
        """Who is not known yet is parked. Raises Circle."""
        self.enter(group, self._found(group, values))

    def enter(self, group: GroupKey, found: Found) -> None:
        scim.touch(self.tx, [group], self.clock.now())
        self.say("members added", MembersAdded(group, found.users))
        if not found.groups and not indirect.is_nested(self.tx, group):
            return
        indirect.unmark(self.tx, group, found.users)
        self._nest(group, found.groups)
        people = found.users | self._people(found.groups)
        self._carry_up(group, people, with_own=bool(found.groups), anew=True)

    def remove(self, group: GroupKey, values: Sequence[str]) -> None:
        """Whom another way leads there stays, as an indirect member."""
        waiting = scim_members.unpark(self.tx, group, list(values))
        found, strangers = self._named(values)
        if strangers:
            self._give_up(group, strangers)
        if not waiting.issuperset(strangers):
            found = self._with_former(found, [one for one in strangers if one not in waiting])
        scim.touch(self.tx, [group], self.clock.now())
        if not indirect.is_nested(self.tx, group):
            self.say("members removed", MembersRemoved(group, found.users))
            return
        found = self._with_groups(group, values, found)
        self._unnest(group, found.groups)
        stay = self._led_here(group, found.users)
        self.say("members removed", MembersRemoved(group, found.users - stay))
        indirect.mark(self.tx, group, indirect.affirmed(self.tx, group, stay))
        people = found.users | self._people(found.groups)
        self._carry_up(group, people, with_own=bool(found.groups))

    def replace(self, group: GroupKey, values: Sequence[str]) -> None:
        """These and nobody else, apart from the people of the groups among them."""
        scim_members.unpark(self.tx, group)
        found = self._found(group, values)
        scim.touch(self.tx, [group], self.clock.now())
        if not found.groups and not indirect.is_nested(self.tx, group):
            self.say("members replaced", GroupCovered(group, found.users))
            return
        before = self._before(group)
        inner = indirect.children(self.tx, group)
        self._unnest(group, inner - found.groups)
        self._nest(group, found.groups - inner)
        led = self._led_here(group, None)
        self.say("members replaced", GroupCovered(group, found.users | led))
        indirect.unmark(self.tx, group, indirect.marked(self.tx, group) - (led - found.users))
        indirect.mark(self.tx, group, led - found.users)
        self._carry_up(group, before | found.users | led)

    def end(self, group: GroupKey) -> None:
        """The group is deleted: it is in no other any more, and no other in it."""
        scim_members.unpark(self.tx, group)
        above, before = indirect.above(self.tx, group), self._before(group)
        outer, inner = indirect.parents(self.tx, group), indirect.children(self.tx, group)
        scim.touch(self.tx, sorted(outer), self.clock.now())
        self._unnest(group, inner)
        for one in sorted(outer):
            self._unnest(one, {group})
        gone = GroupSaid(group=group, exists=False)
        self.say("group deleted", gone, GroupCovered(group, frozenset()))
        indirect.unmark(self.tx, group, indirect.marked(self.tx, group))
        self._settle(above, before)

    def arrive(self, found: Found, names: list[str]) -> None:
        """Somebody, or some group, was waited for under one of these names. Raises Circle.

        Who was taken back in this very moment does not join.
        """
        waiting = scim_members.parked_for(self.tx, self.connection.key, names)
        indirect.hold(self.tx, {group for group, _ in waiting})
        for group, value in waiting:
            if scim_members.unpark(self.tx, group, [value]):
                self.enter(group, found)

    def expect(self, name: object) -> None:
        """Whoever is waited for changes groups on arriving, and holds nothing yet."""
        link = self.connection
        if link.nests and name and scim_members.parked_for(self.tx, link.key, [str(name)]):
            self.take_turn()

    def _found(self, group: GroupKey, values: Sequence[str]) -> Found:
        """Strangers are parked, unless they arrived in this very moment."""
        link = self.connection.key
        found, strangers = self._named(values)
        if strangers and scim.take_turns(self.tx, link, strangers):
            found, strangers = self._named(values)
        self.parked.extend(strangers)
        if strangers:
            self.forgives(STRANGERS_PARKED)
        scim_members.park(self.tx, link, group, values=strangers, as_of=self.clock.now())
        return found

    def _named(self, values: Sequence[str]) -> tuple[Found, list[str]]:
        """Whom these name, and which of them name nobody."""
        users = scim_members.known_members(self.tx, self.connection.key, list(values))
        rest = [value for value in values if value not in users]
        groups = scim_members.known_groups(self.tx, self.connection.key, rest)
        strangers = [value for value in rest if value not in groups]
        return Found(frozenset(users.values()), frozenset(groups.values())), strangers

    def _give_up(self, group: GroupKey, names: list[str]) -> None:
        """Whom the provider deleted comes back by any of its names, and is waited for by none."""
        for kind in ("user", "group"):
            others = scim_members.names_of_gone(self.tx, kind, self.connection.key, names)
            if others:
                scim_members.unpark(self.tx, group, others)

    def _with_former(self, found: Found, rest: list[str]) -> Found:
        """By an externalId that one of them had, and nobody has now. Whoever was waited for under
        it was meant alone.
        """
        link = self.connection.key
        users, unclear = scim_members.former_members(self.tx, "user", link, rest)
        groups, others = scim_members.former_members(self.tx, "group", link, rest)
        unclear |= others | (users.keys() & groups.keys())
        people = {UserKey(key) for value, key in users.items() if value not in unclear}
        inner = {GroupKey(key) for value, key in groups.items() if value not in unclear}
        if people or inner:
            self.forgives(FORMER_EXTERNAL_ID)
        known = (users.keys() | groups.keys()) - unclear
        self.missed.extend(value for value in rest if value not in known)
        return Found(found.users | people, found.groups | inner)

    def _with_groups(self, group: GroupKey, values: Sequence[str], found: Found) -> Found:
        """A user and a group may go by one externalId. Who is no member was not meant."""
        named = indirect.named(self.tx, {group}, found.users)
        if named == found.users:
            return found
        users = scim_members.known_members(self.tx, self.connection.key, list(values))
        unclear = [value for value in values if value in users and users[value] not in named]
        groups = scim_members.known_groups(self.tx, self.connection.key, unclear)
        inner = indirect.children(self.tx, group).intersection(groups.values())
        return Found(found.users, found.groups | inner)

    def _nest(self, group: GroupKey, inner: Set[GroupKey]) -> None:
        if not inner:
            return
        if not self.connection.nests:
            indirect.hurry(self.tx)
        self._hold(group, inner)
        if group in inner or inner & indirect.above(self.tx, group):
            raise Circle("The group would be inside itself.")
        if not self.connection.nests:
            indirect.note(self.tx, self.connection.key)
        pairs = {(group, one) for one in inner}
        nesting.affirm(self.tx, pairs, self.clock.now(), Channel.PUSH)

    def _unnest(self, group: GroupKey, inner: Set[GroupKey]) -> None:
        if inner:
            self._hold(group, inner)
            pairs = {(group, one) for one in inner}
            nesting.deny(self.tx, pairs, self.clock.now(), Channel.PUSH)

    def _hold(self, group: GroupKey, inner: Set[GroupKey]) -> None:
        """Until the end nobody comes or goes by the ways that change."""
        indirect.take_turn(self.tx, self.connection.key)
        below = {each for one in inner for each in indirect.below(self.tx, one)}
        indirect.hold(self.tx, {group} | inner | below)

    def _people(self, groups: Iterable[GroupKey]) -> set[UserKey]:
        """Who is in these groups by any way."""
        return {user for one in groups for user in indirect.affirmed(self.tx, one)}

    def _before(self, group: GroupKey) -> set[UserKey]:
        """Who is in the group, if that matters to any other."""
        return indirect.affirmed(self.tx, group) if indirect.parents(self.tx, group) else set()

    def _led_here(self, group: GroupKey, users: Set[UserKey] | None) -> set[UserKey]:
        """Whom the groups inside bring along; among these users, if given."""
        return indirect.named(self.tx, indirect.below(self.tx, group), users)

    def _carry_up(
        self, group: GroupKey, users: Set[UserKey], *, with_own: bool = False, anew: bool = False
    ) -> None:
        """These users may have come to the group, or left it."""
        if users:
            above = indirect.above(self.tx, group)
            self._settle(above | {group} if with_own else above, users, anew=anew)

    def _settle(self, groups: Set[GroupKey], users: Set[UserKey], *, anew: bool = False) -> None:
        """Bring groups into agreement with what is inside them, as far as these users go.

        `anew`: they were just added, so that whoever was there before is said to be so again.
        """
        indirect.hold(self.tx, groups)
        for group in sorted(groups):
            led = self._led_here(group, users)
            come = led - indirect.affirmed(self.tx, group, users)
            gone = indirect.marked(self.tx, group, users) - led
            indirect.mark(self.tx, group, come)
            indirect.unmark(self.tx, group, gone)
            said = led if anew or self.connection.policy.push_ttl else come
            if said:
                self.say("members came with a group", MembersAdded(group, frozenset(said)))
            if gone:
                self.say("members left with a group", MembersRemoved(group, frozenset(gone)))
