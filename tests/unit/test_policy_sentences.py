"""A policy is told as it works."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.instant import DAY, MINUTE, SECOND
from sync.authority import Authorities, Authority
from sync.policies.groups_let_in import GroupsLetIn
from sync.policies.policy import Expired, Grants, Policy, Removed, span
from sync.policies.sentences import explained

PUSH = Policy()
BOTH = Policy(push=True, pull=True, login=True)
LEASE = replace(BOTH, login_grants=Grants.LEASE)
LOGIN_ONLY = Policy(push=False, login=True)

TOLD = {
    "peers": (BOTH, "newest word of the two", True),
    "one channel": (PUSH, "Push decides: it is the only directory channel", True),
    "logins alone": (LOGIN_ONLY, "Logins alone decide", True),
    "no authority": (BOTH, "alone decides", False),
    "an authority": (
        replace(BOTH, authority=Authorities(memberships=Authority.PULL)),
        "Pull alone decides memberships: what push says is shown",
        True,
    ),
    "an authority over an attribute": (
        replace(BOTH, authority=Authorities(attributes={"email": Authority.PUSH})),
        "Push alone decides the e-mail address",
        True,
    ),
    "an ignored attribute": (replace(BOTH, ignored=frozenset({"email"})), "Ignored", True),
    "a wide read": (BOTH, "A read admits nobody", True),
    "a read that admits": (
        replace(BOTH, pull_admits=True),
        "admitted to the application by push or a read",
        True,
    ),
    "a read that would admit, were existence not push's": (
        replace(BOTH, pull_admits=True, authority=Authorities(existence=Authority.PUSH)),
        "admitted to the application by push.",
        True,
    ),
    "how long reads count": (BOTH, "counts for 3 days (ttl.pull)", True),
    "how long pushes count": (BOTH, "counts until it is taken back", True),
    "how long pushes count by policy": (replace(BOTH, push_ttl=DAY), "counts for 1 day", True),
    "the lag": (BOTH, "1 minute before the read began (lag)", True),
    "the cycle": (replace(BOTH, cycle=80 * MINUTE), "after 80 minutes (cycle)", True),
    "the share": (BOTH, "over 20% fewer", True),
    "hints": (BOTH, "A token is a hint", True),
    "no logins": (PUSH, "No tokens are heard", True),
    "leases": (LEASE, "grants memberships for 30 days", True),
    "leases that end": (LEASE, "stays when its time is over", True),
    "leases that are taken back": (
        replace(LEASE, expired_lease=Expired.REMOVE),
        "taken back when its time is over",
        True,
    ),
    "all groups": (BOTH, "All groups exist", True),
    "some groups": (
        replace(BOTH, groups=GroupsLetIn(only=("app-*",))),
        "Only these groups exist for this connection: “app-*”",
        True,
    ),
    "groups kept out": (
        replace(BOTH, groups=GroupsLetIn(never=("x", "y"))),
        "never exist for this connection: “x”, “y”",
        True,
    ),
    "groups kept out alone": (
        replace(BOTH, groups=GroupsLetIn(never=("x",))),
        "What is kept out is remembered and not provisioned, nor are its members",
        True,
    ),
    "no other groups": (
        replace(BOTH, groups=GroupsLetIn(never=("x",))),
        "Other groups are remembered",
        False,
    ),
    "a small share": (replace(BOTH, shrink=0.001), "over 0.1% fewer", True),
    "a crooked retention": (
        replace(BOTH, retention=90_061 * SECOND),
        "deleted about 1 day and 1 hour later",
        True,
    ),
    "removed groups": (BOTH, "stays removed until somebody restores it", True),
    "removed groups that return": (
        replace(BOTH, removed_groups=Removed.RETURN),
        "a token never brings one back",
        True,
    ),
    "leavers": (BOTH, "disabled, and deleted 30 days later", True),
    "leavers at once": (replace(BOTH, retention=0), "deleted at once", True),
    "no role": (BOTH, "default_role", False),
    "a role": (replace(BOTH, default_role="member"), "the role “member”", True),
    "the history": (BOTH, "kept for 400 days", True),
    "a tolerance that is off": (
        replace(BOTH, tolerances=frozenset()),
        "This is not tolerated (tolerances.returning_user)",
        True,
    ),
    "requests": (BOTH, "SCIM requests are kept for 14 days", True),
}


@pytest.mark.parametrize(("policy", "words", "is_told"), TOLD.values(), ids=TOLD.keys())
def test_of_a_policy(policy: Policy, words: str, is_told: bool) -> None:
    assert (words in " ".join(explained(policy))) is is_told


@given(
    st.builds(
        Policy,
        push=st.booleans(),
        pull=st.booleans(),
        login=st.booleans(),
        pull_admits=st.booleans(),
        login_grants=st.sampled_from(Grants),
        expired_lease=st.sampled_from(Expired),
        removed_groups=st.sampled_from(Removed),
        retention=st.sampled_from([0, DAY]),
        authority=st.builds(
            Authorities,
            existence=st.sampled_from(Authority),
            attributes=st.dictionaries(st.just("email"), st.sampled_from(Authority)),
        ),
    )
)
def test_every_policy_is_told_in_whole_sentences_and_none_twice(policy: Policy) -> None:
    told = explained(policy)
    assert all(one[0].isupper() and one.endswith(".") for one in told)
    assert len(set(told)) == len(told)


def test_many_entries_are_told_at_a_glance() -> None:
    groups = GroupsLetIn(only=tuple(f"g{number}" for number in range(30)))
    assert any("and 10 more" in one for one in explained(replace(BOTH, groups=groups)))


def test_a_span_is_told_in_the_largest_whole_unit() -> None:
    assert [span(one) for one in (DAY, 90 * MINUTE, 120 * MINUTE, 500_000)] == [
        "1 day",
        "90 minutes",
        "2 hours",
        "0.5 seconds",
    ]
