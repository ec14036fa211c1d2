"""What a connection says about the Entra tenant that it reads."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

ObjectId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$")]


def _https(address: str) -> str:
    """Credentials and directories never travel in the clear, and msal takes https only."""
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise ValueError("must be an https address")
    if parts.query or parts.fragment:
        raise ValueError("must have no query and no fragment")
    return f"https://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _pem(text: SecretStr) -> SecretStr:
    """A private key and its certificate. The reason of a refusal never quotes the text."""
    pem = text.get_secret_value().encode()
    try:
        key, certificate = load_pem_private_key(pem, None), load_pem_x509_certificate(pem)
    except (ValueError, TypeError):
        raise ValueError(
            "must be PEM text with an unencrypted private key and its certificate"
        ) from None
    if not isinstance(key, RSAPrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError("must hold an RSA key and the certificate of that same key")
    return text


Https = Annotated[str, AfterValidator(_https)]


class _Strict(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, hide_input_in_errors=True, str_max_length=65536
    )


class NamedGroups(_Strict):
    """These groups, everyone in them, nested groups resolved."""

    groups: Annotated[list[ObjectId], Field(min_length=1)]


class AppAssignment(_Strict):
    """Whoever is assigned to one application."""

    app_id: ObjectId
    """The object id of the enterprise application (service principal), not its client id."""


class EntraPull(_Strict):
    """The pull channel of a connection to Microsoft Entra ID."""

    kind: Literal["entra"]
    tenant_id: Tenant
    client_id: ObjectId
    client_secret: SecretStr | None = None
    certificate: Annotated[SecretStr, AfterValidator(_pem)] | None = None
    """PEM text: an RSA private key and its certificate."""
    authority: Https = "https://login.microsoftonline.com"
    graph_url: Https = "https://graph.microsoft.com/v1.0"
    scope: Literal["all"] | NamedGroups | AppAssignment = "all"

    @field_validator("scope", mode="before")
    @classmethod
    def _scope(cls, value: object) -> object:
        """One sentence, where a union would complain once for each of its members."""
        named = isinstance(value, dict) and set(value) in ({"app_id"}, {"groups"})
        if named or value == "all" or isinstance(value, NamedGroups | AppAssignment):
            return value
        raise ValueError('must be "all", {"groups": ["…"]} or {"app_id": "…"}')

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give a client_secret or a certificate, and not both")
        if self.client_secret is not None and not self.client_secret.get_secret_value():
            raise ValueError("client_secret is empty")
        if self.tenant_id.lower() in ("common", "organizations", "consumers", "adfs"):
            raise ValueError("tenant_id must name one tenant")
        return self

    @property
    def offers_rounds(self) -> bool:
        """Changes are told of the whole directory only."""
        return self.scope == "all"

    @property
    def sign_in(self) -> str:
        """The tenant's authority. One given with a path names its tenant already."""
        path = urlsplit(self.authority).path
        return self.authority if path else f"{self.authority}/{self.tenant_id}"

    @property
    def graph(self) -> str:
        """The root of Graph with its version: national clouds are listed without one."""
        path = urlsplit(self.graph_url).path
        return self.graph_url if path else f"{self.graph_url}/v1.0"

    @property
    def permission(self) -> str:
        """The token's scope: all application permissions that were consented to."""
        return f"https://{urlsplit(self.graph_url).netloc}/.default"
