"""Which groups are one under two identifiers, as far as tokens can tell. Pure.

When the values of a groups claim change, names to object ids say, nothing in a token says which
value became which. But its users stay: whoever was in the old group before is in the new one
after. So each user's last token before the change is compared with the first after it.

A pair is proposed when all of this holds; each bound has its reason.

- *Containment*, both ways, of `CONTAINMENT`: nine of ten of those who had the old value have the
  new one, and the reverse. Less than all, because people do change groups meanwhile.
- *Support* of `SUPPORT` users who had both, one after the other: of a hundred people, fewer
  would coincide by chance once in some ten thousand comparisons, and a large source makes as many.
- *Mutual best*: neither has a better partner.
- A *margin* of `MARGIN` to the next best partner of either: two groups with nearly the same
  people cannot be told apart, and then nothing is proposed.
- *Never listed together*: a token that names both knows two groups.

It is a proposal, with its numbers. An administrator decides.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product

from models.identity import GroupKey
from models.instant import DAY, Instant

CONTAINMENT = 0.9
SUPPORT = 5
MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Heard:
    """The groups that one token of a user listed, when it came."""

    user: int
    at: Instant
    groups: frozenset[GroupKey]


@dataclass(frozen=True, slots=True)
class Change:
    """The last token of a user before the change, and the first after it."""

    before: frozenset[GroupKey]
    after: frozenset[GroupKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What speaks for a pair."""

    compared: int
    """Users of whom a token before and one after are known."""
    former: int
    """How many of them had the former, and how many have the later."""
    later: int
    both: int
    margin: float
    """How much better they fit than the next best partner of either, between 0 and 1."""

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pair:
    former: GroupKey
    later: GroupKey
    numbers: Numbers


def pairs(tokens: Iterable[Heard], young: Mapping[GroupKey, str]) -> list[Pair]:
    """The pairs to propose.

    `young` are the groups that may be another one's new name, each with the form of its name:
    where a source is as young as its groups, only the form tells before from after.
    """
    heard = sorted(tokens, key=lambda one: (one.at, one.user))
    first = _first_seen(heard)
    together = _together(heard, set(young))
    found: list[Pair] = []
    for cohort in _cohorts({one: first[one] for one in young if one in first}, young):
        began = min(first[one] for one in cohort)
        changes = list(_changes(heard, cohort, began))
        formers = {group for group, at in first.items() if at < began}
        found += _matched(changes, cohort, formers, together)
    return sorted(found, key=lambda one: (one.former, one.later))


def _first_seen(heard: Sequence[Heard]) -> dict[GroupKey, Instant]:
    found: dict[GroupKey, Instant] = {}
    for token in heard:
        for group in token.groups:
            found.setdefault(group, token.at)
    return found


def _together(heard: Sequence[Heard], young: set[GroupKey]) -> set[tuple[GroupKey, GroupKey]]:
    """A young group and another that some token lists both."""
    seen = {one.groups for one in heard}
    return {pair for groups in seen for pair in product(groups, groups & young)}


def _cohorts(
    first: Mapping[GroupKey, Instant], form: Mapping[GroupKey, str]
) -> Iterator[frozenset[GroupKey]]:
    """Those of one form that came up within one day: the change of one source."""
    cohorts: dict[str, tuple[Instant, set[GroupKey]]] = {}
    for group, at in sorted(first.items(), key=lambda one: (one[1], one[0])):
        began, cohort = cohorts.get(form[group], (at, set()))
        if at - began > DAY:
            yield frozenset(cohort)
            began, cohort = at, set()
        cohort.add(group)
        cohorts[form[group]] = (began, cohort)
    yield from (frozenset(cohort) for _, cohort in cohorts.values())


def _changes(
    heard: Sequence[Heard], cohort: frozenset[GroupKey], began: Instant
) -> Iterator[Change]:
    """One a user. Who was heard since, and is still called as before, counts as unchanged."""
    last: dict[int, Heard] = {}
    done: dict[int, Change] = {}
    for token in heard:
        if token.user in done:
            continue
        if token.groups & cohort:
            before = last.get(token.user)
            done[token.user] = Change(before.groups if before else frozenset(), token.groups)
        else:
            last[token.user] = token
    for user, token in last.items():
        if user in done:
            yield done[user]
        elif token.at >= began:
            yield Change(token.groups, token.groups)


def _matched(
    changes: Sequence[Change],
    cohort: frozenset[GroupKey],
    formers: set[GroupKey],
    together: set[tuple[GroupKey, GroupKey]],
) -> Iterator[Pair]:
    before = Counter(group for one in changes for group in one.before & formers)
    after = Counter(group for one in changes for group in one.after & cohort)
    both = Counter(
        pair for one in changes for pair in product(one.before & formers, one.after & cohort)
    )
    alike = {
        (former, later): count / (before[former] + after[later] - count)
        for (former, later), count in both.items()
        if (former, later) not in together
    }
    best_of = _best_two(alike)
    for (former, later), score in sorted(alike.items()):
        count = both[former, later]
        margin = score - max(_next(best_of, (0, former), later), _next(best_of, (1, later), former))
        is_contained = count >= CONTAINMENT * max(before[former], after[later])
        if is_contained and count >= SUPPORT and margin >= MARGIN:
            numbers = Numbers(
                compared=len(changes),
                former=before[former],
                later=after[later],
                both=count,
                margin=round(margin, 3),
            )
            yield Pair(former, later, numbers)


Ranking = dict[tuple[int, GroupKey], list[tuple[float, GroupKey]]]


def _best_two(alike: Mapping[tuple[GroupKey, GroupKey], float]) -> Ranking:
    """The two best partners of each group, formers under 0 and laters under 1."""
    found: Ranking = {}
    for (former, later), score in alike.items():
        for side, partner in (((0, former), later), ((1, later), former)):
            ranked = [*found.get(side, []), (score, partner)]
            found[side] = sorted(ranked, key=lambda one: (-one[0], one[1]))[:2]
    return found


def _next(best_of: Ranking, side: tuple[int, GroupKey], partner: GroupKey) -> float:
    """How well the best partner but this one fits."""
    return max((score for score, one in best_of[side] if one != partner), default=0.0)
