"""Verdicts and what channels said, as the API shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from api.admin.shapes import Shown, when
from models.evidence import Channel, No, Silent, Testimony, Word, Yes
from models.verdicts import Verdict


class VerdictShown(Shown):
    answer: str
    why: str
    decided_by: str | None
    as_of: str | None
    explicit: bool


class Says(Shown):
    """What one channel says of one fact."""

    says: str
    as_of: str | None
    since: str | None


class Alias(Shown):
    namespace: str
    value: str
    valid_from: str | None
    valid_to: str | None
    proof: str


class LoginShown(Shown):
    """The newest login, and what its groups claim was worth."""

    as_of: str | None
    state: str
    values: list[str]
    problem: str | None


def verdict(one: Verdict) -> VerdictShown:
    return VerdictShown(
        answer=one.answer.value,
        why=one.why,
        decided_by=one.decided_by.value if one.decided_by else None,
        as_of=when(one.as_of),
        explicit=one.explicit,
    )


def because(stored: Mapping[str, Any]) -> VerdictShown:
    """A verdict as it was written down with an action."""
    return VerdictShown(
        answer=stored["answer"],
        why=stored["why"],
        decided_by=stored.get("decided_by"),
        as_of=when(stored.get("as_of")),
        explicit=bool(stored.get("explicit")),
    )


def says(word: Word) -> Says:
    match word:
        case Silent():
            return Says(says="silent", as_of=None, since=None)
        case Yes(as_of, since):
            return Says(says="yes", as_of=when(as_of), since=when(since))
        case No(as_of, since):
            return Says(says="no", as_of=when(as_of), since=when(since))


def channels(testimony: Testimony) -> dict[str, Says]:
    return {channel.value: says(testimony.of(channel)) for channel in Channel}


def aliases(rows: Sequence[Row[Any]]) -> list[Alias]:
    return [
        Alias(
            namespace=row.namespace,
            value=row.value,
            valid_from=when(row.valid_from),
            valid_to=when(row.valid_to),
            proof=row.proof,
        )
        for row in rows
    ]


def login(row: Row[Any] | None, values: list[str]) -> LoginShown | None:
    if row is None:
        return None
    return LoginShown(
        as_of=when(row.as_of), state=row.groups_state, values=values, problem=row.groups_problem
    )
