"""What of a request may be kept: everything but its secrets.

A secret is known by the name that it goes by. Rather too much is left out than too little.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec

REMOVED = "(removed)"
_NAME = re.compile(
    r"pass[-_ ]?(?:word|wort|wd|phrase|code)|pwd|secret|token|credential"
    r"|authorization|(?:api|private|access)[-_ ]?key",
    re.I,
)
_WORDS = ("pass", "pwd", "secret", "token", "credential", "authorization", "key")
"""Where none of these stands there is no such name."""
_MAYBE = (*(word.encode() for word in _WORDS), b"\\u")
"""In JSON an escape could hide one."""
_VEILED = re.compile(r"%(?:2d|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\da]|[89a-f][\da-f])", re.I)
"""A letter, a digit or a dash that a URL need not encode, or what is not ASCII."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAMING = ("path", "type", "name", "attribute", "key")
"""Members of an object that tell what its `value` is."""
_ASKING = ("path", "filter")
"""Members that may compare something with a secret."""
_COMPARES = re.compile(r"[\s\[\"]")


def is_secret(name: str) -> bool:
    """Whether something of that name is not to be kept."""
    return _NAME.search(name) is not None


def body(raw: bytes) -> str | None:
    """A JSON text, which was read already, without its secrets. None when it is too deep to say."""
    try:
        small = raw.lower()
        if not any(word in small for word in _MAYBE):
            return raw.decode()
        return msgspec.json.encode(_without(msgspec.json.decode(raw))).decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def target(text: str, token: str) -> str:
    """A path with its query, still encoded; the token of the door may be encoded in any way."""
    if not _hides(text, token):
        return text
    path, mark, query = text.partition("?")
    parts = [REMOVED if _hides(part, token) else part for part in path.split("/")]
    return "/".join(parts) + mark + "&".join(_parameter(pair, token) for pair in query.split("&"))


def _hides(part: str, token: str) -> bool:
    """Nearly always there is nothing to be found, nor anything encoded that could be part of it."""
    if not _VEILED.search(part) and token not in part:
        small = part.casefold()
        if not any(word in small for word in _WORDS):
            return False
    plain = unquote_plus(part)
    return is_secret(plain) or token in plain


def sentence(text: str) -> str:
    """Of a sentence that speaks of a secret, what it quotes is left out."""
    plain = text.encode("utf-8", "replace").decode().replace("\x00", "")
    return _QUOTED.sub(REMOVED, plain) if is_secret(plain) else plain


def _parameter(pair: str, token: str) -> str:
    name, equals, _value = pair.partition("=")
    if not _hides(pair, token):
        return pair
    return f"{name}={REMOVED}" if equals and token not in unquote_plus(name) else REMOVED


def _without(value: Any) -> Any:
    match value:
        case dict():
            return {k: _member(value, k, v) for k, v in value.items()}
        case list():
            return [_without(one) for one in value]
        case str() if value.lstrip()[:1] in ("{", "[") and is_secret(value):
            return REMOVED  # Entra packs JSON into texts
        case _:
            return value


def _member(holder: Mapping[str, Any], name: str, value: Any) -> Any:
    folded = name.casefold()
    if folded == "value" and any(map(is_secret, _names(holder))):
        return REMOVED
    if folded in _ASKING and isinstance(value, str):
        return REMOVED if is_secret(value) and _COMPARES.search(value) else value
    return REMOVED if is_secret(name) else _without(value)


def _names(holder: Mapping[str, Any]) -> list[str]:
    return [v for k, v in holder.items() if k.casefold() in _NAMING and isinstance(v, str)]
