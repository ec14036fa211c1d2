"""What an administrator tells us so that we can read an Okta organization."""

import os
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.okta.keys import SigningKey, signing_key

_PLAIN = re.compile(r"[\x21-\x7e]+")
_SCOPES = 'must be "all", {"app_id": "…"} or {"groups": ["…"]}.'

Name = Annotated[str, Field(min_length=1, max_length=255)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class AppScope(_Strict):
    """The users and groups that are assigned to one application of the Okta organization."""

    app_id: Name


class GroupScope(_Strict):
    """Some groups and their members. Each is named by its id or by its exact name."""

    groups: tuple[Name, ...] = Field(strict=False, min_length=1, max_length=1000)


class OktaPull(_Strict):
    """The `pull` part of a connection, without its schedule. Secrets never show in a repr."""

    kind: Literal["okta"]
    org_url: str
    """https://…, normalized: no path, no slash at the end."""
    token: SecretStr | None = None
    """An API token (SSWS). It acts with the rights of the administrator who made it."""
    client_id: Name | None = None
    private_key: SecretStr | None = None
    """Of an API services app: RSA, as PEM or JWK (OAuth 2.0 private_key_jwt, RFC 7523)."""
    scope: Literal["all"] | AppScope | GroupScope

    @field_validator("org_url")
    @classmethod
    def _org_url(cls, text: str) -> str:
        return _normalized(text)

    @field_validator("token")
    @classmethod
    def _token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _PLAIN.fullmatch(token.get_secret_value()):
            raise ValueError("must be the bare API token, without SSWS, spaces or line breaks.")
        return token

    @field_validator("private_key")
    @classmethod
    def _private_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            signing_key(key.get_secret_value())
        return key

    @field_validator("scope", mode="before")
    @classmethod
    def _scope(cls, value: Any) -> Any:
        """One sentence, where a union would complain once for each of its members."""
        named = isinstance(value, dict) and set(value) in ({"app_id"}, {"groups"})
        if named or value == "all" or isinstance(value, AppScope | GroupScope):
            return value
        raise ValueError(_SCOPES)

    @model_validator(mode="after")
    def _one_way_in(self) -> "OktaPull":
        by_key = (self.client_id, self.private_key)
        if (self.token is None) == (by_key == (None, None)) or by_key.count(None) == 1:
            raise ValueError("Give either token, or client_id and private_key.")
        return self

    def key(self) -> SigningKey | None:
        """The signing key, parsed; None where a token is used."""
        if self.private_key is None:
            return None
        return signing_key(self.private_key.get_secret_value())


def _normalized(text: str) -> str:
    """The origin of an organization. Raises ValueError."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.scheme not in _schemes() or not re.fullmatch(r"[a-z0-9.-]+", host):
        raise ValueError("must look like https://example.okta.com.")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be the address of the organization alone, without a path.")
    if re.search(r"-admin\.(okta|oktapreview|okta-emea)\.com$", host):
        raise ValueError("must be the organization's own address, without -admin.")
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}"


def _schemes() -> tuple[str, ...]:
    """Plain http only in tests, by the variable that the Okta SDK itself reads for it."""
    unsafe = os.environ.get("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "").lower() == "true"
    return ("https", "http") if unsafe else ("https",)
