"""Read a PATCH on a group as changes, without ever loading the group (RFC 7644 §3.5.2).

A path that is not understood is refused, and an empty list removes nobody: guessing could
empty the group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.scim.errors import InvalidFilter, InvalidPath, InvalidValue, Mutability, NoTarget
from api.scim.forgiving import forgive, forgives
from api.scim.normalise import members
from api.scim.operations import Declared, Kind, Missing, Op, attributes, locate
from api.scim.schema import CORE_GROUP, GROUP
from api.scim.values import coerce
from models.filters import Comparison, Filter, Operator, Or, Path
from sync.pushing import tolerances


@dataclass(frozen=True, slots=True)
class SetName:
    name: str


@dataclass(frozen=True, slots=True)
class SetExternalId:
    value: str | None


@dataclass(frozen=True, slots=True)
class Extend:
    """An operation on an extension. Where it leads, the connection's declarations say."""

    op: Op
    path: str
    is_named: bool = False
    """It stands by its name in the value of an operation without a path."""


@dataclass(frozen=True, slots=True)
class AddMembers:
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMembers:
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplaceMembers:
    """These and nobody else."""

    values: tuple[str, ...]


GroupChange = SetName | SetExternalId | Extend | AddMembers | RemoveMembers | ReplaceMembers


def group_changes(ops: Sequence[Op]) -> list[GroupChange]:
    """The changes in order. Raises the errors of RFC 7644 §3.5.2."""
    return [change for op in ops for change in _changes(op)]


def _changes(op: Op) -> Iterator[GroupChange]:
    if op.path is not None:
        yield from _follow(op, op.path)
    elif op.kind is Kind.REMOVE:
        raise NoTarget("A remove operation needs a path.")
    else:
        for name, value in attributes(op).items():
            yield from _follow_name(Op(op.kind, None, value), name)


def _follow(op: Op, path: str) -> Iterator[GroupChange]:
    if op.kind is not Kind.REMOVE and op.value is Missing.VALUE:
        raise InvalidValue(f"The {op.kind} of {path[:100]!r} has no value.")
    if _is_extension(path):
        yield Extend(op, path)
        return
    match locate(path, GROUP):
        case Declared() as place:
            yield from _declared(place, op)
        case _:
            if not forgives(tolerances.UNKNOWN_PATHS):
                raise InvalidPath(f"There is no attribute {path[:100]!r}.")


def _follow_name(op: Op, name: str) -> Iterator[GroupChange]:
    """Okta sends `{"id", "displayName"}` with each change of members, to rename or not."""
    if _is_extension(name):
        yield Extend(op, name, is_named=True)
        return
    match locate(name, GROUP):
        case Declared(attribute) if attribute.name in ("id", "meta"):
            forgive(tolerances.ID_ECHOED)
        case Declared(attribute) if attribute.name == "members" and op.value is None:
            forgive(tolerances.NULL_MEMBERS)
        case Declared() as place:
            yield from _declared(place, op)
        case _:
            forgive(tolerances.UNKNOWN_ATTRIBUTES)


def _is_extension(path: str) -> bool:
    """Whether it begins with a URN that is not that of groups themselves."""
    folded, own = path.partition("[")[0].casefold(), CORE_GROUP.casefold()
    return ":" in folded and folded != own and not folded.startswith(f"{own}:")


def _declared(place: Declared, op: Op) -> Iterator[GroupChange]:
    match place.attribute.name:
        case "members":
            yield from _members(place, op)
        case "displayName":
            yield _name(place, op)
        case "externalId":
            gone = op.kind is Kind.REMOVE
            yield SetExternalId(None if gone else coerce(place.attribute, op.value))
        case "schemas":
            pass
        case name:
            raise Mutability(f"{name} cannot be changed.")


def _name(place: Declared, op: Op) -> SetName:
    name = None if op.kind is Kind.REMOVE else coerce(place.attribute, op.value)
    if name is None:
        raise Mutability("displayName is required and cannot be removed.")
    return SetName(name)


def _members(place: Declared, op: Op) -> Iterator[GroupChange]:
    """A remove without a value means everybody. A null could mean that or nobody: refused."""
    if place.sub is not None or (place.filter is not None and op.kind is not Kind.REMOVE):
        raise InvalidPath("Members are added and replaced by the path members alone.")
    if place.filter is not None:
        yield RemoveMembers(tuple(dict.fromkeys(_selected(place.filter))))
    elif op.value is None:
        raise InvalidValue("The value of members must not be null.")
    elif op.value is Missing.VALUE:
        yield ReplaceMembers(())
    else:
        yield from _listed(op.kind, tuple(members(op.value)))


def _listed(kind: Kind, values: tuple[str, ...]) -> Iterator[GroupChange]:
    match kind:
        case Kind.REPLACE:
            yield ReplaceMembers(values)
        case Kind.ADD if values:
            yield AddMembers(values)
        case Kind.REMOVE if values:
            forgive(tolerances.LISTED_REMOVE)
            yield RemoveMembers(values)
        case _:
            pass


def _selected(filter: Filter) -> Iterator[str]:
    """`value eq "a"`, or several of these joined by or. Nothing else can be carried out."""
    match filter:
        case Or(left, right):
            yield from _selected(left)
            yield from _selected(right)
        case Comparison(Path(None, name, None), Operator.EQ, str(value)) if (
            name.casefold() == "value" and value
        ):
            yield value
        case _:
            raise InvalidFilter("Members can be selected by value eq only.")
