"""Organizations, connections, tokens, targets and keys: set up, changed, and refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from api.admin import sealed
from api.problems import Problem
from connectors.memory import MemorySource
from models.instant import DAY, to_text
from models.store import removal
from models.store.vault import Vault
from tests.api.admin_kit import (
    OIDC,
    OKTA,
    OKTA_TOKEN,
    SCIM,
    TARGET_TOKEN,
    Office,
    connection,
    office,
    organization,
    staff,
    target,
)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        yield found


def everything(at: Office) -> dict[str, Any]:
    """All that an administrator can see of what is set up."""
    return {
        path: at.get(path)["items"]
        for path in ("/organizations", "/connections", "/targets", "/runs")
    }


def test_an_organization_is_found_by_its_id_and_by_its_slug(at: Office) -> None:
    made = at.made("/organizations", {"slug": "bolt", "name": "Bolt", "domains": ["BOLT.example"]})

    assert made["domains"] == ["bolt.example"]
    assert at.get("/organizations/bolt") == made == at.get(f"/organizations/{made['id']}")
    assert [one["slug"] for one in at.get("/organizations")["items"]] == ["acme", "bolt"]


def test_a_change_of_an_organization_leaves_what_was_not_sent(at: Office) -> None:
    changed = at.ask("PATCH", "/organizations/acme", {"domains": ["acme.org"]}).json()
    assert (changed["slug"], changed["name"], changed["domains"]) == ("acme", "Acme", ["acme.org"])


def test_a_domain_that_was_given_up_may_be_claimed_by_another(at: Office) -> None:
    at.ask("PATCH", "/organizations/acme", {"domains": []})
    made = at.made("/organizations", {"slug": "b", "name": "B", "domains": ["acme.example"]})
    assert made["domains"] == ["acme.example"]


def test_only_an_empty_organization_can_be_deleted(at: Office) -> None:
    made = connection(at)
    status, sentence = at.refused("DELETE", "/organizations/acme")
    assert status == 409 and "1 connections" in sentence
    assert at.ask("DELETE", f"/connections/{made['id']}").status_code == 204
    assert at.ask("DELETE", "/organizations/acme").status_code == 204
    assert at.refused("GET", "/organizations/acme")[0] == 404


def test_a_new_connection_shows_its_push_token_once(at: Office) -> None:
    made = connection(at, pull=OKTA, login=OIDC)

    assert made["scim"]["base_url"] == f"https://trueup.example/scim/v2/{made['id']}"
    assert made["scim"]["token"]
    for path in (f"/connections/{made['id']}", "/connections/acme~okta"):
        again = at.get(path)
        assert again["scim"] == {"base_url": made["scim"]["base_url"], "token": None}
        assert {**again, "scim": None} == {**made, "scim": None}


def test_the_engine_reads_a_connection_with_its_secrets(at: Office) -> None:
    made = connection(at, pull=OKTA, login=OIDC)
    with at.context.database.read() as tx:
        row = tx.row("SELECT * FROM connections")
    assert row is not None
    opened = at.context.vault.open(row.secrets, made["id"])
    assert opened == {
        "pull": {"token": OKTA_TOKEN},
        "login": {"client_secret": OIDC["client_secret"]},
    }


def test_a_patch_keeps_the_secrets_and_the_settings_that_were_not_sent(at: Office) -> None:
    connection(at, pull=OKTA)
    changed = at.ask("PATCH", "/connections/acme~okta", {"pull": {"schedule": "0 3 * * *"}}).json()

    assert changed["pull"]["schedule"] == "0 3 * * *"
    assert changed["pull"]["org_url"] == OKTA["org_url"]
    with at.context.database.read() as tx:
        row = tx.row("SELECT * FROM connections")
    assert row is not None
    assert at.context.vault.open(row.secrets, changed["id"])["pull"] == {"token": OKTA_TOKEN}


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        pytest.param({"pull": {"schedule": "0 3 * * *"}}, False, id="when to read"),
        pytest.param({"policy": {"shrink": 0.5}}, False, id="the policy"),
        pytest.param({"pull": {"scope": {"app_id": "0oa1"}}}, True, id="the scope"),
        pytest.param(
            {"pull": {"org_url": "https://b.okta.com", "token": "new"}}, True, id="the directory"
        ),
        pytest.param({"pull": None, "push": True}, True, id="no directory"),
    ],
)
def test_what_another_scope_had_listed_is_no_measure_for_the_next_read(
    at: Office, change: dict[str, Any], is_another: bool
) -> None:
    connection(at, pull=OKTA)
    with at.context.database.write() as tx:
        tx.run("UPDATE connections SET pull_users = 9, pull_groups = 9, pull_cursor = 'c'")
    at.ask("PATCH", "/connections/acme~okta", change).json()
    with at.context.database.read() as tx:
        row = tx.row("SELECT * FROM connections")
    assert row is not None
    assert (row.scoped_at > 0) == is_another
    left = (0, 0, None) if is_another else (9, 9, "c")
    assert (row.pull_users, row.pull_groups, row.pull_cursor) == left


def test_a_null_takes_a_channel_away_with_its_secrets(at: Office) -> None:
    connection(at, pull=OKTA)
    changed = at.ask("PATCH", "/connections/acme~okta", {"pull": None}).json()
    assert changed["pull"] is None
    with at.context.database.read() as tx:
        assert tx.value("SELECT secrets FROM connections") is None


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        pytest.param(
            "/connections/acme~okta",
            {"pull": {"org_url": "https://evil.example"}},
            "pull.token",
            id="the organization of a directory",
        ),
        pytest.param(
            "/connections/acme~okta",
            {"login": {"issuer": "https://evil.example"}},
            "login.client_secret",
            id="an issuer",
        ),
        pytest.param(
            "/targets/acme~app",
            {"url": "http://127.0.0.2/scim"},
            "auth.token",
            id="the url of a target",
        ),
    ],
)
def test_a_secret_does_not_follow_to_a_new_address(
    at: Office, path: str, change: Any, field: str
) -> None:
    connection(at, pull=OKTA, login=OIDC)
    target(at)
    before = everything(at)

    answer = at.ask("PATCH", path, change)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert everything(at) == before


def test_a_target_moves_when_its_secret_is_sent_again(at: Office) -> None:
    target(at)
    moved = {"url": "http://127.0.0.2/scim", "auth": {"token": "another"}}
    changed = at.ask("PATCH", "/targets/acme~app", moved)
    assert changed.json()["url"] == "http://127.0.0.2/scim"


def test_another_kind_of_authentication_needs_nothing_of_the_old_one(at: Office) -> None:
    target(at)
    basic = {"auth": {"type": "basic", "user_name": "trueup", "password": "p4ssw0rd"}}
    changed = at.ask("PATCH", "/targets/acme~app", basic)
    assert changed.json()["auth"] == {"type": "basic", "user_name": "trueup"}


def test_a_push_token_expires_if_asked_and_the_check_says_when(at: Office) -> None:
    first = connection(at)
    (old,) = at.get("/connections/acme~okta/tokens")["items"]
    assert old["expires_at"] is None
    for wrong in ("soon", "2001-01-01T00:00:00Z", "2999-01-01T00:00:00", 5):
        status, sentence = at.refused(
            "POST", "/connections/acme~okta/tokens", {"expires_at": wrong}
        )
        assert status == 422 and "expires_at" in sentence
    end = to_text(at.context.clock.now() + 3 * DAY)
    made = at.made("/connections/acme~okta/tokens", {"expires_at": end})
    assert made["expires_at"] == end
    at.ask("DELETE", f"/connections/{first['id']}/tokens/{old['id']}")
    assert f"The last push token expires at {end}." in " ".join(
        at.get("/connections/acme~okta/check")["wrong"]
    )
    with at.context.database.write() as tx:
        tx.run("UPDATE scim_tokens SET expires_at = 1 WHERE revoked_at IS NULL")
    for _ in range(2):
        at.made("/connections/acme~okta/tokens", {})


def test_two_push_tokens_live_at_once_and_no_third(at: Office) -> None:
    connection(at)
    second = at.made("/connections/acme~okta/tokens", {})
    status, sentence = at.refused("POST", "/connections/acme~okta/tokens")
    assert status == 409 and "2 live tokens" in sentence

    path = f"/connections/acme~okta/tokens/{second['id']}"
    assert at.ask("DELETE", path).status_code == 204
    listed = at.get("/connections/acme~okta/tokens")["items"]
    assert [one["revoked_at"] is None for one in listed] == [True, False]
    assert at.made("/connections/acme~okta/tokens", {})["token"]


def test_a_token_of_another_connection_cannot_be_revoked_here(at: Office) -> None:
    connection(at)
    connection(at, slug="two")
    other = at.get("/connections/acme~two/tokens")["items"][0]
    assert at.refused("DELETE", f"/connections/acme~okta/tokens/{other['id']}")[0] == 404


def test_a_new_target_is_provisioned_by_its_connections(at: Office) -> None:
    connection(at)
    made = target(at, connections=["okta"])

    assert made["connections"] == ["okta"]
    assert made["guard"] == {
        "floor": 10,
        "share": 0.05,
        "group_floor": 10,
        "group_share": 0.2,
        "protected": {"users": [], "groups": []},
    }
    (run,) = at.get("/runs")["items"]
    assert (run["kind"], run["connection_name"]) == ("reconcile", "acme/okta")


def test_a_connection_that_joins_a_target_later_is_provisioned_then(at: Office) -> None:
    made = connection(at)
    target(at)
    assert at.get("/runs")["items"] == []
    changed = at.ask("PATCH", "/targets/acme~app", {"connections": [made["id"]]}).json()
    assert changed["connections"] == ["okta"]
    assert len(at.get("/runs")["items"]) == 1


def test_a_suspended_target_is_resumed(at: Office) -> None:
    made = target(at)
    with at.context.database.write() as tx:
        tx.run("UPDATE targets SET state = 'suspended', problem = 'wrong key'")
    check = at.get(f"/targets/{made['id']}/check")
    assert not check["ok"] and "wrong key" in check["wrong"][0]
    assert at.ask("POST", "/targets/acme~app/resume").json()["state"] == "active"


def test_a_check_of_a_target_names_the_protected_whom_nobody_here_is(at: Office) -> None:
    connection(at)
    protected = {"users": ["ADA", "nobody@x"], "groups": ["ops", "opps"]}
    target(at, connections=["okta"], guard={"protected": protected})
    staff(at)
    wrong = at.get("/targets/acme~app/check")["wrong"]
    assert [one for one in wrong if "guard.protected" in one] == [
        "guard.protected names nobody@x, and no user here is called so.",
        "guard.protected names opps, and no group here is called so.",
    ]
    ops = at.get("/groups")["items"][0]["id"]
    protected = {"users": ["ada"], "groups": [ops]}
    at.ask("PATCH", "/targets/acme~app", {"guard": {"protected": protected}})
    assert not any("guard" in one for one in at.get("/targets/acme~app/check")["wrong"])


HIDDEN = {"control": "a\nb", "format": "a\u202eb", "zero width": "a\u200bb"}


@pytest.mark.parametrize("name", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_name_with_characters_that_cannot_be_seen_is_refused(at: Office, name: str) -> None:
    before = everything(at)
    asked = (
        ("POST", "/organizations", {"slug": "new", "name": name}),
        ("PATCH", "/organizations/acme", {"name": name}),
        ("POST", "/keys", {"name": name}),
    )
    for method, path, body in asked:
        status, sentence = at.refused(method, path, body)
        assert status == 422 and "control or format characters" in sentence
    for path, noun in (("/connections", connection), ("/targets", target)):
        made = noun(at)
        assert at.refused("PATCH", f"{path}/{made['id']}", {"slug": name})[0] == 422
        at.ask("DELETE", f"{path}/{made['id']}?abandon=true")
    assert everything(at) == before


def test_what_targets_hold_is_not_abandoned_by_mistake(at: Office) -> None:
    connection(at)
    made = target(at, connections=["okta"])
    people = staff(at)
    with at.context.database.write() as tx:
        tx.run(
            "INSERT INTO user_bindings (target_id, user_id, remote_id, ownership, active, digest) "
            "SELECT id, :user, 'r1', 'ours', TRUE, '' FROM targets",
            {"user": people.ada},
        )

    for path in ("/connections/acme~okta", f"/targets/{made['id']}"):
        status, sentence = at.refused("DELETE", path)
        assert status == 409 and "1 users" in sentence and "abandon" in sentence
    assert at.ask("DELETE", "/connections/acme~okta?abandon=true").status_code == 204
    assert at.get("/users")["items"] == []
    assert at.get("/targets/acme~app")["connections"] == []


def test_every_table_that_refers_to_a_connection_is_emptied_with_it() -> None:
    """A new table that was not thought of would make deleting impossible."""
    emptied = {table for table, _ in removal.OF_CONNECTION}
    referring = _referring("connections", "users", "groups", "runs")
    assert referring - emptied == set()
    assert _referring("targets") - {table for table, _ in removal.OF_TARGET} == set()


def _referring(*tables: str) -> set[str]:
    return {
        table.name
        for table in SQLModel.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in tables
    }


def test_deleting_a_connection_leaves_nothing_of_it(at: Office) -> None:
    connection(at, pull=OKTA)
    target(at, connections=["okta"])
    staff(at)
    at.work()
    assert at.ask("DELETE", "/connections/acme~okta?abandon=true").status_code == 204
    with at.context.database.read() as tx:
        names = [table.name for table in SQLModel.metadata.sorted_tables]
        left = {name for name in names if tx.value(f"SELECT count(*) FROM {name}")}
    assert left == {"organizations", "domains", "targets", "api_keys"}


def test_a_key_is_shown_once_and_opens_nothing_once_revoked(at: Office) -> None:
    made = at.made("/keys", {"name": "backup"})
    other = Office(at.client, at.context, made["key"], peers=at.peers)
    assert other.get("/organizations")["items"]
    assert all("key" not in one for one in at.get("/keys")["items"])

    assert at.ask("DELETE", f"/keys/{made['id']}").status_code == 204
    assert other.refused("GET", "/organizations")[0] == 401


def test_the_last_key_of_an_administrator_cannot_be_revoked(at: Office) -> None:
    (first,) = at.get("/keys")["items"]
    at.made("/keys", {"name": "limited", "organization": "acme"})
    assert at.refused("DELETE", f"/keys/{first['id']}")[0] == 409


CONNECTION = {"organization": "acme", "slug": "new", "provider": "okta", "push": True}
TARGET = {"organization": "acme", "slug": "new", **SCIM}
ENTRA = {
    "kind": "entra",
    "tenant_id": "acme.example",
    "client_id": "5a1e5a1e-0000-4000-8000-000000000001",
    "client_secret": "tell nobody",
}
WEEKLY = {**OKTA, "schedule": "0 2 * * 0"}


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        pytest.param(
            "/organizations", {"slug": "acme", "name": "A"}, 409, "acme already", id="slug taken"
        ),
        pytest.param(
            "/organizations", {"slug": "A b", "name": "A"}, 422, "lower-case", id="slug pattern"
        ),
        pytest.param(
            "/organizations",
            {"slug": "5b6f0e6e-3a52-4a52-9f63-0d9b6f3f0f11", "name": "A"},
            422,
            "like an id",
            id="slug like an id",
        ),
        pytest.param("/organizations", {"slug": "b"}, 422, "name is missing", id="no name"),
        pytest.param(
            "/organizations", {"slug": "b", "name": ""}, 422, "at least 1", id="empty name"
        ),
        pytest.param(
            "/organizations", {"slug": "b", "name": "x" * 257}, 422, "at most 256", id="long name"
        ),
        pytest.param(
            "/organizations", {"slug": "b", "name": "B", "x": 1}, 422, "x is not known", id="extra"
        ),
        pytest.param(
            "/organizations", {"slug": "b", "name": 5}, 422, "name must be a text", id="no text"
        ),
        pytest.param(
            "/organizations",
            {"slug": "b", "name": "B", "domains": ["acme.example"]},
            409,
            "another organization",
            id="domain claimed",
        ),
        pytest.param(
            "/organizations",
            {"slug": "b", "name": "B", "domains": ["not a domain"]},
            422,
            "domains.0",
            id="no domain",
        ),
        pytest.param("/organizations", ["acme"], 422, "must be an object", id="no object"),
        pytest.param("/organizations", {"slug": "b", "name": "a\0b"}, 400, "NUL", id="nul"),
        pytest.param(
            "/connections", CONNECTION | {"organization": "nobody"}, 404, "nobody", id="no owner"
        ),
        pytest.param(
            "/connections", CONNECTION | {"slug": "okta"}, 409, "okta already", id="taken"
        ),
        pytest.param(
            "/connections", CONNECTION | {"provider": "ping"}, 422, "provider", id="provider"
        ),
        pytest.param("/connections", CONNECTION | {"push": "yes"}, 422, "true or false", id="push"),
        pytest.param(
            "/connections", CONNECTION | {"push": False}, 422, "at least one channel", id="nothing"
        ),
        pytest.param(
            "/connections", CONNECTION | {"pull": {}}, 422, "pull.kind is missing", id="no kind"
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": {"kind": "nis"}},
            422,
            "'nis' is no known kind",
            id="unknown kind",
        ),
        pytest.param(
            "/connections", CONNECTION | {"pull": OKTA | {"x": 1}}, 422, "x: Extra", id="pull field"
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": OKTA | {"interval": 1}},
            422,
            "interval: Extra",
            id="what we work out ourselves",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": OKTA | {"schedule": "at noon"}},
            422,
            "no cron expression",
            id="cron",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": OKTA | {"schedule": "* * * * * *"}},
            422,
            "five fields",
            id="a cron of seconds",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": OKTA | {"schedule": "0 2 * * *", "timezone": "Europe"}},
            422,
            "no time zone",
            id="a folder of time zones",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": OKTA | {"delta_schedule": "*/10 * * * *"}},
            422,
            "cannot tell what changed",
            id="rounds of a directory that has none",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": ENTRA | {"delta_schedule": "now and then"}},
            422,
            "pull.delta_schedule is no cron expression",
            id="cron of rounds",
        ),
        pytest.param(
            "/connections",
            CONNECTION
            | {"pull": ENTRA | {"scope": {"groups": ["g1"]}, "delta_schedule": "*/10 * * * *"}},
            422,
            "cannot tell what changed",
            id="rounds of named groups",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": OKTA | {"timezone": "Mars/Olympus"}},
            422,
            "no time zone",
            id="zone without schedule",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"pull": WEEKLY, "policy": {"ttl": {"pull": "8d"}}},
            422,
            "less than twice the interval",
            id="ttl under twice the interval",
        ),
        pytest.param(
            "/connections", CONNECTION | {"policy": {"colour": 1}}, 422, "no setting", id="policy"
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"policy": {"retention": 1e300}},
            422,
            "no duration",
            id="an endless duration",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"login": {"protocol": "kerberos"}},
            422,
            "login.protocol",
            id="protocol",
        ),
        pytest.param(
            "/connections",
            CONNECTION | {"login": OIDC | {"issuer": "http://idp.example"}},
            422,
            "https address",
            id="issuer in the clear",
        ),
        pytest.param("/targets", TARGET | {"slug": "app"}, 409, "app already", id="target taken"),
        pytest.param("/targets", TARGET | {"kind": "fax"}, 422, "'fax'", id="target kind"),
        pytest.param("/targets", TARGET | {"colour": "red"}, 422, "colour: Extra", id="setting"),
        pytest.param("/targets", TARGET | {"url": "ftp://x"}, 422, "url must look", id="url"),
        pytest.param(
            "/targets",
            TARGET | {"url": "http://10.0.0.1/scim"},
            422,
            "TRUEUP_ALLOW_NETWORKS",
            id="private address",
        ),
        pytest.param(
            "/targets",
            TARGET | {"url": "http://[::1]/scim"},
            422,
            "TRUEUP_ALLOW_NETWORKS",
            id="loopback of the other protocol",
        ),
        pytest.param(
            "/targets",
            TARGET | {"url": "http://167772161/scim"},
            422,
            "TRUEUP_ALLOW_NETWORKS",
            id="private address as one number",
        ),
        pytest.param("/targets", TARGET | {"guard": {"floor": -1}}, 422, "floor", id="floor"),
        pytest.param(
            "/targets", TARGET | {"guard": {"share": 1.5}}, 422, "guard.share", id="share"
        ),
        pytest.param("/targets", TARGET | {"guard": {"x": 1}}, 422, "guard.x", id="guard field"),
        pytest.param(
            "/targets",
            TARGET | {"connections": ["nobody"]},
            422,
            "no connection 'nobody'",
            id="unknown connection",
        ),
        pytest.param(
            "/targets",
            TARGET | {"connections": ["bolt~okta"]},
            422,
            "no connection 'bolt~okta'",
            id="connection of another organization",
        ),
        pytest.param("/keys", {"name": "k", "organization": "nobody"}, 404, "nobody", id="key"),
    ],
)
def test_a_wrong_input_gets_one_sentence_and_changes_nothing(
    at: Office, path: str, body: Any, status: int, words: str
) -> None:
    organization(at, "bolt")
    connection(at)
    connection(at, "bolt")
    target(at)
    before = everything(at)

    answer = at.refused("POST", path, body)

    assert answer[0] == status, answer
    assert words in answer[1]
    assert everything(at) == before


@pytest.mark.parametrize(
    ("path", "change", "status", "words"),
    [
        pytest.param("/organizations/acme", {"slug": "bolt"}, 409, "bolt already", id="slug"),
        pytest.param("/organizations/acme", {"name": None}, 422, "name", id="no name"),
        pytest.param("/organizations/acme", {"id": "x"}, 422, "id is not known", id="id"),
        pytest.param("/connections/acme~okta", {"provider": "entra"}, 422, "provider", id="idp"),
        pytest.param("/connections/acme~okta", {"push": False}, 422, "one channel", id="nothing"),
        pytest.param("/connections/acme~okta", {"slug": "two"}, 409, "two already", id="twin"),
        pytest.param("/connections/acme~okta", {"policy": None}, 422, "policy", id="null policy"),
        pytest.param("/targets/acme~app", {"kind": "webhook"}, 422, "cannot be changed", id="kind"),
        pytest.param("/targets/acme~app", {"organization": "bolt"}, 422, "cannot be", id="owner"),
        pytest.param("/targets/acme~app", {"url": None}, 422, "url", id="no url"),
        pytest.param("/targets/acme~app", {"guard": None}, 422, "guard", id="null guard"),
        pytest.param("/targets/acme~app", {"batch": 0}, 422, "batch", id="batch"),
    ],
)
def test_a_wrong_change_gets_one_sentence_and_changes_nothing(
    at: Office, path: str, change: Any, status: int, words: str
) -> None:
    organization(at, "bolt")
    connection(at)
    connection(at, slug="two")
    target(at)
    before = everything(at)

    answer = at.refused("PATCH", path, change)

    assert answer[0] == status, answer
    assert words in answer[1]
    assert everything(at) == before


def test_a_ttl_that_nobody_set_is_stretched_to_a_weekly_schedule(at: Office) -> None:
    made = connection(at, pull=WEEKLY)
    assert made["policy"] == {}
    assert "What a read said counts for 504 hours." in _check(at)["set_up"]


def test_delta_rounds_of_a_whole_tenant_have_a_schedule_of_their_own(at: Office) -> None:
    made = connection(at, pull=ENTRA | {"delta_schedule": "*/10 * * * *"})
    assert made["pull"]["delta_schedule"] == "*/10 * * * *"


def _check(at: Office) -> Any:
    at.peers.sources["okta"] = MemorySource(problems=["The token may not read groups."])
    return at.get("/connections/acme~okta/check")


def test_a_check_says_what_is_set_up_and_what_is_wrong(at: Office) -> None:
    connection(at, pull=OKTA | {"schedule": "0 2 * * *"})
    check = _check(at)
    assert check["ok"] is False
    assert "The token may not read groups." in check["wrong"]
    assert any("No push token was ever used" in one for one in check["wrong"])
    assert any("0 2 * * * in UTC, next at" in one for one in check["set_up"])


def test_a_secret_under_another_master_key_is_a_sentence(at: Office) -> None:
    made = connection(at, pull=OKTA)
    sealed = Vault(["another"]).seal({"pull": {"token": "x"}}, made["id"])
    with at.context.database.write() as tx:
        tx.update("connections", 1, {"secrets": sealed})
    status, sentence = at.refused("PATCH", "/connections/acme~okta", {"push": True})
    assert status == 409 and "TRUEUP_MASTER_KEY" in sentence


def test_the_secret_of_a_target_is_sealed_where_it_stood(at: Office) -> None:
    made = target(at)
    assert made["auth"] == {"type": "bearer"}
    with at.context.database.read() as tx:
        row = tx.row("SELECT * FROM targets")
    assert row is not None
    assert at.context.vault.open(row.secrets, made["id"]) == {"auth": {"token": TARGET_TOKEN}}


@pytest.mark.parametrize(
    ("sent", "token"),
    [
        pytest.param({"url": "https://a.example"}, "old", id="the same address"),
        pytest.param({"url": "https://b.example", "token": "new"}, "new", id="with the secret"),
        pytest.param({"url": "https://b.example", "token": None}, None, id="without a secret"),
        pytest.param({"name": "x"}, "old", id="no address"),
    ],
)
def test_a_change_keeps_the_secret_where_it_was_given(
    sent: dict[str, Any], token: str | None
) -> None:
    before = {"url": "https://a.example", "token": "old"}
    assert sealed.changed(before, sent, secrets={"token"}).get("token") == token


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"url": "https://evil.example"}, id="another address"),
        pytest.param({"authority": "https://evil.example"}, id="one that was at its default"),
        pytest.param({"deep": {"url": "https://evil.example"}}, id="one inside"),
    ],
)
def test_an_address_does_not_change_without_its_secret(sent: dict[str, Any]) -> None:
    before = {"url": "https://a.example", "token": "old"}
    with pytest.raises(Problem, match="token must be sent again"):
        sealed.changed(before, sent, secrets={"token"})
