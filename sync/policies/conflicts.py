"""Settings that cannot both be meant, each refused in one sentence. Pure."""

from collections.abc import Iterator

from sync.authority import Authority
from sync.policies.policy import Expired, Grants, Policy, Removed, span


def conflict(policy: Policy, *, admits_all: bool = False) -> str | None:
    """The first contradiction; None when there is none. `admits_all`: policy admit is "all"."""
    return next(_conflicts(policy, admits_all), None)


def _conflicts(policy: Policy, admits_all: bool) -> Iterator[str]:
    yield from _of_authority(policy, admits_all)
    yield from _of_times(policy)
    yield from _of_logins(policy)
    if admits_all and not policy.pull:
        yield 'policy admit is "all", but this connection has no pull channel that could admit.'
    if policy.removed_groups is Removed.RETURN and not policy.has_directory:
        yield (
            'policy removed_groups is "return", but only a push or a read brings a group back, '
            "and this connection has neither."
        )


def _of_authority(policy: Policy, admits_all: bool) -> Iterator[str]:
    """An authority that is not there, or that could never say yes, would hold everything."""
    for name, authority in policy.authority.named():
        if not {Authority.PUSH: policy.push, Authority.PULL: policy.pull}[authority]:
            yield (
                f'policy authority.{name} is "{authority}", but this connection has no '
                f"{authority} channel."
            )
    existence = policy.authority.existence
    if existence is Authority.PULL and not policy.pull_admits:
        yield (
            'policy authority.existence is "pull", but the read is wider than the assignment and '
            'admits nobody; give it a scope that is the assignment, or set admit to "all".'
        )
    if existence is Authority.PUSH and admits_all:
        yield 'policy admit is "all", but authority.existence lets push alone admit.'
    for name in sorted(policy.ignored & set(policy.authority.attributes)):
        yield f"policy attributes.ignore names {name}, and authority.attributes.{name} is set."


def _of_times(policy: Policy) -> Iterator[str]:
    """Words that are stale from the first moment would decide nothing."""
    times = {"pull": policy.pull_ttl, "push": policy.push_ttl, "login": policy.lease}
    for channel, time in times.items():
        if time == 0:
            yield f"policy ttl.{channel} is 0, so that what {channel} says would never count."
    if policy.pull and policy.lag >= policy.pull_ttl:
        yield (
            f"policy lag is {span(policy.lag)}, and ttl.pull is {span(policy.pull_ttl)}: what a "
            "read did not list would be stale at once."
        )


def _of_logins(policy: Policy) -> Iterator[str]:
    if policy.login_grants is Grants.LEASE and not policy.login:
        yield 'policy login_grants is "lease", but this connection has no login channel.'
    if policy.expired_lease is Expired.REMOVE and not policy.login:
        yield 'policy expired_lease is "remove", but this connection has no login channel.'
    elif policy.expired_lease is Expired.REMOVE and not policy.tokens_grant:
        yield (
            'policy expired_lease is "remove", but with a directory channel tokens give no lease; '
            'set login_grants to "lease", or leave it out.'
        )
