"""A made-up directory, written down as the pages in which Microsoft Graph would send it.

A line of such a file is a letter, a tab, and a page: users, groups, or members (with the
group's id before the page).
"""

import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import gcd
from operator import itemgetter
from pathlib import Path

import msgspec

from connectors.base import ReadEnded, ReadPart
from connectors.entra.graph import Page
from connectors.entra.reads import everyone
from connectors.entra.rows import GroupRow, MemberRow, UserRow, group, user

PAGE = 999
_USER = (
    '{{"id":"{0}","userPrincipalName":"user{1:07d}@corp.example","displayName":"Test User {1}",'
    '"givenName":"Test","surname":"User {1}{2}","mail":"user{1:07d}@corp.example",'
    '"accountEnabled":true}}'
)
_GROUP = '{{"id":"{0}","displayName":"group {1}"}}'
_MEMBER = '{{"@odata.type":"#microsoft.graph.user","id":"{0}"}}'


class Made:
    """The same every time: the sizes of groups are log-normal, members are scattered."""

    def __init__(self, users: int, groups: int, memberships: int) -> None:
        chance = random.Random(1)
        sizes = [chance.lognormvariate(3.5, 1.6) for _ in range(groups)]
        share = memberships / sum(sizes)
        self.users = [_guid(chance) for _ in range(users)]
        self.renamed = array("b", bytes(users))
        self.groups = [_guid(chance) for _ in range(groups)]
        self.members = [self._some(chance, max(1, round(size * share))) for size in sizes]

    def _some(self, chance: random.Random, size: int) -> "array[int]":
        count = len(self.users)
        start, step = chance.randrange(count), chance.randrange(1, count)
        while gcd(step, count) > 1:
            step += 1
        few = min(size, count // 2)
        return array("i", ((start + step * i) % count for i in range(few)))

    @property
    def memberships(self) -> int:
        return sum(map(len, self.members))

    def change(self, share: float) -> None:
        """Half of the changes take a member out, half put one in; scattered. As many users
        in a thousand have another name."""
        chance, count = random.Random(share), len(self.users)
        for index, members in enumerate(self.members):
            kept = [one for one in members if chance.random() >= share / 2]
            fresh = [chance.randrange(count) for _ in range(len(members) - len(kept))]
            self.members[index] = array("i", dict.fromkeys(kept + fresh))
        for _ in range(round(count * share)):
            self.renamed[chance.randrange(count)] ^= 1

    def write(self, path: Path) -> None:
        with path.open("w") as file:
            for some in _slices(range(len(self.users))):
                each = (_USER.format(self.users[i], i, "-Smith" * self.renamed[i]) for i in some)
                file.write(f"U\t{_page(each)}\n")
            for some in _slices(range(len(self.groups))):
                file.write(f"G\t{_page(_GROUP.format(self.groups[i], i) for i in some)}\n")
            for name, members in zip(self.groups, self.members, strict=True):
                for some in _slices(members) if members else [[]]:
                    page = _page(_MEMBER.format(self.users[i]) for i in some)
                    file.write(f"M\t{name}\t{page}\n")


def _guid(chance: random.Random) -> str:
    text = f"{chance.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _slices(every: Sequence[int]) -> Iterator[Sequence[int]]:
    return (every[start : start + PAGE] for start in range(0, len(every), PAGE))


def _page(rows: Iterable[str]) -> str:
    return f'{{"@odata.context":"https://graph.example/v1.0/","value":[{",".join(rows)}]}}'


class PagesRead:
    """A `Source` that finds the pages in a file, and reads them as the connector to Entra does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Iterator[ReadPart]:
        users = msgspec.json.Decoder(Page[UserRow])
        groups = msgspec.json.Decoder(Page[GroupRow])
        people = count = 0
        for kind, page in self._until_members():
            if kind == b"U":
                listed = [user(row) for row in users.decode(page).value]
                people += len(listed)
                yield listed
            else:
                teams = [group(row) for row in groups.decode(page).value]
                count += len(teams)
                yield teams
        for name, pages in groupby(self._members(), itemgetter(0)):
            yield everyone(GroupRow(id=name.decode()), (page for _, page in pages))
        yield ReadEnded(expected_users=people, expected_groups=count)

    def _until_members(self) -> Iterator[tuple[bytes, bytes]]:
        with self.path.open("rb") as file:
            for line in file:
                kind, page = line.split(b"\t", 1)
                if kind == b"M":
                    return
                yield kind, page

    def _members(self) -> Iterator[tuple[bytes, list[MemberRow]]]:
        """Page by page: a large group comes several times, one after the other."""
        decoder = msgspec.json.Decoder(Page[MemberRow])
        with self.path.open("rb") as file:
            for line in file:
                if line.startswith(b"M"):
                    _, name, page = line.split(b"\t", 2)
                    yield name, decoder.decode(page).value

    def close(self) -> None:
        pass
