"""A token opens its own connection and nothing else, and no answer says why one did not."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.attempts import BURST
from api.scim import body as bodies
from models.instant import HOUR
from models.store import accounts
from models.store.vault import hashed
from tests import builders
from tests.api.scim_app import ERROR, MEDIA_TYPE, Idp, Service, add_token, serving
from tests.api.test_scim_bulk import REQUEST as BULK


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def idp(service: Service) -> Iterator[Idp]:
    with service.client() as http:
        yield Idp(service, http)


def ask(url: str, authorization: str | None) -> httpx.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(url, headers=headers, trust_env=False)


def others_token(service: Service) -> str:
    """Of another organization's connection on the same server."""
    with service.context.database.write() as tx:
        other = builders.connection(tx, builders.organization(tx, "other", ()))
        return add_token(tx, other)


def test_no_answer_to_a_stranger_tells_what_was_wrong(service: Service) -> None:
    other, users = others_token(service), f"{service.url}/Users"
    nowhere = users.replace(service.connection.public_id, "nowhere")
    answers = [
        ask(users, None),
        ask(users, "Bearer"),
        ask(users, "Bearer wrong"),
        ask(users, f"Basic {service.token}"),
        ask(users, f"Bearer {service.token}x"),
        ask(users, f"Bearer {other}"),
        ask(nowhere, f"Bearer {service.token}"),
        ask(users.replace(service.connection.public_id, "%00"), f"Bearer {service.token}"),
        ask(users.replace(service.connection.public_id, "~idp"), f"Bearer {service.token}"),
        ask(f"{service.url}/nothing", None),
        ask(f"{service.url}/ServiceProviderConfig", None),
        ask(f"{service.url}/Users/x", f"Bearer {service.token} {service.token}"),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json()["schemas"] == [ERROR]
    assert len({answer.content for answer in answers}) == 1


def test_the_scheme_is_read_in_any_case(service: Service) -> None:
    assert ask(f"{service.url}/Users", f"bEARER {service.token}").status_code == 200


def test_two_tokens_live_at_once_and_a_revoked_one_is_dead_at_once(service: Service) -> None:
    with service.context.database.write() as tx:
        newer = add_token(tx, service.connection)
    for token in (service.token, newer):
        assert ask(f"{service.url}/Users", f"Bearer {token}").status_code == 200
    with service.context.database.write() as tx:
        row = accounts.scim_token(
            tx, service.connection.public_id, hashed(service.token), builders.START
        )
        assert row is not None
        tx.update("scim_tokens", row.token_id, {"revoked_at": builders.START})
    assert ask(f"{service.url}/Users", f"Bearer {service.token}").status_code == 401
    assert ask(f"{service.url}/Users", f"Bearer {newer}").status_code == 200


def test_a_bulk_request_with_a_token_that_was_revoked_meanwhile_is_refused_as_a_whole(
    service: Service, idp: Idp
) -> None:
    assert idp.get("/Users").status_code == 200
    with service.context.database.write() as tx:
        tx.run("UPDATE scim_tokens SET revoked_at = :at", {"at": builders.START})
    one = {"method": "DELETE", "path": "/Users/nobody"}
    assert idp.call("POST", "/Bulk", {"schemas": [BULK], "Operations": [one]}).status_code == 401


def test_a_token_is_dead_from_the_moment_it_expires(service: Service) -> None:
    with service.context.database.write() as tx:
        tx.run(
            "UPDATE scim_tokens SET expires_at = :at", {"at": service.context.clock.now() + HOUR}
        )
    assert ask(f"{service.url}/Users", f"Bearer {service.token}").status_code == 200
    with service.context.database.write() as tx:
        tx.run("UPDATE scim_tokens SET expires_at = :at", {"at": service.context.clock.now()})
    assert ask(f"{service.url}/Users", f"Bearer {service.token}").status_code == 401


def test_after_many_wrong_tokens_an_address_is_told_to_wait_and_a_right_one_is_let_in(
    service: Service,
) -> None:
    answers = []
    while not answers or (answers[-1].status_code == 401 and len(answers) < 3 * BURST):
        answers.append(ask(f"{service.url}/Users", f"Bearer {len(answers)}"))
    last = answers[-1]
    assert len(answers) > BURST and last.status_code == 429, "a slow machine is allowed more"
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert last.headers["content-type"] == MEDIA_TYPE
    assert (last.json()["schemas"], last.json()["status"]) == ([ERROR], "429")
    assert ask(f"{service.url}/Users", f"Bearer {service.token}").status_code == 200


def test_a_connection_without_push_takes_nothing(service: Service) -> None:
    with service.context.database.write() as tx:
        tx.update("connections", service.connection.key, {"push": False})
    assert ask(f"{service.url}/Users", f"Bearer {service.token}").status_code == 401


def test_the_use_of_a_token_is_remembered(service: Service) -> None:
    ask(f"{service.url}/Users", f"Bearer {service.token}")
    with service.context.database.read() as tx:
        row = accounts.scim_token(
            tx, service.connection.public_id, hashed(service.token), builders.START
        )
    assert row is not None and row.last_used_at is not None


def test_a_connection_sees_only_its_own(service: Service, idp: Idp) -> None:
    ada = idp.user("ada", externalId="e1")
    with service.context.database.write() as tx:
        other = builders.connection(tx, builders.organization(tx, "other", ()))
        token = add_token(tx, other)
    url = service.url.replace(service.connection.public_id, other.public_id)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as http:
        stranger = Idp(service, http)
        assert stranger.find("Users", "id pr")["totalResults"] == 0
        for method in ("GET", "DELETE"):
            assert stranger.call(method, f"/Users/{ada['id']}").status_code == 404
        own = stranger.user("ada", externalId="e1")
        group = stranger.group("Engineering", [ada["id"], own["id"]])
        assert stranger.members(group) == {own["id"]}
    assert idp.get(f"/Users/{ada['id']}").json() == ada


def test_a_stranger_is_sent_away_before_the_body_is_read(service: Service) -> None:
    answer = httpx.post(f"{service.url}/Users", content=b"{" * 9, trust_env=False)
    assert answer.status_code == 401


def test_a_body_that_is_too_large_is_refused_however_it_comes(idp: Idp) -> None:
    body = b'{"userName": "' + b"x" * 1_048_576 + b'"}'
    assert idp.call("POST", "/Users", body).status_code == 413

    def chunks() -> Iterator[bytes]:
        yield from (body[start : start + 65536] for start in range(0, len(body), 65536))

    assert idp.http.post("/Users", content=chunks()).status_code == 413
    assert idp.find("Users", "id pr")["totalResults"] == 0


@pytest.mark.parametrize("path", ["/nothing", "/Users/a/b", "/users", "/Users/", "/Schemas/x"])
def test_an_address_that_is_not_there_is_not_found(path: str, idp: Idp) -> None:
    assert idp.get(path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Users", "GET, POST"),
        ("DELETE", "/Groups", "GET, POST"),
        ("POST", "/Groups/x", "DELETE, GET, PATCH, PUT"),
        ("GET", "/Users/.search", "POST"),
        ("POST", "/ServiceProviderConfig", "GET"),
        ("PATCH", "/Schemas", "GET"),
        ("OPTIONS", "/ResourceTypes/User", "GET"),
    ],
)
def test_a_method_that_is_not_possible_is_named_as_such(
    method: str, path: str, allowed: str, idp: Idp
) -> None:
    answer = idp.call(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_what_is_not_offered_says_so(idp: Idp) -> None:
    assert idp.get("/Me").status_code == 501


def test_a_head_is_a_get_without_a_body(idp: Idp) -> None:
    made = idp.user("ada")
    answer = idp.call("HEAD", f"/Users/{made['id']}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == made["meta"]["version"]


def test_a_fault_of_ours_is_answered_without_details(idp: Idp) -> None:
    idp.user("ada")
    with idp.service.context.database.write() as tx:
        tx.run("DROP TABLE parked_members")
    answer = idp.call("POST", "/Users", {"userName": "bob"})
    assert answer.status_code == 500
    assert "parked" not in answer.text and "sqlite" not in answer.text
    assert idp.names("Users", "id pr") == ["ada"]


def test_the_service_describes_itself_under_its_own_address(idp: Idp) -> None:
    config = idp.get("/ServiceProviderConfig").json()
    assert config["meta"]["location"] == f"{idp.service.url}/ServiceProviderConfig"
    kinds = idp.get("/ResourceTypes").json()
    assert [one["name"] for one in kinds["Resources"]] == ["User", "Group"]
    for one in kinds["Resources"]:
        assert idp.get(f"/ResourceTypes/{one['id']}").json() == one
        assert idp.get(f"/Schemas/{one['schema']}").json()["id"] == one["schema"]
    schemas = idp.get("/Schemas").json()
    assert schemas["totalResults"] == len(schemas["Resources"])


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"])
def test_what_the_service_says_of_itself_is_not_filtered(path: str, idp: Idp) -> None:
    assert idp.get(f'{path}?filter=name eq "User"').status_code == 403


def test_a_body_that_does_not_arrive_is_not_waited_for_without_end(
    idp: Idp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.2)

    def chunks() -> Iterator[bytes]:
        yield b'{"userName":'
        time.sleep(1)
        yield b'"ada"}'

    answer = idp.http.post("/Users", content=chunks())
    assert (answer.status_code, answer.json()["status"]) == (408, "408")
    assert idp.find("Users", "id pr")["totalResults"] == 0
