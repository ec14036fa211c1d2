"""Filters that ask by address: of the resource itself, or of what it refers to.

Addresses are not kept, they are made of ids. So each such test becomes one of an id.
"""

from dataclasses import dataclass

from api.scim.errors import InvalidFilter
from models.filters import And, Comparison, Filter, Not, Operator, Or, Path, Present, ValuePath

_REFERRING = {"members": ("User", "Group"), "groups": ("Group",)}
_VALUE, _TYPE = Path(None, "value"), Path(None, "type")
_OWN, _KIND = Path(None, "id"), Path(None, "meta", "resourceType")


@dataclass(frozen=True, slots=True)
class References:
    base_url: str

    def resolved(self, filter: Filter) -> Filter:
        """Raises InvalidFilter for an address that is compared otherwise than by eq or ne."""
        match filter:
            case And(left, right):
                return And(self.resolved(left), self.resolved(right))
            case Or(left, right):
                return Or(self.resolved(left), self.resolved(right))
            case Not(inner):
                return Not(self.resolved(inner))
            case ValuePath(path, inner) if path.name.casefold() in _REFERRING:
                return ValuePath(path, self._inside(inner, path.name.casefold()))
            case Comparison(path, Operator.NE, value) if _is_address(path):
                return Not(self.resolved(Comparison(path, Operator.EQ, value)))
            case Comparison(path) | Present(path) if _is_address(path):
                return self._asked(filter, path.name.casefold())
            case _:
                return filter

    def _asked(self, test: Comparison | Present, name: str) -> Filter:
        path = test.path
        if name == "meta":
            return self._test(test, _OWN, _KIND, ("User", "Group"))
        if name == "manager":
            return self._test(test, Path(path.uri, path.name, "value"), None, ("User",))
        if isinstance(test, Present):
            return Present(Path(path.uri, path.name))
        bare = Comparison(Path(None, "$ref"), test.op, test.value)
        return ValuePath(Path(path.uri, path.name), self._inside(bare, name))

    def _inside(self, inner: Filter, name: str) -> Filter:
        """A filter of the values of `members` or `groups`."""
        match inner:
            case And(left, right):
                return And(self._inside(left, name), self._inside(right, name))
            case Or(left, right):
                return Or(self._inside(left, name), self._inside(right, name))
            case Not(only):
                return Not(self._inside(only, name))
            case Comparison(Path(None, "$ref", None) as path, Operator.NE, value):
                return Not(self._inside(Comparison(path, Operator.EQ, value), name))
            case Comparison(Path(None, "$ref", None)) | Present(Path(None, "$ref", None)):
                kind = _TYPE if name == "members" else None
                return self._test(inner, _VALUE, kind, _REFERRING[name])
            case _:
                return inner

    def _test(
        self, test: Comparison | Present, value: Path, kind: Path | None, kinds: tuple[str, ...]
    ) -> Filter:
        """Of the id that the address names, and of the kind where there are several."""
        if isinstance(test, Present):
            return Present(value)
        if test.op is not Operator.EQ:
            raise InvalidFilter(f"{str(test.path)[:100]!r} is compared by eq or ne.")
        for one in kinds:
            head = f"{self.base_url}/{one}s/"
            if isinstance(test.value, str) and test.value.startswith(head):
                own = Comparison(value, Operator.EQ, test.value.removeprefix(head))
                return own if kind is None else And(own, Comparison(kind, Operator.EQ, one))
        return Comparison(value, Operator.EQ, "")


def _is_address(path: Path) -> bool:
    """Of a user or group, as `meta.location` and the `$ref` of others have it."""
    name, sub = path.name.casefold(), (path.sub or "").casefold()
    return (name, sub) == ("meta", "location") or (
        sub == "$ref" and (name in _REFERRING or name == "manager")
    )
