"""The resolved directory: users, groups, memberships, and why each is as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import explanation
from api.commands import CommandFailed
from models.evidence import (
    Channel,
    MembersAdded,
    MembersRemoved,
    Observation,
    UserCovered,
    UserSaid,
)
from models.instant import DAY, to_text
from models.store import identities, logins, nesting
from sync import connection as connections
from sync import intake
from tests.api.admin_kit import Office, Staff, connection, office, organization, staff, target


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        organization(found)
        connection(found)
        yield found


@pytest.fixture
def people(at: Office) -> Staff:
    return staff(at)


def say(at: Office, people: Staff, channel: Channel, *facts: Any, as_of: int | None = None) -> None:
    now = at.context.clock.now()
    with at.context.database.write() as tx:
        link = connections.load(tx, people.connection)
        told = Observation(channel=channel, event="test", as_of=as_of or now, facts=facts)
        intake.take(tx, link, told, now)


def the(at: Office, path: str, test: str) -> Any:
    """The one item that a filter finds."""
    (found,) = at.get(path, filter=test)["items"]
    return found


def test_a_user_is_shown_with_its_verdict(at: Office, people: Staff) -> None:
    ada = the(at, "/users", 'user_name eq "ADA"')

    assert ada["email"] == "ada@acme.example"
    assert (ada["active"], ada["role"], ada["connection_name"]) == (True, None, "acme/okta")
    assert ada["verdict"]["answer"] == "yes"
    assert ada["verdict"]["decided_by"] == "push"
    assert ada["verdict"]["why"].endswith(".")
    assert ada["verdict"]["explicit"] is True


@pytest.mark.parametrize(
    "test",
    [
        'user_name eq "ada" and active eq true',
        'email co "ADA@"',
        'first_name sw "a"',
        'not (user_name ne "ada")',
        'connection eq "acme~okta" and user_name eq "ada"',
        'connection eq "acme/okta" and user_name eq "ada"',
        'created_at gt "2020-01-01T00:00:00Z" and user_name eq "ada"',
        'user_name eq "ada" and last_name eq null',
    ],
)
def test_users_are_found_by_what_they_show(at: Office, people: Staff, test: str) -> None:
    assert the(at, "/users", test)["user_name"] == "ada"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        pytest.param({"filter": 'shoe_size eq "43"'}, "shoe_size", id="unknown attribute"),
        pytest.param({"filter": "user_name eq"}, "ends too early", id="half a filter"),
        pytest.param({"filter": "active gt true"}, "boolean", id="wrong comparison"),
        pytest.param({"filter": "connection gt 1"}, "id or slug", id="reference"),
        pytest.param({"sort": "shoe_size"}, "cannot be sorted", id="unknown sort"),
        pytest.param({"limit": "201"}, "limit", id="too many"),
        pytest.param({"limit": "0"}, "limit", id="none"),
        pytest.param({"cursor": "what?"}, "cursor", id="no cursor"),
        pytest.param({"cursor": "WyIiLCJ4Il0"}, "cursor", id="a cursor of another type"),
        pytest.param({"cursor": "WyIiLDEsMl0"}, "cursor", id="a cursor of another list"),
        pytest.param({"colour": "red"}, "colour is not known", id="unknown parameter"),
    ],
)
def test_a_wrong_question_gets_one_sentence(at: Office, params: Any, words: str) -> None:
    status, sentence = at.refused("GET", "/users", params=params)
    assert status in (400, 422)
    assert words in sentence


def test_a_user_deactivated_by_push_is_not_active(at: Office, people: Staff) -> None:
    say(at, people, Channel.PUSH, UserSaid(user=people.ada, active=False))
    ada = the(at, "/users", "active eq false")
    assert ada["user_name"] == "ada"
    in_full = at.get(f"/users/{ada['id']}")
    assert in_full["verdict"]["answer"] == "yes"
    assert in_full["activity"]["answer"] == "no"


def test_one_user_is_shown_with_every_channels_evidence(at: Office, people: Staff) -> None:
    ada = the(at, "/users", 'user_name eq "ada"')
    found = at.get(f"/users/{ada['id']}")

    assert found["channels"]["push"]["says"] == "yes"
    assert found["channels"]["push"]["active"]["says"] == "yes"
    assert found["channels"]["push"]["attributes"]["email"]["value"] == "ada@acme.example"
    assert found["channels"]["pull"]["says"] == "silent"
    assert found["login"] is None
    (alias,) = found["aliases"]
    assert (alias["namespace"], alias["value"], alias["valid_to"]) == ("user_name", "ada", None)


def test_a_membership_shows_its_channels_side_by_side(at: Office, people: Staff) -> None:
    group = the(at, "/groups", 'name eq "ops"')
    members = at.get("/memberships", filter=f'group.id eq "{group["id"]}"')["items"]

    assert [one["user"]["user_name"] for one in members] == ["ada", "bob"]
    for one in members:
        assert one["group"] == {"id": group["id"], "name": "ops"}
        assert one["verdict"] == "yes"
        assert one["decided_by"]["channel"] == "push"
        assert one["channels"]["push"]["says"] == "yes"
        assert one["channels"]["login"] == {"says": "silent", "as_of": None, "since": None}


def test_memberships_of_one_user_are_found_by_its_id(at: Office, people: Staff) -> None:
    bob = the(at, "/users", 'user_name eq "bob"')
    found = the(at, "/memberships", f'user.id eq "{bob["id"]}"')
    assert found["user"] == {"id": bob["id"], "user_name": "bob"}


def test_a_membership_taken_back_by_push_is_no(at: Office, people: Staff) -> None:
    say(at, people, Channel.PUSH, MembersRemoved(people.ops, frozenset({people.ada})))
    assert the(at, "/memberships", 'user.user_name eq "ada"')["verdict"] == "no"


def test_a_removed_group_takes_its_memberships_along_until_it_is_restored(
    at: Office, people: Staff
) -> None:
    group = the(at, "/groups", 'name eq "ops"')

    removed = at.ask("POST", f"/groups/{group['id']}/remove").json()
    assert removed["removed_at"] and removed["verdict"]["answer"] == "no"
    verdicts = {one["verdict"] for one in at.get("/memberships")["items"]}
    assert verdicts == {"no"}

    restored = at.ask("POST", f"/groups/{group['id']}/restore").json()
    assert restored["removed_at"] is None and restored["verdict"]["answer"] == "yes"
    assert {one["verdict"] for one in at.get("/memberships")["items"]} == {"yes"}


def test_removing_a_group_twice_keeps_the_time_of_the_first(at: Office, people: Staff) -> None:
    group = the(at, "/groups", 'name eq "ops"')
    first = at.ask("POST", f"/groups/{group['id']}/remove").json()
    second = at.ask("POST", f"/groups/{group['id']}/remove").json()
    assert second["removed_at"] == first["removed_at"]


def test_removing_a_group_plans_its_end_at_targets_in_the_same_breath(
    at: Office, people: Staff
) -> None:
    target(at, connections=["okta"])
    with at.context.database.write() as tx:
        tx.run(
            "INSERT INTO group_bindings (target_id, group_id, remote_id, ownership, digest) "
            "SELECT id, :group, 'r1', 'ours', '' FROM targets",
            {"group": people.ops},
        )
    group = the(at, "/groups", 'name eq "ops"')
    at.ask("POST", f"/groups/{group['id']}/remove")
    action = the(at, "/actions", 'operation eq "delete_group"')
    assert action["object"] == {
        "type": "group",
        "user": None,
        "group": {"id": group["id"], "name": "ops"},
    }
    assert action["because"]["why"] == "An administrator removed this group."


def test_a_group_lists_every_name_it_had(at: Office, people: Staff) -> None:
    group = the(at, "/groups", 'name eq "ops"')
    (alias,) = at.get(f"/groups/{group['id']}/aliases")["items"]
    assert (alias["namespace"], alias["value"], alias["proof"]) == ("name", "ops", "push")


def test_explain_names_the_deciding_channel(at: Office, people: Staff) -> None:
    told = at.get("/explain", user="ada", group="OPS")

    assert told["verdict"]["answer"] == "yes"
    assert told["sentences"][0].startswith("Yes: ada is in ops.")
    assert told["channels"]["push"]["says"] == "yes"
    assert told["channels"]["push"]["age_seconds"] is not None
    assert told["channels"]["login"]["sentence"] == "This connection has no login channel."
    assert [one["value"] for one in told["aliases"]["group"]] == ["ops"]


def test_explain_without_a_group_is_about_being_in_the_application(
    at: Office, people: Staff
) -> None:
    told = at.get("/explain", user="ada")
    assert told["group"] is None
    assert told["sentences"][0].startswith("Yes: ada is to be in the application.")


def test_explain_takes_a_name_as_it_is_written_before_the_same_in_another_case(
    at: Office, people: Staff
) -> None:
    with at.context.database.write() as tx:
        tx.update("users", people.bob, {"user_name": "ADA"})
    assert at.get("/explain", user="ADA")["sentences"][0].startswith("Yes: ADA is to be")
    assert at.get("/explain", user="ada")["sentences"][0].startswith("Yes: ada is to be")
    status, _ = at.refused("GET", "/explain", params={"user": "Ada"})
    assert status == 409, "both are called so"


def test_explain_says_why_a_token_does_not_decide(at: Office, people: Staff) -> None:
    at.ask(
        "PATCH",
        "/connections/acme~okta",
        {"login": {"protocol": "oidc", "issuer": "https://x.example", "client_id": "c"}},
    )
    say(at, people, Channel.PUSH, MembersRemoved(people.ops, frozenset({people.ada})))
    say(at, people, Channel.LOGIN, UserCovered(people.ada, frozenset({people.ops})))
    with at.context.database.write() as tx:
        logins.keep(
            tx,
            people.connection,
            people.ada,
            digest="d",
            as_of=at.context.clock.now(),
            state="overage",
            values=(),
            problem="Too many.",
            now=at.context.clock.now(),
        )

    told = at.get("/explain", user="ada", group="ops")

    assert told["verdict"]["answer"] == "no"
    assert "tokens do not decide" in told["channels"]["login"]["sentence"]
    assert told["login"]["state"] == "overage"
    assert any("silent about groups. Too many." in one for one in told["sentences"])


def test_explain_of_what_nobody_spoke_of_is_a_hold(at: Office, people: Staff) -> None:
    say(at, people, Channel.PUSH, UserSaid(user=people.ada, exists=False))
    told = at.get("/explain", user="ada")
    assert told["verdict"]["answer"] == "no"
    told = at.get("/explain", user="ada", group="ops")
    assert any(one.startswith("No: it is not so that ada is to be") for one in told["sentences"])


def test_explain_of_an_earlier_time_tells_what_was_known_then(at: Office, people: Staff) -> None:
    before = at.context.clock.now()
    say(at, people, Channel.PUSH, MembersRemoved(people.ops, frozenset({people.ada})))
    after = at.context.clock.now()
    say(at, people, Channel.PUSH, MembersAdded(people.ops, frozenset({people.ada})))

    answers = [
        at.get("/explain", user="ada", group="ops", at=to_text(one))["verdict"]["answer"]
        for one in (before, after, at.context.clock.now())
    ]
    assert answers == ["yes", "no", "yes"]


def test_explain_tells_how_the_answers_turned(at: Office, people: Staff) -> None:
    say(at, people, Channel.PUSH, MembersRemoved(people.ops, frozenset({people.ada})))
    told = at.get("/explain", user="ada", group="ops")
    assert [(one["channel"], one["says"]) for one in told["history"]] == [
        ("push", "yes"),
        ("push", "no"),
    ]


def test_explain_names_the_event_that_decided(at: Office, people: Staff) -> None:
    say(at, people, Channel.PUSH, MembersRemoved(people.ops, frozenset({people.ada})))
    told = at.get("/explain", user="ada", group="ops")
    assert (told["deciding"]["channel"], told["deciding"]["event"]) == ("push", "test")
    assert told["deciding"]["as_of"] == told["verdict"]["as_of"]
    assert told["deciding"]["received_at"] is not None


def test_explain_says_where_the_log_does_not_reach(at: Office, people: Staff) -> None:
    long_ago = to_text(at.context.clock.now() - 500 * DAY)
    told = at.get("/explain", user="ada", group="ops", at=long_ago)
    assert told["verdict"]["answer"] == "hold"
    assert any("The log of changes begins at" in one for one in told["sentences"])


def test_explain_tells_through_which_group_somebody_is_in_another(
    at: Office, people: Staff
) -> None:
    with at.context.database.write() as tx:
        now = at.context.clock.now()
        outer = identities.insert_group(tx, people.connection, "everyone", now)
        nesting.affirm(tx, [(outer, people.ops), (people.ops, outer)], now)
    told = at.get("/explain", user="ada", group="everyone")
    assert [[one["name"] for one in path] for path in told["nested"]] == [["everyone", "ops"]]
    assert any("By nesting ada is in everyone" in one for one in told["sentences"])


def test_explain_shows_what_is_stale(at: Office, people: Staff) -> None:
    at.ask("PATCH", "/connections/acme~okta", {"policy": {"ttl": {"push": "1d"}}})
    with at.context.database.write() as tx:
        tx.run("UPDATE memberships SET push_yes = push_yes - :two", {"two": 2 * DAY})
    told = at.get("/explain", user="ada", group="ops")
    assert told["verdict"]["answer"] == "hold"
    assert "older than its time-to-live" in told["channels"]["push"]["sentence"]


def test_explain_of_a_time_to_come_is_refused(at: Office, people: Staff) -> None:
    later = to_text(at.context.clock.now() + DAY)
    status, sentence = at.refused("GET", "/explain", params={"user": "ada", "at": later})
    assert status == 422 and "in the future" in sentence
    with pytest.raises(CommandFailed, match="in the future"):
        explanation.tell(at.context, "ada", None, at=later)


def test_explain_of_an_earlier_time_says_what_is_of_today(at: Office, people: Staff) -> None:
    target(at, connections=["okta"])
    then = to_text(at.context.clock.now())
    today = "Decided by the policy of today; the connection was changed after that time."
    told = at.get("/explain", user="ada", at=then)
    assert today not in told["sentences"]
    assert told["log_begins"] == at.get("/connections/acme~okta")["created_at"]
    assert told["targets"][0]["sentence"].startswith("Now: app does not hold the user.")
    assert (
        explanation.tell(at.context, "ada", None, at=then).model_dump()["targets"]
        == (told["targets"])
    )
    at.ask("PATCH", "/connections/acme~okta", {"policy": {"ttl": {"push": "1d"}}})
    assert today in at.get("/explain", user="ada", at=then)["sentences"]
    assert today not in at.get("/explain", user="ada")["sentences"]


def test_explain_shows_what_each_target_holds_and_what_is_under_way(
    at: Office, people: Staff
) -> None:
    target(at, connections=["okta"])
    at.work()
    told = at.get("/explain", user="ada", group="ops")
    (there,) = told["targets"]
    assert there["target_name"] == "app"
    assert there["binding"] is None
    assert there["sentence"].startswith("app does not hold the user. The operation create user")
    operations = {one["operation"]: one["because"]["answer"] for one in there["pending"]}
    assert operations == {"create_user": "yes", "create_group": "yes", "add_member": "yes"}


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        pytest.param({}, 422, "user is missing", id="nobody"),
        pytest.param({"user": "eve"}, 404, "'eve'", id="unknown user"),
        pytest.param({"user": "ada", "group": "x"}, 404, "'x'", id="unknown group"),
        pytest.param({"user": "ada", "at": "noon"}, 422, "no time", id="no time"),
        pytest.param({"user": "ada", "at": "2026-01-01T00:00:00"}, 422, "no time", id="no zone"),
        pytest.param({"user": "ada", "at": "0001-01-01T00:00:00Z"}, 422, "no time", id="too old"),
    ],
)
def test_a_question_that_cannot_be_answered_gets_one_sentence(
    at: Office, people: Staff, params: Any, status: int, words: str
) -> None:
    answer = at.refused("GET", "/explain", params=params)
    assert answer[0] == status
    assert words in answer[1]


def test_two_people_of_one_name_are_told_apart_by_id(at: Office, people: Staff) -> None:
    connection(at, slug="entra")
    staff(at, "acme~entra")
    status, sentence = at.refused("GET", "/explain", params={"user": "ada"})
    assert status == 409
    for one in at.get("/users", filter='user_name eq "ada"')["items"]:
        assert one["id"] in sentence
        assert at.get("/explain", user=one["id"])["user"]["id"] == one["id"]
