"""What the registry knows of one kind of connector."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from connectors.http import Limits


@dataclass(frozen=True, slots=True)
class Kind:
    """What an entry point of the groups `trueup.sources` and `trueup.targets` names."""

    settings: type[BaseModel]
    """Its secrets are fields of the type SecretStr."""
    build: Callable[[Any, Limits], Any]
    """Makes the source or target from validated settings. May raise Misconfigured."""


def secret_fields(model: type[BaseModel]) -> Iterator[str]:
    """The secret fields of a model and of those inside it, as dotted paths."""
    for name, field in model.model_fields.items():
        for part in _types(field.annotation):
            if part in (SecretStr, SecretBytes):
                yield name
            elif isinstance(part, type) and issubclass(part, BaseModel):
                yield from (f"{name}.{inner}" for inner in secret_fields(part))


def _types(annotation: Any) -> Iterator[Any]:
    """A type and all it is made of: of `X | None` both, of `Annotated[X, …]` X."""
    yield annotation
    for part in get_args(annotation):
        yield from _types(part)


def sentences(faults: ValidationError) -> str:
    """One sentence a fault: where, and what. Never the value, which may be a secret."""
    return " ".join(
        _sentence(fault) for fault in faults.errors(include_input=False, include_url=False)
    )


def _sentence(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    what = fault["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{where}: {what}." if where else f"{what}."
