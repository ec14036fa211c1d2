"""Lists page by page: `limit`, `cursor`, `filter` and `sort` as every list takes them."""

import base64
import binascii
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from api.problems import Problem
from api.scim.errors import InvalidFilter
from api.scim.filters import parse
from models.filters import Filter
from models.store import listing
from models.store.database import Tx
from models.store.fields import Condition, Refused
from models.store.listing import Asked, CannotPage, Listing, Mark, Page

DEFAULT = 50
MOST = 200


class ListQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=DEFAULT, ge=1, le=MOST, description="Items on a page.")
    cursor: str | None = Field(
        default=None, max_length=4096, description="`next_cursor` of the page before."
    )
    filter: str | None = Field(
        default=None, description='A SCIM filter (RFC 7644 §3.4.2.2), such as `slug eq "acme"`.'
    )
    sort: str = Field(
        default="", max_length=64, description="A field, with a minus for the greatest first."
    )


def page(
    tx: Tx, lists: Listing, query: ListQuery, *where: Condition, organization: int | None
) -> tuple[Page, str | None]:
    """One page, and the cursor of the next. Raises Problem."""
    asked = Asked(
        limit=query.limit,
        filter=_filter(query.filter),
        sort=query.sort,
        after=_decode(query.cursor, query.sort),
        organization=organization,
    )
    try:
        found = listing.page(tx, lists, asked, *where)
    except Refused as refusal:
        raise Problem(400, str(refusal), code="invalid_filter") from None
    except CannotPage as refusal:
        raise Problem(400, str(refusal)) from None
    return found, None if found.after is None else _encode(found.after, query.sort)


def _filter(text: str | None) -> Filter | None:
    if text is None:
        return None
    try:
        return parse(text)
    except InvalidFilter as refusal:
        raise Problem(400, str(refusal), code="invalid_filter") from None


def _encode(after: Mark, sort: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *after])).decode().rstrip("=")


def _decode(cursor: str | None, sort: str) -> Mark | None:
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found: Any = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Problem(400, "The cursor is none of ours.") from None
    if not isinstance(found, list) or found[:1] != [sort]:
        raise Problem(400, "The cursor belongs to a list that is sorted differently.")
    if not all(_is_mark(one) for one in found[1:]):
        raise Problem(400, "The cursor is none of ours.")
    return tuple(found[1:])


def _is_mark(value: object) -> bool:
    """What a database can compare a key with."""
    if isinstance(value, str):
        return "\x00" not in value
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
