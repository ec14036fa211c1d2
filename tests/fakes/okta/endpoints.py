"""The part of Okta's management API that Trueup reads."""

import re
from collections.abc import Sequence
from typing import Any

from tests.fakes.okta.answers import Answer, error, not_found
from tests.fakes.okta.directory import Directory, Group

_COMPARISON = re.compile(r'([\w.]+) eq "((?:[^"\\]|\\.)*)"')


def answer(directory: Directory, path: Sequence[str], query: dict[str, str]) -> Answer:
    """`path` starts after /api/v1. A list is whole here; the server cuts it into pages."""
    match path:
        case ["users"]:
            return _users(directory, query)
        case ["users", named, *rest] if rest in ([], ["groups"]):
            return _user(directory, named, groups=bool(rest))
        case ["groups"]:
            return _groups(directory, query)
        case ["groups", named, *rest] if rest in ([], ["users"]):
            return _group(directory, named, members=bool(rest))
        case ["apps", named, "users" | "groups" as what]:
            return _assigned(directory, named, what, query.get("expand"))
        case _:
            return error(404, "E0000022", "The endpoint does not support the provided HTTP method")


def _users(directory: Directory, query: dict[str, str]) -> Answer:
    wanted = _compared(query.get("filter"), "status")
    users = (
        user
        for user in directory.users.values()
        if (user.status != "DEPROVISIONED" if wanted is None else user.status == wanted)
    )
    return Answer([user.shown() for user in users])


def _user(directory: Directory, named: str, *, groups: bool) -> Answer:
    """The groups of a user come whole, and without links."""
    user = directory.user(named)
    if user is None:
        return not_found(named, "User")
    if not groups:
        return Answer(user.shown())
    found = (group for group in directory.groups.values() if user.id in group.members)
    return Answer([group.shown(stats=False) for group in found])


def _groups(directory: Directory, query: dict[str, str]) -> Answer:
    groups = [group for group in directory.visible_groups() if _is_asked_for(group, query)]
    return Answer([group.shown(stats=query.get("expand") == "stats") for group in groups])


def _is_asked_for(group: Group, query: dict[str, str]) -> bool:
    """`search` ignores case, as Okta's does."""
    name = _compared(query.get("search"), "profile.name")
    return (
        _compared(query.get("filter"), "id") in (None, group.id)
        and _compared(query.get("filter"), "type") in (None, group.type)
        and (name is None or name.lower() == group.name.lower())
    )


def _group(directory: Directory, named: str, *, members: bool) -> Answer:
    group = directory.groups.get(named)
    if group is None:
        return not_found(named, "UserGroup")
    if not members:
        return Answer(group.shown(stats=False))
    return Answer([directory.users[member].shown() for member in group.members])


def _assigned(directory: Directory, named: str, what: str, expand: str | None) -> Answer:
    app = directory.apps.get(named)
    if app is None:
        return not_found(named, "AppInstance")
    rows: list[dict[str, Any]] = [
        {"id": user, "status": status, "scope": "USER", "profile": {"name": "F L"}}
        for user, status in app.users.items()
    ]
    if what == "groups":
        rows = [{"id": group, "priority": 0, "profile": {}} for group in app.groups]
    if expand == what.removesuffix("s"):
        for row in rows:
            row["_embedded"] = {expand: _shown(directory, row["id"])}
    return Answer(rows)


def _shown(directory: Directory, id: str) -> dict[str, Any]:
    if id in directory.users:
        return directory.users[id].shown()
    return directory.groups[id].shown(stats=False)


def _compared(expression: str | None, attribute: str) -> str | None:
    """The value an expression compares this attribute with; None when it is about another."""
    found = _COMPARISON.fullmatch(expression or "")
    if found is None or found[1] != attribute:
        return None
    return re.sub(r"\\(.)", r"\1", found[2])
