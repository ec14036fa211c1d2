"""Take the secrets out of a config and put them back. A dotted name is a key within a key."""

from collections.abc import Iterable, Mapping
from typing import Any

Config = dict[str, Any]


def split(config: Mapping[str, Any], names: Iterable[str]) -> tuple[Config, Config]:
    """What may be shown, and the secrets, each in its place."""
    shown, hidden = merged(config, {}), Config()
    for name in names:
        *path, last = name.split(".")
        place = _inside(shown, path)
        if place is not None and last in place:
            secret: Any = place.pop(last)
            for key in (last, *reversed(path)):
                secret = {key: secret}
            hidden = merged(hidden, secret)
    return shown, hidden


def merged(config: Mapping[str, Any], more: Mapping[str, Any]) -> Config:
    """Both in one, key by key at every depth; where both have a value, that of `more`."""
    found: Config = {k: merged(v, {}) if isinstance(v, Mapping) else v for k, v in config.items()}
    for key, value in more.items():
        below = found.get(key)
        if isinstance(value, Mapping):
            found[key] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            found[key] = value
    return found


def patched(config: Mapping[str, Any], change: Mapping[str, Any]) -> Config:
    """A JSON merge patch (RFC 7396): what is null goes, what is not named stays."""
    found = merged(config, {})
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping):
            below = found.get(key)
            found[key] = patched(below if isinstance(below, Mapping) else {}, value)
        else:
            found[key] = value
    return found


def _inside(config: Any, path: Iterable[str]) -> Any:
    for key in path:
        if not isinstance(config, Mapping) or key not in config:
            return None
        config = config[key]
    return config if isinstance(config, Mapping) else None
