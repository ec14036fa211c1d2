"""Turn what the three channels say about one fact into one decision, with its reason."""

from models.evidence import SILENT, Channel, No, Silent, Testimony, Word, Yes
from models.instant import Instant
from models.verdicts import Answer, Verdict
from sync.authority import Authority, Fact
from sync.policies.policy import Expired, Grants, Policy, span

TTLS = {Channel.PUSH: "ttl.push", Channel.PULL: "ttl.pull", Channel.LOGIN: "ttl.login"}
OTHER_SCOPE = (
    "A read of another scope listed it, before the scope was changed; no read has told of this one."
)
NOT_LET_IN = Verdict(Answer.NO, "The policy of this connection keeps this group out.")


def membership(
    testimony: Testimony,
    policy: Policy,
    now: Instant,
    *,
    removed_at: Instant = 0,
    is_let_in: bool = True,
) -> Verdict:
    """Whether a user is member of a group.

    `removed_at`: an administrator removed the group. `is_let_in`: the policy has room for it.
    """
    if removed_at:
        return Verdict(
            Answer.NO, "An administrator removed this group.", since=removed_at, as_of=removed_at
        )
    if not is_let_in:
        return NOT_LET_IN
    if not policy.has_directory:
        return _by_login(testimony.login, policy, now)
    decided = _by_directory(testimony.push, testimony.pull, Fact.MEMBERSHIPS, policy, now)
    if policy.login_grants is Grants.LEASE and decided.answer is not Answer.YES:
        return _lease(decided, testimony, policy, now)
    return decided


def existence(testimony: Testimony, policy: Policy, now: Instant) -> Verdict:
    """Whether a user or group is to be in the application. Admission comes first.

    A read wider than the assignment testifies about those already admitted: it can deny,
    and admits nobody. What was read of another scope does not admit either, and keeps.
    """
    if not policy.has_directory:
        return _by_login(testimony.login, policy, now)
    pull = testimony.pull
    if isinstance(pull, Yes) and not policy.pull_admits:
        pull = SILENT
    is_gone = isinstance(pull, No) and pull.is_confirmed
    if isinstance(testimony.push, Silent) and not policy.pull_admits and not is_gone:
        return Verdict(Answer.HOLD, "Nobody has assigned this to the application.")
    decided = _by_directory(testimony.push, pull, Fact.EXISTENCE, policy, now)
    if decided.decided_by is Channel.PULL and isinstance(pull, Yes):
        return _admitted(decided, testimony, pull, policy, now)
    if decided.decided_by is Channel.PULL and isinstance(pull, No) and not pull.is_confirmed:
        return _missing(decided)
    return decided


def _admitted(
    decided: Verdict, testimony: Testimony, pull: Yes, policy: Policy, now: Instant
) -> Verdict:
    """By a read of the scope that is declared; one of another scope leaves all as it is."""
    if not pull.as_of < policy.scoped_at <= now:
        return decided
    pushed = _by_directory(testimony.push, SILENT, Fact.EXISTENCE, policy, now)
    return pushed if pushed.answer is Answer.YES else _held(Channel.PULL, pull, OTHER_SCOPE)


def activity(testimony: Testimony, policy: Policy, now: Instant) -> Verdict:
    """Whether a user who exists may sign in. Nobody having said so, it may.

    Providers unassign people by pushing that they are inactive. That the account is enabled in
    a directory wider than the assignment does not assign them again.
    """
    push, pull = testimony.push, testimony.pull
    if isinstance(push, No) and isinstance(pull, Yes) and not policy.pull_admits:
        pull = SILENT
    if isinstance(push, Silent) and isinstance(pull, Silent):
        return Verdict(Answer.YES, "No channel says that the account is disabled.")
    return _by_directory(push, pull, Fact.ACTIVE, policy, now)


def is_stale(channel: Channel, word: Yes | No, policy: Policy, now: Instant) -> bool:
    """Whether a word is older than its channel's time-to-live."""
    ttl = _ttl(channel, policy)
    return ttl is not None and now - word.as_of > ttl


def _ttl(channel: Channel, policy: Policy) -> Instant | None:
    match channel:
        case Channel.PULL:
            return policy.pull_ttl
        case Channel.PUSH:
            return policy.push_ttl
        case Channel.LOGIN:
            return policy.lease


def _by_directory(push: Word, pull: Word, fact: Fact, policy: Policy, now: Instant) -> Verdict:
    """By the channel that has authority, or by the newest word; push and pull are peers.

    At a tie access is kept. Where the authority is silent nothing is changed: what the other
    channel says is shown, and never decides.
    """
    authority = policy.authority.over(fact)
    channel = authority.channel or (Channel.PULL if _outranks(pull, push) else Channel.PUSH)
    word = pull if channel is Channel.PULL else push
    if isinstance(word, Silent):
        return Verdict(Answer.HOLD, _silence(push, pull, fact, authority))
    if is_stale(channel, word, policy, now):
        return _held(channel, word, _age(channel, policy))
    return _said(channel, word, _reason(fact, authority, policy))


