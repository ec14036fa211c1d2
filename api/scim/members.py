"""The members of a group as JSON, of which there may be very many.

They come as one text of ids, and are put into the text of an answer a piece at a time: a group of
100,000 is 4 MB of ids and 13 MB of JSON, and many may ask for it at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

PIECE = 32_768
"""Characters of ids that are put into text at once: some 900 members."""
LONG = 2 * PIECE
"""Characters of ids from which on a list is sent in pieces."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The users among them, or the groups."""

    name: str
    head: str
    """What stands before an id in its address."""
    ids: str
    """With a space between."""

    def pieces(self) -> Iterator[str]:
        ref = msgspec.json.encode(self.head).decode()[:-1]
        start = 0
        while start < len(self.ids):
            end = self.ids.find(" ", start + PIECE)
            some = self.ids[start : end if end > 0 else None].split(" ")
            yield ",".join(
                [f'{{"value":"{one}","$ref":{ref}{one}","type":"{self.name}"}}' for one in some]
            )
            start = end + 1 if end > 0 else len(self.ids)


def listed(kinds: Sequence[Kind]) -> Iterator[str]:
    """A JSON array, in pieces."""
    before = "["
    for kind in kinds:
        for piece in kind.pieces():
            yield before + piece
            before = ","
    yield "[]" if before == "[" else "]"
