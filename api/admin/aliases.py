"""Outside identifiers of users and groups: the whole chain, and what an administrator knows."""

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.admin import evidence
from api.admin.call import Answer, Call, find
from api.admin.evidence import Alias
from api.admin.shapes import Incoming, ListOf
from api.operation import NoBody, NoQuery, Noun
from api.problems import Problem
from models.identity import GroupKey, Identifier, UserKey
from models.store import groups_in_tokens, identities, merging
from models.store.database import Tx
from models.store.lists.directory import GROUPS, USERS
from models.store.scim import name_key
from sync import connection as connections
from sync.drift import doubts

PROOF = "administrator"
NAMES = frozenset({"name", "user_name"})
"""Compared without regard to case."""


def _plain(text: str) -> str:
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in text) or not text.strip():
        raise ValueError("must be a text without control characters")
    return text


Value = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_plain)]


class NewGroupAlias(Incoming):
    namespace: Literal["id", "external_id", "name", "claim"]
    value: Value


class NewUserAlias(Incoming):
    namespace: Literal["id", "external_id", "subject", "user_name"]
    value: Value


class AliasQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    namespace: Literal["id", "external_id", "name", "claim"]
    value: Value = Field(description="As it is listed.")


def of_user(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        row = find(tx, call, USERS, name=call.path["id"], noun="user")
        return Answer(_chain(tx, "user", row.id))


def of_group(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        row = find(tx, call, GROUPS, name=call.path["id"], noun="group")
        return Answer(_chain(tx, "group", row.id))


def add_to_user(call: Call[NoQuery, NewUserAlias]) -> Answer:
    """Whoever had it has it no more. A dispute about it is decided by this."""
    with call.context.database.write() as tx:
        row, now = find(tx, call, USERS, name=call.path["id"], noun="user"), call.now()
        identities.name_user(
            tx, row.connection_id, UserKey(row.id), _identifier(call.body), proof=PROOF, now=now
        )
        doubts.settle_people(tx, connections.load(tx, row.connection_id), now)
        return Answer(_chain(tx, "user", row.id), 201)


def add_to_group(call: Call[NoQuery, NewGroupAlias]) -> Answer:
    with call.context.database.write() as tx:
        row, now = find(tx, call, GROUPS, name=call.path["id"], noun="group"), call.now()
        group, identifier = GroupKey(row.id), _identifier(call.body)
        if merging.is_part(tx, group):
            raise Problem(409, "This group is one with another. Name that one, or split them.")
        identities.name_group(tx, row.connection_id, group, identifier, proof=PROOF, now=now)
        if identifier.namespace == "claim":
            groups_in_tokens.know(tx, group)
        return Answer(_chain(tx, "group", row.id), 201)


def close(call: Call[AliasQuery, NoBody]) -> Answer:
    """It stays in the chain, as history."""
    with call.context.database.write() as tx:
        row, now = find(tx, call, GROUPS, name=call.path["id"], noun="group"), call.now()
        identifier = _identifier(call.query)
        if not identities.unname_group(tx, GroupKey(row.id), identifier, now):
            raise Problem(404, "No valid alias of this group has this namespace and value.")
    return Answer(None, 204)


def _identifier(given: Any) -> Identifier:
    value = name_key(given.value) if given.namespace in NAMES else given.value
    return Identifier(given.namespace, value)


def _chain(tx: Tx, kind: str, owner: int) -> ListOf[Alias]:
    """Oldest first."""
    return ListOf[Alias](items=evidence.aliases(identities.aliases_of(tx, kind, owner)))


_ADDING = (
    "The identifier names nobody else from now on; whoever had it keeps it in the chain, closed."
)
_users, _groups = Noun("users", "/users/{id}/aliases"), Noun("groups", "/groups/{id}/aliases")
operations = [
    _users.get("", of_user, "Every name the user has had.", gives=ListOf[Alias]),
    _users.post(
        "",
        add_to_user,
        "Say that an identifier names this user.",
        takes=NewUserAlias,
        gives=ListOf[Alias],
        status=(201,),
        about=f"{_ADDING} The token's subject decides a dispute.",
    ),
    _groups.get("", of_group, "Every name the group has had.", gives=ListOf[Alias]),
    _groups.post(
        "",
        add_to_group,
        "Say that an identifier names this group.",
        takes=NewGroupAlias,
        gives=ListOf[Alias],
        status=(201,),
        about=f"{_ADDING} Evidence stays where it is; only what is said from now on is heard of "
        "this group.",
    ),
    _groups.delete(
        "",
        close,
        "Say that an identifier names this group no more.",
        query=AliasQuery,
        about="It stays in the chain as history.",
    ),
]
