"""What an operator sets, from the environment and a `.env` file."""

import os
import secrets
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from connectors.http import Limits, Network, networks
from models.store.vault import Vault, new_master_key

PREFIX = "TRUEUP_"
TEST_PREFIX = "TRUEUP_TEST_"
DOT_ENV = ".env"
MASTER_KEY_LENGTH = 16


class SettingsError(Exception):
    """A setting is wrong. The text is one sentence for an operator."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=DOT_ENV, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Path("var")
    database_url: str = ""
    broker_url: str = ""
    base_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    admin_key: str = ""
    master_key: str = ""
    allow_networks: str = ""
    trusted_proxies: str = ""

    @field_validator("allow_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("master_key")
    @classmethod
    def _keys(cls, text: str) -> str:
        if any(0 < len(key) < MASTER_KEY_LENGTH for key in _parts(text)):
            raise ValueError(f"a key has at least {MASTER_KEY_LENGTH} characters")
        return text

    @property
    def sql_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'trueup.db'}"

    @property
    def outside(self) -> str:
        """The address by which others reach us, without a trailing slash."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def allowed(self) -> tuple[Network, ...]:
        return networks(self.allow_networks)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Whose X-Forwarded-For is believed."""
        return networks(self.trusted_proxies)

    @property
    def limits(self) -> Limits:
        return Limits(allow=self.allowed)

    def prepare_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)

    def vault(self) -> Vault:
        """With the master keys given, or one made for this home and readable by us alone."""
        if _parts(self.master_key):
            return Vault(_parts(self.master_key))
        path = self.home / "master.key"
        if not path.exists():
            self.prepare_home()
            _write_once(path, new_master_key())
        return Vault([path.read_text().strip()])


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and never over an existing one."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def load() -> Settings:
    """Raises SettingsError about the first thing that is wrong."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in sorted({*os.environ, *dotenv_values(DOT_ENV)}):
        if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX) and name not in known:
            raise SettingsError(f"{name} is no setting. There are: {', '.join(sorted(known))}.")
    try:
        settings = Settings()
    except ValidationError as trouble:
        first = trouble.errors(include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name} is wrong: {first['msg']}.") from trouble
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    sql = settings.sql_url
    if not sql.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingsError(
            "TRUEUP_DATABASE_URL must begin with postgresql+psycopg:// or sqlite:///."
        )
    try:
        make_url(sql)
    except ArgumentError as trouble:
        raise SettingsError("TRUEUP_DATABASE_URL is no valid address of a database.") from trouble
    broker = settings.broker_url
    if broker and not broker.startswith(("redis://", "rediss://", "amqp://", "amqps://")):
        raise SettingsError("TRUEUP_BROKER_URL must begin with redis:// or amqp://.")
    if settings.base_url and not settings.base_url.startswith(("http://", "https://")):
        raise SettingsError("TRUEUP_BASE_URL must begin with http:// or https://.")
