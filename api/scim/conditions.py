"""Only if it is still so: If-Match and If-None-Match (RFC 7644 §3.14, RFC 9110 §13).

A version has two parts: how often the resource was written, and a digest of what is shown with
it that belongs to others, such as the groups of a user. A write is meant for the first alone.
"""

import hashlib
import re

from api.scim.errors import PreconditionFailed


def version_of(number: int, besides: str = "") -> str:
    """Weak: two answers of one version may list their attributes differently.

    `besides` is the text of what is shown beside the resource itself.
    """
    if not besides:
        return f'W/"{number}"'
    digest = hashlib.blake2b(besides.encode(), digest_size=6)
    return f'W/"{number}.{digest.hexdigest()}"'


def check_match(condition: str | None, version: str) -> None:
    """Raises PreconditionFailed when the resource was written since.

    Versions here are weak by nature, so they are compared weakly, as RFC 7644 §3.14 shows.
    """
    if condition is not None and not _names(_written(condition), version):
        raise PreconditionFailed("The resource has changed. Read it again.")


def check_none_match(condition: str | None, version: str) -> None:
    """Raises PreconditionFailed for a write that is meant for any version but this one."""
    if condition is not None and _names(condition, version):
        raise PreconditionFailed("The resource is as it must not be.")


def is_unchanged(condition: str | None, version: str) -> bool:
    """Whether the client has this version already."""
    return condition is not None and _names(condition, version)


def _names(condition: str, version: str) -> bool:
    named = {each.strip().removeprefix("W/") for each in condition.split(",")}
    return "*" in named or version.removeprefix("W/") in named


def _written(condition: str) -> str:
    """Without the digests."""
    return _DIGEST.sub('"', condition)


_DIGEST = re.compile(r'\.[0-9a-f]{12}"')
