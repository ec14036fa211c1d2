"""Present, missing, confirmed, disabled, deleted: nobody falls down two steps at once."""

from typing import Any

import pytest

from connectors.errors import Transient
from models.instant import DAY, HOUR, MINUTE
from sync.reading.missing import MOST
from tests.playground import EVERY_STORE, Playground, fresh, mail, playground

every_store = pytest.mark.parametrize("kind", EVERY_STORE)


def begin(kind: str, *names: str, **options: Any) -> Playground:
    """The directory is what assigns people; nobody pushes."""
    play = playground(fresh(kind), push=False, **({"scope": {"app_id": "x"}} | options))
    play.company.hire(*names)
    play.company.found("ops", *names)
    play.read()
    play.settle()
    play.clock.at += DAY
    return play


def later(play: Playground) -> list[str]:
    """The runs that wait are carried out, now and in the next minutes."""
    done: list[str] = []
    for _ in range(5):
        done += play.work_off()
        play.clock.at += MINUTE
    play.deliver()
    return done


@every_store
def test_a_leaver_is_confirmed_within_minutes_and_not_by_the_next_night(kind: str) -> None:
    play = begin(kind, "ada", "bob", "cyd", "dan", "eve", "fay")
    play.company.dismiss("bob")
    play.read()
    play.deliver()
    assert play.at_app("bob").active, "missing once is not gone"
    assert later(play).count("point_read") == 1
    assert not play.at_app("bob").active


@every_store
def test_somebody_who_left_the_scope_and_not_the_company_does_not_come_back_by_an_answer(
    kind: str,
) -> None:
    play = begin(kind, "ada", "bob", "cyd", "dan", "eve", "fay")
    employed = play.company.users["bob"]
    play.company.dismiss("bob")
    play.read()
    play.company.users["bob"] = employed
    later(play)
    assert play.at_app("bob").active, "one read and one answer that says nothing of the scope"
    play.company.dismiss("bob")
    play.clock.at += DAY
    play.read()
    play.settle()
    assert not play.at_app("bob").active
    play.company.users["bob"] = employed
    later(play)
    play.settle()
    assert not play.at_app("bob").active


@every_store
def test_somebody_who_is_there_after_all_is_not_missing_any_more(kind: str) -> None:
    """Of the whole directory: an answer about one person is newer than the list."""
    names = ["ada", "bob", "cyd", "dan", "eve", "fay"]
    play = begin(kind, *names, scope="all", policy={"admit": "all"})
    overlooked = play.company.users["bob"]
    play.company.dismiss("bob")
    play.read()
    play.company.users["bob"] = overlooked
    later(play)
    play.settle()
    assert play.at_app("bob").active


@every_store
def test_a_directory_that_cannot_be_asked_confirms_nothing(kind: str) -> None:
    play = begin(kind, "ada", "bob", "cyd", "dan", "eve", "fay")
    play.company.dismiss("bob")
    play.read()
    play.next_source = lambda: play.company.source({1: Transient("A 503.")})
    play.work_off()
    play.deliver()
    assert play.at_app("bob").active


@every_store
def test_no_more_are_asked_about_than_leave_in_a_day(kind: str) -> None:
    names = [f"p{number}" for number in range(MOST + 10)]
    play = begin(kind, *names, "ada", policy={"shrink": 1.0})
    for name in names:
        play.company.dismiss(name)
    play.read()
    assert later(play).count("point_read") == MOST


@every_store
def test_a_read_that_is_not_complete_asks_about_nobody(kind: str) -> None:
    play = begin(kind, "ada", "bob", "cyd", "dan", "eve", "fay")
    play.company.dismiss("bob")
    play.read({2: Transient("A 503.")})
    assert later(play).count("point_read") == 0


@every_store
def test_retention_begins_when_somebody_was_really_disabled(kind: str) -> None:
    """Disabling waited for an approval longer than the retention; deleting does not follow."""
    play = playground(
        fresh(kind), pull=False, guard={"floor": 0, "share": 0}, policy={"retention": "2d"}
    )
    play.push_user("bob")
    play.settle()
    play.push_delete("bob")
    for _ in range(4):
        play.clock.at += DAY
        play.settle()
    assert play.approve()
    play.settle()
    assert play.at_app("bob") is not None
    assert not play.at_app("bob").active
    play.clock.at += HOUR
    play.settle()
    assert play.held() == []
    play.clock.at += 2 * DAY
    play.settle()
    assert play.approve()
    play.settle()
    assert play.at_app("bob") is None


