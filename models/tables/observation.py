"""The journal of observations: for explain and history, never to decide."""

from sqlmodel import Field, SQLModel

from models.tables.columns import instant, key, refers


class Observation(SQLModel, table=True):
    __tablename__ = "observations"
    id: int | None = key()
    connection_id: int = refers("connections", index=True)
    channel: str = Field(max_length=8)
    event: str = Field(max_length=64)
    user_id: int | None = refers("users", default=None, nullable=True)
    group_id: int | None = refers("groups", default=None, nullable=True)
    as_of: int = instant()
    created_at: int = instant()
