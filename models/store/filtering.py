"""Turn a SCIM filter into a condition that SQLite and PostgreSQL answer alike.

Each test is true, or else false or null, and only `not` has to tell null from false. So a
plain `userName eq "x"` stays the bare comparison that an index can answer.
"""

from sqlalchemy import and_, exists, false, func, literal, not_, or_, select

from models.filters import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Path,
    Present,
    ValuePath,
)
from models.store import comparing
from models.store.fields import (
    Complex,
    Condition,
    Custom,
    Expression,
    Field,
    Fields,
    Flag,
    Many,
    Part,
    Rows,
    Text,
    UnknownAttribute,
    WrongComparison,
    flag,
    member,
    named,
)
from models.store.portable import bare, elements


def to_sql(filter: Filter, fields: Fields) -> Condition:
    """The condition under which a row satisfies the filter.

    `fields` are keyed as `models.store.fields.named` does. All values are bound parameters.
    Raises UnknownAttribute and WrongComparison, which are the caller's invalidFilter.
    """
    match filter:
        case And(left, right):
            return and_(to_sql(left, fields), to_sql(right, fields))
        case Or(left, right):
            return or_(to_sql(left, fields), to_sql(right, fields))
        case Not(inner):
            return _negated(to_sql(inner, fields))
        case ValuePath(path, inner):
            return _selection(path, inner, fields)
        case _:
            return _test(filter, fields)


def _negated(condition: Condition) -> Condition:
    return not_(func.coalesce(condition, false()))


def _test(test: Comparison | Present, fields: Fields) -> Condition:
    if isinstance(test, Comparison) and test.op is Operator.NE:
        equal = Comparison(test.path, Operator.EQ, test.value)
        return _negated(_test(equal, fields))
    match fields.get(str(test.path).casefold()):
        case None:
            return _some_part(test, fields)
        case Custom(build):
            return build(test)
        case Many() as many:
            return (
                _some_value(many, None) if isinstance(test, Present) else _one(many, test, "value")
            )
        case Rows() as rows:
            return _some_row(rows, None if isinstance(test, Present) else _of(test, "value"))
        case field if isinstance(test, Present):
            return comparing.present(field)
        case field:
            return comparing.compare(field, test)


def _of(test: Comparison | Present, part: str) -> Comparison | Present:
    """The same test of a part of one value."""
    path = Path(None, part)
    return Present(path) if isinstance(test, Present) else Comparison(path, test.op, test.value)


def _one(many: Many, test: Comparison | Present, part: str) -> Condition:
    """One value is enough. Null equals what is missing, be it the part or every value."""
    found = _some_value(many, _of(test, part))
    is_null = isinstance(test, Comparison) and test.value is None
    return or_(found, not_(_some_value(many, None))) if is_null else found


def _some_part(test: Comparison | Present, fields: Fields) -> Condition:
    """`emails.type eq "work"`: one value is enough."""
    whole = fields.get(str(Path(test.path.uri, test.path.name)).casefold())
    if test.path.sub is not None and isinstance(whole, Many):
        return _one(whole, test, test.path.sub)
    if test.path.sub is not None and isinstance(whole, Rows):
        return _some_row(whole, _of(test, test.path.sub))
    raise UnknownAttribute(f"There is no attribute {str(test.path)[:100]!r}.")


def _selection(path: Path, inner: Filter, fields: Fields) -> Condition:
    match fields.get(str(path).casefold()):
        case Many() as many:
            return _some_value(many, inner)
        case Rows() as rows:
            return _some_row(rows, inner)
        case Complex():
            return to_sql(_inside(path, inner), fields)
        case None:
            raise UnknownAttribute(f"There is no attribute {str(path)[:100]!r}.")
        case _:
            raise WrongComparison(f"{str(path)[:100]!r} has one value, and nothing to select from.")


def _inside(path: Path, inner: Filter) -> Filter:
    """`name[givenName eq "Ada"]` asks for `name.givenName eq "Ada"`, for there is one name."""
    match inner:
        case And(left, right):
            return And(_inside(path, left), _inside(path, right))
        case Or(left, right):
            return Or(_inside(path, left), _inside(path, right))
        case Not(only):
            return Not(_inside(path, only))
        case Present(Path(None, part, None)):
            return Present(Path(path.uri, path.name, part))
        case Comparison(Path(None, part, None), op, value):
            return Comparison(Path(path.uri, path.name, part), op, value)
        case _:
            raise WrongComparison(f"{str(path)[:100]!r} cannot be selected from like this.")


def _some_value(many: Many, inner: Filter | None) -> Condition:
    """One EXISTS, so that all of the inner filter is about the same value."""
    values = elements(many.document, many.path)
    parts = named({name: _part(values.c.value, name, part) for name, part in many.parts.items()})
    if not many.parts:
        parts = {"value": Text(bare(values.c.value), case_exact=many.case_exact)}
    found = select(literal(1)).select_from(values)
    return exists(found if inner is None else found.where(to_sql(inner, parts)))


def _some_row(rows: Rows, inner: Filter | None) -> Condition:
    """Null is what nothing has: rows are there with all their parts."""
    if isinstance(inner, Comparison) and inner.value is None:
        to_sql(inner, dict(rows.sources[0].parts))
        return not_(or_(false(), *(exists().where(one.belongs) for one in rows.sources)))
    found = [
        one.belongs if inner is None else and_(one.belongs, to_sql(inner, dict(one.parts)))
        for one in rows.sources
    ]
    return or_(*(exists().where(condition) for condition in found))


def _part(value: Expression, name: str, part: Part) -> Field:
    if part is Part.FLAG:
        return Flag(flag(value, name))
    return Text(member(value, name), case_exact=part is Part.EXACT)
