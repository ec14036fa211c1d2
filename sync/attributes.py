"""Turn what the three channels say of a user's attributes into one profile. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.identity import Profile
from models.instant import Instant
from sync.authority import Authority
from sync.policies.policy import Policy

Word = tuple[str | None, Instant]
"""What a channel says of an attribute, and as of when."""
Said = Mapping[str, Word]
_NOTHING: Said = {}


def profile(
    push: Said, pull: Said, login: Said, policy: Policy, *, before: Profile | None = None
) -> Profile | None:
    """The core attributes: the newest word of the directory channels, or of the authority.

    The user name is the exception: the name pushed is the one the provider's administrator
    chose for this application, whatever the directory calls the person. A token describes
    only those of whom no directory has spoken: an address that its bearer could type in
    must not fill a gap in an account. A push that took a value back says that there is none,
    and that is a word like others; a directory that shows none may only not show it to us, and
    is silent. An authority that is silent leaves an attribute as it
    was `before`.
    """
    pull = {name: word for name, word in pull.items() if word[0] is not None}
    one, other = (push, pull) if policy.has_directory and (push or pull) else (login, _NOTHING)
    named, ignored = policy.authority.attributes, policy.ignored

    def chosen(name: str) -> str | None:
        if name in ignored:
            return None
        authority = named.get(name, Authority.NEWEST)
        if authority is Authority.NEWEST:
            return _newest(one.get(name), other.get(name))
        said = push if authority is Authority.PUSH else pull
        return said[name][0] if name in said else getattr(before, name, None)

    user_name = _pushed_name(push, policy) or chosen("user_name")
    if user_name is None:
        return None
    return Profile(
        user_name=user_name,
        email=chosen("email"),
        first_name=chosen("first_name"),
        last_name=chosen("last_name"),
        display_name=chosen("display_name"),
    )


def _pushed_name(push: Said, policy: Policy) -> str | None:
    """None too where an administrator said whose word decides, or that none does."""
    if "user_name" in policy.authority.attributes or "user_name" in policy.ignored:
        return None
    return push["user_name"][0] if "user_name" in push else None


def _newest(one: Word | None, other: Word | None) -> str | None:
    """Of two words as new, the one that is later in the alphabet: whichever came first."""
    if one is None or other is None:
        newest = one or other
        return newest[0] if newest else None
    if one[1] == other[1]:
        return max(one[0], other[0], key=lambda text: text or "")
    return one[0] if one[1] > other[1] else other[0]


def email_of(emails: Sequence[Mapping[str, Any]]) -> str | None:
    """The primary one, else the one for work, else the first."""
    ranked = sorted(emails, key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    return next((str(one["value"]) for one in ranked if one.get("value")), None)
