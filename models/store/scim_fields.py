"""What of a pushed user or group stands in columns, for filters and for sorting."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import (
    String,
    Table,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    true,
)
from sqlmodel import SQLModel

from models import instant
from models.filters import SUBSTRING, Comparison, Operator, Present
from models.store import comparing
from models.store.fields import (
    Condition,
    Custom,
    Expression,
    Field,
    Rows,
    Source,
    Text,
    Time,
    WrongComparison,
    member,
)
from models.tables import Group, IndirectMember, Membership, Nesting, User


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
NESTINGS, INDIRECT = table_of(Nesting), table_of(IndirectMember)


def common(kind: Kind, name: str) -> dict[str, Field]:
    """The attributes that every resource has; `name` is the one that is unique."""
    columns = kind.table.c
    return {
        "id": Text(columns.public_id, case_exact=True),
        "externalId": Text(columns.scim_external_id, case_exact=True),
        "schemas": Custom(lambda test: _schemas(kind, test)),
        "meta.resourceType": Text(literal(kind.name), case_exact=True),
        "meta": Custom(_meta),
        "meta.version": Custom(lambda test: _version(columns.scim_version, test)),
        "meta.created": _moment(columns.scim_created),
        "meta.lastModified": _moment(columns.scim_modified),
        name: Custom(lambda test: _name(kind, name, test)),
    }


def whole_schemas(kind: Kind) -> dict[str, Field]:
    """`schemas`, where more than usual may extend the resources."""
    schemas = Custom(lambda test: _schemas(kind, test))
    return {"schemas": schemas, f"{kind.core}:schemas".casefold(): schemas}


def written_time(text: Expression) -> Custom:
    """A time that is kept as `models.instant.to_text` writes it, so its text has its order."""
    return Custom(lambda test: _written_time(Text(text, case_exact=True), test))


def _written_time(field: Text, test: Comparison | Present) -> Condition:
    if isinstance(test, Present):
        return comparing.present(field)
    if isinstance(test.value, str) and test.op not in SUBSTRING:
        try:
            moment = instant.to_text(instant.from_text(test.value))
        except (ValueError, OverflowError) as trouble:
            raise _no_time(test) from trouble
        return comparing.compare(field, replace(test, value=moment))
    if test.value is None:
        return comparing.compare(field, test)
    raise _no_time(test)


def _no_time(test: Comparison) -> WrongComparison:
    return WrongComparison(
        f"{str(test.path)[:100]!r} is compared with a time such as 2026-01-31T08:00:00Z."
    )


def sort_key(kind: Kind, name: str) -> Text:
    """The unique name, as it is ordered."""
    return Text(member(kind.document, name), key=kind.table.c.scim_name_key)


def groups_of_user() -> Rows:
    """`groups` of a user: the same that it is shown with."""
    belongs = _is_pushed(MEMBERSHIPS.c.user_id == USERS.c.id, GROUPS, MEMBERSHIPS.c.group_id)
    way = case((_is_indirect(), "indirect"), else_="direct")
    name = func.coalesce(GROUPS.c.push_name, GROUPS.c.name)
    parts = {"value": _exact(GROUPS.c.public_id), "display": Text(name), "type": Text(way)}
    return Rows((Source(belongs, parts),))


def members_of_group() -> Rows:
    """`members` of a group: users, and groups inside it."""
    own = MEMBERSHIPS.c.group_id == GROUPS.c.id
    users = _is_pushed(own, USERS, MEMBERSHIPS.c.user_id)
    inner = GROUPS.alias("inner_group")
    groups = and_(
        NESTINGS.c.parent_id == GROUPS.c.id,
        inner.c.id == NESTINGS.c.child_id,
        inner.c.scim.is_not(None),
        NESTINGS.c.push_yes > 0,
        NESTINGS.c.push_yes >= NESTINGS.c.push_no,
    )
    return Rows(
        (
            Source(and_(users, ~_is_indirect()), _member_parts(USERS.c.public_id, "User")),
            Source(groups, _member_parts(inner.c.public_id, "Group")),
        )
    )


def _member_parts(public_id: Expression, kind: str) -> dict[str, Text]:
    """No member is shown with a name of its own, so none is found by one."""
    unnamed = cast(null(), String)
    return {"value": _exact(public_id), "type": Text(literal(kind)), "display": Text(unnamed)}


def _exact(expression: Expression) -> Text:
    return Text(expression, case_exact=True)


def never() -> Custom:
    """What resources of this kind do not have (RFC 7644 §3.4.2.1)."""
    return Custom(lambda _: false())


def _is_pushed(own: Condition, other: Table, key: Expression) -> Condition:
    """As the members of a group are shown: by push, among those that push knows."""
    return and_(
        own,
        other.c.id == key,
        other.c.scim.is_not(None),
        MEMBERSHIPS.c.push_yes > 0,
        MEMBERSHIPS.c.push_yes >= MEMBERSHIPS.c.push_no,
    )


def _is_indirect() -> Condition:
    return exists().where(
        INDIRECT.c.group_id == MEMBERSHIPS.c.group_id, INDIRECT.c.user_id == MEMBERSHIPS.c.user_id
    )


def _moment(column: Expression) -> Time:
    """To the millisecond, as it is shown, so that what was read can be asked for."""
    return Time(column - column % 1000)


def _meta(test: Comparison | Present) -> Condition:
    """Everything has it."""
    if isinstance(test, Present):
        return true()
    if test.op is Operator.EQ and test.value is None:
        return false()
    raise WrongComparison("meta has parts, and one of them must be named.")


def _version(column: Expression, test: Comparison | Present) -> Condition:
    """As it is shown, W/ or not. What is no version of ours is the version of nothing. Of two
    parts the first counts, which is how often the resource was written.
    """
    if isinstance(test, Present):
        return true()
    if test.op is not Operator.EQ or not isinstance(test.value, str | None):
        raise WrongComparison("meta.version is compared by eq or ne with an ETag.")
    found = _ETAG.fullmatch(test.value or "")
    return false() if found is None else column == int(found[1])


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
    if test.value is None and test.op is Operator.EQ:
        return false()
    if test.op not in _ON_URNS or not isinstance(test.value, str):
        raise WrongComparison("schemas is compared with a text by eq, ne, co, sw or ew.")
    holds, wanted = _ON_URNS[test.op], test.value.casefold()
    if holds(kind.core.casefold(), wanted):
        return true()
    held = [urn for urn in kind.extensions if holds(urn.casefold(), wanted)]
    return or_(false(), *(member(kind.document, urn).is_not(None) for urn in held))


_ON_URNS: Mapping[Operator, Callable[[str, str], bool]] = {
    Operator.EQ: str.__eq__,
    Operator.CO: str.__contains__,
    Operator.SW: str.startswith,
    Operator.EW: str.endswith,
}
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})(?:\.[0-9a-f]{12})?"')
