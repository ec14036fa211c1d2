"""Turn what the three channels say of a user's attributes into one profile. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.identity import Profile
from models.instant import Instant
from sync.authority import Authority
from sync.policy import Policy

Said = Mapping[str, tuple[str | None, Instant]]
"""Attribute → what a channel says of it, and as of when."""


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
    peers = [push, pull] if policy.has_directory and (push or pull) else [login]
    named = policy.authority.attributes
    by_channel = {Authority.PUSH: push, Authority.PULL: pull}

    def chosen(name: str) -> str | None:
        authority = named.get(name, Authority.NEWEST)
        if name in policy.ignored:
            return None
        if authority is Authority.NEWEST:
            first = [push] if name == "user_name" and name not in named else []
            return _newest(name, first) or _newest(name, peers)
        said = by_channel[authority]
        return said[name][0] if name in said else getattr(before, name, None)

    user_name = chosen("user_name")
    if user_name is None:
        return None
    return Profile(
        user_name=user_name,
        email=chosen("email"),
        first_name=chosen("first_name"),
        last_name=chosen("last_name"),
        display_name=chosen("display_name"),
    )


def _newest(name: str, said: list[Said]) -> str | None:
    newest: tuple[str | None, Instant] | None = None
    for one in said:
        word = one.get(name)
        if word is not None and (newest is None or _rank(word) > _rank(newest)):
            newest = word
    return newest[0] if newest else None


def _rank(word: tuple[str | None, Instant]) -> tuple[Instant, str]:
    return word[1], word[0] or ""


def email_of(emails: Sequence[Mapping[str, Any]]) -> str | None:
    """The primary one, else the one for work, else the first."""
    ranked = sorted(emails, key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    return next((str(one["value"]) for one in ranked if one.get("value")), None)
