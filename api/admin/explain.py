"""Explain: whom a question is about, and as of when."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from api.admin.call import Answer, AnyRow, Call
from api.admin.explanation import explain
from api.admin.explanation_shapes import Explanation
from api.admin.question import Question
from api.operation import NoBody, Noun
from api.problems import Problem, wrong
from models.instant import Instant, from_text
from models.store import listing
from models.store.database import Tx
from models.store.fields import Condition
from models.store.listing import Asked, Listing
from models.store.lists.directory import GROUPS, USERS, group_called, user_called
from sync import connection as connections

_LAST = 253_402_300_799_000_000


class ExplainQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: str = Field(min_length=1, max_length=512, description="An id, or a user name.")
    group: str | None = Field(
        default=None, min_length=1, max_length=512, description="An id, or a name."
    )
    at: str | None = Field(default=None, max_length=64, description="As of when; else now.")


def answer(call: Call[ExplainQuery, NoBody]) -> Answer:
    now, query = call.now(), call.query
    at = as_of(query.at, now)
    with call.context.database.read() as tx:
        asked = question(tx, query.user, query.group, at=at, organization=call.organization)
        return Answer(explain(tx, asked, now=now, is_past=query.at is not None))


def question(
    tx: Tx, user: str, group: str | None, *, at: Instant, organization: int | None
) -> Question:
    """Raises Problem when nobody is called so, or several are."""
    who = _the_one(tx, USERS, user_called(user), f"user {user!r}", organization=organization)
    what = None
    if group is not None:
        called = group_called(group, who.connection_id)
        what = _the_one(tx, GROUPS, called, f"group {group!r}", organization=organization)
    connection = connections.load(tx, who.connection_id)
    return Question(connection=connection, user=who, group=what, at=at)


def as_of(text: str | None, now: Instant) -> Instant:
    """The time that was asked about. Raises Problem when nobody can know yet."""
    at = now if text is None else moment(text)
    if at > now:
        raise wrong("at", f"{text!r} is in the future, of which nothing is known yet.")
    return at


def moment(text: str) -> Instant:
    """A plus in a query that was not escaped arrives as a space."""
    try:
        found = from_text(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        found = -1
    if not 0 < found < _LAST:
        raise wrong("at", f"{text!r} is no time; write 2026-01-31T08:00:00Z.")
    return found


def _the_one(
    tx: Tx, lists: Listing, called: Sequence[Condition], noun: str, *, organization: int | None
) -> AnyRow:
    """Found by the first condition that anything meets."""
    asked = Asked(limit=3, organization=organization)
    found = (listing.page(tx, lists, asked, one).rows for one in called)
    rows = next((some for some in found if some), [])
    if not rows:
        raise Problem(404, f"There is no {noun}.")
    if len(rows) > 1:
        where = ", ".join(f"{row.public_id} of {row.connection_name}" for row in rows)
        raise Problem(409, f"More than one is called so: {where}. Name one by its id.")
    return rows[0]


operations = [
    Noun("explain", "/explain").get(
        "",
        answer,
        "Why, why not, and as of when.",
        query=ExplainQuery,
        gives=Explanation,
        about="Without `group`: whether the user is to be in the application. `at` tells what was "
        "known then, as far back as the log of changes goes; targets are told as they are now.",
    )
]
