"""The few shapes that all nouns share, in and out."""

import re
import unicodedata
import uuid
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.instant import Instant, to_text

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class Incoming(BaseModel):
    """What an administrator sends. What is not known is refused, nothing is guessed."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


class Shown(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kept(Shown):
    """An object that stands."""

    id: str
    created_at: str
    updated_at: str


class Check(Shown):
    """What is set up and what is wrong, in sentences."""

    ok: bool
    set_up: list[str]
    wrong: list[str]


T = TypeVar("T", bound=BaseModel)


class ListOf(Shown, Generic[T]):
    """A page of a list."""

    items: list[T]
    next_cursor: str | None = None


def _slug(text: str) -> str:
    """A slug stands where an id may stand, so it must not look like one."""
    if not _SLUG.fullmatch(text):
        raise ValueError("must be 1 to 64 lower-case letters, digits and hyphens, such as acme-eu")
    try:
        uuid.UUID(text)
    except ValueError:
        return text
    raise ValueError("must not look like an id")


def _plain(text: str) -> str:
    """A name is read by people: what cannot be seen in it could make it look like another."""
    if any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in text):
        raise ValueError("must be a text without control or format characters")
    return text


Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_plain)]
Slug = Annotated[str, AfterValidator(_slug)]
Reference = Annotated[str, Field(min_length=1, max_length=200)]
"""An id or a slug."""


def omitted() -> Any:
    """The default of a field that stays as it is unless it is sent."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def sent(body: BaseModel) -> dict[str, Any]:
    """The fields that were sent, null among them."""
    return {name: getattr(body, name) for name in sorted(body.model_fields_set)}


def kept(row: Any) -> dict[str, str]:
    """Id and times of a row."""
    return {
        "id": row.public_id,
        "created_at": to_text(row.created_at),
        "updated_at": to_text(row.updated_at),
    }


def when(instant: Instant | None) -> str | None:
    return to_text(instant) if instant else None
