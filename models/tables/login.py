"""Logins that were observed: who, when, and what its groups claim was worth."""

from typing import Any

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.tables.columns import document, instant, key, public_id, refers


class Login(SQLModel, table=True):
    __tablename__ = "logins"
    __table_args__ = (UniqueConstraint("connection_id", "digest"),)
    id: int | None = key()
    public_id: str = public_id()
    connection_id: int = refers("connections")
    user_id: int = refers("users", index=True)
    digest: str = Field(max_length=64)
    """Of the token, so that a replay is known as one."""
    as_of: int = instant()
    created_at: int = instant()
    groups_state: str = Field(max_length=16)
    groups_values: list[Any] = document()
    groups_problem: str | None = Field(default=None, sa_type=Text)
