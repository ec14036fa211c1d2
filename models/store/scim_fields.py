"""What of a pushed user or group stands in columns, for filters and for sorting."""

import unicodedata
from dataclasses import dataclass, replace

from sqlalchemy import Table, and_, exists, false, literal, or_, true
from sqlmodel import SQLModel

from models.filters import Comparison, Operator, Present
from models.store import comparing
from models.store.fields import (
    Condition,
    Custom,
    Expression,
    Field,
    Text,
    Time,
    WrongComparison,
    member,
)
from models.tables import Group, Membership, User


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of pushed resource: its table, and what it is called."""

    name: str
    table: Table
    core: str
    """The URN of its schema."""
    extensions: tuple[str, ...] = ()
    """The URNs of those that may extend it."""

    @property
    def document(self) -> Expression:
        return self.table.c.scim


def table_of(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


USERS, GROUPS, MEMBERSHIPS = table_of(User), table_of(Group), table_of(Membership)


def common(kind: Kind, name: str) -> dict[str, Field]:
    """The attributes that every resource has; `name` is the one that is unique."""
    columns = kind.table.c
    return {
        "id": Text(columns.public_id, case_exact=True),
        "externalId": Text(columns.scim_external_id, case_exact=True),
        "schemas": Custom(lambda test: _schemas(kind, test)),
        "meta.resourceType": Text(literal(kind.name), case_exact=True),
        "meta.created": _moment(columns.scim_created),
        "meta.lastModified": _moment(columns.scim_modified),
        name: Custom(lambda test: _name(kind, name, test)),
    }


def sort_key(kind: Kind, name: str) -> Text:
    """The unique name, as it is ordered."""
    return Text(member(kind.document, name), key=kind.table.c.scim_name_key)


def groups_of_user(part: str) -> Custom:
    """`groups.value` or `groups.display` of a user: the same groups that it is shown with."""
    there = _is_member(MEMBERSHIPS.c.user_id == USERS.c.id, GROUPS)
    columns = {"value": Text(GROUPS.c.public_id, case_exact=True), "display": _PUSHED_NAME}
    return Custom(lambda test: _one_of(there, columns[part], test))


def members_of_group() -> Custom:
    """`members.value` of a group."""
    there = _is_member(MEMBERSHIPS.c.group_id == GROUPS.c.id, USERS)
    return Custom(lambda test: _one_of(there, Text(USERS.c.public_id, case_exact=True), test))


_PUSHED_NAME = Text(GROUPS.c.push_name)


def never() -> Custom:
    """What resources of this kind do not have (RFC 7644 §3.4.2.1)."""
    return Custom(lambda _: false())


def _is_member(this: Condition, other: Table) -> Condition:
    """As the members of a group are shown: by push, among those that push knows."""
    key = MEMBERSHIPS.c.group_id if other is GROUPS else MEMBERSHIPS.c.user_id
    return and_(
        this,
        other.c.id == key,
        other.c.scim.is_not(None),
        MEMBERSHIPS.c.push_yes > 0,
        MEMBERSHIPS.c.push_yes >= MEMBERSHIPS.c.push_no,
    )


def _one_of(there: Condition, field: Text, test: Comparison | Present) -> Condition:
    if isinstance(test, Present):
        return exists().where(there)
    if test.value is None:
        return ~exists().where(there)
    return exists().where(there, comparing.compare(field, test))


def _moment(column: Expression) -> Time:
    """To the millisecond, as it is shown, so that what was read can be asked for."""
    return Time(column - column % 1000)


def _name(kind: Kind, name: str, test: Comparison | Present) -> Condition:
    """Compared in the form in which it is unique, accents and all."""
    field = sort_key(kind, name)
    if isinstance(test, Present):
        return comparing.present(field)
    value = test.value
    if isinstance(value, str):
        test = replace(test, value=unicodedata.normalize("NFC", value))
    return comparing.compare(field, test)


def _schemas(kind: Kind, test: Comparison | Present) -> Condition:
    """Everybody has the core schema, and an extension is there when it holds something."""
    if isinstance(test, Present):
        return true()
    if test.op is not Operator.EQ or not isinstance(test.value, str):
        raise WrongComparison("schemas is compared by eq or ne with a URN.")
    wanted = test.value.casefold()
    if wanted == kind.core.casefold():
        return true()
    held = [urn for urn in kind.extensions if urn.casefold() == wanted]
    return or_(false(), *(member(kind.document, urn).is_not(None) for urn in held))
