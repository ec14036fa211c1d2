"""Every kind of source and target by its name: ours, then those of installed packages."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from connectors.base import Source, Target
from connectors.errors import Misconfigured
from connectors.http import Limits
from connectors.kinds import Kind, secret_fields, sentences
from connectors.scim import ScimSettings, ScimTarget

Config = Mapping[str, Any]
Role = Literal["source", "target"]


def _scim() -> Kind:
    return Kind(ScimSettings, ScimTarget)


def _okta() -> Kind:
    # Imported here because the vendor's SDK is heavy, and only those pay who use it.
    from connectors.okta import Okta, OktaPull  # noqa: PLC0415

    return Kind(OktaPull, lambda settings, limits: Okta(settings, limits=limits))


def _entra() -> Kind:
    # Imported here because msal is heavy, and only those pay who use it.
    from connectors.entra import Entra, EntraPull  # noqa: PLC0415

    return Kind(EntraPull, lambda settings, limits: Entra(settings, limits=limits))


_OURS: dict[Role, dict[str, Callable[[], Kind]]] = {
    "source": {"entra": _entra, "okta": _okta},
    "target": {"scim": _scim},
}


def source(kind: str, config: Config, limits: Limits) -> Source:
    """A directory to read. Raises Misconfigured for an unknown kind or wrong settings."""
    made: Source = _made(kind, config, limits, role="source")
    return made


def target(kind: str, config: Config, limits: Limits) -> Target:
    """A system to provision. Raises Misconfigured for an unknown kind or wrong settings."""
    made: Target = _made(kind, config, limits, role="target")
    return made


def validate(kind: str, config: Config, *, role: Role | None = None) -> BaseModel:
    """The settings of that kind. `role` decides where a source and a target share a name.

    Raises ValueError with a sentence for each fault, none of which shows a value; and
    Misconfigured for an unknown kind.
    """
    model = _find(kind, role).settings
    values = {name: value for name, value in config.items() if name != "kind"}
    if "kind" in model.model_fields:
        values["kind"] = config.get("kind", kind)
    try:
        return model.model_validate(values)
    except ValidationError as faults:
        raise ValueError(sentences(faults)) from None


def secret_names(kind: str, *, role: Role | None = None) -> frozenset[str]:
    """The keys of a config to encrypt and never to show; `auth.token` is `token` in `auth`.

    Raises Misconfigured for an unknown kind.
    """
    return frozenset(secret_fields(_find(kind, role).settings))


def known(role: Role) -> list[str]:
    """The names of all kinds, sorted."""
    return sorted({*_OURS[role], *(point.name for point in entry_points(group=_group(role)))})


def _made(kind: str, config: Config, limits: Limits, *, role: Role) -> Any:
    try:
        settings = validate(kind, config, role=role)
    except ValueError as faults:
        raise Misconfigured(f"The settings of this {role} are wrong: {faults}") from None
    return _find(kind, role).build(settings, limits)


def _find(kind: str, role: Role | None) -> Kind:
    roles: list[Role] = ["target", "source"] if role is None else [role]
    for each in roles:
        if kind in _OURS[each]:
            return _OURS[each][kind]()
        for point in entry_points(group=_group(each), name=kind):
            found: Kind = point.load()
            return found
    names = ", ".join(name for each in roles for name in known(each))
    raise Misconfigured(f"{kind!r} is no known kind. Known are: {names}.")


def _group(role: Role) -> str:
    return f"trueup.{role}s"