def _outranks(one: Word, other: Word) -> bool:
    """The newer word counts, of two as new the yes, and any before silence."""
    if isinstance(one, Silent) or isinstance(other, Silent):
        return isinstance(other, Silent)
    if one.as_of == other.as_of:
        return isinstance(one, Yes) and isinstance(other, No)
    return one.as_of > other.as_of


def _by_login(word: Word, policy: Policy, now: Instant) -> Verdict:
    """Without a directory channel tokens decide; one that ran out leaves all as it is."""
    match word:
        case Silent():
            return Verdict(Answer.HOLD, "No login has said anything about this.")
        case Yes() if is_stale(Channel.LOGIN, word, policy, now):
            return _ran_out(word, policy)
        case Yes() | No():
            return _said(Channel.LOGIN, word, "on this connection logins alone decide")


def _lease(decided: Verdict, testimony: Testimony, policy: Policy, now: Instant) -> Verdict:
    """By policy, a token newer than all that a directory denied grants until its lease ends.

    A lease that ended takes back only what no directory vouches for.
    """
    login = testimony.login
    if not isinstance(login, Yes) or login.as_of <= _denied_at(decided, testimony):
        return decided
    if not is_stale(Channel.LOGIN, login, policy, now):
        return Verdict(
            Answer.YES,
            "A login newer than the directory grants this, because policy login_grants gives it "
            f"a lease of {span(policy.lease)}.",
            decided_by=Channel.LOGIN,
            as_of=login.as_of,
            since=login.since,
            after=login.after,
        )
    if any(isinstance(one, Yes) for one in (testimony.push, testimony.pull)):
        return _held(Channel.LOGIN, login, _age(Channel.LOGIN, policy))
    return _ran_out(login, policy)


def _denied_at(decided: Verdict, testimony: Testimony) -> Instant:
    denied = [one.as_of for one in (testimony.push, testimony.pull) if isinstance(one, No)]
    return max([decided.as_of or 0, *denied])


def _ran_out(word: Yes, policy: Policy) -> Verdict:
    """The only word is a login whose lease has ended. Time removes only if the policy says so."""
    if policy.expired_lease is Expired.HOLD:
        return _held(Channel.LOGIN, word, _age(Channel.LOGIN, policy))
    return Verdict(
        Answer.NO,
        f"The newest login is older than its lease of {span(policy.lease)}, and policy "
        "expired_lease takes back what no newer login confirms.",
        decided_by=Channel.LOGIN,
        as_of=word.as_of,
        since=word.as_of + policy.lease,
    )


def _said(channel: Channel, word: Yes | No, reason: str) -> Verdict:
    answer = Answer.YES if isinstance(word, Yes) else Answer.NO
    why = f"The {answer} of {channel} counts, because {reason}."
    explicit = channel is Channel.PUSH and (isinstance(word, Yes) or word.is_named)
    return Verdict(answer, why, channel, word.as_of, word.since, word.after, explicit)


def _held(channel: Channel, word: Yes | No, why: str) -> Verdict:
    return Verdict(Answer.HOLD, why, decided_by=channel, as_of=word.as_of, since=word.since)


def _missing(decided: Verdict) -> Verdict:
    """One complete read that does not list it means "missing"; the next word means gone."""
    return Verdict(
        Answer.HOLD,
        "Missing from the newest complete read; a point read or a second read must confirm it.",
        decided_by=decided.decided_by,
        as_of=decided.as_of,
        since=decided.since,
    )


def _reason(fact: Fact, authority: Authority, policy: Policy) -> str:
    if authority.channel is not None:
        return f"this connection lets {authority} decide {fact.words}"
    if not (policy.push and policy.pull):
        return "it is the only directory channel of this connection"
    return "this connection lets the newest word of push and pull decide"


def _silence(push: Word, pull: Word, fact: Fact, authority: Authority) -> str:
    """The authority is silent, or both are."""
    if authority.channel is None:
        return "No directory channel has said anything about this."
    is_all = isinstance(push, Silent) and isinstance(pull, Silent)
    told = "" if is_all else "; what the other channel says is testimony only"
    return (
        f"This connection lets {authority} decide {fact.words}, and {authority} has said nothing "
        f"about this{told}."
    )


def _age(channel: Channel, policy: Policy) -> str:
    ttl = _ttl(channel, policy)
    limit = "" if ttl is None else f" of {span(ttl)}"
    return (
        f"The word of {channel} is older than its time-to-live{limit} (policy {TTLS[channel]}), "
        "so nothing is changed."
    )
