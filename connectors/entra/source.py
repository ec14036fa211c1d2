"""Microsoft Entra ID as a `Source`."""

import ssl
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from connectors.base import ReadPart, RoundPart, UserFound, UserGone
from connectors.entra.changes import changes, latest
from connectors.entra.graph import Graph, Page, Token, decode, is_missing
from connectors.entra.reads import PAGE, assignments, named, read_all, read_assigned, read_groups
from connectors.entra.rows import GROUP_FIELDS, USER_FIELDS, GroupRow, ParentRow, UserRow
from connectors.entra.rows import group as as_group
from connectors.entra.rows import user as as_user
from connectors.entra.settings import AppAssignment, EntraPull, NamedGroups
from connectors.entra.token import ClientToken
from connectors.errors import ConnectorError, CursorLost, Transient
from connectors.http import Http, Limits


class Entra:
    """One tenant's directory. Thread-safe; keep one for each connection, it remembers a token.

    Every method raises only `ConnectorError`s: Misconfigured for wrong credentials, missing
    permissions (named) and a scope that does not exist, Transient for everything that may be
    better next time. https://learn.microsoft.com/graph/api/overview
    """

    def __init__(
        self,
        settings: EntraPull,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        token: Token | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Calls nobody. `token` takes the place of signing in by msal."""
        self._settings = settings
        self._http = Http(settings.graph, limits=limits, tls=tls)
        self._sign_in = ClientToken(settings, Http(limits=limits, tls=tls))
        self._token = token or self._sign_in
        self._sleep = sleep

    def read(self) -> Iterator[ReadPart]:
        graph = self._graph()
        match self._settings.scope:
            case NamedGroups(groups=ids):
                return read_groups(graph, ids)
            case AppAssignment(app_id=app):
                return read_assigned(graph, app)
            case "all":
                return read_all(graph, latest)

    def changes(self, cursor: str) -> Iterator[RoundPart]:
        """See `Source.changes`. Only a read of the whole directory can be gone on from."""
        if self._settings.scope != "all":
            raise CursorLost("Changes are told for a scope of the whole directory only.")
        return changes(self._graph(), cursor)

    def read_user(self, directory_id: str) -> UserFound | UserGone:
        """The user and its groups, as the full read knows them.

        `transitiveMemberOf` and not `getMemberObjects`: it tells the names along with the ids,
        pages where the other gives up (at 11,000), and tells groups from directory roles.
        https://learn.microsoft.com/graph/api/user-list-transitivememberof
        """
        graph = self._graph()
        path = f"/users/{quote(directory_id, safe='')}"
        reply = graph.ask(f"{path}?$select={USER_FIELDS}")
        if is_missing(reply):
            return UserGone()
        user = as_user(decode(reply, UserRow))
        if user.id.lower() != directory_id.lower():
            raise Transient(f"{reply.url} answered about another user.")
        listed = f"{path}/transitiveMemberOf?$select=id,displayName&$top={PAGE}"
        parents = graph.pages(listed, Page[ParentRow])
        return UserFound(
            user, frozenset(as_group(row) for page in parents for row in page if row.is_group)
        )

    def check(self) -> list[str]:
        try:
            self._token(None)
        except ConnectorError as trouble:
            return [str(trouble)]
        graph = self._graph()
        found = (_trouble_of(probe, graph) for probe in (_users, _groups, self._scope))
        return list(dict.fromkeys(sentence for sentence in found if sentence))

    def close(self) -> None:
        self._http.close()
        self._sign_in.close()

    def _graph(self) -> Graph:
        return Graph(self._http, self._token, self._sleep)

    def _scope(self, graph: Graph) -> None:
        match self._settings.scope:
            case NamedGroups(groups=ids):
                list(named(graph, ids))
            case AppAssignment(app_id=app):
                next(assignments(graph, app))
            case "all":
                graph.count("/users")


def _users(graph: Graph) -> None:
    page = decode(graph.ask(f"/users?$select={USER_FIELDS}&$top=1"), Page[UserRow])
    for row in page.value:
        as_user(row)


def _groups(graph: Graph) -> None:
    page = decode(graph.ask(f"/groups?$select={GROUP_FIELDS}&$top=1"), Page[GroupRow])
    for row in page.value:
        as_group(row)


def _trouble_of(probe: Callable[[Graph], None], graph: Graph) -> str | None:
    try:
        probe(graph)
    except ConnectorError as trouble:
        return str(trouble)
    return None
