"""A list holds what was asked for, no more and no less, in the order that was asked for."""

from collections.abc import Iterator

import httpx
import pytest

from api.scim.fields import GROUP_FIELDS, USER_FIELDS
from api.scim.schema import ENTERPRISE as EXTENSION
from api.scim.schema import GROUP as GROUP_SCHEMA
from api.scim.schema import USER as USER_SCHEMA
from tests.api.scim_app import BOTH, ENTERPRISE, GROUP, USER, Idp, Json, serving_on

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@pytest.fixture(params=BOTH, scope="module")
def idp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    """Four users and three groups, who are never changed."""
    with (
        serving_on(request.param, tmp_path_factory.mktemp("scim")) as service,
        service.client() as http,
    ):
        found = Idp(service, http)
        populate(found)
        yield found


def populate(idp: Idp) -> None:
    ada = idp.user(
        "Ada@acme.example",
        externalId="E1",
        displayName="Ada Lovelace",
        name={"givenName": "Ada", "familyName": "Lovelace"},
        title='The "Countess" \\ of',
        active=True,
        emails=[
            {"type": "home", "value": "ada@home.example"},
            {"type": "work", "value": "ada@acme.example", "primary": True},
        ],
        roles=[{"value": "admin", "primary": True}],
        **{ENTERPRISE: {"department": "Mathematics", "manager": {"value": "271"}}},
    )
    bob = idp.user(
        "bob@acme.example",
        externalId="e1",
        displayName="Bob",
        active=False,
        emails=[{"type": "home", "value": "ada@acme.example"}],
        **{ENTERPRISE: {"department": "Physics", "employeeNumber": "7"}},
    )
    idp.user(
        "Zoë@acme.example", displayName="zoë", emails=[{"type": "work", "value": "z@x.example"}]
    )
    idp.user("dan", nickName="d")
    gone = idp.user("gone")
    idp.call("DELETE", f"/Users/{gone['id']}")
    idp.group("Engineering", [ada["id"], bob["id"]], externalId="g1")
    idp.group("Everybody", [ada["id"]])
    idp.group("Zoë's")


@pytest.mark.parametrize(
    ("collection", "filter", "found"),
    [
        ("Users", 'userName eq "aDA@acme.example"', 1),
        ("Users", 'userName eq "ZOE\u0308@acme.example"', 1),
        ("Users", 'userName eq "gone"', 0),
        ("Users", 'externalId eq "e1"', 1),
        ("Users", 'externalId eq "g1"', 0),
        ("Groups", 'displayName eq "ENGINEERING"', 1),
        ("Groups", 'externalId eq "g1"', 1),
        ("Groups", 'externalId eq "E1"', 0),
    ],
)
@pytest.mark.parametrize("page", [{}, {"startIndex": "2"}, {"count": "0"}, {"count": "1"}])
def test_one_name_is_found_as_any_other_search_finds_it(
    idp: Idp, collection: str, filter: str, found: int, page: dict[str, str]
) -> None:
    one = idp.find(collection, filter, **page)
    assert one == idp.find(collection, f"({filter}) and id pr", **page)
    assert one["totalResults"] == found


ADA, BOB, ZOE, DAN = "Ada@acme.example", "bob@acme.example", "Zoë@acme.example", "dan"


