"""Which groups exist for a connection, by identifier or by a pattern on the name. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

MOST, LONGEST = 1000, 256
"""Entries, and characters of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsLetIn:
    """An entry is an identifier (a directory id, an external id), a name, or a glob on names.

    All without regard to case. No `only` lets in all; `never` comes before `only`.
    """

    only: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        return self.only is None and not self.never

    def refusal(self, name: str, identifiers: Iterable[str] = ()) -> str | None:
        """Why a group is not let in, in a sentence; None when it is."""
        if self.is_all:
            return None
        called = [name.casefold(), *(one.casefold() for one in identifiers)]
        if (entry := _match(self.never, called)) is not None:
            return f"Policy groups.never keeps this group out by its entry “{entry}”."
        if self.only is not None and _match(self.only, called) is None:
            return "No entry of policy groups.only lets this group in."
        return None


EVERY_GROUP = GroupsLetIn()


def read(value: object) -> GroupsLetIn:
    """Raises ValueError with a sentence about what is wrong."""
    if not isinstance(value, dict) or set(value) - {"only", "never"}:
        raise ValueError('policy groups is an object with the lists "only" and "never".')
    only = _entries("only", value["only"]) if "only" in value else None
    never = _entries("never", value.get("never", []))
    both = {one.casefold() for one in only or ()} & {one.casefold() for one in never}
    if both:
        raise ValueError(f"policy groups names {min(both)!r} both in only and in never.")
    if only == ():
        raise ValueError("policy groups.only is empty; leave it out to let in all groups.")
    return GroupsLetIn(only=only, never=never)


def _entries(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST:
        raise ValueError(f"policy groups.{name} is a list of at most {MOST} identifiers or names.")
    for one in value:
        if not isinstance(one, str) or not one.strip() or len(one) > LONGEST:
            raise ValueError(
                f"policy groups.{name} has an entry that is no text of 1 to {LONGEST} characters."
            )
    return tuple(value)


def _match(entries: tuple[str, ...], called: list[str]) -> str | None:
    """The first entry that fits. The name stands first in `called`."""
    exact, patterns = _prepared(entries)
    for one in called:
        if one in exact:
            return exact[one]
    return next((entry for entry, fits in patterns if fits.match(called[0])), None)


@lru_cache(maxsize=256)
def _prepared(
    entries: tuple[str, ...],
) -> tuple[dict[str, str], list[tuple[str, re.Pattern[str]]]]:
    """Entries that are taken as they stand, all of them, and those that are patterns as well."""
    exact = {one.casefold(): one for one in reversed(entries)}
    globs = [one for one in entries if any(sign in one for sign in "*?[")]
    return exact, [(one, re.compile(translate(one.casefold()))) for one in globs]
