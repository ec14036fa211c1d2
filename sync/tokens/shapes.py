"""What the identifiers in a groups claim look like, and when a token speaks another language. Pure.

A token that lists object ids where it listed names yesterday does not say that everybody left
every group. It covers the namespace of its claim, and that is another one now.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

SUPPORT = 3
"""How many users must speak the new language before the source does (all of them, if fewer)."""


class Shape(StrEnum):
    GUID = "object ids"
    SID = "security identifiers"
    DN = "distinguished names"
    EMAIL = "e-mail addresses"
    ACCOUNT = "DOMAIN\\name accounts"
    PATH = "paths"
    NUMBER = "numbers"
    KEY = "opaque keys"
    NAME = "names"


_FORMS = (
    (Shape.GUID, re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)),
    (Shape.SID, re.compile(r"S-1-\d+(-\d+)+", re.IGNORECASE)),
    (Shape.DN, re.compile(r"[a-z][a-z0-9.-]*\s*=[^,]+(,\s*[a-z][a-z0-9.-]*\s*=[^,]+)*", re.I)),
    (Shape.EMAIL, re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")),
    (Shape.ACCOUNT, re.compile(r"[^\\/\s]+\\[^\\]+")),
    (Shape.PATH, re.compile(r"(/?[^/\s][^/]*)?(/[^/]+)+/?")),
    (Shape.NUMBER, re.compile(r"\d+")),
    (Shape.KEY, re.compile(r"(?=[^\d]*\d)(?=[^a-z]*[a-z])[a-z0-9]{16,}", re.IGNORECASE)),
)


def shape(value: str) -> Shape:
    """The first form that the whole text has; a name is what has none."""
    return next((one for one, form in _FORMS if form.fullmatch(value)), Shape.NAME)


def dominant(values: Iterable[str]) -> Shape | None:
    """The shape of more than half of them."""
    counts = Counter(shape(one) for one in values)
    if not counts:
        return None
    first, count = min(counts.items(), key=lambda one: (-one[1], one[0]))
    return first if 2 * count > counts.total() else None


def speaks_otherwise(
    listed: Collection[str], young: Collection[str], unlisted: Iterable[Collection[str]]
) -> bool:
    """Whether a token may leave groups out only because it calls groups otherwise now.

    `unlisted` are the values that name each of the groups it would deny; `young` those of the
    listed values that this source has used for less than a day. It speaks otherwise when it
    has new words of a form that none of the groups it leaves out has a name in, and leaves one
    out that has no name of a form it speaks.
    """
    spoken = {shape(one) for one in listed}
    left_out = [{shape(one) for one in names} for names in unlisted]
    new = {shape(one) for one in young}.difference(*left_out)
    return bool(new) and any(known and not known & spoken for known in left_out)


def has_changed(
    formerly: Iterable[str], today: Mapping[int, Collection[str]], people: int
) -> tuple[Shape, Shape] | None:
    """From which form to which, if most of those who signed in today are named otherwise.

    `formerly` are values in use for longer than a day, `today` what the newest token of each
    user of the last day lists, `people` how many have ever signed in.
    """
    before = dominant(formerly)
    if before is None:
        return None
    spoken = [dominant(values) for values in today.values() if values]
    counts = Counter(one for one in spoken if one is not None and one is not before)
    if not counts:
        return None
    now, users = min(counts.items(), key=lambda one: (-one[1], one[0]))
    if users < min(SUPPORT, people) or 2 * users <= len(spoken):
        return None
    return before, now
