"""Who is who: the strongest immutable identifier first, and never by a guess."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.identity import Identifier, UserKey


@dataclass(frozen=True, slots=True)
class Matched:
    user: UserKey
    by: Identifier


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody we know."""


@dataclass(frozen=True, slots=True)
class Recycled:
    """The name belongs to somebody with another immutable identifier: a new person."""

    former: UserKey
    by: Identifier


@dataclass(frozen=True, slots=True)
class Disputed:
    """Two candidates of equal standing. Nothing is merged."""

    candidates: tuple[UserKey, ...]


Match = Matched | Unknown | Recycled | Disputed


STRONG = frozenset({"id", "external_id", "subject"})
_IDS = {
    "entra": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
    "okta": re.compile(r"00u[0-9A-Za-z]{17}"),
}


def is_directory_id(provider: str, value: str) -> bool:
    """Whether a pushed identifier has the form of this provider's own ids of users.

    Then it is one, and another id is another person. Entra pushes a nickname as externalId
    unless an administrator mapped the object id.
    """
    form = _IDS.get(provider)
    return form is not None and form.fullmatch(value) is not None


def match(
    offered: Sequence[Identifier],
    found: Mapping[Identifier, UserKey],
    immutable: Mapping[UserKey, str],
) -> Match:
    """Whom the offered identifiers name: the channel's own immutable one first.

    `found` tells whom each names now; `immutable` what each candidate is called in the
    namespace of the first. A weak identifier never overrules a strong one.
    """
    for identifier in offered:
        if identifier.namespace in STRONG and identifier in found:
            return Matched(found[identifier], identifier)
    weak = [one for one in offered if one.namespace not in STRONG and one in found]
    candidates = tuple(dict.fromkeys(found[one] for one in weak))
    if not candidates:
        return Unknown()
    if len(candidates) > 1:
        return Disputed(tuple(sorted(candidates)))
    known, given = immutable.get(candidates[0]), offered[0]
    if given.namespace in STRONG and known is not None and known != given.value:
        return Recycled(candidates[0], weak[0])
    return Matched(candidates[0], weak[0])
