"""A question: whether a user is in a group, or in the application, as of when."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.identity import GroupKey, UserKey
from models.instant import Instant
from sync.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`group` None asks whether the user is to be in the application at all."""

    connection: Connection
    user: Row[Any]
    group: Row[Any] | None
    at: Instant

    @property
    def user_key(self) -> UserKey:
        return UserKey(self.user.id)

    @property
    def group_key(self) -> GroupKey | None:
        return None if self.group is None else GroupKey(self.group.id)

    @property
    def claim(self) -> str:
        """What is true when the answer is yes."""
        who = self.user.user_name or self.user.public_id
        if self.group is None:
            return f"{who} is to be in the application"
        return f"{who} is in {self.group.name}"
