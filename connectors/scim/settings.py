"""What an administrator tells us so that we can provision over SCIM."""

import base64
import re
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.http import Limits

_PLAIN = re.compile(r"[\x21-\x7e]+")
Seconds = Annotated[float, Field(gt=0, le=600)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BearerAuth(_Strict):
    """RFC 6750."""

    type: Literal["bearer"]
    token: SecretStr

    @field_validator("token")
    @classmethod
    def _token(cls, token: SecretStr) -> SecretStr:
        if not _PLAIN.fullmatch(token.get_secret_value()):
            raise ValueError("token must be the bare token, without Bearer, spaces or line breaks.")
        return token

    def header(self) -> str:
        return f"Bearer {self.token.get_secret_value()}"


class BasicAuth(_Strict):
    """RFC 7617."""

    type: Literal["basic"]
    user_name: str = Field(min_length=1, max_length=255, pattern=r"^[^:\x00-\x1f\x7f]+$")
    password: SecretStr

    def header(self) -> str:
        pair = f"{self.user_name}:{self.password.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


class NoAuth(_Strict):
    type: Literal["none"]

    def header(self) -> None:
        return None


class Timeouts(_Strict):
    """In seconds. What is not given stays as the daemon has it."""

    connect: Seconds | None = None
    read: Seconds | None = None
    total: Seconds | None = None


class ScimSettings(_Strict):
    """One SCIM service provider. Secrets never show in a repr."""

    kind: Literal["scim"] = "scim"
    url: str
    """The base of /Users and /Groups, without a slash at the end."""
    auth: Annotated[BearerAuth | BasicAuth | NoAuth, Field(discriminator="type")]
    correlate: Literal["none", "user_name"] = "none"
    """Whether a user that is already there with the same userName may be adopted."""
    batch: int = Field(default=100, ge=1, le=1000)
    """Members in one PATCH at the most."""
    timeouts: Timeouts = Timeouts()

    @field_validator("url")
    @classmethod
    def _url(cls, text: str) -> str:
        return _base(text)

    def limits(self, daemon: Limits) -> Limits:
        """The daemon's limits with the time-outs given here."""
        return replace(daemon, **self.timeouts.model_dump(exclude_none=True))


def _base(text: str) -> str:
    """Raises ValueError. Credentials belong in `auth`, where they are encrypted."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("url must look like https://app.example/scim/v2.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("url must have no user, password, query or fragment.")
    if re.search(r"/(Users|Groups)/?$", parts.path):
        raise ValueError("url must be the address above /Users and /Groups.")
    return text.rstrip("/")
