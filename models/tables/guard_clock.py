"""The time by which budgets are counted."""

from sqlmodel import SQLModel

from models.tables.columns import instant, key


class GuardClock(SQLModel, table=True):
    """One row, advanced by whoever is at work, and by no more than the time that passed."""

    __tablename__ = "guard_clock"
    id: int | None = key()
    reading: int = instant()
