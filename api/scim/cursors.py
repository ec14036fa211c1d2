"""Where the next page of a list begins, as the client carries it (RFC 9865).

Nothing is kept here: a cursor is sealed with the master key, so that it can be neither read
nor changed, for one connection and one query.
"""

import base64
import binascii
import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from api.scim.discovery import CURSOR_TIMEOUT
from api.scim.errors import ExpiredCursor, InvalidCursor
from models.instant import SECOND, Instant
from models.store.scim_lists import Mark
from models.store.vault import CannotOpen, Vault

MAX_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class Cursor:
    beyond: Mark
    backwards: bool
    count: int
    """The size of the pages."""
    total: int
    """How many there were in all when the first page was read."""


@dataclass(frozen=True, slots=True)
class Cursors:
    """Those of one query of one connection."""

    vault: Vault
    query: str

    def sealed(self, cursor: Cursor, now: Instant) -> str:
        content = {**asdict(cursor), "until": now + CURSOR_TIMEOUT * SECOND}
        return base64.urlsafe_b64encode(self.vault.seal(content, self.query)).decode().rstrip("=")

    def opened(self, text: str, now: Instant) -> Cursor:
        """Raises InvalidCursor and ExpiredCursor."""
        found = self._content(text)
        try:
            until = int(found.pop("until"))
            cursor = Cursor(**found | {"beyond": Mark(**found["beyond"])})
        except (KeyError, TypeError) as trouble:  # it was made by another version of us
            raise InvalidCursor("The cursor is not understood any more.") from trouble
        if until < now:
            raise ExpiredCursor(f"The cursor is older than {CURSOR_TIMEOUT} seconds.")
        return cursor

    def _content(self, text: str) -> dict[str, Any]:
        try:
            padded = text[:MAX_LENGTH] + "=" * (-len(text) % 4)
            sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
            return self.vault.open(sealed, self.query)
        except (CannotOpen, binascii.Error, ValueError) as trouble:
            raise InvalidCursor("The cursor does not belong to this query.") from trouble


def of_query(vault: Vault, connection: str, *query: object) -> Cursors:
    digest = hashlib.sha256(repr(query).encode()).hexdigest()
    return Cursors(vault, f"{connection} cursor {digest}")
