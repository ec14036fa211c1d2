"""Who decides, and when nothing is changed: tables that read as policy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evidence import SILENT, Channel, No, Word, Yes
from models.evidence import Testimony as Said
from models.identity import Profile
from models.instant import DAY
from models.verdicts import Answer, Verdict
from sync import attributes, verdict
from sync.authority import Authorities, Authority
from sync.policies.policy import Expired, Grants, Policy

YES, NO, HOLD = Answer.YES, Answer.NO, Answer.HOLD
PUSH, PULL, LOGIN = Channel.PUSH, Channel.PULL, Channel.LOGIN
NOW = 100 * DAY

BOTH = Policy(push=True, pull=True, login=True)
ASSIGNED = Policy(push=True, pull=True, login=True, pull_admits=True)
PUSH_ONLY = Policy(push=True, login=True)
LOGIN_ONLY = Policy(push=False, login=True)
LEASE = Policy(push=True, login=True, login_grants=Grants.LEASE, lease=5 * DAY)
STRICT = replace(LEASE, pull=True, expired_lease=Expired.REMOVE)
STRICT_LOGIN = replace(LOGIN_ONLY, expired_lease=Expired.REMOVE)


def deciding(channel: Authority, policy: Policy = BOTH) -> Policy:
    """The policy with one authority over everything."""
    over = Authorities(existence=channel, active=channel, memberships=channel)
    return replace(policy, authority=over)


BY_PUSH, BY_PULL = deciding(Authority.PUSH), deciding(Authority.PULL)


def yes(days_ago: float) -> Yes:
    at = NOW - round(days_ago * DAY)
    return Yes(at, at)


def no(days_ago: float, *, confirmed: bool = True) -> No:
    at = NOW - round(days_ago * DAY)
    return No(at, at, is_confirmed=confirmed)


MEMBERSHIPS = {
    "push and pull are peers: a newer push outweighs last night's read": (
        BOTH,
        Said(push=no(0.1), pull=yes(1)),
        (NO, PUSH),
    ),
    "push and pull are peers: a newer read outweighs a push": (
        BOTH,
        Said(push=yes(2), pull=no(1)),
        (NO, PULL),
    ),
    "a newer read that lists it makes up for a push that was lost": (
        BOTH,
        Said(push=no(2), pull=yes(1)),
        (YES, PULL),
    ),
    "at a tie access is kept: push": (BOTH, Said(push=yes(1), pull=no(1)), (YES, PUSH)),
    "at a tie access is kept: pull": (BOTH, Said(push=no(1), pull=yes(1)), (YES, PULL)),
    "one channel alone decides": (BOTH, Said(pull=yes(1)), (YES, PULL)),
    "a membership needs no second read to be denied": (
        BOTH,
        Said(pull=no(1, confirmed=False)),
        (NO, PULL),
    ),
    "nobody spoke": (BOTH, Said(), (HOLD, None)),
    "a read past its time-to-live decides nothing": (BOTH, Said(pull=no(4)), (HOLD, PULL)),
    "nor does it let an older word of a peer decide": (
        BOTH,
        Said(push=yes(9), pull=no(4)),
        (HOLD, PULL),
    ),
    "a fresh peer decides although the other is stale": (
        BOTH,
        Said(push=yes(1), pull=no(4)),
        (YES, PUSH),
    ),
    "what was pushed stands until it is taken back": (BOTH, Said(push=yes(99)), (YES, PUSH)),
    "unless the policy gives pushes a time-to-live": (
        Policy(push_ttl=7 * DAY),
        Said(push=no(8)),
        (HOLD, PUSH),
    ),
    "a token is a hint: it does not grant": (BOTH, Said(pull=no(1), login=yes(0)), (NO, PULL)),
    "a token is a hint: it does not remove": (BOTH, Said(pull=yes(1), login=no(0)), (YES, PULL)),
    "a token is a hint: it decides nothing alone": (BOTH, Said(login=yes(0)), (HOLD, None)),
    "a lease lets a newer token grant": (LEASE, Said(push=no(2), login=yes(1)), (YES, LOGIN)),
    "a lease lets a token grant what the directory never spoke of": (
        LEASE,
        Said(login=yes(1)),
        (YES, LOGIN),
    ),
    "a lease that ends changes nothing": (LEASE, Said(push=no(9), login=yes(6)), (HOLD, LOGIN)),
    "a lease that ends takes back, by policy": (
        STRICT,
        Said(push=no(9), login=yes(6)),
        (NO, LOGIN),
    ),
    "a lease that ends takes back what no directory spoke of, by policy": (
        STRICT,
        Said(login=yes(6)),
        (NO, LOGIN),
    ),
    "a lease that ends takes back nothing that a directory vouches for, however old": (
        STRICT,
        Said(pull=yes(9), login=yes(6)),
        (HOLD, LOGIN),
    ),
    "a lease that ends takes back nothing that a directory vouches for": (
        STRICT,
        Said(push=yes(9), login=yes(6)),
        (YES, PUSH),
    ),
    "a lease does not outweigh what was removed since": (
        LEASE,
        Said(push=no(1), login=yes(2)),
        (NO, PUSH),
    ),
    "a lease never removes": (LEASE, Said(push=yes(2), login=no(1)), (YES, PUSH)),
    "with login only, a token grants": (LOGIN_ONLY, Said(login=yes(1)), (YES, LOGIN)),
    "with login only, a token that lists all removes": (
        LOGIN_ONLY,
        Said(login=no(1)),
        (NO, LOGIN),
    ),
    "with login only, nobody signed in": (LOGIN_ONLY, Said(), (HOLD, None)),
    "with login only, a long silence changes nothing": (
        LOGIN_ONLY,
        Said(login=yes(31)),
        (HOLD, LOGIN),
    ),
    "with login only, a no does not wear off": (LOGIN_ONLY, Said(login=no(99)), (NO, LOGIN)),
    "with login only, a long silence takes back, by policy": (
        STRICT_LOGIN,
        Said(login=yes(31)),
        (NO, LOGIN),
    ),
    "where push decides, a newer read does not": (
        BY_PUSH,
        Said(push=yes(2), pull=no(1)),
        (YES, PUSH),
    ),
    "where push decides, it takes away": (BY_PUSH, Said(push=no(2), pull=yes(1)), (NO, PUSH)),
    "where push decides and is silent, nothing changes": (
        BY_PUSH,
        Said(pull=no(1), login=yes(0)),
        (HOLD, None),
    ),
    "where the read decides, a newer push does not": (
        BY_PULL,
        Said(push=no(0), pull=yes(1)),
        (YES, PULL),
    ),
    "where the read decides and is stale, no push stands in": (
        BY_PULL,
        Said(push=yes(0), pull=yes(4)),
        (HOLD, PULL),
    ),
    "where the read decides and is silent, nothing changes": (
        BY_PULL,
        Said(push=no(0)),
        (HOLD, None),
    ),
    "a lease fills the silence of an authority": (
        deciding(Authority.PUSH, LEASE),
        Said(login=yes(1)),
        (YES, LOGIN),
    ),
    "a lease does not outweigh what was removed since, by whomever": (
        deciding(Authority.PUSH, STRICT),
        Said(pull=no(1), login=yes(2)),
        (HOLD, None),
    ),
}


def decided(one: Verdict) -> tuple[Answer, Channel | None]:
    return one.answer, one.decided_by


@pytest.mark.parametrize(
    ("policy", "said", "expected"), MEMBERSHIPS.values(), ids=MEMBERSHIPS.keys()
)
def test_of_a_membership(
    policy: Policy, said: Said, expected: tuple[Answer, Channel | None]
) -> None:
    assert decided(verdict.membership(said, policy, NOW)) == expected


EXISTENCE = {
    "pushed is admitted": (BOTH, Said(push=yes(1)), (YES, PUSH)),
    "a wide read admits nobody": (BOTH, Said(pull=yes(1)), (HOLD, None)),
    "a wide read does not bring back whom the push removed": (
        BOTH,
        Said(push=no(2), pull=yes(1)),
        (NO, PUSH),
    ),
    "a wide read can deny whom the push admitted, once confirmed": (
        BOTH,
        Said(push=yes(2), pull=no(1)),
        (NO, PULL),
    ),
    "missing from one read holds": (
        BOTH,
        Said(push=yes(2), pull=no(1, confirmed=False)),
        (HOLD, PULL),
    ),
    "missing from one read holds where the read admits, too": (
        ASSIGNED,
        Said(pull=no(1, confirmed=False)),
        (HOLD, PULL),
    ),
    "missing twice is gone": (ASSIGNED, Said(pull=no(1)), (NO, PULL)),
    "a push newer than the read that missed it stands": (
        BOTH,
        Said(push=yes(1), pull=no(2, confirmed=False)),
        (YES, PUSH),
    ),
    "a read of the assignment admits": (ASSIGNED, Said(pull=yes(1)), (YES, PULL)),
    "a read of the assignment outweighs an older removal by push": (
        ASSIGNED,
        Said(push=no(2), pull=yes(1)),
        (YES, PULL),
    ),
    "a stale read of the assignment holds": (ASSIGNED, Said(pull=yes(4)), (HOLD, PULL)),
    "a token admits nobody while there is a directory": (BOTH, Said(login=yes(0)), (HOLD, None)),
    "nor under a lease": (LEASE, Said(login=yes(0)), (HOLD, None)),
    "a token keeps nobody while there is a directory": (
        BOTH,
        Said(push=no(1), login=yes(0)),
        (NO, PUSH),
    ),
    "with login only, who arrives is admitted": (LOGIN_ONLY, Said(login=yes(1)), (YES, LOGIN)),
    "with login only, who stays away is kept": (LOGIN_ONLY, Said(login=yes(31)), (HOLD, LOGIN)),
    "with login only, who stays away goes, by policy": (
        STRICT_LOGIN,
        Said(login=yes(31)),
        (NO, LOGIN),
    ),
    "where push decides, a confirmed read denies nobody": (
        BY_PUSH,
        Said(push=yes(2), pull=no(1)),
        (YES, PUSH),
    ),
    "where push decides, a read of the assignment admits nobody": (
        deciding(Authority.PUSH, ASSIGNED),
        Said(pull=yes(1)),
        (HOLD, None),
    ),
    "where the read decides, a push admits nobody": (
        deciding(Authority.PULL, ASSIGNED),
        Said(push=yes(0)),
        (HOLD, None),
    ),
    "where the read decides, a push removes nobody": (
        deciding(Authority.PULL, ASSIGNED),
        Said(push=no(0), pull=yes(1)),
        (YES, PULL),
    ),
    "where the read decides, missing from one read holds": (
        deciding(Authority.PULL, ASSIGNED),
        Said(push=yes(2), pull=no(1, confirmed=False)),
        (HOLD, PULL),
    ),
    "where a wide read decides, it admits nobody": (
        BY_PULL,
        Said(push=yes(2), pull=yes(1)),
        (HOLD, None),
    ),
}


@pytest.mark.parametrize(("policy", "said", "expected"), EXISTENCE.values(), ids=EXISTENCE.keys())
def test_of_a_user_or_group(
    policy: Policy, said: Said, expected: tuple[Answer, Channel | None]
) -> None:
    assert decided(verdict.existence(said, policy, NOW)) == expected


ACTIVITY = {
    "nobody said that it is disabled": (BOTH, Said(), (YES, None)),
    "a token does not enable": (BOTH, Said(push=no(1), login=yes(0)), (NO, PUSH)),
    "the newest word counts": (BOTH, Said(push=yes(2), pull=no(1)), (NO, PULL)),
    "the newest word counts, also to enable": (
        replace(BOTH, pull_admits=True),
        Said(push=no(2), pull=yes(1)),
        (YES, PULL),
    ),
    "an account enabled in a directory wider than the assignment does not assign it again": (
        BOTH,
        Said(push=no(2), pull=yes(1)),
        (NO, PUSH),
    ),
    "an account disabled in a wide directory is disabled": (
        BOTH,
        Said(push=yes(2), pull=no(1)),
        (NO, PULL),
    ),
    "a stale word changes nothing": (BOTH, Said(pull=no(4)), (HOLD, PULL)),
    "where push decides, a newer read does not disable": (
        BY_PUSH,
        Said(push=yes(2), pull=no(1)),
        (YES, PUSH),
    ),
    "where push decides and is silent, a read does not disable": (
        BY_PUSH,
        Said(pull=no(1)),
        (HOLD, None),
    ),
    "where nobody spoke, an authority changes nothing": (BY_PUSH, Said(), (YES, None)),
}


@pytest.mark.parametrize(("policy", "said", "expected"), ACTIVITY.values(), ids=ACTIVITY.keys())
def test_of_an_account(policy: Policy, said: Said, expected: tuple[Answer, Channel | None]) -> None:
    assert decided(verdict.activity(said, policy, NOW)) == expected


ages = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 3.1, 29.0, 31.0])
words: st.SearchStrategy[Word] = st.one_of(
    st.just(SILENT), st.builds(yes, ages), st.builds(no, ages), st.builds(no, ages)
)
testimonies = st.builds(Said, push=words, pull=words, login=words)
directories = st.builds(
    replace,
    st.sampled_from([BOTH, ASSIGNED, PUSH_ONLY]),
    authority=st.builds(
        Authorities,
        existence=st.sampled_from(Authority),
        active=st.sampled_from(Authority),
        memberships=st.sampled_from(Authority),
    ),
    push_ttl=st.sampled_from([None, 2 * DAY]),
)
leases = st.builds(
    replace,
    directories,
    login_grants=st.just(Grants.LEASE),
    lease=st.sampled_from([DAY, 5 * DAY]),
    expired_lease=st.sampled_from(Expired),
)
policies = st.one_of(directories, leases, st.sampled_from([LOGIN_ONLY, STRICT_LOGIN]))


@given(testimonies, policies)
def test_what_an_administrator_removed_is_decided_by_nobody_else(
    said: Said, policy: Policy
) -> None:
    found = verdict.membership(said, policy, NOW, removed_at=NOW - 50 * DAY)
    assert decided(found) == (NO, None)


@given(testimonies, words, directories)
def test_a_token_changes_no_decision_while_there_is_a_directory(
    said: Said, token: Word, policy: Policy
) -> None:
    other = Said(push=said.push, pull=said.pull, login=token)
    assert verdict.membership(said, policy, NOW) == verdict.membership(other, policy, NOW)
    assert verdict.existence(said, policy, NOW) == verdict.existence(other, policy, NOW)
    assert verdict.activity(said, policy, NOW) == verdict.activity(other, policy, NOW)


@given(
    testimonies,
    policies.filter(lambda one: one.expired_lease is Expired.HOLD),
    st.integers(0, 400),
)
def test_time_alone_turns_no_answer_into_a_no(said: Said, policy: Policy, days: int) -> None:
    later = NOW + days * DAY
    for decide in (verdict.membership, verdict.existence, verdict.activity):
        before, after = decide(said, policy, NOW), decide(said, policy, later)
        assert after.answer in (before.answer, HOLD)


@given(testimonies, leases)
def test_a_lease_grants_nothing_that_was_denied_since(said: Said, policy: Policy) -> None:
    found = verdict.membership(said, policy, NOW)
    if found.decided_by is LOGIN and found.answer is YES:
        denied = [one.as_of for one in (said.push, said.pull) if isinstance(one, No)]
        assert found.as_of is not None
        assert all(found.as_of > one for one in denied)


@given(testimonies, leases)
def test_a_lease_takes_nothing_away_that_a_directory_gives(said: Said, policy: Policy) -> None:
    without = verdict.membership(said, replace(policy, login_grants=Grants.HINT), NOW)
    if without.answer is YES:
        assert verdict.membership(said, policy, NOW) == without


@given(testimonies, policies)
def test_only_an_authority_decides(said: Said, policy: Policy) -> None:
    over = policy.authority.memberships
    found = verdict.membership(said, policy, NOW)
    if over is not Authority.NEWEST and policy.has_directory:
        assert found.decided_by in (None, LOGIN, over.channel)


@given(testimonies, policies)
def test_what_the_policy_keeps_out_is_decided_by_nobody(said: Said, policy: Policy) -> None:
    found = verdict.membership(said, policy, NOW, is_let_in=False)
    assert (found.answer, found.decided_by, found.explicit) == (NO, None, False)


@given(testimonies, policies)
def test_a_verdict_names_the_word_that_decided(said: Said, policy: Policy) -> None:
    found = verdict.membership(said, policy, NOW)
    if found.decided_by is not None:
        word = said.of(found.decided_by)
        assert isinstance(word, Yes | No)
        assert found.as_of == word.as_of
        assert found.why.endswith(".")


REASONS = {
    "peers": (BOTH, Said(push=yes(1)), "lets the newest word of push and pull decide"),
    "one channel": (PUSH_ONLY, Said(push=no(1)), "the only directory channel"),
    "an authority": (BY_PUSH, Said(push=no(1)), "lets push decide memberships"),
    "a silent authority": (BY_PUSH, Said(pull=no(1)), "push has said nothing about this"),
    "a time-to-live": (BOTH, Said(pull=no(4)), "time-to-live of 3 days (policy ttl.pull)"),
    "a lease": (LEASE, Said(login=yes(1)), "policy login_grants gives it a lease of 5 days"),
    "an expired lease": (STRICT, Said(login=yes(9)), "policy expired_lease"),
    "logins": (LOGIN_ONLY, Said(login=yes(1)), "logins alone decide"),
}


@pytest.mark.parametrize(("policy", "said", "words"), REASONS.values(), ids=REASONS.keys())
def test_a_verdict_names_the_policy_that_decided(policy: Policy, said: Said, words: str) -> None:
    assert words in verdict.membership(said, policy, NOW).why


def test_what_an_expired_lease_takes_back_is_gone_since_it_expired() -> None:
    found = verdict.existence(Said(login=yes(31)), STRICT_LOGIN, NOW)
    assert (found.since, found.explicit) == (NOW - DAY, False)


def test_only_a_push_is_explicit() -> None:
    assert verdict.membership(Said(push=no(1)), BOTH, NOW).explicit
    assert not verdict.membership(Said(pull=no(1)), BOTH, NOW).explicit


T1, T2, T3 = NOW - 3, NOW - 2, NOW - 1


def attributed(**channels: Authority) -> Policy:
    return replace(BOTH, authority=Authorities(attributes=channels))


PROFILES = {
    "the newest word of a directory channel": (
        BOTH,
        ({"email": ("old", T1), "user_name": ("ada", T1)}, {"email": ("new", T2)}, {}),
        ("ada", "new"),
    ),
    "the name pushed is kept, whatever the directory calls the person": (
        BOTH,
        ({"user_name": ("ada", T1)}, {"user_name": ("ada.l", T2)}, {}),
        ("ada", None),
    ),
    "a token adds nothing to what a directory said": (
        BOTH,
        ({"user_name": ("ada", T1)}, {}, {"email": ("eve@evil.example", T3)}),
        ("ada", None),
    ),
    "a token describes whom no directory has spoken of": (
        BOTH,
        ({}, {}, {"user_name": ("ada", T3), "email": ("a", T3)}),
        ("ada", "a"),
    ),
    "the authority, though another is newer": (
        attributed(email=Authority.PUSH),
        ({"user_name": ("ada", T1), "email": ("old", T1)}, {"email": ("new", T2)}, {}),
        ("ada", "old"),
    ),
    "the authority, where it says that there is none": (
        attributed(email=Authority.PUSH),
        ({"user_name": ("ada", T1), "email": (None, T1)}, {"email": ("new", T2)}, {}),
        ("ada", None),
    ),
    "nothing, where the authority was always silent": (
        attributed(email=Authority.PULL),
        ({"user_name": ("ada", T1), "email": ("a", T1)}, {}, {}),
        ("ada", None),
    ),
    "the newest user name, where the policy says so": (
        attributed(user_name=Authority.NEWEST),
        ({"user_name": ("ada", T1)}, {"user_name": ("ada.l", T2)}, {}),
        ("ada.l", None),
    ),
    "the directory's user name, where the policy says so": (
        attributed(user_name=Authority.PULL),
        ({"user_name": ("ada", T3)}, {"user_name": ("ada.l", T2)}, {}),
        ("ada.l", None),
    ),
    "none, of an attribute that is ignored": (
        replace(BOTH, ignored=frozenset({"email"})),
        ({"user_name": ("ada", T1), "email": ("a", T1)}, {"email": ("b", T2)}, {}),
        ("ada", None),
    ),
    "with login only, the token": (
        LOGIN_ONLY,
        ({}, {}, {"user_name": ("ada", T3), "email": ("a", T3)}),
        ("ada", "a"),
    ),
}


@pytest.mark.parametrize(("policy", "said", "expected"), PROFILES.values(), ids=PROFILES.keys())
def test_of_attributes(policy: Policy, said: tuple, expected: tuple) -> None:  # type: ignore[type-arg]
    push, pull, login = said
    found = attributes.profile(push, pull, login, policy)
    assert found is not None
    assert (found.user_name, found.email) == expected


def test_a_silent_authority_leaves_an_attribute_as_it_was() -> None:
    before = Profile(user_name="ada", email="kept")
    push, pull = {"user_name": ("ada", T1)}, {"email": ("new", T2)}
    policy = attributed(email=Authority.PUSH)
    found = attributes.profile(push, pull, {}, policy, before=before)
    assert found == before


def test_who_has_no_user_name_has_no_profile() -> None:
    assert attributes.profile({"email": ("a", T1)}, {}, {}, BOTH) is None


TOLD = {"user_name": ("ada", T1), "email": ("a@x", T1)}


def test_a_value_that_a_push_took_back_is_gone() -> None:
    found = attributes.profile({"email": (None, T2)}, TOLD, {}, BOTH)
    assert found is not None and found.email is None


def test_a_value_that_a_push_took_back_and_the_directory_tells_since_is_there() -> None:
    found = attributes.profile({"email": (None, T1 - 1)}, TOLD, {}, BOTH)
    assert found is not None and found.email == "a@x"


def test_a_value_that_the_directory_does_not_show_stays_as_it_was_pushed() -> None:
    found = attributes.profile(TOLD, {"email": (None, T2)}, {}, BOTH)
    assert found is not None and found.email == "a@x"
