"""Every kind of standing disagreement, and what is none."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from models.evidence import SILENT, No, Word, Yes
from models.evidence import Testimony as Said
from models.findings import Finding
from models.identity import GroupKey, Membership, UserKey
from models.instant import DAY, HOUR, MINUTE
from models.records import MemberRecord, UserRecord
from sync.drift import disagreements as drift
from sync.drift import sources as drift_sources
from sync.policies.policy import Policy

NOW = 100 * DAY
LINK = 3
BOTH = Policy(push=True, pull=True, login=True)
SLOW = replace(BOTH, cycle=80 * MINUTE)
ASSIGNED = replace(BOTH, pull_admits=True)
PUSH_ONLY = Policy(push=True, login=True)
LOGIN_ONLY = Policy(push=False, login=True)


def yes(days_ago: float) -> Yes:
    at = NOW - round(days_ago * DAY)
    return Yes(at, at)


def no(days_ago: float) -> No:
    at = NOW - round(days_ago * DAY)
    return No(at, at)


def user(**said: Any) -> UserRecord:
    empty: dict[str, Any] = {
        "exists": Said(push=yes(1)),
        "active": Said(),
        "push_said": {},
        "pull_said": {},
        "login_said": {},
        "login_at": 0,
        "wanted": True,
        "was_active": True,
        "resolved": None,
    }
    return UserRecord(key=UserKey(7), public_id="u", user_name="ada", email=None, **(empty | said))


def member(
    push: Word = SILENT, pull: Word = SILENT, login: Word = SILENT, **said: Any
) -> MemberRecord:
    empty: dict[str, Any] = {
        "user_wanted": True,
        "user_active": True,
        "group_wanted": True,
        "removed_at": 0,
        "user_bound": None,
        "group_bound": None,
        "held": False,
    }
    return MemberRecord(
        membership=Membership(GroupKey(5), UserKey(7)),
        testimony=Said(push=push, pull=pull, login=login),
        user_name="ada",
        group_name="Ops",
        **(empty | said),
    )


def kinds(found: Iterable[Finding]) -> list[str]:
    listed = list(found)
    for one in listed:
        assert one.summary.endswith("."), one.summary
        assert one.suggestion.endswith("."), one.suggestion
        assert one.evidence, one.kind
    return [one.kind.value for one in listed]


MEMBERS: dict[str, tuple[MemberRecord, Policy, list[str]]] = {
    "all agree": (member(yes(1), yes(1), yes(1)), BOTH, []),
    "nobody spoke": (member(), BOTH, []),
    "the push did not follow": (member(no(3), yes(1)), BOTH, ["missed_push"]),
    "the push never spoke of it": (member(SILENT, yes(1)), BOTH, ["missed_push"]),
    "the push may still follow": (member(no(3), yes(0.05)), SLOW, []),
    "the push had its time": (member(no(3), yes(0.06)), SLOW, ["missed_push"]),
    "a removal was not pushed": (member(yes(3), no(1)), BOTH, ["stale_push"]),
    "the push is newer": (member(yes(1), no(3)), BOTH, []),
    "no pushes are expected": (member(SILENT, yes(1)), replace(BOTH, push=False), []),
    "a token has more than the directory": (
        member(no(3), no(3), yes(1)),
        BOTH,
        ["token_ahead_of_directory"],
    ),
    "a token has what no directory spoke of": (
        member(login=yes(1)),
        PUSH_ONLY,
        ["token_ahead_of_directory"],
    ),
    "a token has less than the directory": (
        member(yes(3), yes(3), no(1)),
        BOTH,
        ["token_ahead_of_directory"],
    ),
    "a token is older than a removal": (
        member(no(1), no(1), yes(3)),
        BOTH,
        ["directory_ahead_of_token"],
    ),
    "a token is older than an addition": (
        member(yes(1), yes(1), no(3)),
        BOTH,
        ["directory_ahead_of_token"],
    ),
    "a token agrees with the newer of two peers": (
        member(no(3), yes(1), yes(2)),
        SLOW,
        ["missed_push"],
    ),
    "at a tie of the peers access is kept, and a token agrees": (
        member(no(1), yes(1), yes(2)),
        BOTH,
        [],
    ),
    "a token disagrees with nobody where tokens decide": (member(login=yes(1)), LOGIN_ONLY, []),
    "a removed group is still sent": (
        member(login=yes(1), removed_at=NOW - 2 * DAY, group_wanted=False),
        BOTH,
        ["removed_group_still_sent"],
    ),
    "a removed group is still listed": (
        member(pull=yes(1), removed_at=NOW - 2 * DAY, group_wanted=False),
        BOTH,
        ["removed_group_still_sent"],
    ),
    "an old token of a removed group is no news": (
        member(login=yes(3), removed_at=NOW - 2 * DAY, group_wanted=False),
        BOTH,
        [],
    ),
    "who is not admitted has no memberships to disagree about": (
        member(SILENT, yes(1), yes(0), user_wanted=False),
        BOTH,
        [],
    ),
    "nor has a group that is not": (
        member(SILENT, yes(1), yes(0), group_wanted=False),
        BOTH,
        [],
    ),
}


@pytest.mark.parametrize(("record", "policy", "expected"), MEMBERS.values(), ids=MEMBERS.keys())
def test_of_a_membership(record: MemberRecord, policy: Policy, expected: list[str]) -> None:
    assert kinds(drift.about_member(record, LINK, policy, NOW)) == expected


USERS: dict[str, tuple[UserRecord, Policy, list[str]]] = {
    "all agree": (user(exists=Said(push=yes(1), pull=yes(1))), BOTH, []),
    "the directory has more people than were assigned": (
        user(exists=Said(pull=yes(1))),
        BOTH,
        [],
    ),
    "an assigned person was not pushed": (
        user(exists=Said(pull=yes(1))),
        ASSIGNED,
        ["missed_push"],
    ),
    "somebody left, and it was not pushed": (
        user(exists=Said(push=yes(3), pull=no(1))),
        BOTH,
        ["stale_push"],
    ),
    "somebody returned, and it was not pushed": (
        user(exists=Said(push=no(3), pull=yes(1))),
        BOTH,
        ["missed_push"],
    ),
    "an account was disabled, and it was not pushed": (
        user(
            exists=Said(push=yes(3), pull=yes(1)),
            active=Said(push=yes(3), pull=no(1)),
        ),
        BOTH,
        ["stale_push"],
    ),
    "a disabled account signed in": (
        user(active=Said(push=no(2)), login_at=NOW - DAY),
        BOTH,
        ["login_of_inactive_user"],
    ),
    "somebody who left signed in": (
        user(exists=Said(push=no(2)), login_at=NOW - DAY),
        BOTH,
        ["login_of_inactive_user"],
    ),
    "somebody signed in before leaving": (
        user(exists=Said(push=no(1)), login_at=NOW - 2 * DAY),
        BOTH,
        [],
    ),
    "somebody who was never admitted signed in": (
        user(exists=Said(pull=yes(1)), login_at=NOW),
        BOTH,
        [],
    ),
    "push and directory have other names": (
        user(
            exists=Said(push=yes(1), pull=yes(1)),
            push_said={"last_name": ("Byron", 1)},
            pull_said={"last_name": ("King", 1)},
        ),
        BOTH,
        ["attribute_conflict"],
    ),
    "the case of an address is no conflict": (
        user(push_said={"email": ("Ada@x", 1)}, pull_said={"email": ("ada@x", 1)}),
        BOTH,
        [],
    ),
    "nothing and empty are the same": (
        user(push_said={"first_name": ("", 1)}, pull_said={"first_name": (None, 1)}),
        BOTH,
        [],
    ),
    "what only one of them says is no conflict": (
        user(push_said={"first_name": ("Ada", 1)}, pull_said={}),
        BOTH,
        [],
    ),
}


@pytest.mark.parametrize(("record", "policy", "expected"), USERS.values(), ids=USERS.keys())
def test_of_a_user(record: UserRecord, policy: Policy, expected: list[str]) -> None:
    assert kinds(drift.about_user(record, LINK, policy, NOW)) == expected


def test_existence_and_activity_are_two_findings() -> None:
    record = user(exists=Said(push=no(3), pull=yes(1)), active=Said(push=yes(3), pull=no(1)))
    found = list(drift.about_user(replace(record), LINK, BOTH, NOW))
    assert len({one.subject for one in found}) == len(found)


READS = {
    "all is well": ({"covered_at": NOW - DAY}, []),
    "none was ever made": ({}, []),
    "the last one failed": ({"covered_at": NOW - DAY, "problem": "A 503."}, ["pull_incomplete"]),
    "the directory shrank": (
        {"covered_at": NOW - DAY, "problem": "Half are missing.", "has_shrunk": True},
        ["scope_shrunk"],
    ),
    "the last good one is too old": ({"covered_at": NOW - 4 * DAY}, ["stale_evidence"]),
    "the last good one is too old, and the last one failed": (
        {"covered_at": NOW - 4 * DAY, "problem": "A 503."},
        ["pull_incomplete", "stale_evidence"],
    ),
}


@pytest.mark.parametrize(("told", "expected"), READS.values(), ids=READS.keys())
def test_of_reads(told: dict[str, Any], expected: list[str]) -> None:
    given = {"covered_at": 0, "problem": None, "has_shrunk": False, "ended_at": NOW - HOUR}
    found = drift_sources.about_reads(LINK, BOTH, NOW, **(given | told))
    assert kinds(found) == expected


CLAIMS = {
    "listed": [],
    "partial": ["claim_truncated"],
    "absent": ["claim_absent"],
    "overage": ["claim_overage"],
    "malformed": ["claim_malformed"],
}


@pytest.mark.parametrize(("state", "expected"), CLAIMS.items(), ids=CLAIMS.keys())
def test_of_a_claim(state: str, expected: list[str]) -> None:
    found = drift_sources.about_claim(
        LINK, 7, "ada", state=state, problem="It is wrong.", as_of=NOW
    )
    assert kinds(found) == expected
