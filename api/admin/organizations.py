"""Organizations: the customers, and the domains that are theirs."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.admin.call import Answer, Call, again, find, only_for_all
from api.admin.shapes import Incoming, Kept, ListOf, Name, Slug, kept, omitted, sent
from api.operation import NoBody, NoQuery, Noun
from api.paging import ListQuery, page
from api.problems import Problem
from models.store import organizations
from models.store.database import Tx
from models.store.lists.accounts import ORGANIZATIONS

_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def _domain(text: str) -> str:
    if not _DOMAIN.fullmatch(text.lower()):
        raise ValueError("must be a domain as in DNS, such as acme.example")
    return text.lower()


Domains = Annotated[list[Annotated[str, AfterValidator(_domain)]], Field(max_length=100)]


class NewOrganization(Incoming):
    slug: Slug
    name: Name
    domains: Domains = Field(default=[])


class OrganizationChange(Incoming):
    slug: Slug = omitted()
    name: Name = omitted()
    domains: Domains = omitted()


class Organization(Kept):
    slug: str
    name: str
    domains: list[str]


def listed(call: Call[ListQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        found, cursor = page(tx, ORGANIZATIONS, call.query, organization=call.organization)
        domains = organizations.domains(tx, [row.id for row in found.rows] or [0])
    items = [_shown(row, domains[row.id]) for row in found.rows]
    return Answer(ListOf[Organization](items=items, next_cursor=cursor))


def create(call: Call[NoQuery, NewOrganization]) -> Answer:
    only_for_all(call, "add organizations")
    body = call.body
    with call.context.database.write() as tx:
        key = organizations.insert(tx, body.slug, body.name, now=call.now())
        if key is None:
            raise _taken(body.slug)
        _claim(tx, key, body.domains)
        made = _one(tx, key)
    return Answer(made, 201, {"location": f"/api/v1/organizations/{made.id}"})


def read(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        return Answer(_one(tx, _found(tx, call).id))


def change(call: Call[NoQuery, OrganizationChange]) -> Answer:
    """Domains decide whose sign-in an address is, so a customer's own key may not set them."""
    values = sent(call.body)
    if {"slug", "domains"} & set(values):
        only_for_all(call, "change slugs or domains")
    domains = values.pop("domains", None)
    with call.context.database.write() as tx:
        row = _found(tx, call)
        if not organizations.change(tx, row.id, values, call.now()):
            raise _taken(values["slug"])
        if domains is not None:
            _claim(tx, row.id, domains)
        return Answer(_one(tx, row.id))


def delete(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = _found(tx, call)
        only_for_all(call, "delete organizations")
        connections, targets = organizations.holdings(tx, row.id)
        if connections or targets:
            raise Problem(
                409,
                f"{row.slug} still has {connections} connections and {targets} targets. "
                "Delete them first.",
            )
        organizations.delete(tx, row.id)
    return Answer(None, 204)


def _found(tx: Tx, call: Call[Any, Any]) -> Any:
    return find(tx, call, ORGANIZATIONS, name=call.path["id"], noun="organization")


def _claim(tx: Tx, key: int, domains: list[str]) -> None:
    taken = organizations.set_domains(tx, key, domains)
    if taken is not None:
        raise Problem(409, f"The domain {taken} belongs to another organization.")


def _taken(slug: str) -> Problem:
    return Problem(409, f"There is an organization {slug} already.")


def _one(tx: Tx, key: int) -> Organization:
    return _shown(again(tx, ORGANIZATIONS, key), organizations.domains(tx, [key])[key])


def _shown(row: Any, domains: list[str]) -> Organization:
    return Organization(**kept(row), slug=row.slug, name=row.name, domains=domains)


_on = Noun("organizations", "/organizations")
operations = [
    _on.get("", listed, "List organizations.", query=ListQuery, gives=ListOf[Organization]),
    _on.post(
        "",
        create,
        "Add an organization.",
        takes=NewOrganization,
        gives=Organization,
        status=(201,),
    ),
    _on.get("/{id}", read, "Read an organization.", gives=Organization),
    _on.patch(
        "/{id}",
        change,
        "Change an organization.",
        takes=OrganizationChange,
        gives=Organization,
        about="What is not sent stays. `domains` replaces the whole list.",
    ),
    _on.delete("/{id}", delete, "Delete an organization that has no connections and no targets."),
]
