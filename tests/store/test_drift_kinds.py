"""Every kind of finding comes up end to end, with evidence and advice, and heals in the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from msgspec import structs

from connectors.base import RemoteUser
from connectors.errors import Refused, Transient
from connectors.memory import MemoryTarget
from models.findings import OF_IDENTITY, Kind
from models.instant import DAY, HOUR, MINUTE
from models.store import nesting
from models.store.database import dumps
from models.store.lists.drift import FINDINGS
from sync.tokens.claims import GroupsState
from tests.playground import EVERY_STORE, Playground, fresh, mail, playground

Act = Callable[[Playground], Any]
SCHEDULED = {"kind": "memory", "scope": "all", "schedule": "0 2 * * *"}


@dataclass(frozen=True)
class Story:
    happens: Act
    mends: Act
    options: dict[str, Any]


STORIES: dict[str, tuple[Kind, Story]] = {}


def story(kind: Kind, name: str = "", **options: Any) -> Callable[[Any], Any]:
    """Two steps, divided by a yield: how it comes about, and what mends it."""

    def keep(steps: Callable[[Playground], Iterator[None]]) -> Any:
        running: dict[int, Iterator[None]] = {}

        def happens(play: Playground) -> None:
            running[id(play)] = steps(play)
            next(running[id(play)])

        def mends(play: Playground) -> None:
            assert next(running.pop(id(play)), "the end") == "the end"

        STORIES[name or kind.value] = (kind, Story(happens, mends, options))
        return steps

    return keep


def team(play: Playground, *names: str, group: str = "ops") -> None:
    """In the directory, pushed, and in the application."""
    play.company.hire(*names)
    play.company.found(group, *names)
    for name in names:
        play.push_user(name)
    play.push_group(group, *names)
    if play.connection.policy.pull:
        play.read()
    play.settle()
    play.clock.at += HOUR


def set_members(play: Playground, group: str, *names: str) -> None:
    """By hand, at the application."""
    (held,) = [one for one in play.app.groups.values() if one.name.casefold() == group]
    ids = frozenset(play.at_app(name).remote_id for name in names)
    play.app.groups[held.remote_id] = replace(held, members=ids)


@story(Kind.MISSED_PUSH)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada", "bob")
    play.push_group("dev", "ada")
    play.company.found("dev", "ada", "bob")
    play.clock.at += HOUR
    play.read()
    yield
    play.push_add("dev", "bob")


@story(Kind.MISSED_PUSH, "a group that the push deleted is in the directory", scope={"app": "x"})
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_group("dev", "ada")
    play.company.found("dev", "ada")
    play.push_delete_group("dev")
    play.clock.at += HOUR
    play.read()
    yield
    play.push_group("dev", "ada")


@story(Kind.STALE_PUSH)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada", "bob")
    play.company.members["ops"].discard("bob")
    play.clock.at += HOUR
    play.read()
    yield
    play.push_remove("ops", "bob")


@story(Kind.STALE_PUSH, "a group that the directory has no more was pushed")
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    team(play, "ada", group="dev")
    play.company.dissolve("dev")
    play.clock.at += HOUR
    play.read()
    yield
    play.push_delete_group("dev")


@story(Kind.TOKEN_AHEAD_OF_DIRECTORY, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_group("dev")
    play.token("ada", "ops", "dev")
    yield
    play.push_add("dev", "ada")


@story(Kind.DIRECTORY_AHEAD_OF_TOKEN, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.token("ada", "ops")
    play.clock.at += MINUTE
    play.push_remove("ops", "ada")
    yield
    play.token("ada")


@story(Kind.LOGIN_OF_INACTIVE_USER, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_active("ada", active=False)
    play.token("ada", "ops")
    yield
    play.push_active("ada", active=True)


@story(Kind.NESTED_ONLY)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_user("eve")
    play.company.hire("eve")
    play.company.found("dev", "eve")
    play.company.found("web")
    play.read()
    ops, web, dev = (play.group(name) for name in ("ops", "web", "dev"))
    with play.database.write() as tx:
        for parent, child in ((ops, web), (web, dev), (dev, ops)):
            values = {"parent": parent, "child": child, "at": play.clock.now()}
            tx.run(
                "INSERT INTO nestings (parent_id, child_id, pull_yes) "
                "VALUES (:parent, :child, :at)",
                values,
            )
    yield
    play.company.members["ops"].add("eve")
    play.read()


@story(Kind.ATTRIBUTE_CONFLICT)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_user("ada", name={"givenName": "Ada"})
    known = play.company.users["ada"]
    play.company.users["ada"] = structs.replace(known, first_name="Adele")
    play.read()
    yield
    play.push_user("ada", name={"givenName": "Adele"})


@story(Kind.STALE_EVIDENCE)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.clock.at += 10 * DAY
    yield
    play.read()


@story(Kind.STALE_EVIDENCE, "pushes ran out", pull=False, policy={"ttl": {"push": "3d"}})
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.clock.at += 10 * DAY
    yield
    play.push_user("ada")


@story(Kind.STALE_EVIDENCE, "nobody signs in any more", pull=False, push=False)
def _(play: Playground) -> Iterator[None]:
    play.token("ada", "ops")
    play.clock.at += 40 * DAY
    yield
    play.token("ada", "ops")


@story(Kind.SOURCE_SILENT, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    for _ in range(20):
        play.clock.at += DAY
        play.push_user("ada")
    play.reconcile()
    assert "source_silent" not in play.findings()
    play.clock.at += 2 * DAY - HOUR
    play.reconcile()
    assert "source_silent" not in play.findings(), "twice its habit is no silence yet"
    play.clock.at += 4 * HOUR
    yield
    play.push_user("ada")


@story(Kind.SOURCE_SILENT, "slots of the schedule were missed")
def _(play: Playground) -> Iterator[None]:
    with play.database.write() as tx:
        tx.run("UPDATE connections SET pull = :pull", {"pull": dumps(SCHEDULED)})
    team(play, "ada")
    play.clock.at += DAY
    play.reconcile()
    assert "source_silent" not in play.findings(), "one slot may be late"
    play.clock.at += DAY
    yield
    play.read()


@story(Kind.FLAPPING, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada", "bob")
    for _ in range(2):
        play.push_remove("ops", "ada")
        play.deliver()
        play.push_add("ops", "ada")
        play.deliver()
    yield
    play.clock.at += 15 * DAY


@story(Kind.FLAPPING, "a finding heals and comes back", pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_group("dev")
    for _ in range(4):
        play.token("ada", "ops", "dev")
        play.reconcile()
        play.token("ada", "ops")
        play.reconcile()
    yield
    play.clock.at += 15 * DAY


@story(Kind.PULL_INCOMPLETE)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.read(faults={2: Transient("It broke off.")})
    yield
    play.read()


@story(Kind.SCOPE_SHRUNK)
def _(play: Playground) -> Iterator[None]:
    names = [f"p{number}" for number in range(12)]
    team(play, *names)
    for name in names[:8]:
        play.company.dismiss(name)
    play.read()
    yield
    play.company.hire(*names)
    play.company.members["ops"] = set(names)
    play.read()


@story(Kind.REMOVED_GROUP_STILL_SENT, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.token("ada", "ops")
    play.remove_group("ops")
    play.clock.at += MINUTE
    play.token("ada", "ops")
    yield
    play.remove_group("ops", restore=True)


@story(Kind.MISSING_AT_TARGET)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada", "bob")
    del play.app.users[play.at_app("ada").remote_id]
    yield


@story(Kind.UNEXPECTED_AT_TARGET)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.app.users["x1"] = RemoteUser(remote_id="x1", external_id=None, user_name="mallory")
    (held,) = play.app.groups.values()
    members = (held.members or frozenset()) | {"x1"}
    play.app.groups[held.remote_id] = replace(held, members=members)
    yield
    set_members(play, "ops", "ada")


@story(Kind.UNEXPECTED_AT_TARGET, "by hand, and nobody ever spoke of it", pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.push_user("bob")
    play.settle()
    set_members(play, "ops", "ada", "bob")
    play.reconcile()
    play.reconcile()
    assert "unexpected_at_target" in play.findings(), "looking again does not settle it"
    assert "membership_drift" not in play.findings()
    yield
    set_members(play, "ops", "ada")


@story(Kind.FOREIGN_AT_TARGET)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    play.app.users["x1"] = RemoteUser(remote_id="x1", external_id=None, user_name="mallory")
    yield
    del play.app.users["x1"]


@story(Kind.ATTRIBUTE_DRIFT)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    held = play.at_app("ada")
    play.app.users[held.remote_id] = replace(held, first_name="Mallory")
    yield


@story(Kind.MEMBERSHIP_DRIFT)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada", "bob")
    set_members(play, "ops", "ada")
    yield


@story(Kind.ACTION_FAILING, pull=False)
def _(play: Playground) -> Iterator[None]:
    play.twins.app = play.app = MemoryTarget(faults={1: Refused("No such name here.")})
    play.push_user("ada")
    play.deliver()
    yield
    play.settle()


@story(Kind.TARGET_QUARANTINED, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada")
    well = play.app
    play.twins.app = MemoryTarget(faults={call: Transient("It answers 500.") for call in range(9)})
    with play.database.write() as tx:
        tx.run("UPDATE targets SET state = 'quarantined', problem = 'It answers 500.'")
    yield
    play.twins.app = well


@story(Kind.HELD_BY_GUARD, guard={"floor": 2, "share": 0.05})
def _(play: Playground) -> Iterator[None]:
    names = [f"p{number}" for number in range(12)]
    team(play, *names)
    play.company.members["ops"] = set(names[:6])
    play.read()
    yield
    play.approve()
    play.deliver()


@story(Kind.PROTECTED_REMOVAL, pull=False)
def _(play: Playground) -> Iterator[None]:
    team(play, "ada", "bob")
    with play.database.write() as tx:
        guard = {"protected": {"users": [mail("ada")], "groups": []}}
        tx.run("UPDATE targets SET guard = :guard", {"guard": dumps(guard)})
    play.push_active("ada", active=False)
    yield
    play.push_active("ada", active=True)


def claim(kind: Kind, state: GroupsState) -> None:
    @story(kind, pull=False)
    def _(play: Playground) -> Iterator[None]:
        team(play, "ada")
        play.token("ada", state=state)
        yield
        play.token("ada", "ops")


claim(Kind.CLAIM_ABSENT, GroupsState.ABSENT)
claim(Kind.CLAIM_OVERAGE, GroupsState.OVERAGE)
claim(Kind.CLAIM_MALFORMED, GroupsState.MALFORMED)
claim(Kind.CLAIM_TRUNCATED, GroupsState.PARTIAL)


def test_every_kind_has_a_story_or_is_of_identity_and_has_it_there() -> None:
    assert {kind for kind, _ in STORIES.values()} == set(Kind) - OF_IDENTITY


@pytest.mark.parametrize("store", EVERY_STORE)
@pytest.mark.parametrize("name", sorted(STORIES))
def test_it_comes_up_with_evidence_and_advice_and_heals(name: str, store: str) -> None:
    kind, told = STORIES[name]
    play = playground(fresh(store), **dict(told.options))
    told.happens(play)
    play.reconcile()
    assert kind in play.findings()
    for row in standing(play, kind):
        assert row.summary.endswith((".", "?")), row.summary
        assert row.suggestion.endswith("."), row.suggestion
        evidence = row.evidence
        assert evidence, "evidence from each side"
        assert all(word["why"] for word in evidence), evidence
    told.mends(play)
    play.settle()
    play.reconcile()
    assert kind not in play.findings()


def standing(play: Playground, kind: Kind) -> list[Any]:
    with play.database.read() as tx:
        rows = tx.connection.execute(FINDINGS.rows).all()
    return [row for row in rows if row.kind == kind and row.state == "open"]


def test_the_shortest_way_into_a_group_is_named() -> None:
    play = playground(fresh())
    kind, told = STORIES["nested_only"]
    told.happens(play)
    play.reconcile()
    (row,) = standing(play, kind)
    assert "only through the nested group Web › Dev" in row.summary
    assert [word["says"] for word in row.evidence] == ["no", "yes"]
    with play.database.read() as tx:
        assert len(nesting.affirmed(tx, play.key)) == 3
    told.mends(play)


def test_a_new_connection_has_no_habits() -> None:
    play = playground(fresh(), pull=False)
    for _ in range(10):
        play.clock.at += DAY
        play.push_user("ada")
    play.clock.at += 3 * DAY
    play.reconcile()
    assert "source_silent" not in play.findings()


def test_a_push_that_still_asks_is_not_silent() -> None:
    play = playground(fresh(), pull=False)
    kind, told = STORIES["source_silent"]
    told.happens(play)
    with play.database.write() as tx:
        tx.run(
            "INSERT INTO scim_tokens (public_id, connection_id, hash, last_used_at, created_at, "
            "updated_at) VALUES ('t', :key, 'h', :now, 0, 0)",
            {"key": play.key, "now": play.clock.now() - HOUR},
        )
    play.reconcile()
    assert kind not in play.findings()
    told.mends(play)


def test_both_writers_of_what_flaps_are_named() -> None:
    play = playground(fresh(), policy={"cycle": 0})
    team(play, "ada", "bob")
    for _ in range(2):
        play.company.members["ops"].discard("ada")
        play.clock.at += HOUR
        play.read()
        play.settle()
        play.push_add("ops", "ada")
        play.settle()
    (row,) = standing(play, Kind.FLAPPING)
    assert {(word["channel"], word["says"]) for word in row.evidence} == {
        ("push", "yes"),
        ("pull", "no"),
    }
    assert "ada@acme.example's place in Ops" in row.summary


def test_what_stood_in_the_way_of_somebody_who_left_stands_in_no_ones_way() -> None:
    play = playground(
        fresh(),
        app=MemoryTarget([RemoteUser(remote_id="x1", external_id=None, user_name=mail("bob"))]),
        pull=False,
    )
    play.push_user("bob")
    play.settle()
    (row,) = standing(play, Kind.FOREIGN_AT_TARGET)
    assert "stands in the way" in row.summary and row.severity == "medium"
    play.push_delete("bob")
    play.settle()
    play.reconcile()
    (row,) = standing(play, Kind.FOREIGN_AT_TARGET)
    assert "stands in the way" not in row.summary and row.severity == "info"
    assert play.app.users["x1"].user_name == mail("bob")


def test_groups_that_are_never_pushed_are_not_missed() -> None:
    play = playground(fresh(), scope={"app": "x"})
    play.company.hire("ada")
    play.company.found("ops", "ada")
    play.push_user("ada")
    play.read()
    play.clock.at += HOUR
    play.settle()
    assert "missed_push" not in play.findings()
