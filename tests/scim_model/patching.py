"""PATCH on a user by RFC 7644 §3.5.2, operation after operation, all or nothing."""

from copy import deepcopy
from typing import Any

from tests.scim_model.filtering import selected
from tests.scim_model.operations import NOTHING, Garbled, Op, Where, located, split
from tests.scim_model.plural import described, is_same, joined, stripped, unmarked
from tests.scim_model.reading import Json, checked, has_value, pruned, single, value
from tests.scim_model.refusal import bad
from tests.scim_model.schema import ENTERPRISE, USER, Attr, find


def patched(document: Json, ops: list[Op], own_id: str) -> Json:
    after = deepcopy(document)
    for op in ops:
        for each in split(op):
            _carry_out(after, each, own_id, is_echo=op.path is None)
    return checked(USER, after)


def _carry_out(after: Json, op: Op, own_id: str, *, is_echo: bool) -> None:
    if isinstance(op.path, Garbled):
        raise bad(op.path.scim_type)
    assert op.path is not None
    attr, holder = located(USER, op.path)
    part = attr if op.path.part is None else find(attr.parts, op.path.part)
    if part is None:
        raise bad("invalidPath")
    if attr.read_only or part.read_only:
        if (attr.name == "id" and op.value == own_id) or (is_echo and attr.name != "id"):
            return  # house rule: who echoes what it read asks for no change
        raise bad("mutability")
    if attr.hidden:
        return
    home = after if holder is None else after.setdefault(ENTERPRISE, {})
    if op.path.select is not None:
        _on_selected(home, attr, op)
    elif op.path.part is not None:
        _on_part(home, attr, part, op)
    else:
        _on_whole(home, attr, op)
    after.update(pruned(after))
    for name in [name for name in after if name not in pruned(after)]:
        del after[name]


def _unassign(home: Json, attr: Attr) -> None:
    """RFC 7644 §3.5.2.2: what is required cannot be removed."""
    if attr.required:
        raise bad("mutability")
    home.pop(attr.name, None)


def _on_whole(home: Json, attr: Attr, op: Op) -> None:
    if op.kind == "remove":
        _take_away(home, attr, op.value)
    elif attr.many:
        given = value(attr, op.value) or []
        there = home.get(attr.name, []) if op.kind == "add" else []
        home[attr.name] = joined(attr, there, given)
    elif op.value is None:
        _unassign(home, attr)
    elif attr.kind == "complex" and not has_value(attr):
        _merge(home, attr, op)
    else:
        _put(home, attr, single(attr, op.value))


def _put(home: Json, attr: Attr, found: Any) -> None:
    if found in (None, {}):
        _unassign(home, attr)
    else:
        home[attr.name] = found


def _merge(home: Json, attr: Attr, op: Op) -> None:
    """RFC 7644 §3.5.2.3: sub-attributes that are not named stay as they are."""
    if not isinstance(op.value, dict):
        raise bad("invalidValue")
    there = home.setdefault(attr.name, {})
    for name, given in op.value.items():
        part = find(attr.parts, name)
        if part is not None:
            _on_whole(there, part, Op(op.kind, op.path, given))


def _on_part(home: Json, attr: Attr, part: Attr, op: Op) -> None:
    there = home.setdefault(attr.name, {})
    _on_whole(there, part, op)
    if has_value(attr) and not there.get("value"):
        del home[attr.name]  # house rule: a manager without its value is no manager


def _take_away(home: Json, attr: Attr, given: Any) -> None:
    """House rule (Entra): a remove that lists values takes only those, of that type or of any."""
    if attr.many and given is not NOTHING and given is not None:
        gone = value(attr, given) or []
        home[attr.name] = [
            one
            for one in home.get(attr.name, [])
            if not any(_is_meant(attr, one, each) for each in gone)
        ]
    else:
        _unassign(home, attr)


def _is_meant(attr: Attr, one: Json, named: Json) -> bool:
    kind = named.get("type")
    return is_same(attr, one, named if kind else {**named, "type": one.get("type")})


def _on_selected(home: Json, attr: Attr, op: Op) -> None:
    assert isinstance(op.path, Where) and op.path.select is not None
    there = home.get(attr.name, [])
    chosen = selected(attr, there, op.path.select, USER)
    is_chosen = [any(one is each for each in chosen) for one in there]
    part = None if op.path.part is None else find(attr.parts, op.path.part)
    if op.kind == "remove" or op.value is None:
        after = [
            stripped(one, part) if mine else one for one, mine in zip(there, is_chosen, strict=True)
        ]
        home[attr.name] = [one for one in after if one]
        return
    if not chosen:
        grown = described(op.path.select, attr)
        if grown is None:
            raise bad("noTarget")  # RFC 7644 §3.5.2.3
        there, is_chosen = [*there, grown], [*is_chosen, True]
    after = [
        _written(one, attr, part, op) if mine else one
        for one, mine in zip(there, is_chosen, strict=True)
    ]
    if any(one.get("primary") for one, mine in zip(after, is_chosen, strict=True) if mine):
        after = [one if mine else unmarked(one) for one, mine in zip(after, is_chosen, strict=True)]
    home[attr.name] = [one for one in after if one]


def _written(one: Json, attr: Attr, part: Attr | None, op: Op) -> Json:
    if part is not None:
        return {**one, part.name: single(part, op.value)}
    given = value(attr, op.value) or []
    if len(given) != 1:
        raise bad("invalidValue")
    assert isinstance(op.path, Where) and op.path.select is not None
    start = one if op.kind == "add" else described(op.path.select, attr) or {}
    return {**start, **given[0]}
