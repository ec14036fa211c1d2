"""Groups: what an administrator removed, what the policy keeps out, and what they are called."""

from dataclasses import replace
from typing import Any

import pytest

from models.evidence import Channel, No, Yes
from models.evidence import Testimony as Said
from models.identity import GroupKey
from models.instant import DAY
from models.records import GroupRecord
from models.verdicts import Answer
from sync import decide
from sync.authority import Authorities, Authority
from sync.policies.groups_let_in import GroupsLetIn
from sync.policies.policy import Policy, Removed

YES, NO, HOLD = Answer.YES, Answer.NO, Answer.HOLD
NOW = 100 * DAY
BOTH = Policy(push=True, pull=True, login=True, pull_admits=True)
RETURN = replace(BOTH, removed_groups=Removed.RETURN)
LOGIN_ONLY = Policy(push=False, login=True, removed_groups=Removed.RETURN)
APPS = replace(BOTH, groups=GroupsLetIn(only=("app-*",)))


def yes(days_ago: int) -> Yes:
    at = NOW - days_ago * DAY
    return Yes(at, at)


def no(days_ago: int) -> No:
    at = NOW - days_ago * DAY
    return No(at, at)


def group(removed: int | None = None, name: str = "ops", **said: Any) -> GroupRecord:
    empty = {"push_name": None, "pull_name": None, "wanted": True, "exists": Said()}
    removed_at = 0 if removed is None else NOW - removed * DAY
    parts: Any = {**empty, "name": name, "removed_at": removed_at, **said}
    return GroupRecord(key=GroupKey(1), public_id="g", **parts)


REMOVED = {
    "stays, whoever speaks of it since": (BOTH, Said(push=yes(1), pull=yes(1)), NO),
    "comes back by a newer push, where the policy says so": (RETURN, Said(push=yes(1)), YES),
    "comes back by a newer read, where the policy says so": (RETURN, Said(pull=yes(1)), YES),
    "comes back by a newer read that admits nobody, if it was pushed before": (
        replace(RETURN, pull_admits=False),
        Said(push=yes(3), pull=yes(1)),
        YES,
    ),
    "does not come back by a read that decides nothing": (
        replace(RETURN, authority=Authorities(existence=Authority.PUSH)),
        Said(push=yes(3), pull=yes(1)),
        NO,
    ),
    "does not come back by an older word": (RETURN, Said(push=yes(3), pull=yes(3)), NO),
    "does not come back by a token": (RETURN, Said(login=yes(0)), NO),
    "does not come back by a token with login only": (LOGIN_ONLY, Said(login=yes(0)), NO),
    "does not come back where the newest word denies it": (
        RETURN,
        Said(push=yes(1), pull=no(0)),
        NO,
    ),
    "does not come back by a word that is stale": (
        replace(RETURN, push_ttl=DAY // 2),
        Said(push=yes(1)),
        NO,
    ),
}


@pytest.mark.parametrize(("policy", "said", "answer"), REMOVED.values(), ids=REMOVED.keys())
def test_a_group_that_an_administrator_removed(policy: Policy, said: Said, answer: Answer) -> None:
    assert decide.group(group(removed=2, exists=said), policy, NOW).exists.answer is answer


def test_a_group_that_is_kept_out_is_denied_and_nobody_asked_for_it() -> None:
    found = decide.group(group(exists=Said(push=yes(1))), APPS, NOW)
    assert (found.exists.answer, found.exists.explicit, found.is_let_in) == (NO, False, False)
    assert "groups.only" in found.exists.why
    assert not found.exists.is_a_persons


def test_a_group_that_an_administrator_removed_is_denied_by_a_person() -> None:
    assert decide.group(group(removed=2), BOTH, NOW).exists.is_a_persons


def test_a_group_that_is_let_in_is_decided_by_the_channels() -> None:
    found = decide.group(group(name="App-Ops", exists=Said(push=yes(1))), APPS, NOW)
    assert (found.exists.answer, found.exists.decided_by) == (YES, Channel.PUSH)
    assert found.is_let_in


def test_a_group_is_let_in_by_the_id_that_the_directory_gave_it() -> None:
    policy = replace(BOTH, groups=GroupsLetIn(only=("8f2a",)))
    one = group(exists=Said(push=yes(1)), identifiers=("8f2a", "x"))
    assert decide.group(one, policy, NOW).is_let_in


def test_a_group_that_is_kept_out_does_not_return() -> None:
    policy = replace(APPS, removed_groups=Removed.RETURN)
    found = decide.group(group(removed=2, exists=Said(push=yes(1))), policy, NOW)
    assert (found.exists.answer, found.is_let_in) == (NO, False)


NAMES = {
    "the newest": (Authority.NEWEST, ("old", 1), ("new", 2), "new"),
    "that of push, where push decides": (Authority.PUSH, ("old", 1), ("new", 2), "old"),
    "that of the directory, where it decides": (Authority.PULL, ("new", 2), ("old", 1), "old"),
    "as it was, where the authority is silent": (Authority.PUSH, None, ("new", 2), "ops"),
}


@pytest.mark.parametrize(("by", "push", "pull", "name"), NAMES.values(), ids=NAMES.keys())
def test_the_name_of_a_group_is(
    by: Authority, push: tuple[str, int] | None, pull: tuple[str, int] | None, name: str
) -> None:
    policy = replace(BOTH, authority=Authorities(group_names=by))
    assert decide.group(group(push_name=push, pull_name=pull), policy, NOW).name == name
