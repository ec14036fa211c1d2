"""What a target is told about itself, checked as its kind asks, secrets apart."""

from typing import Any
from urllib.parse import urlsplit

from api.admin import sealed
from api.admin.call import AnyRow
from api.admin.target_shapes import Guard
from api.context import Context
from api.problems import wrong
from connectors import registry
from connectors.addresses import resolve
from connectors.errors import Misconfigured, Transient
from models.store.database import dumps
from sync.sealing import Config, merged, split

_OWN = frozenset({"slug", "connections", "guard", "mapping"})
_FIXED = frozenset({"organization", "kind"})


def checked(context: Context, kind: str, config: Config) -> tuple[Config, Config]:
    """The settings of a kind: those to show, and the secrets. Raises Problem."""
    try:
        registry.validate(kind, config, role="target")
        names = registry.secret_names(kind, role="target")
    except (ValueError, Misconfigured) as trouble:
        raise wrong("kind" if isinstance(trouble, Misconfigured) else "", str(trouble)) from None
    if isinstance(config.get("url"), str):
        _reachable(context, config["url"])
    return split(config, names)


def _reachable(context: Context, url: str) -> None:
    """A name that cannot be found now may be found later; a private address is refused now."""
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80}.get(parts.scheme, 443)
        resolve(parts.hostname or "", port, context.settings.allowed)
    except Transient:
        return
    except (Misconfigured, ValueError) as trouble:
        raise wrong("url", f"url: {trouble}") from None


def columns(context: Context, before: AnyRow, values: Config) -> dict[str, Any]:
    """What changes, checked as a whole together with what stays."""
    for name in sorted(_FIXED & set(values)):
        raise wrong(name, f"The {name} of a target cannot be changed.")
    own = {k: v for k, v in values.items() if k in ("guard", "mapping")}
    found = {k: dumps(_guard(before, v) if isinstance(v, Guard) else v) for k, v in own.items()}
    settings = {k: v for k, v in values.items() if k not in _OWN}
    if not settings:
        return found
    hidden = sealed.opened(context, before.secrets, before.public_id)
    names = registry.secret_names(before.kind, role="target")
    whole = sealed.changed(merged(before.config, hidden), settings, secrets=names)
    config, secrets = checked(context, before.kind, whole)
    sealed_secrets = sealed.seal(context, secrets, before.public_id)
    return {**found, "config": dumps(config), "secrets": sealed_secrets}


def _guard(before: AnyRow, change: Guard) -> Config:
    """What is not sent stays: whoever changes a number takes nobody's protection away."""
    return merged(before.guard, change.model_dump(exclude_unset=True))