def key(idp: Idp, name: str) -> str:
    return str(idp.find("Users", f'userName eq "{name}"')["Resources"][0]["id"])


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        pytest.param('userName eq "ADA@ACME.EXAMPLE"', [ADA], id="a name in any case"),
        pytest.param('userName eq "zoe\u0308@acme.example"', [ZOE], id="in any form of accent"),
        pytest.param('userName sw "zo"', [ZOE], id="the start of a name"),
        pytest.param('userName ew "ACME.example"', [ADA, BOB, ZOE], id="the end of a name"),
        pytest.param('userName ne "dan"', [ADA, BOB, ZOE], id="all other names"),
        pytest.param(f'{USER}:userName eq "dan"', [DAN], id="by its full name"),
        pytest.param('externalId eq "e1"', [BOB], id="an external id in its own case"),
        pytest.param('EXTERNALID eq "E1"', [ADA], id="an attribute in any case"),
        pytest.param("externalId eq null", [ZOE, DAN], id="none"),
        pytest.param('userName eq "gone"', [], id="who was deleted"),
        pytest.param("active eq true", [ADA, ZOE, DAN], id="active"),
        pytest.param('active eq "False"', [BOB], id="inactive, as Entra says it"),
        pytest.param('name.familyName eq "lovelace"', [ADA], id="a part"),
        pytest.param("name pr", [ADA], id="anything of several parts"),
        pytest.param(r'title eq "The \"Countess\" \\ of"', [ADA], id="quotes"),
        pytest.param('emails eq "ada@acme.example"', [ADA, BOB], id="any address"),
        pytest.param('emails.value co "HOME"', [ADA], id="a part of any address"),
        pytest.param(
            'emails[type eq "work" and value eq "ada@acme.example"]', [ADA], id="the same address"
        ),
        pytest.param(
            'emails[type eq "work"].value eq "ada@acme.example"', [ADA], id="as Entra says it"
        ),
        pytest.param("emails[primary eq true]", [ADA], id="a primary address"),
        pytest.param("not (emails pr)", [DAN], id="no address"),
        pytest.param(f'{ENTERPRISE}:department eq "physics"', [BOB], id="an extension"),
        pytest.param('department eq "physics"', [BOB], id="an extension without its name"),
        pytest.param(f'{ENTERPRISE}:manager eq "271"', [ADA], id="the manager"),
        pytest.param('manager.value eq "271"', [ADA], id="the manager's value"),
        pytest.param("manager pr", [ADA], id="any manager"),
        pytest.param(f"{ENTERPRISE} pr", [ADA, BOB], id="all of an extension"),
        pytest.param(f'schemas eq "{USER}"', [ADA, BOB, ZOE, DAN], id="the schema of all"),
        pytest.param(f'schemas eq "{ENTERPRISE}"', [ADA, BOB], id="the schema of some"),
        pytest.param('schemas eq "urn:x"', [], id="the schema of none"),
        pytest.param('meta.resourceType eq "User"', [ADA, BOB, ZOE, DAN], id="what it is"),
        pytest.param('meta.created gt "2001-01-01T00:00:00Z"', [ADA, BOB, ZOE, DAN], id="later"),
        pytest.param('meta.lastModified lt "2001-01-01T00:00:00Z"', [], id="earlier"),
        pytest.param('groups.display eq "engineering"', [ADA, BOB], id="the name of a group"),
        pytest.param("not (groups pr)", [ZOE, DAN], id="no group"),
        pytest.param("roles pr and active eq true", [ADA], id="both"),
        pytest.param('nickName eq "d" or userName sw "zo"', [ZOE, DAN], id="either"),
    ],
)
def test_users_are_found(filter: str, names: list[str], idp: Idp) -> None:
    assert sorted(idp.names("Users", filter)) == sorted(names)


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        pytest.param('displayName eq "engineering"', ["Engineering"], id="a name in any case"),
        pytest.param('displayName sw "E"', ["Engineering", "Everybody"], id="its start"),
        pytest.param('externalId eq "g1"', ["Engineering"], id="an external id"),
        pytest.param("members pr", ["Engineering", "Everybody"], id="with members"),
        pytest.param(f'{GROUP}:displayName co "ZOË"', ["Zoë's"], id="by its full name"),
    ],
)
def test_groups_are_found(filter: str, names: list[str], idp: Idp) -> None:
    assert idp.names("Groups", filter) == names


def test_users_and_groups_are_found_by_each_other(idp: Idp) -> None:
    ada, dan = key(idp, ADA), key(idp, DAN)
    both = ["Engineering", "Everybody"]
    assert idp.names("Groups", f'members.value eq "{ada}"') == both
    assert idp.names("Groups", f'members[value eq "{ada}"]') == both
    assert idp.names("Groups", f'members eq "{dan}"') == []
    assert idp.names("Groups", f'members ne "{ada}"') == ["Zoë's"]
    group = idp.find("Groups", 'displayName eq "Everybody"')["Resources"][0]["id"]
    assert idp.names("Users", f'groups.value eq "{group}"') == [ADA]
    assert idp.names("Users", f'groups[value eq "{group}"]') == [ADA]


def test_entra_finds_a_manager_by_its_odd_probe(idp: Idp) -> None:
    ada = key(idp, ADA)
    assert idp.names("Users", f'id eq "{ada}" and manager eq "271"') == [ADA]
    assert idp.names("Users", f'id eq "{ada}" and manager eq "272"') == []
    assert idp.names("Users", f'id eq "{ada.upper()}"') == []


def test_what_was_read_can_be_asked_for(idp: Idp) -> None:
    ada = idp.find("Users", 'externalId eq "E1"')["Resources"][0]
    for part in ("created", "lastModified"):
        found = idp.names("Users", f'meta.{part} eq "{ada["meta"][part]}"')
        assert ADA in found


def test_every_attribute_of_the_schemas_can_be_filtered(idp: Idp) -> None:
    for schema, fields in ((USER_SCHEMA, USER_FIELDS), (GROUP_SCHEMA, GROUP_FIELDS)):
        names = {one.name for one in schema.attributes} - {"password"}
        for name in names | {"id", "externalId", "meta.created"}:
            assert name.casefold() in fields and f"{schema.id}:{name}".casefold() in fields
            idp.find(f"{schema.name}s", f"{name} pr")
    for one in EXTENSION.attributes:
        idp.find("Users", f"{ENTERPRISE}:{one.name} pr")


