"""What of a request may be printed, and what must not."""

import re
from collections.abc import Iterable, Iterator, Mapping

from connectors.errors import Misconfigured

_TEXT = re.compile(r"[\x20-\x7e\t]*")
_SECRET = re.compile(r"authorization|cookie|key|token|secret|password|assertion", re.IGNORECASE)


def bare(url: str) -> str:
    """A URL as it may be printed: without user, password, query and fragment."""
    return re.split(r"[?#]", re.sub(r"//[^/]*@", "//", url), maxsplit=1)[0]


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, names in lower case. Raises Misconfigured.

    Checked by us, since the libraries below would print the value, which may be a token.
    """
    for name, value in headers.items():
        if not _TEXT.fullmatch(value):
            raise Misconfigured(f"The {name} header holds characters that HTTP does not allow.")
    return {name.lower(): value for name, value in headers.items()}


def secrets(fields: Mapping[str, str]) -> Iterator[str]:
    """The values of headers or form fields whose names say that they are secret.

    Of `Bearer abc` also `abc` alone. Three characters or fewer would blot out common words.
    """
    for name, value in fields.items():
        if _SECRET.search(name):
            yield from (part for part in (value, value.rpartition(" ")[2]) if len(part) > 3)


def presentable(text: str, hidden: Iterable[str] = ()) -> str:
    """At most 200 printable characters of what a peer said, our secrets cut out."""
    for secret in hidden:
        text = text.replace(secret, "…")
    return "".join(c if c.isprintable() else " " for c in text[:200]).strip()
