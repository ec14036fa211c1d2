"""A policy told in sentences: who decides, for how long, which groups exist, who leaves. Pure."""

from collections.abc import Iterator, Sequence

from sync.authority import Authority, Fact
from sync.policies.policy import Expired, Grants, Policy, Removed, span
from sync.pushing.tolerances import TOLERANCES, USUAL

ATTRIBUTES = {
    "user_name": "user name",
    "email": "e-mail address",
    "first_name": "first name",
    "last_name": "last name",
    "display_name": "display name",
}


def explained(policy: Policy) -> list[str]:
    """The policy as it works, defaults included."""
    parts = (_deciders, _attributes, _admission, _ages, _tokens, _groups, _leavers, _rest)
    return [sentence for part in parts for sentence in part(policy)]


def _deciders(policy: Policy) -> Iterator[str]:
    if not policy.has_directory:
        yield "Logins alone decide: this connection has neither a push nor a pull channel."
        return
    if policy.push and policy.pull:
        yield (
            "Push and pull are peers: whatever is not said to be otherwise here is decided by the "
            "newest word of the two."
        )
    else:
        yield f"{'Push' if policy.push else 'Pull'} decides: it is the only directory channel."
    for fact in Fact:
        yield from _authority(fact.words, policy.authority.over(fact))


def _attributes(policy: Policy) -> Iterator[str]:
    named = policy.authority.attributes
    if policy.has_directory and "user_name" not in named:
        yield "The user name is the one that was pushed, and only where none was, the newest."
    for name, authority in sorted(named.items()):
        yield from _authority(f"the {ATTRIBUTES[name]}", authority)
    if policy.ignored:
        names = _listed([f"the {ATTRIBUTES[name]}" for name in sorted(policy.ignored)])
        yield f"Ignored, whoever says it: {names}. Users have none here, nor at targets."


def _authority(what: str, authority: Authority) -> Iterator[str]:
    other = {Authority.PUSH: "pull", Authority.PULL: "push"}.get(authority)
    if other is not None:
        yield (
            f"{authority.capitalize()} alone decides {what}: what {other} says is shown, and where "
            f"{authority} is silent nothing is changed."
        )


def _admission(policy: Policy) -> Iterator[str]:
    if not policy.has_directory:
        yield "Users and groups come to be when a login first names them."
        return
    by = [
        name for name, admits in (("push", policy.push), ("a read", policy.pull_admits)) if admits
    ]
    existence = policy.authority.existence.channel
    if existence is not None:
        by = [one for one in by if one == {"push": "push", "pull": "a read"}[existence]]
    if by:
        yield f"Users and groups are admitted to the application by {_listed(by, 'or')}."
    else:
        yield "Nothing admits users or groups to the application."
    if policy.pull and not policy.pull_admits:
        yield "A read admits nobody: it is wider than the assignment to the application."


def _ages(policy: Policy) -> Iterator[str]:
    """How long words count."""
    if policy.pull:
        yield f"What a read said counts for {span(policy.pull_ttl)} (ttl.pull), then holds."
        yield (
            f"What a complete read did not list counts as denied {span(policy.lag)} before the "
            "read began (lag)."
        )
        yield (
            f"A read that lists over {_share(policy.shrink)} fewer users or groups than the last "
            "one removes nobody (shrink)."
        )
    if policy.push and policy.push_ttl is None:
        yield "What was pushed counts until it is taken back."
    elif policy.push_ttl is not None and policy.push:
        yield f"What was pushed counts for {span(policy.push_ttl)} (ttl.push), then holds."
    if policy.push and policy.pull and policy.cycle:
        yield (
            f"A push that has not followed the directory after {span(policy.cycle)} (cycle) is "
            "reported as missed."
        )


def _tokens(policy: Policy) -> Iterator[str]:
    if not policy.login:
        yield "No tokens are heard: this connection has no login channel."
        return
    if not policy.tokens_grant:
        yield "A token is a hint: it decides nothing, and where it differs somebody looks."
        return
    if policy.has_directory and policy.login_grants is Grants.LEASE:
        yield (
            f"A token newer than the directory grants memberships for {span(policy.lease)} "
            "(login_grants, ttl.login); it never takes one away, and grants nothing that was "
            "denied since it was issued."
        )
    else:
        yield f"What a token said counts for {span(policy.lease)} (ttl.login)."
    if policy.expired_lease is Expired.HOLD:
        yield "What a token gave stays when its time is over, and is reported (expired_lease)."
    else:
        yield (
            "What only a token vouched for is taken back when its time is over, as far as the "
            "guard allows (expired_lease)."
        )


def _groups(policy: Policy) -> Iterator[str]:
    groups = policy.groups
    if groups.only is not None:
        yield f"Only these groups exist for this connection: {_quoted(groups.only)}."
    if groups.never:
        yield f"These groups never exist for this connection: {_quoted(groups.never)}."
    if groups.is_all:
        yield "All groups exist that are sent or listed."
    else:
        out = "Other groups are" if groups.only is not None else "What is kept out is"
        theirs, them = ("their", "them") if groups.only is not None else ("its", "it")
        yield (
            f"{out} remembered and not provisioned, nor are {theirs} members; what targets "
            f"hold of {them} is removed as far as the guard allows."
        )
    if policy.removed_groups is Removed.RETURN:
        yield (
            "A group that an administrator removed comes back when push or a read names it anew; "
            "a token never brings one back."
        )
    else:
        yield "A group that an administrator removed stays removed until somebody restores it."


def _leavers(policy: Policy) -> Iterator[str]:
    if policy.pull and policy.authority.existence is not Authority.PUSH:
        yield (
            "Who is missing from one complete read is kept until a second read or a point read "
            "confirms it."
        )
    if policy.retention:
        yield f"Who is gone is disabled, and deleted {span(policy.retention)} later (retention)."
    else:
        yield "Who is gone is deleted at once (retention)."


def _rest(policy: Policy) -> Iterator[str]:
    if policy.default_role is not None:
        yield f"Users have the role “{policy.default_role}” (default_role)."
    yield f"What was observed is kept for {span(policy.history)} (history)."
    if policy.push:
        yield f"The provider's SCIM requests are kept for {span(policy.requests)} (requests)."
        for name in sorted(policy.tolerances ^ USUAL):
            is_on = "is" if name in policy.tolerances else "is not"
            yield f"This {is_on} tolerated (tolerances.{name}): {TOLERANCES[name].sentence}"


def _share(part: float) -> str:
    """In percent, with as many digits as were written."""
    return f"{round(part * 100, 10):.12g}%"


def _listed(names: Sequence[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _quoted(entries: Sequence[str]) -> str:
    """As many as can be read at a glance."""
    shown = ", ".join(f"“{one}”" for one in entries[:20])
    return shown if len(entries) <= 20 else f"{shown} and {len(entries) - 20} more"