@pytest.mark.parametrize(
    "filter",
    [
        pytest.param('userNam eq "x"', id="no such attribute"),
        pytest.param('password eq "x"', id="a password"),
        pytest.param('displayName.x eq "x"', id="no such part"),
        pytest.param("userName", id="half a filter"),
        pytest.param("", id="an empty filter"),
        pytest.param("userName eq 5", id="a number for a name"),
        pytest.param('active gt "true"', id="an order of booleans"),
        pytest.param('name eq "Ada"', id="a value for several parts"),
        pytest.param('meta.created gt "yesterday"', id="no time"),
        pytest.param('userName eq "\\u0000"', id="a NUL"),
        pytest.param(f'userName eq "{"x" * 5000}"', id="too long"),
        pytest.param("(" * 30 + "userName pr" + ")" * 30, id="too deep"),
        pytest.param(" or ".join(["title pr"] * 101), id="too many comparisons"),
        pytest.param('members.value eq "x"', id="of groups, not of users"),
        pytest.param('emails[type eq "work" and nothing eq "x"]', id="no such part of a value"),
    ],
)
def test_a_filter_that_cannot_be_answered_is_refused(filter: str, idp: Idp) -> None:
    for answer in (
        idp.get(f"/Users?{httpx.QueryParams({'filter': filter})}"),
        idp.call("POST", "/Users/.search", {"schemas": [SEARCH], "filter": filter}),
    ):
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("query", "start", "names"),
    [
        pytest.param("", 1, [ADA, BOB, ZOE, DAN], id="all in order of creation"),
        pytest.param("startIndex=1&count=2", 1, [ADA, BOB], id="the first page"),
        pytest.param("startIndex=3&count=2", 3, [ZOE, DAN], id="the second page"),
        pytest.param("startIndex=4&count=2", 4, [DAN], id="half a page"),
        pytest.param("startIndex=5&count=2", 5, [], id="past the end"),
        pytest.param("startIndex=0&count=1", 1, [ADA], id="before the start"),
        pytest.param("startIndex=-9&count=1", 1, [ADA], id="long before the start"),
        pytest.param("count=0", 1, [], id="totals only"),
        pytest.param("count=-1", 1, [], id="fewer than none"),
        pytest.param("count=999999999", 1, [ADA, BOB, ZOE, DAN], id="more than there may be"),
        pytest.param("count=&startIndex=", 1, [ADA, BOB, ZOE, DAN], id="nothing said"),
    ],
)
def test_a_page_holds_its_part(query: str, start: int, names: list[str], idp: Idp) -> None:
    found = idp.get(f"/Users?{query}").json()
    assert found["schemas"] == [LIST]
    assert [one["userName"] for one in found["Resources"]] == names
    assert (found["totalResults"], found["startIndex"]) == (4, start)
    assert found["itemsPerPage"] == len(names)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("sortBy=userName", [ADA, BOB, DAN, ZOE], id="by name"),
        pytest.param("sortBy=USERNAME&sortOrder=descending", [ZOE, DAN, BOB, ADA], id="backwards"),
        pytest.param("sortBy=displayName", [ADA, BOB, ZOE, DAN], id="what is missing comes last"),
        pytest.param(
            "sortBy=displayName&sortOrder=descending", [DAN, ZOE, BOB, ADA], id="or first"
        ),
        pytest.param("sortBy=externalId", [ADA, BOB, ZOE, DAN], id="in its own case"),
        pytest.param("sortBy=emails", [ADA, BOB, ZOE, DAN], id="by the primary or first value"),
        pytest.param("sortBy=emails.value&count=2&startIndex=2", [BOB, ZOE], id="of a page"),
        pytest.param("sortBy=name.givenName", [ADA, BOB, ZOE, DAN], id="by a part"),
        pytest.param(f"sortBy={ENTERPRISE}:department", [ADA, BOB, ZOE, DAN], id="an extension"),
        pytest.param("sortBy=meta.created&sortOrder=descending", [DAN, ZOE, BOB, ADA], id="time"),
        pytest.param("sortBy=active&count=1", [BOB], id="false before true"),
    ],
)
def test_a_list_is_sorted(query: str, names: list[str], idp: Idp) -> None:
    found = idp.get(f"/Users?{query}").json()
    assert [one["userName"] for one in found["Resources"]] == names
    assert found["totalResults"] == 4


