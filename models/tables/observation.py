"""The journal of what was said and what it replaced: for explain and history, never to decide."""

from sqlalchemy import Index, Text, text
from sqlmodel import Field, SQLModel

from models.tables.columns import instant, key, refers


class Observation(SQLModel, table=True):
    """One line an event."""

    __tablename__ = "observations"
    __table_args__ = (
        Index("ix_observations_heard", "connection_id", "channel", "created_at"),
        Index("ix_observations_created", "created_at"),
        Index("ix_observations_as_of", "connection_id", "channel", "as_of"),
    )
    id: int | None = key()
    connection_id: int = refers("connections", index=True)
    channel: str = Field(max_length=8)
    event: str = Field(max_length=64)
    user_id: int | None = refers("users", default=None, nullable=True)
    group_id: int | None = refers("groups", default=None, nullable=True)
    as_of: int = instant()
    created_at: int = instant()


class Change(SQLModel, table=True):
    """Marks that newer ones replaced, so that what stood at an earlier time can be told.

    A fact that was never replaced has no line here: its row says since when it stands.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_fact", "user_id", "group_id", "id"),
        Index(
            "ix_changes_cover",
            "connection_id",
            "created_at",
            sqlite_where=text("user_id IS NULL AND group_id IS NULL"),
            postgresql_where=text("user_id IS NULL AND group_id IS NULL"),
        ),
        Index("ix_changes_created", "created_at"),
    )
    id: int | None = key()
    connection_id: int = refers("connections")
    fact: str = Field(max_length=16)
    """exists, active, name, attributes, member, cover or removed."""
    channel: str = Field(max_length=8)
    user_id: int | None = refers("users", default=None, nullable=True)
    group_id: int | None = refers("groups", default=None, nullable=True, index=True)
    yes: int = instant()
    no: int = instant()
    value: str | None = Field(default=None, sa_type=Text)
    """What was said before, of a name or of attributes."""
    created_at: int = instant()
    """When it was replaced."""
