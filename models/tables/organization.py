"""Customers, their verified domains, and administrators' keys."""

from sqlmodel import Field, SQLModel

from models.tables.columns import instant, key, maybe_instant, public_id, refers


class Organization(SQLModel, table=True):
    __tablename__ = "organizations"
    id: int | None = key()
    public_id: str = public_id()
    slug: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=256)
    created_at: int = instant()
    updated_at: int = instant()


class Domain(SQLModel, table=True):
    __tablename__ = "domains"
    name: str = Field(primary_key=True, max_length=253)
    organization_id: int = refers("organizations", index=True)


class ApiKey(SQLModel, table=True):
    """An administrator's API key. Only its hash is kept."""

    __tablename__ = "api_keys"
    id: int | None = key()
    public_id: str = public_id()
    name: str = Field(max_length=256)
    hash: str = Field(unique=True, max_length=64)
    organization_id: int | None = refers("organizations", default=None, nullable=True)
    """The one organization it may act for; none means all."""
    created_at: int = instant()
    updated_at: int = instant()
    last_used_at: int | None = maybe_instant()
    revoked_at: int | None = maybe_instant()