# -- protected, and approved ----------------------------------------------------------------


def guarded(kind: str) -> Playground:
    protected = {"users": [mail("ada").upper()], "groups": ["Ops"]}
    play = playground(
        fresh(kind), pull=False, guard={"floor": 100, "share": 1, "protected": protected}
    )
    for name in ("ada", "bob"):
        play.push_user(name)
    for group in ("ops", "dev"):
        play.push_group(group, "ada", "bob")
    play.settle()
    return play


@every_store
def test_the_protected_wait_for_approval_and_everything_else_goes_on(kind: str) -> None:
    play = guarded(kind)
    play.push_active("ada", active=False)
    play.push_remove("ops", "bob")
    play.push_remove("dev", "bob")
    play.push_active("bob", active=False)
    play.settle()
    assert play.at_app("ada").active
    assert not play.at_app("bob").active
    assert play.in_app("ops") == {"ada", "bob"}
    assert play.in_app("dev") == {"ada"}
    assert "protected_removal" in play.findings()
    assert "held_by_guard" not in play.findings()
    assert play.approve()
    play.settle()
    assert not play.at_app("ada").active
    assert play.in_app("ops") == {"ada"}
    assert "protected_removal" not in play.findings()


@every_store
def test_a_new_name_takes_no_protection_away(kind: str) -> None:
    play = guarded(kind)
    play.push_user("ada", userName="nobody@acme.example")
    play.settle()
    play.push_delete("ada")
    play.settle()
    (ada,) = [one for one in play.app.users.values() if one.user_name == "nobody@acme.example"]
    assert ada.active


@every_store
def test_a_protected_group_waits_even_if_an_administrator_removes_it(kind: str) -> None:
    play = guarded(kind)
    play.remove_group("ops")
    play.remove_group("dev")
    play.settle()
    assert {one.name for one in play.app.groups.values()} == {"Ops"}
    assert play.approve()
    play.settle()
    assert play.app.groups == {}


@every_store
def test_a_group_that_an_administrator_removes_needs_no_approval(kind: str) -> None:
    play = playground(fresh(kind), pull=False, guard={"floor": 0, "share": 0, "group_floor": 0})
    play.push_user("ada")
    play.push_group("ops", "ada")
    play.settle()
    play.remove_group("ops")
    play.settle()
    assert play.app.groups == {}


@every_store
def test_what_was_approved_and_not_begun_within_a_day_is_held_anew(kind: str) -> None:
    play = playground(fresh(kind), pull=False, guard={"floor": 0, "share": 0})
    play.push_user("ada")
    play.settle()
    play.push_delete("ada")
    assert play.approve()
    play.clock.at += DAY + HOUR
    play.deliver()
    assert play.at_app("ada").active
    assert len(play.held()) == 1, "and asked for again"
    assert play.approve()
    play.deliver()
    assert not play.at_app("ada").active


@every_store
def test_each_kind_is_held_and_decided_by_itself(kind: str) -> None:
    play = playground(fresh(kind), pull=False, guard={"floor": 0, "share": 0, "group_floor": 0})
    for name in ("ada", "bob"):
        play.push_user(name)
    play.push_group("ops", "ada", "bob")
    play.push_group("dev", "ada", "bob")
    play.settle()
    play.push_remove("ops", "bob")
    play.push_delete_group("dev")
    play.push_active("ada", active=False)
    with play.database.read() as tx:
        rows = tx.rows(
            "SELECT kind, count(*) AS held FROM holds WHERE state = 'open' GROUP BY kind"
        )
    assert {row.kind: row.held for row in rows} == {"users": 1, "groups": 1, "memberships": 1}


@every_store
def test_a_group_that_takes_many_along_waits_and_counts_them(kind: str) -> None:
    play = playground(fresh(kind), pull=False, guard={"floor": 1, "share": 0})
    names = [f"p{number}" for number in range(9)]
    for name in names:
        play.push_user(name)
    play.push_group("ops", *names)
    play.push_group("duo", *names[:2])
    play.settle()
    play.push_delete_group("ops")
    play.settle()
    assert len(play.held()) == 1, "five may go by name, and nine would"
    play.push_delete_group("duo")
    play.settle()
    assert {one.name for one in play.app.groups.values()} == {"Ops"}
