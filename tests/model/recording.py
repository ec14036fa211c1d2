"""What happens to the playground's company, told to the model as well, in the model's words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from models.instant import Instant
from sync.tokens.claims import GroupsState
from tests.model.engine import (
    LOGIN,
    NO,
    PULL,
    PUSH,
    YES,
    Coverage,
    Everything,
    Fact,
    GroupsOf,
    Heard,
    MembersOf,
    World,
    groups_of,
    members,
)
from tests.playground import Company, Playground
from tests.store.histories import PEOPLE, TEAMS, Event, happen

Said = tuple[frozenset[Fact], frozenset[Fact], Coverage]
"""Yes, no, and what else it denies."""
NOTHING: frozenset[Fact] = frozenset()


@dataclass
class Recording:
    """Lives on in the playground, and tells the model what it should have heard."""

    play: Playground
    world: World
    do: Callable[[Playground, Event], None] = happen
    parked: dict[str, set[str]] = field(default_factory=dict)
    """Pushed members that were not known when they were named."""
    looked: tuple[Instant, Company] | None = None
    """When the newest complete read or round began, and what there was to see."""

    def live(self, history: Iterable[Event]) -> None:
        for event in history:
            self.happen(event)

    def happen(self, event: Event) -> None:
        match event:
            case ("read" | "read badly", *_):
                self._read(event)
            case ("delta",):
                self._round()
            case ("point read", name):
                self._point_read(name)
            case ("token", name, groups, state, age):
                self._token(name, groups, state, age)
            case _:
                told = self._pushed(event)
                self.do(self.play, event)
                if told is not None:
                    yes, no, covers = told
                    self._hear(PUSH, self.play.clock.at, yes=yes, no=no, covers=covers)

    def _hear(self, channel: str, at: Instant, **said: Any) -> None:
        self.world = self.world.hears(Heard(channel, at, **said))

    # -- pushes -------------------------------------------------------------------------------

    def _pushed(self, event: Event) -> Said | None:
        """What an event will say, given what is pushed before it."""
        match event:
            case ("push user" | "deactivate" | "delete", name):
                return self._of_user(event[0], name)
            case ("push group", group, names):
                exists = frozenset({Fact("group", group=group)})
                return exists | self._known(group, names), NOTHING, None
            case ("add" | "remove" | "put" | "delete group", group, *names):
                if self._is_pushed_group(group):
                    return self._of_group(event[0], group, names[0] if names else [])
        return None

    def _of_user(self, what: str, name: str) -> Said | None:
        exists, active = frozenset({Fact("exists", name)}), frozenset({Fact("active", name)})
        match what, self._is_pushed(name):
            case "push user", True:
                return exists | active, NOTHING, None
            case "push user", False:
                return exists | active | groups_of(name, self._arrive(name)), NOTHING, None
            case "deactivate", True:
                return exists, active, None
            case "delete", True:
                left = groups_of(name, (one for one in TEAMS if self._says_yes(one, name)))
                return NOTHING, left | exists, None
        return None

    def _of_group(self, what: str, group: str, names: list[str]) -> Said | None:
        match what:
            case "add":
                return self._known(group, names), NOTHING, None
            case "remove":
                self.parked.get(group, set()).difference_update(names)
                return NOTHING, members(group, filter(self._is_pushed, names)), None
            case "put":
                self.parked.pop(group, None)
                return self._known(group, names), NOTHING, MembersOf(group)
            case "delete group":
                self.parked.pop(group, None)
                return NOTHING, frozenset({Fact("group", group=group)}), MembersOf(group)
        return None

    def _arrive(self, name: str) -> set[str]:
        """The groups in which somebody was expected."""
        expecting = {group for group, names in self.parked.items() if name in names}
        for group in expecting:
            self.parked[group].discard(name)
        return expecting

    def _known(self, group: str, names: Iterable[str]) -> frozenset[Fact]:
        """Those who are pushed already; the others wait until they are."""
        strangers = {name for name in names if not self._is_pushed(name)}
        if strangers:
            self.parked.setdefault(group, set()).update(strangers)
        return members(group, (name for name in names if name not in strangers))

    def _is_pushed(self, name: str) -> bool:
        return self.world.word(PUSH, Fact("exists", name)).says == YES

    def _is_pushed_group(self, group: str) -> bool:
        return self.world.word(PUSH, Fact("group", group=group)).says == YES

    def _says_yes(self, group: str, name: str) -> bool:
        return self.world.word(PUSH, Fact("member", name, group)).says == YES

    # -- reads --------------------------------------------------------------------------------

    def _read(self, event: Event) -> None:
        """Whatever came before the end, and what was missing only if that was reached."""
        parts = self._parts()
        self.do(self.play, event)
        with self.play.database.read() as tx:
            run = tx.row("SELECT * FROM runs WHERE kind = 'pull' ORDER BY id DESC LIMIT 1")
        assert run is not None
        came = parts if event[0] == "read" else parts[: event[1] - 1]
        yes = frozenset(fact for affirmed, _ in came for fact in affirmed)
        no = frozenset(fact for _, denied in came for fact in denied)
        if run.state == "complete":
            self.looked = (run.started_at, seen(self.play.company))
            rest: dict[str, Any] = {"covers": Everything(), "lag": self.world.rules.lag}
        else:
            yes, no, rest = self._news(yes, no), no - self._denied(no), {}
        self._hear(PULL, run.started_at, yes=yes, no=no, **rest)

    def _news(self, yes: frozenset[Fact], no: frozenset[Fact]) -> frozenset[Fact]:
        """Of a read that broke off, what it did not merely confirm (decision 032)."""
        known = {fact for fact in yes if self.world.word(PULL, fact).says == YES}
        stirred = {fact.user for fact in (yes - known) | (no - self._denied(no)) if not fact.group}
        return yes - {fact for fact in known if fact.group or fact.user not in stirred}

    def _denied(self, no: frozenset[Fact]) -> frozenset[Fact]:
        return frozenset(fact for fact in no if self.world.word(PULL, fact).says == NO)

    def _round(self) -> None:
        """What changed since the last look, whole groups at a time; it carries on all else."""
        if self.looked is None:
            return
        since, before = self.looked
        now = self.play.company
        users = {name for name, one in now.users.items() if before.users.get(name) != one}
        groups = {one for one, users in now.members.items() if before.members.get(one) != users}
        yes = {Fact("exists", name) for name in users}
        yes |= {Fact("active", name) for name in users if now.users[name].active}
        yes |= {Fact("group", group=one) for one in now.groups.keys() - before.groups.keys()}
        no = {Fact("exists", name) for name in before.users.keys() - now.users.keys()}
        no |= {Fact("active", name) for name in users if not now.users[name].active}
        no |= {Fact("group", group=one) for one in before.groups.keys() - now.groups.keys()}
        for group in groups:
            inside = now.members[group] & now.users.keys()
            yes |= members(group, inside)
            no |= members(group, before.members.get(group, set()) - inside)
        self.do(self.play, ("delta",))
        with self.play.database.read() as tx:
            run = tx.row("SELECT * FROM runs WHERE kind = 'delta' ORDER BY id DESC LIMIT 1")
        assert run is not None and run.state == "complete"
        self.looked = (run.started_at, seen(now))
        both: dict[str, Any] = {"yes": frozenset(yes), "no": frozenset(no)}
        both["whole"] = frozenset(groups & now.groups.keys())
        self._hear(PULL, run.started_at, since=since, lag=self.world.rules.lag, **both)

    def _parts(self) -> list[tuple[frozenset[Fact], frozenset[Fact]]]:
        company = self.play.company
        users = frozenset(Fact("exists", name) for name in company.users)
        active = frozenset(Fact("active", one.id) for one in company.users.values() if one.active)
        disabled = frozenset(Fact("active", name) for name in company.users) - active
        groups = frozenset(Fact("group", group=group) for group in company.groups)
        inside = [
            (members(group, company.members[group] & company.users.keys()), NOTHING)
            for group in company.groups
        ]
        return [(users | active, disabled), (groups, NOTHING), *inside]

    def _point_read(self, name: str) -> None:
        if self.play.find(name) is None:
            return
        self.do(self.play, ("point read", name))
        at = self.play.clock.at
        with self.play.database.read() as tx:
            run = tx.row("SELECT * FROM runs WHERE kind = 'point_read' ORDER BY id DESC LIMIT 1")
        if run is None or run.state != "complete":
            return
        company = self.play.company
        user = company.users.get(name)
        if user is None:
            self._hear(PULL, at, no=frozenset({Fact("exists", name)}))
            return
        groups = [one for one in company.groups if name in company.members[one]]
        yes = {Fact("exists", name)}
        if self.world.rules.pull_admits:  # a narrow scope knows what reads have named (035)
            groups = [one for one in groups if self._is_listed(one)]
        else:
            yes |= {Fact("group", group=one) for one in groups}
        no = NOTHING if user.active else frozenset({Fact("active", name)})
        yes |= {Fact("active", name)} if user.active else set()
        said = frozenset(yes) | groups_of(name, groups)
        self._hear(PULL, at, yes=said, no=no, covers=GroupsOf(name))

    def _is_listed(self, group: str) -> bool:
        return self.world.word(PULL, Fact("group", group=group)).says is not None

    # -- tokens -------------------------------------------------------------------------------

    def _token(self, name: str, groups: list[str], state: GroupsState, age: Instant) -> None:
        usable = state in (GroupsState.LISTED, GroupsState.PARTIAL)
        named = groups if usable else []
        at = self.play.clock.at + 1 - age
        self.do(self.play, ("token", name, named, state, age))
        rules = self.world.rules
        yes = {Fact("exists", name)}
        if rules.push or rules.pull:
            named = [one for one in named if self._is_known(one)]
        else:
            yes |= {Fact("group", group=one) for one in named}
        self._hear(
            LOGIN,
            at,
            yes=frozenset(yes) | groups_of(name, named),
            covers=GroupsOf(name) if state is GroupsState.LISTED else None,
        )

    def _is_known(self, group: str) -> bool:
        fact = Fact("group", group=group)
        return any(self.world.word(channel, fact).says is not None for channel in (PUSH, PULL))

    # -- to compare -----------------------------------------------------------------------------

    def decided(self) -> dict[Fact, tuple[str, str]]:
        """What the real engine and the model decide of everything, where they could differ."""
        from_store = self._from_store()
        now = self.play.clock.at
        found = {
            fact: (answer, self.world.verdict(fact, now)) for fact, answer in from_store.items()
        }
        for fact in self._all_facts() - from_store.keys():
            answer = self.world.verdict(fact, now)
            if answer == YES and fact.about != "active":
                found[fact] = ("never heard of", answer)
        return found

    def _from_store(self) -> dict[Fact, str]:
        users, groups = self._keys()
        decisions = self.play.decisions()
        found: dict[Fact, str] = {}
        for name, key in users.items():
            exists, active = decisions[f"u{key}"]
            found[Fact("exists", name)] = exists.value
            found[Fact("active", name)] = active.value
        for group, key in groups.items():
            found[Fact("group", group=group)] = decisions[f"g{key}"].value
            for name, user in users.items():
                if f"m{key}:{user}" in decisions:
                    found[Fact("member", name, group)] = decisions[f"m{key}:{user}"].value
        return found

    def _keys(self) -> tuple[dict[str, int], dict[str, int]]:
        users = {name: key for name in PEOPLE if (key := self.play.find(name)) is not None}
        with self.play.database.read() as tx:
            rows = tx.rows(
                "SELECT group_id, value FROM group_aliases WHERE valid_to IS NULL "
                "AND namespace IN ('id', 'external_id', 'claim')"
            )
        return users, {row.value: row.group_id for row in rows}

    def _all_facts(self) -> set[Fact]:
        facts = {Fact("exists", name) for name in PEOPLE}
        facts |= {Fact("group", group=group) for group in TEAMS}
        return facts | {Fact("member", name, group) for name in PEOPLE for group in TEAMS}


def seen(company: Company) -> Company:
    """What there is to see now."""
    members = {group: set(names) for group, names in company.members.items()}
    return Company(dict(company.users), dict(company.groups), members)
