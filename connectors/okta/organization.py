"""The lists and objects of one Okta organization, by their names."""

from collections.abc import Iterator

from connectors.errors import Gone, Misconfigured, Transient
from connectors.okta.pages import Pages
from connectors.okta.shapes import (
    APP_GROUPS,
    APP_USERS,
    GROUP,
    GROUPS,
    USER,
    USERS,
    AppUser,
    Group,
    User,
)
from connectors.okta.walk import LIMIT

_PAGE = {"limit": str(LIMIT)}


class Organization:
    """What we ask of it. Every method raises a `ConnectorError` when in doubt."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def users(self) -> Iterator[list[User]]:
        """All that are not deprovisioned: without a filter Okta leaves those out."""
        return self._pages.every(USERS, "users", **_PAGE)

    def deprovisioned(self) -> Iterator[list[User]]:
        return self._pages.every(USERS, "users", filter='status eq "DEPROVISIONED"', **_PAGE)

    def user(self, user: str) -> User:
        """Raises Gone, which is proof, where there is none."""
        return self._pages.one(USER, "users", user)

    def groups_of(self, user: str) -> Iterator[list[Group]]:
        return self._pages.every(GROUPS, "users", user, "groups")

    def groups(self) -> Iterator[list[Group]]:
        return self._pages.every(GROUPS, "groups", expand="stats", **_PAGE)

    def built_in(self) -> Iterator[list[Group]]:
        return self._pages.every(GROUPS, "groups", filter='type eq "BUILT_IN"', **_PAGE)

    def members(self, group: Group) -> Iterator[list[User]]:
        try:
            yield from self._pages.every(USERS, "groups", group.id, "users", **_PAGE)
        except Gone as gone:
            raise Transient(f"The group {group.profile.name} vanished while it was read.") from gone

    def count(self, group: str) -> int | None:
        """How many members Okta says a group has now; None where it does not say."""
        query = f'id eq "{group}"'
        for page in self._pages.every(GROUPS, "groups", filter=query, expand="stats"):
            return next((found.count for found in page if found.id == group), None)
        return None

    def group(self, named: str) -> Group:
        """A group by its id or its exact name. Raises Misconfigured when none or two have it."""
        try:
            return self._pages.one(GROUP, "groups", named)
        except Gone:
            found = list(self._by_name(named))
        if len(found) != 1:
            many = "no group" if not found else f"{len(found)} groups"
            raise Misconfigured(f"Okta has {many} with the id or name {named}. Give its id.")
        return found[0]

    def _by_name(self, name: str) -> Iterator[Group]:
        """`q` would compare beginnings, and cannot be paged."""
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        query = {"search": f'profile.name eq "{quoted}"', "expand": "stats"}
        for page in self._pages.every(GROUPS, "groups", **query, **_PAGE):
            yield from (group for group in page if group.profile.name == name)

    def app_users(self, app: str) -> Iterator[list[AppUser]]:
        try:
            yield from self._pages.every(APP_USERS, "apps", app, "users", expand="user", **_PAGE)
        except Gone as gone:
            raise _no_app(app) from gone

    def app_groups(self, app: str) -> Iterator[list[Group]]:
        try:
            for page in self._pages.every(
                APP_GROUPS, "apps", app, "groups", expand="group", **_PAGE
            ):
                yield [assigned.embedded.group for assigned in page]
        except Gone as gone:
            raise _no_app(app) from gone


def _no_app(app: str) -> Misconfigured:
    return Misconfigured(f"Okta has no app with the id {app}, or the token may not see it.")
