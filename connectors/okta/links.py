"""Which page comes next, by the Link headers of an answer (RFC 8288)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.errors import Transient

_LINK = re.compile(
    r'\s*<(?P<target>[^<>]*)>(?P<parameters>(?:\s*;\s*[\w!#$&+.^`|~*-]+\s*=\s*(?:"[^"]*"|[^\s",;]*))*)'
    r"\s*(?:,|$)"
)
_REL = re.compile(r'\brel\s*=\s*(?:"([^"]*)"|([^\s",;]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Links:
    """What the Link headers of one page say."""

    next: str | None
    has_self: bool


def read_links(values: Iterable[str]) -> Links:
    """Read every relation, whatever the order, and with commas in the targets or not.

    Raises Transient for a header that cannot be read to its end, and for two different next
    pages: either might hide the rest of a list.
    """
    found = [link for value in values for link in _links(value)]
    targets = {target for rel, target in found if rel == "next"}
    if len(targets) > 1:
        raise Transient("Okta named two different next pages.")
    return Links(next(iter(targets), None), any(rel == "self" for rel, _ in found))


def _links(value: str) -> Iterable[tuple[str, str]]:
    """Every relation of every link in one header line."""
    position = 0
    while position < len(value.rstrip()):
        link = _LINK.match(value, position)
        if link is None:
            raise Transient("Okta sent a Link header that cannot be read.")
        rel = _REL.search(link["parameters"])
        for name in (rel[1] or rel[2] or "").lower().split() if rel else ():
            yield name, link["target"]
        position = link.end()
