"""Extensions of pushed users and groups, as an administrator declares them for a connection."""

import re
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from api.admin.shapes import Incoming
from api.scim.schema import CORE_GROUP, ENTERPRISE_USER, USER

_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[A-Za-z0-9._-]+(?::[A-Za-z0-9._-]+)*")
_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
_TAKEN = {name.casefold() for name in (USER.id, ENTERPRISE_USER, CORE_GROUP)}

_USUAL = {"value": "string", "type": "string", "display": "string", "primary": "boolean"}

Simple = Literal["string", "boolean", "reference"]
Any_ = Literal[
    "string", "boolean", "integer", "decimal", "dateTime", "reference", "binary", "complex"
]
Gives = Literal["email", "first_name", "last_name", "display_name"]


def _kept(name: str) -> str:
    if name.casefold() == "password":
        raise ValueError("passwords are never kept")
    return name


class ExtensionPart(Incoming):
    name: str = Field(pattern=_NAME)
    type: Simple = "string"
    description: str = Field(default="", max_length=1000)
    case_exact: bool = False

    @model_validator(mode="after")
    def fits(self) -> Self:
        """The usual parts are what RFC 7643 §2.4 says they are."""
        name = _kept(self.name).casefold()
        if (name == "primary") is not (self.type == "boolean") and name in _USUAL:
            raise ValueError(f"{self.name} must be a {_USUAL[name]}")
        return self


class ExtensionAttribute(Incoming):
    name: str = Field(pattern=_NAME)
    type: Any_ = "string"
    description: str = Field(default="", max_length=1000)
    multi_valued: bool = Field(default=False, description="Of texts and complex values alone.")
    case_exact: bool = False
    canonical_values: list[str] = Field(default=[], max_length=100)
    sub_attributes: list[ExtensionPart] = Field(default=[], max_length=20)
    gives: Gives | None = Field(
        default=None, description="Which attribute of the user it describes, instead of its own."
    )

    @model_validator(mode="after")
    def fits(self) -> Self:
        if (self.type == "complex") is not bool(self.sub_attributes):
            raise ValueError(f"{self.name} must be complex if it has sub_attributes, and only then")
        if self.multi_valued and self.type not in ("string", "reference", "complex"):
            raise ValueError(f"{self.name} can have several values only as a string or complex")
        if self.gives is not None and (self.type != "string" or self.multi_valued):
            raise ValueError(f"{self.name} must be one string to give the {self.gives}")
        if _kept(self.name).casefold() == "value":
            raise ValueError("value is the name of a part, and not of an attribute")
        _once([one.name for one in self.sub_attributes])
        return self


class Extension(Incoming):
    """A schema that extends pushed users or groups (RFC 7643 §3.3)."""

    # `schema` is a method of pydantic's, so the name of the field is another inside.
    urn: str = Field(alias="schema", max_length=200, description="The URN of the schema.")
    name: str = Field(min_length=1, max_length=64)
    description: str = Field(default="", max_length=1000)
    extends: Literal["User", "Group"] = "User"
    attributes: list[ExtensionAttribute] = Field(min_length=1, max_length=100)

    @field_validator("urn")
    @classmethod
    def is_urn(cls, urn: str) -> str:
        if not _URN.fullmatch(urn):
            raise ValueError("must be a URN such as urn:acme:scim:extension:1.0:User")
        if urn.casefold() in _TAKEN:
            raise ValueError("is a schema of the standard")
        return urn

    @model_validator(mode="after")
    def names_once(self) -> Self:
        _once([one.name for one in self.attributes])
        if self.extends == "Group" and any(one.gives for one in self.attributes):
            raise ValueError(f"{self.name} extends groups, and gives describes users")
        return self


def check(extensions: list[Extension]) -> list[Extension]:
    """Raises ValueError for what is declared twice."""
    _once([one.urn for one in extensions])
    gives = [one.gives for each in extensions for one in each.attributes if one.gives]
    _once([str(one) for one in gives])
    return extensions


def kept(extensions: list[Extension]) -> list[dict[str, Any]]:
    return [one.model_dump(by_alias=True, exclude_none=True) for one in extensions]


def _once(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise ValueError(f"{name} is declared twice")
        seen.add(name.casefold())
