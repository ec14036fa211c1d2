"""One request as it will be kept: filled while it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from api.scim import secrecy
from api.scim.errors import ScimError
from models.evidence import Observation
from models.instant import Instant
from models.store.database import dumps
from models.store.identities import new_public_id
from sync.pushing.pushed import words

HEADER = b"x-request-id"
LONGEST_ID = 64
CONDITIONS = (b"if-match", b"if-none-match")
MOST = 50
"""Words of one request that are kept: who is deleted may have been in a thousand groups."""
LONGEST = 16_384
"""Characters of a path. A filter may have 4,096, each of which may take three."""


@dataclass(slots=True)
class Record:
    connection: str
    """The public id of the connection."""
    method: str
    path: str
    """Below the address of the connection, as it was encoded, with the query."""
    began: Instant
    token: str = field(repr=False)
    """What opened the door; cut out of all that is kept."""
    resource: str | None = None
    part_of: str | None = None
    """The id of the bulk request."""
    conditions: Mapping[str, str] = field(default_factory=dict)
    """The headers without which a replay would not be one."""
    body: bytes | None = field(default=None, repr=False)
    """Once it was read as JSON."""
    announced: bytes = b""
    """How long the body is to be, as its header says."""
    body_size: int = 0
    tolerances: set[str] = field(default_factory=set)
    id: str = field(default_factory=new_public_id)
    _text: str | None = field(default=None, repr=False)
    is_kept: bool = False
    """Written together with what it changed."""

    def row(
        self,
        response: Response,
        now: Instant,
        *,
        error: ScimError | None = None,
        said: Sequence[Observation] = (),
        parked: Sequence[str] = (),
        missed: Sequence[str] = (),
    ) -> dict[str, Any]:
        """As `models.store.requests` takes it."""
        changes = words(said, parked, missed)
        return {
            "public_id": self.id,
            "connection": self.connection,
            "part_of": self.part_of,
            "method": self.method[:16],
            "path": self._kept(secrecy.target(self.path, self.token))[:LONGEST],
            "conditions": self._kept(dumps(self.conditions)) if self.conditions else None,
            "resource": self._kept(self.resource or self._made(response)) or None,
            "status": response.status_code,
            "scim_type": error.scim_type if error else None,
            "detail": self._kept(secrecy.sentence(str(error))) if error else None,
            "changes": self._kept(dumps(changes[:MOST])) if changes else None,
            "tolerances": " ".join(sorted(self.tolerances)) or None,
            "body": self.text(),
            "body_size": self.body_size,
            "took": max(0, now - self.began),
            "created_at": self.began,
        }

    def text(self) -> str | None:
        """The body as it is kept. Worked out once, and not while a transaction waits for it."""
        if self.body is not None:
            found, self.body = secrecy.body(self.body), None
            self._text = None if found is None else self._kept(found)
        return self._text

    def _made(self, response: Response) -> str:
        """The id of what was created, from its address."""
        if self.method != "POST":
            return ""
        return response.headers.get("location", "").rpartition("/")[2]

    def _kept(self, text: str) -> str:
        return text.replace(self.token, secrecy.REMOVED)


Headers = Mapping[bytes, bytes]


def record_of(scope: Scope, headers: Headers, connection: str, token: str, now: Instant) -> Record:
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("ascii", "replace").partition("?")[0].split("/", 4)[4:]
    query = scope["query_string"].decode("ascii", "replace")
    return Record(
        connection=connection,
        method=scope["method"],
        path="/" + "".join(path) + (f"?{query}" if query else ""),
        began=now,
        token=token,
        resource=_named(scope["path_params"].get("id", "")),
        conditions={
            name.decode(): headers[name].decode("latin-1") for name in CONDITIONS if name in headers
        },
        announced=headers.get(b"content-length", b""),
    )


def part_of(whole: Record, method: str, path: str, body: object, now: Instant) -> Record:
    """One operation of a bulk request, as if it had come by itself."""
    raw = b"" if body is None else msgspec.json.encode(body)
    return Record(
        connection=whole.connection,
        method=method,
        path=path,
        began=now,
        token=whole.token,
        resource=_named("".join(path.split("/")[2:])),
        part_of=whole.id,
        body=raw or None,
        body_size=len(raw),
    )


def _named(resource: str) -> str | None:
    return resource if 0 < len(resource) <= LONGEST_ID and resource.isprintable() else None
