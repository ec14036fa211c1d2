"""Turn what the three channels say about one fact into one decision, with its reason."""

from collections.abc import Mapping

from models.evidence import SILENT, Channel, No, Silent, Testimony, Word, Yes
from models.identity import Profile
from models.instant import Instant
from models.verdicts import Answer, Verdict
from sync.policy import Grants, Policy

ATTRIBUTES = ("user_name", "email", "first_name", "last_name", "display_name")
Said = Mapping[str, tuple[str | None, Instant]]
"""Attribute → what a channel says of it, and as of when."""


def membership(
    testimony: Testimony, policy: Policy, now: Instant, *, removed_at: Instant = 0
) -> Verdict:
    """Whether a user is member of a group. `removed_at`: an administrator removed the group."""
    if removed_at:
        return Verdict(
            Answer.NO, "An administrator removed this group.", since=removed_at, as_of=removed_at
        )
    if not policy.has_directory:
        return _by_login(testimony.login, policy, now)
    decided = _by_peers(testimony, policy, now)
    if policy.login_grants is Grants.LEASE and decided.answer is not Answer.YES:
        return _lease(decided, testimony.login, policy, now) or decided
    return decided


def existence(testimony: Testimony, policy: Policy, now: Instant) -> Verdict:
    """Whether a user or group is to be in the application. Admission comes first.

    A read wider than the assignment testifies about those already admitted: it can deny,
    and admits nobody.
    """
    if not policy.has_directory:
        return _by_login(testimony.login, policy, now)
    pull = testimony.pull
    if isinstance(pull, Yes) and not policy.pull_admits:
        pull = SILENT
    peers = Testimony(push=testimony.push, pull=pull)
    if isinstance(testimony.push, Silent) and not policy.pull_admits:
        return Verdict(Answer.HOLD, "Nobody has assigned it to the application.")
    decided = _by_peers(peers, policy, now)
    if decided.decided_by is Channel.PULL and isinstance(pull, No) and not pull.is_confirmed:
        return _missing(decided)
    return decided


def activity(testimony: Testimony, policy: Policy, now: Instant) -> Verdict:
    """Whether a user who exists may sign in. Nobody having said so, it may."""
    if isinstance(testimony.push, Silent) and isinstance(testimony.pull, Silent):
        return Verdict(Answer.YES, "No channel says that the account is disabled.")
    return _by_peers(testimony, policy, now)


def profile(push: Said, pull: Said, login: Said, policy: Policy) -> Profile | None:
    """The core attributes: the newest word of the directory channels.

    The user name is the exception: the name pushed is the one the provider's administrator
    chose for this application, whatever the directory calls the person. A token describes
    only those of whom no directory has spoken: an address that its bearer could type in
    must not fill a gap in an account.
    """
    peers = [push, pull] if policy.has_directory and (push or pull) else [login]
    chosen = {name: _newest_value(name, peers) for name in ATTRIBUTES}
    user_name = _newest_value("user_name", [push]) or chosen["user_name"]
    if user_name is None:
        return None
    return Profile(
        user_name=user_name,
        email=chosen["email"],
        first_name=chosen["first_name"],
        last_name=chosen["last_name"],
        display_name=chosen["display_name"],
    )


def is_stale(channel: Channel, word: Yes | No, policy: Policy, now: Instant) -> bool:
    """Whether a word is older than its channel's time-to-live."""
    match channel:
        case Channel.PULL:
            return now - word.as_of > policy.pull_ttl
        case Channel.PUSH:
            return policy.push_ttl is not None and now - word.as_of > policy.push_ttl
        case Channel.LOGIN:
            return now - word.as_of > policy.lease


def _by_peers(testimony: Testimony, policy: Policy, now: Instant) -> Verdict:
    """Push and pull are peers: the newest as-of wins. At a tie access is kept."""
    words = [
        (channel, word)
        for channel in (Channel.PUSH, Channel.PULL)
        if isinstance(word := testimony.of(channel), Yes | No)
    ]
    if not words:
        return Verdict(Answer.HOLD, "No directory channel has said anything about this.")
    channel, word = max(words, key=lambda one: (one[1].as_of, isinstance(one[1], Yes)))
    if is_stale(channel, word, policy, now):
        return Verdict(
            Answer.HOLD,
            f"The newest word, by {channel}, is older than its time-to-live.",
            decided_by=channel,
            as_of=word.as_of,
        )
    return _said(channel, word)


def _said(channel: Channel, word: Yes | No) -> Verdict:
    says = "yes" if isinstance(word, Yes) else "no"
    return Verdict(
        Answer(says),
        f"The newest word is the {says} of {channel}.",
        decided_by=channel,
        as_of=word.as_of,
        since=word.since,
        explicit=channel is Channel.PUSH,
    )


def _missing(decided: Verdict) -> Verdict:
    """One complete read that does not list it means "missing"; the next word means gone."""
    return Verdict(
        Answer.HOLD,
        "Missing from the newest complete read; a point read or a second read must confirm it.",
        decided_by=decided.decided_by,
        as_of=decided.as_of,
        since=decided.since,
    )


def _by_login(word: Word, policy: Policy, now: Instant) -> Verdict:
    """Without a directory channel tokens decide; one that ran out leaves all as it is."""
    match word:
        case Silent():
            return Verdict(Answer.HOLD, "No login has said anything about this.")
        case Yes() if is_stale(Channel.LOGIN, word, policy, now):
            return Verdict(
                Answer.HOLD,
                "The newest login is too long ago to vouch for this.",
                decided_by=Channel.LOGIN,
                as_of=word.as_of,
                since=word.since,
            )
        case Yes() | No():
            return _said(Channel.LOGIN, word)


def _lease(decided: Verdict, login: Word, policy: Policy, now: Instant) -> Verdict | None:
    """By policy, a token newer than the directory grants until the lease ends."""
    if not isinstance(login, Yes) or is_stale(Channel.LOGIN, login, policy, now):
        return None
    if login.as_of <= (decided.as_of or 0):
        return None
    return Verdict(
        Answer.YES,
        "A login newer than the directory grants this until its lease ends.",
        decided_by=Channel.LOGIN,
        as_of=login.as_of,
        since=login.since,
    )


def _newest_value(name: str, said: list[Said]) -> str | None:
    words = [one[name] for one in said if name in one and one[name][0] is not None]
    return max(words, key=lambda word: (word[1], word[0] or ""))[0] if words else None
