"""What a connection's login channel is told about its provider."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from api.login.compact import ALGORITHMS
from api.login.jwks import is_safe

_PROPERTIES = ("user_id", "user_name", "email", "first_name", "last_name")


def _issuer(address: str) -> str:
    """OIDC Discovery §3: an https address without query and fragment."""
    if not is_safe(address) or "?" in address or "#" in address:
        raise ValueError("the issuer must be an https address without query and fragment")
    return address


def _properties(mapping: dict[str, str]) -> dict[str, str]:
    unknown = sorted(set(mapping) - set(_PROPERTIES))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(_PROPERTIES)}")
    return mapping


def _algorithms(names: list[str]) -> list[str]:
    if not names or not set(names) <= set(ALGORITHMS):
        raise ValueError(f"choose from {', '.join(ALGORITHMS)}")
    return names


Name = Annotated[str, Field(min_length=1, max_length=255)]
Properties = Annotated[dict[str, Name], AfterValidator(_properties)]
Algorithms = Annotated[list[str], AfterValidator(_algorithms)]


class OidcSettings(BaseModel):
    """The login channel of a connection that signs in by OpenID Connect."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    protocol: Literal["oidc"] = "oidc"
    issuer: Annotated[str, Field(max_length=1024), AfterValidator(_issuer)]
    client_id: Name
    client_secret: SecretStr | None = None
    groups_claim: Name = "groups"
    mapping: Properties = Field(default_factory=dict)
    """Property to claim name; what is not named here is read from the standard claim."""
    audiences: list[Name] = Field(default_factory=list, max_length=20)
    """Accepted beside the client id."""
    algorithms: Algorithms = Field(default_factory=lambda: list(ALGORITHMS))
    tenants: list[Name] = Field(default_factory=list, max_length=100)
    """Whose users may come in by an Entra issuer that serves every tenant (`common`)."""
