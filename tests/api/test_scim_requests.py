"""Every SCIM request is kept for administrators, without its secrets, and nobody else's is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from api import admin
from api.commands import CommandFailed
from api.requests_command import show
from api.scim import request_log
from api.scim.routes import service
from models.store import requests
from tests.api.admin_kit import Office, connection, office, organization, target
from tests.api.scim_app import GROUP, PATCH_OP, USER
from tests.api.test_scim_bulk import REQUEST as BULK

PASSWORD = "hunter-2-of-acme"
LIST = "/connections/acme~okta/requests"


@dataclass(frozen=True, slots=True)
class Desk:
    """An administrator and an identity provider at the same Trueup."""

    at: Office
    link: Any
    http: TestClient

    def scim(
        self, method: str, path: str, body: Any = None, token: str | None = None, **more: str
    ) -> Any:
        headers = {"authorization": f"Bearer {token or self.link['scim']['token']}"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        path = f"/scim/v2/{self.link['id']}{path}"
        if isinstance(body, bytes):
            return self.http.request(method, path, headers=headers, content=body)
        return self.http.request(method, path, headers=headers, json=body)

    def user(self, name: str, **more: Any) -> Any:
        answer = self.scim("POST", "/Users", {"schemas": [USER], "userName": name, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def kept(self, **params: Any) -> Any:
        return self.at.get(LIST, **params)["items"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with office(tmp_path) as at:
        organization(at)
        link = connection(at)
        app = Starlette(routes=[Mount("/scim/v2/{connection_id}", app=service), *admin.routes])
        app.state.context = at.context
        yield Desk(at, link, TestClient(app, raise_server_exceptions=False))


def test_a_change_is_kept_with_what_it_said_and_by_the_id_of_its_answer(desk: Desk) -> None:
    ada = desk.user("ada", password=PASSWORD, emails=[{"value": "ada@acme.example"}])
    group = {"schemas": [GROUP], "displayName": "Ops", "members": [{"value": "stranger"}]}
    answer = desk.scim("POST", "/Groups", group)
    first, second = desk.kept()
    assert (first["method"], first["path"], first["status"]) == ("POST", "/Users", 201)
    assert (first["resource"], first["changed"]) == (ada["id"], True)
    (word,) = first["changes"]
    assert (word["event"], word["active"]) == ("user", True)
    assert "email" in word["attributes"]
    assert second["id"] == answer.headers["x-request-id"]
    assert {"event": "members parked", "members": 1, "first": ["stranger"]} in second["changes"]
    whole = desk.at.get(f"{LIST}/{second['id']}")
    assert whole["body"] == group


def test_each_operation_of_a_bulk_request_is_kept_by_itself(desk: Desk) -> None:
    desk.user("ada")
    user = {"schemas": [USER], "userName": "bob", "password": PASSWORD}
    body = {
        "schemas": [BULK],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": user},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": "ada"}},
            {"method": "DELETE", "path": "/Users/nobody"},
        ],
    }
    answer = desk.scim("POST", "/Bulk", body)
    whole = answer.headers["x-request-id"]
    parts = desk.kept(filter=f'part_of eq "{whole}"')
    assert [(one["method"], one["path"], one["status"]) for one in parts] == [
        ("POST", "/Users", 201),
        ("POST", "/Users", 409),
        ("DELETE", "/Users/nobody", 404),
    ]
    assert desk.at.get(f"{LIST}/{parts[0]['id']}")["body"]["userName"] == "bob"
    record = desk.at.get(f"{LIST}/{whole}")
    assert (record["path"], record["status"], record["body"]) == ("/Bulk", 200, None)


def test_a_change_is_kept_before_it_is_answered(desk: Desk) -> None:
    """Whatever happens to the process after that; what changed nothing may wait."""
    desk.user("ada")
    with desk.at.context.database.read() as tx:
        assert tx.value("SELECT count(*) FROM scim_requests") == 1


def test_reads_and_refusals_are_kept_too(desk: Desk) -> None:
    desk.scim("GET", '/Users?filter=userName eq "nobody"')
    desk.scim("GET", "/Users/nobody")
    desk.scim("POST", "/Users", {"schemas": [USER]})
    desk.scim("POST", "/Users", b"{no json")
    desk.scim("PUT", "/Users")
    told = [(one["method"], one["status"], one["scim_type"]) for one in desk.kept()]
    assert told == [
        ("GET", 200, None),
        ("GET", 404, None),
        ("POST", 400, "invalidValue"),
        ("POST", 400, "invalidSyntax"),
        ("PUT", 405, None),
    ]
    third, fourth = desk.kept(filter='method eq "POST"')
    assert third["detail"] == "userName is required." and not third["changed"]
    assert desk.at.get(f"{LIST}/{fourth['id']}")["body"] is None
    assert fourth["body_size"] == 8


def test_a_refused_change_leaves_a_record_and_nothing_else(desk: Desk) -> None:
    desk.user("ada")
    answer = desk.scim("POST", "/Users", {"schemas": [USER], "userName": "Ada"})
    (record,) = desk.kept(filter="status eq 409")
    assert (record["scim_type"], record["changes"]) == ("uniqueness", [])
    assert record["id"] == answer.headers["x-request-id"]


def test_no_secret_is_anywhere_in_the_database(desk: Desk) -> None:
    token = desk.link["scim"]["token"]
    ada = desk.user("ada", password=PASSWORD, nickName=f"me {token}")
    change = {"op": "replace", "path": "password", "value": PASSWORD}
    desk.scim("PATCH", f"/Users/{ada['id']}", {"schemas": [PATCH_OP], "Operations": [change]})
    inside = {"urn:x:User": {"PassWord": PASSWORD, "of": [{"password": PASSWORD, "level": 7}]}}
    bob = desk.user("bob", **inside)
    assert bob["urn:x:User"] == {"of": [{"level": 7}]}
    for path in ("urn:x:User:password", "urn:x:User:of.password"):
        change = {"op": "add", "path": path, "value": PASSWORD}
        desk.scim("PATCH", f"/Users/{ada['id']}", {"schemas": [PATCH_OP], "Operations": [change]})
    change = {"op": "add", "value": inside}
    desk.scim("PATCH", f"/Users/{ada['id']}", {"schemas": [PATCH_OP], "Operations": [change]})
    desk.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff", **inside})
    desk.scim("GET", f'/Users?filter=password eq "{PASSWORD}"')
    desk.scim("GET", f"/Users?attributes={token}")
    desk.scim("GET", f"/Users/{token}")
    desk.scim("GET", f"/Users/%73{token[1:]}")
    desk.scim("POST", "/Users", {"password": PASSWORD, "userName": 7})
    assert len(desk.kept()) == 12
    assert {one["status"] for one in desk.kept(filter='method eq "PATCH"')} == {200}
    with desk.at.context.database.read() as tx:
        tables = ("scim_requests", "users", "groups", "observations")
        rows = [row for table in tables for row in tx.rows(f"SELECT * FROM {table}")]
    text = " ".join(str(tuple(row)) for row in rows)
    assert PASSWORD not in text
    assert token not in " ".join(
        str((row.path, row.body, row.changes)) for row in rows if hasattr(row, "path")
    )


def test_who_is_not_let_in_leaves_a_count_and_no_record(desk: Desk) -> None:
    for _ in range(3):
        assert desk.scim("POST", "/Users", {"userName": "x"}, "wrong").status_code == 401
    assert desk.kept() == []
    with desk.at.context.database.read() as tx:
        (seen,) = requests.tallies(tx, 1)
    assert (seen.name, seen.total) == ("wrong_token", 3)


def test_nobody_fills_the_disk_by_asking(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "READS", 2)
    monkeypatch.setattr(request_log, "REFUSALS", 1)
    monkeypatch.setattr(request_log, "BODIES", 10)
    for _ in range(3):
        desk.scim("GET", "/Users")
        desk.scim("POST", "/Users", {"userName": 1234567})
    desk.user("ada")
    kept = desk.kept()
    assert sorted(one["status"] for one in kept) == [200, 200, 201, 400]
    refused = next(one for one in kept if one["status"] == 400)
    assert desk.at.get(f"{LIST}/{refused['id']}")["body"] is None
    with desk.at.context.database.read() as tx:
        seen = {one.name: one.total for one in requests.tallies(tx, 1)}
    assert seen["not_kept"] == 3


def test_requests_are_read_page_by_page_the_newest_first(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.scim("GET", f"/Users/{name}")
        desk.user(name)
    first = desk.at.get(LIST, sort="-created_at", limit=4)
    then = desk.at.get(LIST, sort="-created_at", limit=4, cursor=first["next_cursor"])
    items = first["items"] + then["items"]
    assert len({one["id"] for one in items}) == 6 and then["next_cursor"] is None
    assert [one["method"] for one in items] == ["POST", "GET"] * 3
    assert [one["id"] for one in desk.kept()] == [one["id"] for one in reversed(items)]


def test_another_organization_sees_none_of_it(desk: Desk) -> None:
    desk.user("ada")
    (record,) = desk.kept()
    organization(desk.at, "other")
    connection(desk.at, "other")
    stranger = desk.at.limited_to("other")
    assert stranger.refused("GET", LIST)[0] == 404
    assert stranger.refused("GET", f"/connections/other~okta/requests/{record['id']}")[0] == 404
    assert desk.at.refused("GET", f"/connections/other~okta/requests/{record['id']}")[0] == 404


def test_what_waits_is_written_when_the_process_ends(desk: Desk) -> None:
    desk.scim("GET", "/Users")
    desk.at.context.request_log.close()
    with desk.at.context.database.read() as tx:
        assert tx.value("SELECT count(*) FROM scim_requests") == 1


def test_the_quirks_of_a_provider_are_listed_and_the_check_tells_them(desk: Desk) -> None:
    desk.user("ada", active="True")
    desk.user("bob", active="False", password=PASSWORD)
    quirks = desk.at.get("/connections/acme~okta/quirks")["items"]
    first = quirks[0]
    assert (first["name"], first["count"], first["tolerated"]) == ("boolean_as_text", 2, True)
    assert first["last_seen"] >= first["first_seen"] and "Entra" in first["source"]
    unused = next(one for one in quirks if one["name"] == "user_name_from_email")
    assert (unused["count"], unused["settable"], unused["tolerated"]) == (0, True, False)
    told = desk.at.get("/connections/acme~okta/check")
    assert any("Seen 2 times" in one and "(boolean_as_text)" in one for one in told["set_up"])
    assert not any("wrong token" in one for one in told["wrong"])
    desk.scim("GET", "/Users", token="wrong")
    told = desk.at.get("/connections/acme~okta/check")
    assert any("A wrong token was sent once" in one for one in told["wrong"])


def everything(desk: Desk) -> list[Any]:
    """All that is stored, but for who used which key when."""
    names = [one.name for one in SQLModel.metadata.sorted_tables]
    with desk.at.context.database.read() as tx:
        return [
            tuple(row)
            for name in names
            if name not in ("api_keys", "scim_tokens")
            for row in tx.rows(f"SELECT * FROM {name}")
        ]


def replayed(desk: Desk, record: Any) -> Any:
    return desk.at.made(f"{LIST}/{record['id']}/replay", {}, 200)


def test_a_replay_tells_what_the_request_would_do_now_and_changes_nothing(desk: Desk) -> None:
    target(desk.at, connections=["okta"])
    ada = desk.user("ada")
    off = {"op": "replace", "path": "active", "value": False}
    on = {"op": "replace", "path": "active", "value": True}
    for change in (off, on):
        body = {"schemas": [PATCH_OP], "Operations": [change]}
        assert desk.scim("PATCH", f"/Users/{ada['id']}", body).status_code == 200
    made, switched_off, switched_on = desk.kept()
    before = everything(desk)

    found = replayed(desk, switched_off)
    assert (found["status"], found["body"]["active"]) == (200, False)
    assert [(one["what"], one["from"], one["to"]) for one in found["verdicts"]] == [
        ("ada is active", "yes", "no")
    ]

    found = replayed(desk, switched_on)
    assert (found["status"], found["verdicts"], found["verdicts_changed"]) == (200, [], 0)
    assert replayed(desk, made)["body"]["scimType"] == "uniqueness"
    assert everything(desk) == before


def test_a_replay_depends_on_the_version_that_the_request_was_meant_for(desk: Desk) -> None:
    ada = desk.user("ada")
    path, version = f"/Users/{ada['id']}", ada["meta"]["version"]
    change = {"op": "replace", "path": "title", "value": "Lady"}
    body = {"schemas": [PATCH_OP], "Operations": [change]}
    assert desk.scim("GET", path, if_none_match=version).status_code == 304
    assert desk.scim("PATCH", path, body, if_match=version).status_code == 200
    parts = {"method": "PATCH", "path": path, "data": body, "version": 'W/"2"'}
    desk.scim("POST", "/Bulk", {"schemas": [BULK], "Operations": [parts]})
    looked, changed, in_bulk = desk.kept(filter=f'path co "{path}"')
    assert looked["conditions"] == {"if-none-match": version}
    assert replayed(desk, looked)["status"] == 200
    assert changed["conditions"] == {"if-match": version}
    assert replayed(desk, changed)["status"] == 412
    assert in_bulk["conditions"] == {"if-match": 'W/"2"'}
    assert replayed(desk, in_bulk)["status"] == 412


def test_what_was_refused_may_do_something_now(desk: Desk) -> None:
    target(desk.at, connections=["okta"])
    ada = desk.user("ada")
    group = desk.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Ops"}).json()
    desk.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Ops"})
    desk.scim("DELETE", f"/Groups/{group['id']}")
    add = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    body = {"schemas": [PATCH_OP], "Operations": [add]}
    desk.scim("PATCH", f"/Groups/{group['id']}", body)
    desk.scim("GET", '/Users?filter=userName eq "ADA"')
    refused, missing = desk.kept(filter="status ge 400")
    found = replayed(desk, refused)
    assert found["status"] == 201
    assert "the group Ops is to be there" in [one["what"] for one in found["verdicts"]]
    assert found["operations"] == {"app": {"create_group": 1}} and found["held"] == {}
    assert replayed(desk, missing)["status"] == 404
    (listed,) = desk.kept(filter='method eq "GET"')
    assert replayed(desk, listed)["body"]["totalResults"] == 1


def test_what_cannot_be_replayed_says_so(desk: Desk) -> None:
    desk.user("ada", password=PASSWORD)
    desk.scim("POST", "/Users", b"{no json")
    desk.scim(
        "POST",
        "/Bulk",
        {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": "/Users/x"}]},
    )
    first, second, third, fourth = desk.kept()
    assert "Secrets" in replayed(desk, first)["notes"][0]
    status, sentence = desk.at.refused("POST", f"{LIST}/{second['id']}/replay")
    assert (status, sentence) == (
        409,
        "The body of this request was not kept, so it cannot be tried again.",
    )
    whole = next(one for one in (third, fourth) if one["path"] == "/Bulk")
    status, sentence = desk.at.refused("POST", f"{LIST}/{whole['id']}/replay")
    assert status == 409 and whole["id"] in sentence
    limited = desk.at.limited_to("acme")
    assert limited.ask("POST", f"{LIST}/{first['id']}/replay").status_code == 200


def test_the_command_line_lists_them_and_no_terminal_is_steered(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.user("evil\x1b[2J")
    desk.scim("POST", "/Users", {"schemas": [USER], "userName": "evil\x1b[2J"})
    desk.kept()
    show(desk.at.context, "acme/okta", None, 10, as_json=False)
    shown = capsys.readouterr().out
    assert "409" in shown and "\x1b[2J" not in shown
    show(desk.at.context, "acme~okta", "status ge 400", 10, as_json=True)
    assert [one["status"] for one in json.loads(capsys.readouterr().out)] == [409]
    with pytest.raises(CommandFailed, match="filter"):
        show(desk.at.context, "acme~okta", "status ge", 10, as_json=True)
