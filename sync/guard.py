"""Stop what is out of proportion, or protected, before anything of it is done."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from models.identity import GroupKey, UserKey
from models.plans import Budget, HoldKind, OperationName, Planned

EXPLICIT_TIMES = 5
"""Explicit words of the provider have a budget this much larger: one leaver never waits."""
ALONG = {
    Budget.GROUPS: Budget.MEMBERSHIPS,
    Budget.GROUPS_EXPLICIT: Budget.MEMBERSHIPS_EXPLICIT,
}
"""Where the memberships are counted that a deleted group takes along."""
_LAST = "The guard said last: "


@dataclass(frozen=True, slots=True)
class Guard:
    """How much may be removed within 24 hours: a floor, or a share of what is managed."""

    floor: int = 10
    share: float = 0.05
    group_floor: int = 10
    group_share: float = 0.2
    """Of one group: how many of its members, whatever the target as a whole has left."""

    def allowance(self, budget: Budget, managed: int) -> int:
        return max(self.floor, int(self.share * managed)) * _times(budget)

    def group_allowance(self, budget: Budget, managed: int) -> int:
        return max(self.group_floor, int(self.group_share * managed)) * _times(budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was drawn within 24 hours, and what there is to draw on.

    A count of what is managed may be left out where the floor is enough.
    """

    drawn: Mapping[Budget, int] = field(default_factory=dict)
    managed: Mapping[Budget, int] = field(default_factory=dict)
    drawn_in: Mapping[tuple[GroupKey, Budget], int] = field(default_factory=dict)
    managed_in: Mapping[GroupKey, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Those about whom a person always decides."""

    users: AbstractSet[UserKey] = frozenset()
    """Never disabled or deleted without approval."""
    groups: AbstractSet[GroupKey] = frozenset()
    """Never deleted, and nobody taken out, without approval."""

    def covers(self, planned: Planned) -> bool:
        if not planned.is_removal:
            return False
        return planned.user in self.users if planned.group is None else planned.group in self.groups


@dataclass(frozen=True, slots=True)
class Proceed:
    operations: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Part of a plan that a person must approve, as a whole."""

    kind: HoldKind
    operations: tuple[Planned, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    operations: tuple[Planned, ...]
    """Those that may go on."""
    stopped: tuple[Stopped, ...]
    """One of a kind at the most."""

    @property
    def held(self) -> tuple[Planned, ...]:
        return tuple(planned for one in self.stopped for planned in one.operations)

    @property
    def why(self) -> str:
        return " ".join(one.why for one in self.stopped)


Ruling = Proceed | Hold
Look = Callable[[Sequence[Planned], Account, Guard], Iterable[Stopped]]


def check(
    planned: Sequence[Planned],
    *,
    account: Account,
    guard: Guard,
    protected: Protected | None = None,
) -> Ruling:
    """Judge a whole plan: the protected first, then group by group, then kind by kind.

    What is asked of one budget goes on or is stopped as a whole. Deleted groups come last and
    get what the removals of single memberships left over.
    """
    shielded = _under_protection(planned, protected or Protected())
    going, stopped = _without(planned, shielded), shielded
    looks: tuple[Look, ...] = (_beyond_a_group, _beyond_a_budget, _taking_too_many_along)
    for look in looks:
        found = list(look(going, account, guard))
        going, stopped = _without(going, found), stopped + found
    return Hold(tuple(going), _joined(stopped)) if stopped else Proceed(tuple(planned))


def crowded(planned: Iterable[Planned], account: Account, guard: Guard) -> set[GroupKey]:
    """Groups of which more is asked than the floor: of these it matters how many are managed."""
    asked = Counter((one.group, one.draws_on) for one in planned if _is_of_group(one))
    return {
        group
        for (group, budget), count in asked.items()
        if group is not None
        and budget is not None
        and account.drawn_in.get((group, budget), 0) + count > guard.group_allowance(budget, 0)
    }


def passes_a_floor(planned: Iterable[Planned], account: Account, guard: Guard) -> bool:
    """Whether more is asked of any budget than its floor."""
    asked = _asked(planned)
    return any(
        account.drawn.get(budget, 0) + count > guard.allowance(budget, 0)
        for budget, count in asked.items()
    )


def _under_protection(planned: Sequence[Planned], protected: Protected) -> list[Stopped]:
    found = tuple(one for one in planned if protected.covers(one))
    if not found:
        return []
    one = len(found) == 1
    what = "1 removal is" if one else f"{len(found)} removals are"
    why = f"{what} of protected users or groups, and always need{'s' if one else ''} approval."
    return [Stopped(HoldKind.PROTECTED, found, why)]


def _beyond_a_group(
    planned: Sequence[Planned], account: Account, guard: Guard
) -> Iterable[Stopped]:
    """One group losing many members is stopped, and the other groups go on."""
    asked: dict[tuple[GroupKey, Budget], list[Planned]] = {}
    for one in planned:
        if _is_of_group(one) and one.group is not None and one.draws_on is not None:
            asked.setdefault((one.group, one.draws_on), []).append(one)
    for (group, budget), found in sorted(asked.items()):
        drawn = account.drawn_in.get((group, budget), 0)
        allowed = guard.group_allowance(budget, account.managed_in.get(group, 0))
        if drawn + len(found) > allowed:
            why = _why(f"members of one group{_named(budget)}", len(found), drawn, allowed)
            yield Stopped(HoldKind.MEMBERSHIPS, tuple(found), why)


def _beyond_a_budget(
    planned: Sequence[Planned], account: Account, guard: Guard
) -> Iterable[Stopped]:
    asked = Counter(one.draws_on for one in planned if one.draws_on is not None)
    for budget in sorted(asked):
        drawn = account.drawn.get(budget, 0)
        allowed = guard.allowance(budget, account.managed.get(budget, 0))
        if drawn + asked[budget] > allowed:
            what = budget.value.removesuffix("_explicit") + _named(budget)
            found = tuple(one for one in planned if one.draws_on is budget)
            yield Stopped(_kind(budget), found, _why(what, asked[budget], drawn, allowed))


def _taking_too_many_along(
    planned: Sequence[Planned], account: Account, guard: Guard
) -> Iterable[Stopped]:
    """Deleting a group of 5,000 is not one removal."""
    asked = _asked(planned)
    for budget, members in ALONG.items():
        found = tuple(one for one in planned if one.draws_on is budget and one.takes_along)
        along = sum(one.takes_along for one in found)
        drawn = account.drawn.get(members, 0) + asked[members] - along
        allowed = guard.allowance(members, account.managed.get(members, 0))
        if along and drawn + along > allowed:
            what = f"memberships that go with {_many(len(found), 'group')}{_named(budget)}"
            yield Stopped(HoldKind.GROUPS, found, _why(what, along, drawn, allowed))


def _asked(planned: Iterable[Planned]) -> Counter[Budget]:
    """How much of each budget, with the memberships that deleted groups take along."""
    asked: Counter[Budget] = Counter()
    for one in planned:
        if one.draws_on is not None:
            asked[one.draws_on] += 1
            if one.draws_on in ALONG:
                asked[ALONG[one.draws_on]] += one.takes_along
    return asked


def _is_of_group(planned: Planned) -> bool:
    return planned.operation is OperationName.REMOVE_MEMBER and planned.draws_on is not None


def _without(planned: Sequence[Planned], stopped: Iterable[Stopped]) -> list[Planned]:
    gone = {id(one) for part in stopped for one in part.operations}
    return [one for one in planned if id(one) not in gone]


def _joined(stopped: Sequence[Stopped]) -> tuple[Stopped, ...]:
    found = []
    for kind in HoldKind:
        parts = [one for one in stopped if one.kind is kind]
        if parts:
            operations = tuple(one for part in parts for one in part.operations)
            found.append(Stopped(kind, operations, _sentences([part.why for part in parts])))
    return tuple(found)


def _sentences(whys: Sequence[str], most: int = 3) -> str:
    more = [f"And {len(whys) - most} more such reasons."] if len(whys) > most else []
    return " ".join([*whys[:most], *more])


def _why(what: str, asked: int, drawn: int, allowed: int) -> str:
    return (
        f"{_many(asked, 'removal')} of {what} {_were(asked)} asked for; {drawn} {_were(drawn)} "
        f"made in the last 24 hours, and {allowed} {'is' if allowed == 1 else 'are'} allowed "
        "without approval."
    )


def together(count: int, why: str) -> str:
    """Why a hold waits that others joined or left: how many it has, and what was said last."""
    *_, last = why.partition(_LAST)
    waits = "waits" if count == 1 else "wait"
    return f"{_many(count, 'removal')} {waits} here for approval. {_LAST}{last or why}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _named(budget: Budget) -> str:
    return " named by the provider" if budget.is_explicit else ""


def _times(budget: Budget) -> int:
    return EXPLICIT_TIMES if budget.is_explicit else 1


def _kind(budget: Budget) -> HoldKind:
    return HoldKind(budget.value.removesuffix("_explicit"))
