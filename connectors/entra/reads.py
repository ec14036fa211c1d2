"""The three full reads: the whole directory, named groups, whoever is assigned to an app.

Members are read without an OData cast (`transitiveMembers`, not
`transitiveMembers/microsoft.graph.user`) and users picked by `@odata.type`: a cast is answered
from an index that trails the directory, and is refused for groups that cannot hold the type.
https://learn.microsoft.com/graph/api/group-list-transitivemembers
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote

from connectors.base import DirectoryMembers, DirectoryUser, ReadEnded, ReadPart
from connectors.entra.batch import gather
from connectors.entra.graph import Graph, Page, decode, is_missing
from connectors.entra.rows import (
    GROUP,
    GROUP_FIELDS,
    USER,
    USER_FIELDS,
    AssignedRow,
    GroupRow,
    MemberRow,
    PersonRow,
    UserRow,
    group,
    user,
)
from connectors.errors import Misconfigured, Transient
from connectors.http import Reply

R = TypeVar("R", GroupRow, UserRow)
M = TypeVar("M", MemberRow, PersonRow)

PAGE = 999  # the most that Graph gives at once
_FIELDS = {"users": USER_FIELDS, "groups": GROUP_FIELDS}


def read_all(graph: Graph, begin: Callable[[Graph], str | None]) -> Iterator[ReadPart]:
    """`begin` answers where changes will be told from; it is asked before the first page."""
    users, groups = graph.count("/users"), graph.count("/groups")
    cursor = begin(graph)
    for page in graph.pages(f"/users?$select={USER_FIELDS}&$top={PAGE}", Page[UserRow]):
        yield [user(row) for row in page]
    rows: dict[str, GroupRow] = {}
    for listed in graph.pages(f"/groups?$select={GROUP_FIELDS}&$top={PAGE}", Page[GroupRow]):
        yield [group(row) for row in listed]
        rows |= {row.id: row for row in listed}
    yield from everyone_in(graph, rows.values())
    yield ReadEnded(min(users, graph.count("/users")), min(groups, graph.count("/groups")), cursor)


def read_groups(graph: Graph, ids: Iterable[str]) -> Iterator[ReadPart]:
    """The details of users come with the members, so they are in memory before their turn.

    No count: Graph offers one for each group, none for the people in several.
    """
    rows = list(named(graph, ids))
    told: list[DirectoryMembers] = []
    users: dict[str, DirectoryUser] = {}
    for row, members in _people_of(graph, rows, f"transitiveMembers?$select={USER_FIELDS}"):
        pages = list(members)
        users |= {one.id: user(one) for page in pages for one in page if one.is_user}
        told.append(everyone(row, pages))
    yield list(users.values())
    yield [group(row) for row in rows]
    yield from told
    yield ReadEnded()


def read_assigned(graph: Graph, app: str) -> Iterator[ReadPart]:
    """Entra assigns the direct members of an assigned group, never those of groups in it.

    So the users are these; what each of them is in is told transitively, as everywhere.
    https://learn.microsoft.com/entra/identity/users/groups-saasapps
    """
    assigned = [row for page in assignments(graph, app) for row in page]
    teams = {row.principal for row in assigned if row.type == "Group"}
    found = objects(graph, "groups", sorted(teams))
    rows = [about(one, reply, GroupRow) for one, reply in found]
    alone = _users(graph, sorted(row.principal for row in assigned if row.type == "User"))
    users = {one.id: one for one in alone}
    for _, pages in _people_of(graph, rows, f"members?$select={USER_FIELDS}"):
        users |= {one.id: user(one) for page in pages for one in page if one.is_user}
    yield list(users.values())
    yield [group(row) for row in rows]
    for told in everyone_in(graph, rows):
        yield replace(told, users=told.users.intersection(users))
    yield ReadEnded()


def assignments(graph: Graph, app: str) -> Iterator[list[AssignedRow]]:
    """Raises Misconfigured when there is no such application.

    https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
    """
    path = f"/servicePrincipals/{app}/appRoleAssignedTo?$top={PAGE}"
    first = graph.ask(path)
    if is_missing(first):
        raise Misconfigured(
            f"There is no enterprise application {app}. The scope wants the object id of the "
            "enterprise application, not the application (client) id."
        )
    return graph.pages(path, Page[AssignedRow], first)


def named(graph: Graph, ids: Iterable[str]) -> Iterator[GroupRow]:
    """Raises Misconfigured for one that does not exist: its members would all seem to be gone."""
    for one, reply in objects(graph, "groups", ids):
        if is_missing(reply):
            raise Misconfigured(f"The scope names the group {one}, which does not exist.")
        yield about(one, reply, GroupRow)


def _users(graph: Graph, ids: Iterable[str]) -> list[DirectoryUser]:
    """An assignment to a user who is not there is a contradiction, so it raises Transient."""
    return [user(about(one, reply, UserRow)) for one, reply in objects(graph, "users", ids)]


def objects(graph: Graph, kind: str, ids: Iterable[str]) -> Iterator[tuple[str, Reply]]:
    """Each id with the answer about it, whatever its status."""
    paths = {f"/{kind}/{quote(one, safe='')}?$select={_FIELDS[kind]}": one for one in ids}
    for path, reply in gather(graph, paths):
        yield paths[path], reply


def about(one: str, reply: Reply, shape: type[R]) -> R:
    row = decode(reply, shape)
    if row.id.lower() != one.lower():
        raise Transient(f"{reply.url} answered about another object.")
    return row


def everyone_in(graph: Graph, groups: Iterable[GroupRow]) -> Iterator[DirectoryMembers]:
    """The members of each group, and of those inside it."""
    every = _members_of(graph, groups, "transitiveMembers?$select=id", Page[MemberRow])
    return (everyone(row, pages) for row, pages in every)


def _people_of(
    graph: Graph, groups: Iterable[GroupRow], relation: str
) -> Iterator[tuple[GroupRow, Iterator[list[PersonRow]]]]:
    return _members_of(graph, groups, relation, Page[PersonRow])


def _members_of(
    graph: Graph, groups: Iterable[GroupRow], relation: str, shape: type[Page[M]]
) -> Iterator[tuple[GroupRow, Iterator[list[M]]]]:
    """Each group with the pages of everything in it, to be read to the end before the next.

    First pages come in batches, the others one by one.
    """
    by_path = {f"/groups/{quote(row.id, safe='')}/{relation}&$top={PAGE}": row for row in groups}
    for path, first in gather(graph, by_path):
        yield by_path[path], _visible(by_path[path], graph.pages(path, shape, first))


def _visible(row: GroupRow, pages: Iterable[list[M]]) -> Iterator[list[M]]:
    """Without Member.Read.Hidden, Graph answers 200 and no members for a hidden membership."""
    has_members = False
    for page in pages:
        has_members = has_members or bool(page)
        yield page
    if row.visibility == "HiddenMembership" and not has_members:
        raise Misconfigured(
            f"The members of the group {row.name} are hidden; the application permission "
            "Member.Read.Hidden shows them. (If there are none, give it one or leave it out.)"
        )


def everyone(row: GroupRow, pages: Iterable[list[M]]) -> DirectoryMembers:
    """The users in a group, and the groups. Of a page nothing else is kept."""
    users: list[list[str]] = []
    inside: set[str] = set()
    for page in pages:
        users.append([one.id for one in page if one.type == USER])
        if len(users[-1]) < len(page):
            inside.update(one.id for one in page if one.type == GROUP)
    listed: frozenset[str] = frozenset().union(*users)
    return DirectoryMembers(row.id, users=listed, groups=frozenset(inside - {row.id}))
