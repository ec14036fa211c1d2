"""What the lists have in common: tables, and fields that name another object."""

from collections.abc import Callable

from sqlalchemy import String, Table, cast, func, or_
from sqlmodel import SQLModel

import models.tables  # noqa: F401  (fills the metadata)
from models.filters import Comparison, Operator, Present
from models.store.fields import Condition, Custom, Expression, Field, Text, Time, WrongComparison


def table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


def exact(expression: Expression) -> Text:
    """An identifier or a word of ours: compared letter by letter."""
    return Text(expression, case_exact=True)


def times(rows: Table) -> dict[str, Field]:
    return {"created_at": Time(rows.c.created_at), "updated_at": Time(rows.c.updated_at)}


def reference(named: Callable[[str], Condition], there: Expression) -> Custom:
    """A field that names another object by its id or slug."""

    def build(test: Comparison | Present) -> Condition:
        if isinstance(test, Present):
            return there.is_not(None)
        if test.op is not Operator.EQ or not isinstance(test.value, str | None):
            raise WrongComparison(f"{str(test.path)!r} is compared by eq or ne with an id or slug.")
        return there.is_(None) if test.value is None else named(test.value)

    return Custom(build)


def has_content(document: Expression) -> Condition:
    """Whether there is a document. A JSON null would count as none."""
    return func.coalesce(cast(document, String), "null") != "null"


ORGANIZATIONS = table("organizations")
CONNECTIONS = table("connections")
TARGETS = table("targets")


def organization_named(name: str) -> Condition:
    return or_(ORGANIZATIONS.c.public_id == name, ORGANIZATIONS.c.slug == name)


def connection_named(name: str) -> Condition:
    """By id, or as `organization~connection` or `organization/connection`."""
    return or_(CONNECTIONS.c.public_id == name, _path(CONNECTIONS) == name.replace("/", "~", 1))


def target_named(name: str) -> Condition:
    return or_(TARGETS.c.public_id == name, _path(TARGETS) == name.replace("/", "~", 1))


def _path(rows: Table) -> Expression:
    found: Expression = ORGANIZATIONS.c.slug + "~" + rows.c.slug
    return found


def connection_columns() -> tuple[Expression, Expression]:
    """The id and the name of a connection, as rows of other lists show it."""
    name = (ORGANIZATIONS.c.slug + "/" + CONNECTIONS.c.slug).label("connection_name")
    return CONNECTIONS.c.public_id.label("connection_id_shown"), name


def target_columns() -> tuple[Expression, Expression]:
    name = (ORGANIZATIONS.c.slug + "/" + TARGETS.c.slug).label("target_name")
    return TARGETS.c.public_id.label("target_id_shown"), name