@pytest.mark.parametrize(
    "query",
    [
        "sortBy=unheardOf",
        "sortBy=name",
        "sortBy=members",
        "sortBy=userName&sortOrder=upwards",
        "count=many",
        "startIndex=1.5",
        "startIndex=99999999999999999999999",
    ],
)
def test_a_list_that_makes_no_sense_is_refused(query: str, idp: Idp) -> None:
    answer = idp.get(f"/Users?{query}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


def test_a_page_shows_only_what_is_asked_for(idp: Idp) -> None:
    for one in idp.get("/Users?attributes=userName").json()["Resources"]:
        assert one.keys() == {"schemas", "id", "userName"}
    for one in idp.get("/Groups?excludedAttributes=members,meta").json()["Resources"]:
        assert not one.keys() & {"members", "meta"}


def test_a_page_shows_the_members_and_groups_of_each(idp: Idp) -> None:
    groups = idp.get("/Groups").json()["Resources"]
    assert [len(one["members"]) for one in groups] == [2, 1, 0]
    users = idp.get("/Users").json()["Resources"]
    assert [len(one["groups"]) for one in users] == [2, 1, 0, 0]


def search(idp: Idp, path: str, **asked: object) -> Json:
    answer = idp.call("POST", path, {"schemas": [SEARCH], **asked})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_a_search_is_a_list_that_is_asked_for_in_a_body(idp: Idp) -> None:
    found = search(
        idp,
        "/Users/.search",
        filter='userName ew "acme.example"',
        sortBy="userName",
        sortOrder="descending",
        startIndex=2,
        count=1,
        attributes=["userName"],
    )
    assert (found["totalResults"], found["startIndex"], found["itemsPerPage"]) == (3, 2, 1)
    assert [one["userName"] for one in found["Resources"]] == [BOB]
    assert found["Resources"][0].keys() == {"schemas", "id", "userName"}


@pytest.mark.parametrize(
    "asked",
    [
        {"count": True},
        {"count": [1]},
        {"filter": 7},
        {"attributes": "userName"},
        {"attributes": [1]},
        {"sortBy": {}},
        {"attributes": ["userName"], "excludedAttributes": ["title"]},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(asked: Json, idp: Idp) -> None:
    answer = idp.call("POST", "/Users/.search", {"schemas": [SEARCH], **asked})
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


def test_a_search_needs_the_message_that_belongs_here(idp: Idp) -> None:
    bodies: tuple[object, ...] = ([], b"", {"schemas": [USER]})
    for body in bodies:
        answer = idp.call("POST", "/.search", body)
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")


def shown(found: Json) -> list[str]:
    return [one.get("userName", one.get("displayName")) for one in found["Resources"]]


def test_users_and_groups_are_searched_together(idp: Idp) -> None:
    found = search(idp, "/.search", count=5)
    assert found["totalResults"] == 7
    assert shown(found) == [ADA, BOB, ZOE, DAN, "Engineering"]
    assert shown(search(idp, "/.search", startIndex=5)) == ["Engineering", "Everybody", "Zoë's"]
    assert idp.get("/").json()["totalResults"] == 7


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        pytest.param('userName eq "dan"', [DAN], id="of users only"),
        pytest.param('members pr or userName eq "dan"', [DAN, "Engineering", "Everybody"], id="or"),
        pytest.param('displayName sw "e"', ["Engineering", "Everybody"], id="of both"),
        pytest.param(
            'not (userName ew "example")', [DAN, "Engineering", "Everybody", "Zoë's"], id="not"
        ),
        pytest.param(
            'emails[type eq "work" and value co "acme"]', [ADA], id="selected values of users"
        ),
        pytest.param('meta.resourceType eq "Group" and externalId pr', ["Engineering"], id="kind"),
    ],
)
def test_what_one_kind_does_not_have_is_nothing_there(
    filter: str, names: list[str], idp: Idp
) -> None:
    assert shown(search(idp, "/.search", filter=filter)) == names


def test_what_no_kind_has_is_refused(idp: Idp) -> None:
    body = {"schemas": [SEARCH], "filter": 'unheardOf eq "x"'}
    assert idp.call("POST", "/.search", body).json()["scimType"] == "invalidFilter"
    body = {"schemas": [SEARCH], "sortBy": "unheardOf"}
    assert idp.call("POST", "/.search", body).json()["scimType"] == "invalidValue"


@pytest.mark.parametrize(
    ("by", "names"),
    [
        pytest.param(
            "displayName", [ADA, BOB, "Engineering", "Everybody", ZOE, "Zoë's", DAN], id="both"
        ),
        pytest.param(
            "userName", [ADA, BOB, DAN, ZOE, "Engineering", "Everybody", "Zoë's"], id="of users"
        ),
        pytest.param(
            "active", [BOB, ADA, ZOE, DAN, "Engineering", "Everybody", "Zoë's"], id="a boolean"
        ),
        pytest.param(
            "meta.created", [ADA, BOB, ZOE, DAN, "Engineering", "Everybody", "Zoë's"], id="a time"
        ),
    ],
)
def test_users_and_groups_are_sorted_together(by: str, names: list[str], idp: Idp) -> None:
    assert shown(search(idp, "/.search", sortBy=by)) == names
