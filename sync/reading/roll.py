"""The roll of a directory: everybody it has named, and who of them has answered.

This is the one part of a read that is held in memory as a whole, about 200 bytes a user.
"""

from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import compress, count
from operator import itemgetter, not_
from typing import Any, cast

import msgspec

from connectors.base import DirectoryUser
from models.identity import UserKey

_encode = msgspec.msgpack.Encoder().encode
Fresh = dict[str, tuple[DirectoryUser, int]]
"""Users by their ids, each with the digest of what it says."""
_64 = (1 << 64) - 1
_63 = (1 << 63) - 1


def digest_of_user(user: DirectoryUser) -> int:
    """Of all that a directory says of one user."""
    said = (
        user.user_name,
        user.email,
        user.first_name,
        user.last_name,
        user.display_name,
        user.active,
    )
    return int.from_bytes(blake2b(_encode(said), digest_size=8).digest())


def mixed(key: int) -> int:
    """A number of 64 bits that has nothing to do with its neighbours' (splitmix64)."""
    z = (key * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) & _64
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _64
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _64
    return z ^ z >> 31


def digest_of_members(users: Iterable[UserKey]) -> int:
    """Of a set of users, in no order."""
    every = [mixed(one) for one in users]
    return _sum(every, len(every))


def _sum(numbers: Iterable[int], size: int) -> int:
    return (sum(numbers) + mixed(-size)) & _63


@dataclass(slots=True)
class Roll:
    """Users by their place on it. What is written of them stands in columns of numbers."""

    _places: dict[str, int] = field(default_factory=dict)
    """In their order."""
    _keys: "array[int]" = field(default_factory=lambda: array("q"))
    _mixed: "array[int]" = field(default_factory=lambda: array("Q"))
    _digests: "array[int]" = field(default_factory=lambda: array("Q"))
    """Of what each last said; 0 while it says nothing, or has said no."""
    _answered: bytearray = field(default_factory=bytearray)
    _absent: frozenset[str] | None = None
    """Who has not answered, if nobody has since this was found out."""

    def add(self, names: Iterable[str], keys: Sequence[int], digests: Iterable[int]) -> None:
        """Names are the directory's ids."""
        self._places.update(zip(names, count(len(self._keys))))
        self._keys.extend(keys)
        self._mixed.extend(map(mixed, keys))
        self._digests.extend(digests)
        self._answered.extend(bytes(len(keys)))
        self._absent = None

    @property
    def listed(self) -> int:
        """How many have answered."""
        return self._answered.count(1)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def has_all(self, names: Iterable[str]) -> bool:
        return all(name in self._places for name in names)

    def key(self, name: str) -> UserKey:
        return UserKey(self._keys[self._places[name]])

    def call(self, page: Iterable[DirectoryUser], fresh: Fresh) -> None:
        """Mark these as listed. Those that say something new join the `fresh`."""
        self._absent = None
        for user in page:
            digest = digest_of_user(user)
            place = self._places.get(user.id)
            if place is None:
                fresh[user.id] = user, digest
                continue
            self._answered[place] = 1
            if self._digests[place] != digest:
                fresh[user.id] = user, digest
            elif fresh:
                fresh.pop(user.id, None)

    def note(self, name: str, digest: int) -> None:
        """What it said is written down."""
        place = self._places[name]
        self._digests[place] = digest
        self._answered[place] = 1
        self._absent = None

    def unanswered(self) -> set[int]:
        """Whom the directory has named before, and not listed now."""
        return {key for key, said in zip(self._keys, self._answered, strict=True) if not said}

    def places(self, names: Collection[str]) -> Sequence[int]:
        """Of those who are on the roll."""
        try:
            return _each(self._places, names)
        except KeyError:
            return _each(self._places, [name for name in names if name in self._places])

    def present(self, names: frozenset[str]) -> frozenset[str]:
        """Without those who are on the roll and have not answered, of whom there are few once all
        users were listed.
        """
        if self._absent is None:
            self._absent = frozenset(compress(self._places, map(not_, self._answered)))
        return names if self._absent.isdisjoint(names) else names - self._absent

    def keys(self, places: Sequence[int]) -> set[UserKey]:
        return cast(set[UserKey], set(_each(self._keys, places)))

    def digest(self, places: Sequence[int]) -> int:
        """As `digest_of_members` of the same users."""
        return _sum(_each(self._mixed, places), len(places))


def _each(held: Any, wanted: Collection[Any]) -> Sequence[int]:
    """What is held of each, at once: there are millions of them in a night."""
    if len(wanted) > 1:
        return cast(Sequence[int], itemgetter(*wanted)(held))
    return [held[one] for one in wanted]
