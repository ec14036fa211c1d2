"""Memberships: what each channel said of one, side by side."""

from sqlmodel import SQLModel

from models.tables.columns import instant, refers


class Membership(SQLModel, table=True):
    """Clustered by group: a group is one value with one coverage."""

    __tablename__ = "memberships"
    __table_args__ = {"sqlite_with_rowid": False}
    group_id: int = refers("groups", primary_key=True)
    user_id: int = refers("users", primary_key=True, index=True)
    push_yes: int = instant()
    push_no: int = instant()
    pull_yes: int = instant()
    pull_no: int = instant()
    login_yes: int = instant()
    login_no: int = instant()
