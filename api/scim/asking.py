"""One resource that a request is about: found, held, shown."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from api.scim import answers, newcomers
from api.scim.auth import Caller
from api.scim.conditions import check_match, check_none_match, is_unchanged, version_of
from api.scim.errors import NotFound
from api.scim.filters import is_storable
from api.scim.projection import Projection, projection_of
from api.scim.render import Renderer, location
from models.store import scim
from models.store.database import Tx
from sync.connection import Connection
from sync.pushing.push import Push


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who asks for which resource, on what condition, and what of it is to be shown."""

    caller: Caller
    table: str
    """users or groups."""
    public_id: str
    """Empty for one that is to be made."""
    if_match: str | None
    if_none_match: str | None
    projection: Projection

    async def write(self, work: "Work") -> Response:
        """Work on the push channel, all or nothing, in a thread."""
        return await self.caller.write(partial(work, self))

    async def read(self) -> Response:
        """Raises NotFound. A group that the client has already is not even rendered; of a user
        the groups are part of the version.
        """
        is_short = self.projection.is_short(of_users=self.table == "users")
        return await self.caller.read(self._read, is_short=is_short)

    def hold(self, push: Push) -> Row[Any]:
        """The resource, ours until the end. Raises NotFound and PreconditionFailed."""
        link = push.connection.key
        if self.table == "groups":
            push.take_turn()
        row = scim.lock(push.tx, self.table, connection=link, public_id=self.public_id)
        if row is None and self.table == "users" and push.take_over(self.public_id):
            row = scim.lock(push.tx, self.table, connection=link, public_id=self.public_id)
        if row is None:
            raise _missing()
        version = version_of(row.scim_version)
        check_match(self.if_match, version)
        if self.if_none_match is not None:
            shown = self.show(push.tx, row)
            check_none_match(self.if_none_match, shown.headers["etag"])
        return row

    def shown(self, tx: Tx, key: int, *, status: int = 200) -> Response:
        """The resource as it stands now."""
        return self.show(tx, scim.of_key(tx, self.table, key), status=status)

    def _read(self, tx: Tx, connection: Connection) -> Response:
        link = connection.key
        row: Any = scim.find(tx, self.table, connection=link, public_id=self.public_id)
        if row is None and self.table == "users":
            row = newcomers.of_public_id(tx, link, self.public_id)
        if row is None:
            raise _missing()
        version = version_of(row.scim_version)
        check_match(self.if_match, version)
        if self.table == "groups" and is_unchanged(self.if_none_match, version):
            return answers.unchanged(version)
        response = self.show(tx, row)
        if self.if_none_match is None:
            return response
        version = response.headers["etag"]
        return answers.unchanged(version) if is_unchanged(self.if_none_match, version) else response

    def show(self, tx: Tx, row: Row[Any], *, status: int = 200, in_groups: bool = True) -> Response:
        """`in_groups`: False for a user who cannot be in any."""
        base_url = self.caller.base_url
        renderer = Renderer(tx, base_url, self.projection, spreads=True, in_groups=in_groups)
        is_user = self.table == "users"
        (body,) = renderer.users([row]) if is_user else renderer.groups([row])
        return answers.resource(
            body,
            version=renderer.versions[row.id],
            location=location(base_url, "User" if is_user else "Group", row.public_id),
            status=status,
        )


Work = Callable[[Ask, Push], Response]


def ask_of(request: Request, caller: Caller, table: str) -> Ask:
    """Raises NotFound for an id that nothing can have, and InvalidValue."""
    return ask_for(
        caller,
        table,
        request.path_params.get("id", ""),
        if_match=caller.record.conditions.get("if-match"),
        if_none_match=caller.record.conditions.get("if-none-match"),
        projection=projection_of(request),
    )


def ask_for(
    caller: Caller,
    table: str,
    public_id: str,
    *,
    projection: Projection,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Ask:
    """Raises NotFound for an id that nothing can have."""
    if not is_storable(public_id):
        raise _missing()
    return Ask(
        caller=caller,
        table=table,
        public_id=public_id,
        if_match=if_match,
        if_none_match=if_none_match,
        projection=projection,
    )


def _missing() -> NotFound:
    return NotFound("There is no such resource.")
