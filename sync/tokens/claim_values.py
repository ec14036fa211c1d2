"""The names in a groups claim, in whichever of the known shapes the provider wrote them."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MAX_VALUES = 10_000
MAX_LENGTH = 1_024

_JOINS_WITH_SEMICOLON = ("onelogin", "generic")
_DISTINGUISHED_NAME = re.compile(r"[A-Za-z0-9.-]+\s*=")


@dataclass(frozen=True, slots=True)
class Malformed:
    """The claim cannot be read without guessing."""

    problem: str


def read_names(value: object, *, claim: str, provider: str) -> list[str] | Malformed:
    """Every name of the claim's value, duplicates included, or why it cannot be read."""
    if isinstance(value, str):
        return _read_text(value.strip(), claim, provider)
    if not isinstance(value, list | tuple):
        return Malformed(f"The claim {claim} is {_kind(value)}, not a list of names.")
    if provider == "onelogin" and len(value) == 1 and isinstance(value[0], str):
        return _read_list(_parts(value[0]), claim)
    return _read_list(value, claim)


def _read_text(text: str, claim: str, provider: str) -> list[str] | Malformed:
    """One text: a JSON array in disguise, names joined with semicolons, or one name.

    A comma separates names for some providers and belongs to the name for others.
    """
    if text.startswith("["):
        return _read_array(text, claim)
    parts = _parts(text) if provider in _JOINS_WITH_SEMICOLON else [text]
    if any(_is_ambiguous(part) for part in parts):
        return Malformed(
            f"The claim {claim} is one text with separators in it, which may be several names or "
            "one. Configure the provider to send a list (a JSON array)."
        )
    return _read_list(parts, claim)


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(";")]
    return [part for part in parts if part] or [""]


def _is_ambiguous(text: str) -> bool:
    return ";" in text or ("," in text and not _DISTINGUISHED_NAME.match(text))


def _read_array(text: str, claim: str) -> list[str] | Malformed:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return Malformed(f"The claim {claim} is a text that begins as a JSON array and is none.")
    return _read_list(items, claim)


def _read_list(items: Sequence[object], claim: str) -> list[str] | Malformed:
    if len(items) > MAX_VALUES:
        return Malformed(f"The claim {claim} has {len(items)} values; the most is {MAX_VALUES}.")
    names = [item for item in items if isinstance(item, str) and is_plain(item)]
    if len(names) < len(items):
        return Malformed(f"The claim {claim} holds {_first_fault(items)}.")
    return names


def is_plain(text: str) -> bool:
    """A text of sensible length, without control characters and lone surrogates.

    JSON allows both, no honest name has them, and databases refuse them.
    """
    if not text.strip() or len(text) > MAX_LENGTH:
        return False
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _first_fault(items: Sequence[object]) -> str:
    for position, item in enumerate(items, start=1):
        if not isinstance(item, str):
            return f"{_kind(item)} in place {position}; every value must be a text"
        if not item.strip():
            return f"an empty text in place {position}, which may or may not mean no groups"
        if len(item) > MAX_LENGTH:
            return f"a name of {len(item)} characters in place {position}; the most is {MAX_LENGTH}"
    return "a name with control characters in it"


def _kind(value: object) -> str:
    match value:
        case None:
            return "a null"
        case bool():
            return "a true or false"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"
