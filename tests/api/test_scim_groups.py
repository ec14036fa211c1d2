"""A group has exactly the members that its identity provider gave it, one request at a time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.api.scim_app import BOTH, GROUP, USER, Idp, Json, Service, serving, serving_on


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    with serving(tmp_path) as service, service.client() as http:
        yield Idp(service, http)


@pytest.fixture(params=BOTH)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with serving_on(request.param, tmp_path) as found:
        yield found


def add(*values: str) -> Json:
    return {"op": "add", "path": "members", "value": [{"value": one} for one in values]}


def remove(*values: str) -> Json:
    return {"op": "remove", "path": "members", "value": [{"value": one} for one in values]}


def replace(*values: str) -> Json:
    return {"op": "replace", "path": "members", "value": [{"value": one} for one in values]}


def test_a_new_group_is_answered_with_its_members(idp: Idp) -> None:
    ada, bob = idp.user("ada"), idp.user("bob")
    made = idp.group("Engineering", [ada["id"], bob["id"]], externalId="g1")
    address = f"{idp.service.url}/Users/{ada['id']}"
    assert made["members"][0] == {"value": ada["id"], "$ref": address, "type": "User"}
    assert {one["value"] for one in made["members"]} == {ada["id"], bob["id"]}
    assert made["meta"]["location"] == f"{idp.service.url}/Groups/{made['id']}"
    assert idp.get(f"/Groups/{made['id']}").json() == made


def test_the_name_of_a_group_is_taken_in_every_case(idp: Idp) -> None:
    idp.group("Engineering")
    answer = idp.call("POST", "/Groups", {"schemas": [GROUP], "displayName": "ENGINEERING"})
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")


def test_a_put_without_members_says_nothing_of_them(idp: Idp) -> None:
    ada = idp.user("ada")
    group = idp.group("Engineering", [ada["id"]])
    body = {"schemas": [GROUP], "displayName": "Platform"}
    answer = idp.call("PUT", f"/Groups/{group['id']}", body)
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Platform")
    assert idp.members(group) == {ada["id"]}


def test_a_put_with_an_empty_list_empties_the_group(idp: Idp) -> None:
    ada = idp.user("ada")
    group = idp.group("Engineering", [ada["id"]])
    body = {"schemas": [GROUP], "displayName": "Engineering", "members": []}
    assert idp.call("PUT", f"/Groups/{group['id']}", body).json()["members"] == []
    assert idp.members(group) == set()


def test_a_put_replaces_the_members(idp: Idp) -> None:
    ada, bob = idp.user("ada"), idp.user("bob")
    group = idp.group("Engineering", [ada["id"]])
    body = {"displayName": "Engineering", "members": [{"value": bob["id"]}]}
    idp.call("PUT", f"/Groups/{group['id']}", body)
    assert idp.members(group) == {bob["id"]}


def test_the_operations_of_a_patch_are_carried_out_in_order(idp: Idp) -> None:
    ada, bob, eve = (idp.user(name)["id"] for name in ("ada", "bob", "eve"))
    group = idp.group("Engineering", [ada])
    path = f"/Groups/{group['id']}"
    assert idp.patch(path, replace(bob), add(ada, eve), remove(bob)).status_code == 204
    assert idp.members(group) == {ada, eve}
    assert idp.patch(path, remove(ada), add(ada)).status_code == 204
    assert idp.members(group) == {ada, eve}


def test_a_patch_of_a_group_answers_its_attributes_when_they_are_asked_for(idp: Idp) -> None:
    group = idp.group("Engineering")
    path = f"/Groups/{group['id']}?attributes=displayName"
    answer = idp.patch(path, {"op": "replace", "path": "displayName", "value": "Platform"})
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Platform")


def test_a_patch_that_is_refused_changes_no_member(idp: Idp) -> None:
    ada, bob = idp.user("ada")["id"], idp.user("bob")["id"]
    group = idp.group("Engineering", [ada])
    path = f"/Groups/{group['id']}"
    unknown = {"op": "remove", "path": 'members[display eq "ada"]'}
    assert idp.patch(path, add(bob), unknown).json()["scimType"] == "invalidFilter"
    typo = {"op": "remove", "path": "member"}
    assert idp.patch(path, add(bob), typo).json()["scimType"] == "invalidPath"
    idp.group("Taken")
    taken = {"op": "replace", "path": "displayName", "value": "taken"}
    assert idp.patch(path, add(bob), taken).status_code == 409
    assert idp.members(group) == {ada}


def test_an_extension_that_nobody_declared_is_kept(idp: Idp) -> None:
    urn = "urn:acme:scim:extension:1.0:Group"
    group = idp.group("Engineering", None, **{urn: {"cost": "1"}})
    path = f"/Groups/{group['id']}"
    idp.patch(path, {"op": "replace", "path": f"{urn}:cost", "value": "2"})
    assert idp.get(path).json()[urn] == {"cost": "2"}
    idp.patch(path, {"op": "remove", "path": urn})
    assert urn not in idp.get(path).json()


def test_an_external_id_is_set_and_removed(idp: Idp) -> None:
    group = idp.group("Engineering")
    path = f"/Groups/{group['id']}"
    idp.patch(path, {"op": "add", "path": "externalId", "value": "g1"})
    assert idp.names("Groups", 'externalId eq "g1"') == ["Engineering"]
    idp.patch(path, {"op": "remove", "path": "externalId"})
    assert idp.names("Groups", 'externalId eq "g1"') == []


def test_a_member_that_is_not_known_yet_joins_when_it_arrives(idp: Idp) -> None:
    group = idp.group("Engineering", ["external-7"])
    assert idp.members(group) == set()
    ada = idp.user("ada", externalId="external-7")
    assert idp.members(group) == {ada["id"]}


def test_a_member_joins_when_it_is_given_the_id_it_was_announced_by(idp: Idp) -> None:
    group, ada = idp.group("Engineering", ["00u1"]), idp.user("ada")
    idp.patch(f"/Users/{ada['id']}", {"op": "add", "path": "externalId", "value": "00u1"})
    assert idp.members(group) == {ada["id"]}


def test_a_member_that_joined_late_leaves_by_the_name_it_came_by(idp: Idp) -> None:
    group = idp.group("Engineering", ["external-7"])
    idp.user("ada", externalId="external-7")
    idp.patch(f"/Groups/{group['id']}", remove("external-7"))
    assert idp.members(group) == set()


def test_a_member_that_was_taken_back_does_not_join(idp: Idp) -> None:
    group = idp.group("Engineering", ["external-7", "external-8"])
    idp.patch(f"/Groups/{group['id']}", remove("external-7"))
    idp.user("ada", externalId="external-7")
    assert idp.members(group) == set()
    idp.patch(f"/Groups/{group['id']}", replace())
    idp.user("bob", externalId="external-8")
    assert idp.members(group) == set()


def test_a_deleted_user_that_was_added_meanwhile_joins_on_its_return(idp: Idp) -> None:
    ada = idp.user("ada", externalId="e1")
    group = idp.group("Engineering")
    idp.call("DELETE", f"/Users/{ada['id']}")
    assert idp.patch(f"/Groups/{group['id']}", add(ada["id"])).status_code == 204
    assert idp.members(group) == set()
    again = idp.user("ada", externalId="e1")
    assert idp.members(group) == {again["id"]}


def test_a_disabled_member_stays_one(idp: Idp) -> None:
    ada = idp.user("ada")
    group = idp.group("Engineering", [ada["id"]])
    idp.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
    assert idp.members(group) == {ada["id"]}


def test_a_deleted_group_is_found_nowhere_and_its_name_is_free(idp: Idp) -> None:
    ada = idp.user("ada")
    group = idp.group("Engineering", [ada["id"], "external-7"])
    path = f"/Groups/{group['id']}"
    assert idp.call("DELETE", path).status_code == 204
    assert idp.get(path).status_code == idp.call("DELETE", path).status_code == 404
    assert idp.patch(path, add(ada["id"])).status_code == 404
    assert idp.get(f"/Users/{ada['id']}").json()["groups"] == []
    again = idp.group("engineering")
    idp.user("bob", externalId="external-7")
    assert idp.members(again) == set()


def test_the_version_of_a_group_moves_with_its_members(idp: Idp) -> None:
    ada, bob = idp.user("ada"), idp.user("bob")
    group = idp.group("Engineering", [ada["id"], "external-7"])
    path, seen = f"/Groups/{group['id']}", {group["meta"]["version"]}
    seen.add(idp.patch(path, add(bob["id"])).headers["etag"])
    seen.add(idp.patch(path, remove(bob["id"])).headers["etag"])
    idp.user("eve", externalId="external-7")
    seen.add(idp.get(path).headers["etag"])
    idp.call("DELETE", f"/Users/{ada['id']}")
    seen.add(idp.get(path).headers["etag"])
    assert len(seen) == 5
    stale = group["meta"]["version"]
    assert idp.patch(path, add(bob["id"]), if_match=stale).status_code == 412


def test_members_that_are_not_wanted_are_not_read(idp: Idp) -> None:
    group = idp.group("Engineering", [idp.user("ada")["id"]])
    statements: list[str] = []

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    engine = idp.service.context.database.engine
    event.listen(engine, "before_cursor_execute", note)
    for path in (f"/Groups/{group['id']}", "/Groups"):
        assert "members" not in idp.get(f"{path}?excludedAttributes=members").text
        assert "members" not in idp.get(f"{path}?attributes=displayName").text
    assert not [one for one in statements if "memberships" in one]
    idp.get(f"/Groups/{group['id']}")
    assert len([one for one in statements if "memberships" in one]) == 1


def test_the_attributes_of_members_can_be_chosen(idp: Idp) -> None:
    ada = idp.user("ada")
    group = idp.group("Engineering", [ada["id"]])
    found = idp.get(f"/Groups/{group['id']}?attributes=members.value").json()
    assert found["members"] == [{"value": ada["id"]}]


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        pytest.param({"schemas": [GROUP]}, "invalidValue", id="no name"),
        pytest.param({"displayName": " "}, "invalidValue", id="an empty name"),
        pytest.param({"schemas": [USER], "displayName": "x"}, "invalidSyntax", id="a user"),
        pytest.param({"displayName": "x", "members": [{}]}, "invalidValue", id="no value"),
        pytest.param({"displayName": "x", "members": [7]}, "invalidValue", id="a number"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused(body: Json, scim_type: str, idp: Idp) -> None:
    answer = idp.call("POST", "/Groups", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
    assert idp.find("Groups", "id pr")["totalResults"] == 0


def test_members_come_and_go_at_once_and_none_is_lost(service: Service) -> None:
    """Eight clients at one group, each with people of its own, some of whom leave again."""
    with service.client() as http:
        idp = Idp(service, http)
        group = idp.group("Everybody")
        people = [idp.user(f"user{number}")["id"] for number in range(80)]
    path = f"/Groups/{group['id']}"

    def work(own: list[str]) -> None:
        with service.client() as http:
            one = Idp(service, http)
            for person in own:
                assert one.patch(path, add(person)).status_code == 204
            for person in own[::2]:
                assert one.patch(path, remove(person)).status_code == 204

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, [people[start::8] for start in range(8)]))
    with service.client() as http:
        stay = {one for start in range(8) for one in people[start::8][1::2]}
        assert Idp(service, http).members(group) == stay


def at_once(service: Service, *works: Callable[[Idp], object]) -> None:
    """Each by a client of its own."""

    def done(work: Callable[[Idp], object]) -> object:
        with service.client() as http:
            return work(Idp(service, http))

    with ThreadPoolExecutor(len(works)) as threads:
        list(threads.map(done, works))


def test_who_is_made_while_it_is_announced_joins(service: Service) -> None:
    with service.client() as http:
        idp = Idp(service, http)
        group = idp.group("Everybody")
        for turn in range(12):
            name, body = f"e{turn}", {"schemas": [GROUP], "displayName": f"g{turn}"}
            made = {"schemas": [USER], "userName": name, "externalId": name}
            kind, body = ("Groups", body | {"externalId": name}) if turn % 2 else ("Users", made)
            at_once(
                service,
                lambda one, to=f"/{kind}", body=body: one.call("POST", to, body),
                lambda one, name=name: one.patch(f"/Groups/{group['id']}", add(name)),
            )
        assert len(idp.members(group)) == 12


def test_who_is_taken_back_while_it_is_made_is_no_member(service: Service) -> None:
    with service.client() as http:
        idp = Idp(service, http)
        for turn in range(12):
            name = f"e{turn}"
            group = idp.group(f"g{turn}", [name])
            op = remove(name) if turn % 2 else replace()
            at_once(
                service,
                lambda one, name=name: one.user(name, externalId=name),
                lambda one, to=f"/Groups/{group['id']}", op=op: one.patch(to, op),
            )
            assert idp.members(group) == set()


def test_everything_at_once_ends_in_answers_that_a_client_understands(service: Service) -> None:
    """Users and groups come and go while they join and leave each other."""

    def work(number: int) -> set[int]:
        with service.client() as http:
            one = Idp(service, http)
            codes = set()
            for turn in range(10):
                name = {"schemas": [USER], "userName": f"u{turn % 3}", "externalId": f"e{turn % 3}"}
                made = one.call("POST", "/Users", name)
                found = one.find("Users", f'userName eq "u{turn % 3}"')["Resources"]
                group = one.call("POST", "/Groups", {"displayName": f"g{number % 2}"})
                groups = one.find("Groups", "id pr")["Resources"]
                codes |= {made.status_code, group.status_code}
                for each in groups:
                    values = [user["id"] for user in found]
                    codes.add(one.patch(f"/Groups/{each['id']}", add(*values)).status_code)
                for each in found if turn % 2 else groups:
                    kind = "Users" if turn % 2 else "Groups"
                    codes.add(one.call("DELETE", f"/{kind}/{each['id']}").status_code)
            return codes

    with ThreadPoolExecutor(8) as threads:
        codes = set().union(*threads.map(work, range(8)))
    assert codes <= {200, 201, 204, 404, 409}


def test_a_group_of_thousands_is_sent_in_pieces_and_whole(idp: Idp) -> None:
    """Put there as a read would, for pushing them takes long; every way of asking agrees."""
    group = idp.group("Everybody", [idp.user("ada")["id"]])
    with idp.service.context.database.write() as tx:
        row = tx.row("SELECT * FROM users")
        assert row is not None
        columns = [one for one in row._fields if one not in ("id", "public_id")]
        values = [
            "NULL" if one in ("scim_name_key", "scim_external_id") else one for one in columns
        ]
        tx.run(
            f"""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO users (public_id, {", ".join(columns)})
            SELECT printf('id-%033d', i), {", ".join(values)} FROM n JOIN users
            """
        )
        tx.run(
            "INSERT INTO memberships (group_id, user_id, push_yes, push_no, pull_yes, pull_no, "
            "login_yes, login_no) SELECT g.id, u.id, 1, 0, 0, 0, 0, 0 FROM groups g, users u "
            "WHERE u.public_id LIKE 'id-%'"
        )
    path = f"/Groups/{group['id']}"
    answer = idp.get(path)
    assert answer.headers["transfer-encoding"] == "chunked"
    whole = [one["value"] for one in answer.json()["members"]]
    assert len(set(whole)) == len(whole) == 2501
    cut = idp.get(f"{path}?attributes=members.value").json()["members"]
    assert [one["value"] for one in cut] == whole
    (shown,) = idp.get("/Groups").json()["Resources"]
    assert shown == answer.json()
