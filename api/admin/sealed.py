"""Secrets of connections and targets: kept sealed, put back to be checked, never moved along."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.context import Context
from api.problems import Problem, wrong
from models.store.vault import CannotOpen
from sync.sealing import Config, patched


def seal(context: Context, secrets: Config, owner: str) -> bytes | None:
    return context.vault.seal(secrets, owner) if secrets else None


def opened(context: Context, sealed: bytes | None, owner: str) -> Config:
    """Raises Problem when the master key is not the one it was sealed with."""
    try:
        return context.vault.open(sealed, owner)
    except CannotOpen as trouble:
        raise Problem(409, f"{trouble} Configure the key in TRUEUP_MASTER_KEY.") from None


def changed(
    before: Config, sent: Mapping[str, Any], *, secrets: Iterable[str], field: str = ""
) -> Config:
    """A config after a merge patch (RFC 7396). Secrets that are not sent stay as they are.

    Unless an address changes: a secret goes only to the address it was given for. Else
    whoever may change an address, and may not see the secret, could have it sent elsewhere.
    Raises Problem.
    """
    before = {k: v for k, v in before.items() if not _is_other(v, sent.get(k))}
    old, new = _flat(before), _flat(sent)
    moved = sorted(k for k, v in new.items() if "://" in str(v) and old.get(k) != v)
    kept = sorted(name for name in secrets if name in old and name not in new)
    if moved and kept:
        raise wrong(
            f"{field}{kept[0]}",
            f"With a new {moved[0]}, {kept[0]} must be sent again: it was given for the old one.",
        )
    return patched(before, sent)


def _is_other(before: object, after: object) -> bool:
    """An object of another type has other parts: none of the old ones stays."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    return "type" in after and after["type"] != before.get("type")


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """Values by their dotted names."""
    return dict(_walk(config, ""))


def _walk(config: Mapping[str, Any], under: str) -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _walk(value, f"{under}{key}.")
        else:
            yield f"{under}{key}", value
