"""What happens to people, from the first word about them to the application's last.

Each story is told to the whole engine, over a directory and an application in memory.
"""

from collections.abc import Iterator

import pytest

from connectors.base import (
    DirectoryGroup,
    DirectoryMembers,
    DirectoryUser,
    ReadEnded,
    ReadPart,
    RemoteGroup,
    RemoteUser,
)
from connectors.errors import Refused, Transient
from connectors.memory import MemorySource, MemoryTarget
from models.instant import DAY, HOUR, MINUTE
from models.plans import Budget
from models.store import budgets, groups_in_tokens, queue
from sync.reconcile import Reconciliation
from sync.tokens.claims import GroupsState
from sync.tokens.subject import Subject
from tests.playground import Playground, fresh, mail, playground


def begin(**options: object) -> Playground:
    return playground(fresh(), **options)


def team(play: Playground, *names: str, group: str = "ops") -> None:
    """In the directory, pushed, and in the application."""
    play.company.hire(*names)
    play.company.found(group, *names)
    for name in names:
        play.push_user(name)
    play.push_group(group, *names)
    play.read()
    play.settle()
    assert play.in_app(group) == set(names)


def later(play: Playground, time: int) -> None:
    play.clock.at += time


def test_a_leaver_whose_push_was_lost_is_disabled_after_two_complete_reads() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.company.dismiss("bob")
    later(play, DAY)
    play.read()
    play.settle()
    assert play.at_app("bob").active, "missing once is not gone"
    assert "stale_push" in play.findings()
    later(play, DAY)
    play.read()
    play.settle()
    assert not play.at_app("bob").active
    assert play.at_app("ada").active


def test_a_leaver_whose_push_was_lost_is_disabled_once_a_point_read_confirms_it() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.company.dismiss("bob")
    later(play, DAY)
    play.read()
    play.point_read("bob")
    play.deliver()
    assert not play.at_app("bob").active


def test_a_pushed_deactivation_is_carried_out_at_once() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.push_active("bob", active=False)
    play.deliver()
    assert not play.at_app("bob").active
    play.push_active("bob", active=True)
    play.deliver()
    assert play.at_app("bob").active


def test_a_disabled_user_is_deleted_when_its_retention_is_over() -> None:
    play = begin(pull=False)
    team_without_directory(play, "ada", "bob")
    play.push_delete("bob")
    play.settle()
    assert not play.at_app("bob").active
    later(play, 29 * DAY)
    play.settle()
    assert play.at_app("bob") is not None
    later(play, 2 * DAY)
    play.settle()
    assert play.at_app("bob") is None
    assert play.in_app("ops") == {"ada"}


def team_without_directory(play: Playground, *names: str, group: str = "ops") -> None:
    for name in names:
        play.push_user(name)
    play.push_group(group, *names)
    play.settle()
    assert play.in_app(group) == set(names)


STAFF = [f"p{number}" for number in range(12)]


def mass_removal() -> Playground:
    """Half the group is gone from the directory, and the guard holds that."""
    play = begin(guard={"floor": 2, "share": 0.05})
    team(play, *STAFF)
    later(play, DAY)
    play.company.members["ops"] = set(STAFF[:6])
    play.read()
    play.settle()
    assert play.in_app("ops") == set(STAFF)
    assert len(play.held()) == 6
    assert "held_by_guard" in play.findings()
    return play


def test_a_mass_removal_is_held_approved_and_done() -> None:
    play = mass_removal()
    assert play.approve()
    play.deliver()
    assert play.in_app("ops") == set(STAFF[:6])
    play.settle()
    assert play.open_hold() is None
    assert "held_by_guard" not in play.findings()
    assert play.plan() == []


def test_while_a_removal_is_held_people_are_added() -> None:
    play = mass_removal()
    play.push_user("new")
    play.push_add("ops", "new")
    play.deliver()
    assert "new" in play.in_app("ops")
    assert len(play.held()) == 6


def test_a_hold_stands_with_the_same_list_while_its_evidence_does() -> None:
    play = mass_removal()
    before = play.open_hold(), play.held()
    later(play, HOUR)
    play.read()
    play.settle()
    hold = play.open_hold()
    assert hold is not None and before[0] is not None
    assert (hold.id, play.held()) == (before[0].id, before[1])


def test_what_is_no_longer_so_leaves_the_hold_and_is_not_approved_with_it() -> None:
    play = mass_removal()
    play.push_remove("ops", STAFF[11])
    play.push_add("ops", STAFF[11])
    assert len(play.held()) == 5
    assert play.approve()
    play.deliver()
    assert play.in_app("ops") == {*STAFF[:6], STAFF[11]}


def test_what_was_approved_for_one_reason_is_not_done_under_the_approval_for_another() -> None:
    """The provider names somebody on the list while the message is on its way."""
    play = mass_removal()
    play.approve()
    with play.database.write() as tx:
        sent = queue.relay(tx, play.clock.now(), lease=MINUTE)
    play.push_remove("ops", STAFF[11])
    for _, ids in sent:
        play.delivery.deliver(ids)
    assert play.actions("done").count("remove_member") == 5
    assert STAFF[11] in play.in_app("ops")
    play.deliver()
    assert play.in_app("ops") == set(STAFF[:6])
    with play.database.read() as tx:
        drawn = budgets.drawn(tx, play.target, play.clock.now())
    assert drawn == {Budget.MEMBERSHIPS_EXPLICIT: 1}


def test_a_hold_whose_evidence_is_gone_expires() -> None:
    play = mass_removal()
    later(play, HOUR)
    play.company.members["ops"] = set(STAFF)
    play.read()
    play.settle()
    assert play.open_hold() is None
    assert play.in_app("ops") == set(STAFF)


def test_a_refused_removal_stays_refused() -> None:
    play = mass_removal()
    assert play.refuse()
    for _ in range(3):
        later(play, HOUR)
        play.read()
        play.settle()
    assert play.open_hold() is None
    assert play.in_app("ops") == set(STAFF)


def test_a_refused_removal_is_asked_again_when_the_provider_says_it_anew() -> None:
    play = mass_removal()
    play.refuse()
    play.push_remove("ops", *STAFF[9:])
    play.deliver()
    assert play.in_app("ops") == set(STAFF[:9])


def test_an_approval_that_comes_too_late_is_none() -> None:
    play = mass_removal()
    later(play, 8 * DAY)
    assert not play.approve()
    play.deliver()
    assert play.in_app("ops") == set(STAFF)


def test_who_decided_first_decided() -> None:
    play = mass_removal()
    hold = play.open_hold()
    assert play.refuse()
    assert hold is not None
    assert not play.approve()
    play.deliver()
    assert play.in_app("ops") == set(STAFF)


def test_a_group_that_an_administrator_removed_does_not_come_back_by_any_token() -> None:
    play = begin(push=False, pull=False)
    signed_in = play.clock.now()
    play.token("ada", "ops", "dev", at=signed_in)
    play.settle()
    assert play.in_app("ops") == {"ada"}
    later(play, HOUR)
    play.remove_group("ops")
    play.settle()
    assert "ops" not in {group.name for group in play.app.groups.values()}

    play.token("ada", "ops", "dev", at=signed_in + MINUTE)
    play.settle()
    assert play.in_app("ops") == set()
    assert "removed_group_still_sent" not in play.findings(), "an old session is no news"

    later(play, HOUR)
    play.token("ada", "ops", "dev")
    play.token("bob", "ops")
    play.settle()
    assert play.in_app("ops") == set()
    assert "removed_group_still_sent" in play.findings()

    play.remove_group("ops", restore=True)
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    assert "removed_group_still_sent" not in play.findings()


def test_a_directory_read_that_dies_on_page_two_adds_and_removes_nobody() -> None:
    play = begin(scope={"app_id": "x"})
    team(play, "ada", "bob")
    play.company.dismiss("bob")
    play.company.hire("eve")
    play.company.members["ops"].add("eve")
    later(play, DAY)
    run = play.read({2: Transient("A 503 on page two.")})
    play.settle()
    assert run.state == "incomplete"
    assert play.at_app("bob").active
    assert "bob" in play.in_app("ops")
    assert play.at_app("eve") is not None, "what was listed counts"
    assert "pull_incomplete" in play.findings()


def test_a_read_that_lists_fewer_than_the_directory_counts_removes_nobody() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.company.dismiss("bob")
    for _ in range(2):
        later(play, DAY)
        assert play.read(expected=ReadEnded(2, 1)).state == "incomplete"
        play.settle()
    assert play.at_app("bob").active
    assert play.in_app("ops") == {"ada", "bob"}


def test_a_token_ahead_of_the_directory_leads_to_access_within_a_point_read() -> None:
    play = begin()
    team(play, "ada")
    play.company.found("dev")
    play.push_group("dev")
    play.read()
    play.settle()
    play.work_off()
    later(play, HOUR)
    play.company.members["dev"].add("ada")
    seen = play.token("ada", "ops", "dev")
    assert "token_ahead_of_directory" in {one.kind for one in seen.findings}
    play.deliver()
    assert play.in_app("dev") == set(), "a token is a hint"
    assert play.work_off() == ["point_read"]
    play.deliver()
    assert play.in_app("dev") == {"ada"}
    assert "token_ahead_of_directory" not in play.findings()


def test_a_token_ahead_of_a_push_is_a_finding_until_the_push_comes() -> None:
    play = begin(pull=False)
    team_without_directory(play, "ada")
    play.push_group("dev")
    play.token("ada", "ops", "dev")
    play.settle()
    assert "token_ahead_of_directory" in play.findings()
    play.settle()
    assert "token_ahead_of_directory" in play.findings(), "reconciling does not settle it"
    play.push_add("dev", "ada")
    play.settle()
    assert play.in_app("dev") == {"ada"}
    assert "token_ahead_of_directory" not in play.findings()


def test_a_membership_whose_push_was_lost_is_a_finding_and_counts() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.push_group("dev", "ada")
    play.company.found("dev", "ada", "bob")
    later(play, HOUR)
    play.read()
    play.settle()
    assert play.in_app("dev") == {"ada", "bob"}
    assert "missed_push" in play.findings()
    play.push_add("dev", "bob")
    play.settle()
    assert "missed_push" not in play.findings()


def test_a_push_that_provisions_people_and_no_groups_is_not_missed_for_every_membership() -> None:
    play = begin(scope={"app_id": "x"})
    play.company.hire("ada")
    play.company.found("ops", "ada")
    play.push_user("ada")
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada"}
    assert "missed_push" not in play.findings()


def remote(play: Playground, name: str) -> str:
    return str(play.at_app(name).remote_id)


def test_what_somebody_changed_at_the_application_is_set_back_and_reported() -> None:
    play = begin()
    team(play, "ada", "bob")
    group = next(iter(play.app.groups.values()))
    ada = play.at_app("ada")
    play.app.users[ada.remote_id] = RemoteUser(
        remote_id=ada.remote_id, external_id=ada.external_id, user_name=mail("mallory")
    )
    play.app.groups[group.remote_id] = RemoteGroup(
        group.remote_id, group.external_id, "Opps", frozenset({ada.remote_id})
    )
    play.settle()
    assert {"attribute_drift", "membership_drift"} <= play.findings()
    assert play.at_app("ada") is not None
    assert play.in_app("ops") == {"ada", "bob"}
    play.settle()
    assert not {"attribute_drift", "membership_drift"} & play.findings()


def test_one_of_ours_whom_somebody_added_at_the_application_is_taken_out_again() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.push_group("dev")
    play.push_members("dev", "ada")
    play.settle()
    group = next(one for one in play.app.groups.values() if one.name == "Dev")
    members = frozenset({remote(play, "ada"), remote(play, "bob")})
    play.app.groups[group.remote_id] = RemoteGroup(
        group.remote_id, group.external_id, "Dev", members
    )
    play.settle()
    assert play.in_app("dev") == {"ada"}


def test_what_was_there_before_us_is_never_touched() -> None:
    theirs = RemoteUser(remote_id="x1", external_id=None, user_name=mail("bob"))
    club = RemoteGroup("x2", None, "Ops", frozenset({"x1"}))
    app = MemoryTarget([theirs], [club])
    play = begin(app=app)
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada", "bob")
    play.company.found("dev", "ada", "bob")
    for name in ("ada", "bob"):
        play.push_user(name)
    for group in ("ops", "dev"):
        play.push_group(group, "ada", "bob")
    play.read()
    play.settle()
    play.push_active("bob", active=False)
    play.settle()
    play.push_delete("bob")
    play.push_delete_group("ops")
    later(play, 40 * DAY)
    play.settle()
    assert app.users["x1"] == theirs
    assert app.groups["x2"] == club
    assert play.in_app("dev") == {"ada"}


def test_a_name_that_somebody_else_gave_up_at_the_application_is_ours_to_take() -> None:
    app = MemoryTarget([RemoteUser(remote_id="x1", external_id=None, user_name=mail("bob"))])
    play = begin(app=app)
    play.push_user("bob")
    play.settle()
    del app.users["x1"]
    play.settle()
    play.settle()
    assert play.at_app("bob") is not None


def test_who_signs_in_first_and_is_pushed_later_is_one_person() -> None:
    play = begin()
    play.token("ada")
    first = play.row("ada")
    assert not first.wanted, "a token admits nobody while there is a directory"
    play.push_user("ada")
    assert play.row("ada").public_id == first.public_id
    play.settle()
    play.token("ada")
    assert play.row("ada").public_id == first.public_id
    assert len(play.app.users) == 1


def test_who_signs_in_first_is_acquainted_with_the_pushed_account_of_that_name() -> None:
    """The token's own id means nothing to the push: the next login finds the account."""
    play = begin()
    ada = Subject(
        user_id="s-1", user_id_claim="sub", user_id_is_explicit=False, user_name=mail("ada")
    )
    stranger = play.token("s-1", subject=ada).user
    play.push_user("ada")
    play.push_group("ops")
    assert play.user("ada") != stranger
    assert play.token("s-1", "ops", subject=ada).user == play.user("ada")
    assert play.token("s-1", subject=ada).user == play.user("ada")


def test_who_signs_in_first_and_is_read_later_is_one_person() -> None:
    play = begin(scope={"app_id": "x"})
    play.token("ada")
    first = play.row("ada")
    play.company.hire("ada")
    play.read()
    play.settle()
    assert play.row("ada").public_id == first.public_id
    assert play.at_app("ada") is not None


def test_somebody_who_is_deleted_and_created_again_is_the_same_and_has_no_old_groups() -> None:
    play = begin(pull=False)
    team_without_directory(play, "ada", "bob")
    before = play.row("bob").public_id
    play.push_delete("bob")
    play.settle()
    assert not play.at_app("bob").active
    play.push_user("bob")
    play.settle()
    assert play.row("bob").public_id == before
    assert play.at_app("bob").active
    assert play.in_app("ops") == {"ada"}


def test_another_person_under_a_name_that_became_free_is_another_person() -> None:
    play = begin(pull=False)
    team_without_directory(play, "ada", "bob")
    before = play.row("bob").public_id
    play.push_delete("bob")
    play.push_user("bob", externalId="bob the second")
    play.token("bob the second")
    assert play.row("bob the second").public_id != before


def test_missing_twice_and_back_again() -> None:
    play = begin(scope={"app_id": "x"})
    play.company.hire("ada", "bob")
    play.read()
    play.settle()
    play.company.dismiss("bob")
    for _ in range(2):
        later(play, DAY)
        play.read()
        play.settle()
    assert not play.at_app("bob").active
    play.company.hire("bob")
    later(play, DAY)
    play.read()
    play.settle()
    assert play.at_app("bob").active


def test_a_user_the_application_lost_is_created_again_with_its_groups() -> None:
    play = begin()
    team(play, "ada", "bob")
    lose(play, "bob")
    play.push_user("bob", name={"givenName": "Bob"})
    play.settle()
    assert play.at_app("bob").first_name == "Bob"
    assert play.in_app("ops") == {"ada", "bob"}


def lose(play: Playground, name: str) -> None:
    """The application forgot somebody."""
    gone = remote(play, name)
    del play.app.users[gone]
    for key, group in list(play.app.groups.items()):
        members = (group.members or frozenset()) - {gone}
        play.app.groups[key] = RemoteGroup(key, group.external_id, group.name, members)


def test_a_group_the_application_lost_is_created_again_with_its_members() -> None:
    play = begin()
    team(play, "ada", "bob")
    play.app.groups.clear()
    play.push_user("eve")
    play.push_add("ops", "eve")
    play.deliver()
    assert play.in_app("ops") == {"ada", "bob", "eve"}


def test_one_bad_member_of_many_does_not_hold_up_the_others() -> None:
    play = begin(pull=False)
    for name in ("ada", "bob", "eve"):
        play.push_user(name)
    play.push_group("ops")
    play.settle()
    lose(play, "bob")
    play.push_add("ops", "ada", "bob", "eve")
    play.deliver()
    assert play.in_app("ops") == {"ada", "eve"}
    play.settle()
    play.settle()
    assert play.in_app("ops") == {"ada", "bob", "eve"}


def test_an_operation_that_is_refused_is_a_finding_and_stops_nothing_else() -> None:
    play = begin(pull=False)
    play.twins.app = play.app = MemoryTarget(faults={1: Refused("No such name here.")})
    play.push_user("ada")
    play.push_user("bob")
    play.deliver()
    assert play.at_app("ada") is None
    assert play.at_app("bob") is not None
    play.reconcile()
    assert "action_failing" in play.findings()
    play.settle()
    assert play.at_app("ada") is not None


def test_what_a_read_saw_before_a_point_read_is_not_believed_after_it() -> None:
    """Disabled, enabled for a moment, disabled again: the second read says what the first did."""
    play = begin()
    play.company.hire("ada", active=False)
    play.push_user("ada")
    play.read()
    play.settle()
    play.company.hire("ada", active=True)
    later(play, HOUR)
    play.point_read("ada")
    play.deliver()
    assert play.at_app("ada").active
    play.company.hire("ada", active=False)
    later(play, HOUR)
    play.read()
    play.settle()
    assert not play.at_app("ada").active


def test_a_group_missing_from_one_read_keeps_its_members_as_they_stand() -> None:
    """Neither removed with the group, nor brought back by it."""
    play = begin()
    team(play, "ada", "bob")
    later(play, HOUR)
    play.push_remove("ops", "bob")
    play.settle()
    play.company.dissolve("ops")
    later(play, HOUR)
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada"}


def test_the_name_of_somebody_who_was_renamed_is_another_persons_now() -> None:
    """Who takes over a user name does not take over the account that had it."""
    play = begin(scope={"app_id": "x"}, provider="generic")
    play.company.hire("ada")
    play.read()
    first = play.row("ada").public_id
    play.company.users["ada"] = DirectoryUser(id="ada", user_name=mail("ada.l"))
    play.company.users["eve"] = DirectoryUser(id="eve", user_name=mail("ada"))
    later(play, HOUR)
    play.read()
    play.settle()
    eve = Subject(
        user_id="s-77", user_id_claim="sub", user_id_is_explicit=False, user_name=mail("ada")
    )
    seen = play.token("s-77", subject=eve)
    with play.database.read() as tx:
        signed_in = tx.value("SELECT public_id FROM users WHERE id = :key", {"key": seen.user})
    assert signed_in != first


@pytest.mark.parametrize(
    "state", [GroupsState.ABSENT, GroupsState.OVERAGE, GroupsState.MALFORMED], ids=str
)
def test_a_claim_that_cannot_be_used_takes_nobody_out(state: GroupsState) -> None:
    play = begin(push=False, pull=False)
    play.token("ada", "ops")
    play.settle()
    later(play, HOUR)
    play.token("ada", state=state)
    play.settle()
    assert play.in_app("ops") == {"ada"}
    assert f"claim_{state}" in play.findings()
    later(play, HOUR)
    play.token("ada", "dev")
    play.settle()
    assert play.in_app("ops") == set()
    assert play.in_app("dev") == {"ada"}


def test_a_dry_run_plans_what_the_reconciliation_then_does() -> None:
    play = begin(scope={"app_id": "x"})
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada", "bob")
    play.read()
    foreseen = play.reconciliation.rehearse()["operations"]
    assert play.row("ada").wanted is not True, "a dry run changes nothing"
    planned = play.reconcile()["operations"]
    assert {one["fingerprint"] for one in foreseen} == {one["fingerprint"] for one in planned}
    assert len(planned) == 5


def test_a_dry_run_foresees_who_goes() -> None:
    play = begin(scope={"app_id": "x"})
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada", "bob")
    play.read()
    play.settle()
    play.company.dismiss("bob")
    play.company.dissolve("ops")
    for _ in range(2):
        later(play, HOUR)
        play.read()
    foreseen = play.reconciliation.rehearse()["operations"]
    planned = play.reconcile()["operations"]
    assert foreseen != []
    assert {one["fingerprint"] for one in foreseen} == {one["fingerprint"] for one in planned}


def test_who_signs_in_under_the_old_name_of_another_does_not_get_the_others_account() -> None:
    """At Okta and Entra a token and the directory speak of one and the same id."""
    play = begin(provider="okta", scope={"app_id": "x"})
    play.company.hire("ada")
    play.read()
    play.settle()
    eve = Subject(
        user_id="00u-eve", user_id_claim="sub", user_id_is_explicit=False, user_name=mail("ada")
    )
    seen = play.token("eve", subject=eve)
    assert seen.user != play.user("ada")


def test_a_target_that_does_not_answer_keeps_its_findings() -> None:
    """What was wrong there is not known to be mended."""
    play = begin(pull=False)
    theirs = RemoteUser(remote_id="x1", external_id=None, user_name=mail("bob"))
    play.app.users["x1"] = theirs
    play.settle()
    assert "foreign_at_target" in play.findings()
    play.twins.app = MemoryTarget(faults={1: Transient("It is away.")})
    play.reconcile()
    assert {"foreign_at_target", "action_failing"} <= play.findings()
    play.twins.app = play.app
    play.reconcile()
    assert "foreign_at_target" in play.findings()
    assert "action_failing" not in play.findings()


@pytest.mark.parametrize("when", range(1, 7))
def test_a_hold_made_while_a_reconciliation_is_under_way_is_not_forgotten_by_it(when: int) -> None:
    """Between its planning and its writing, say, the provider takes everybody out."""
    play = begin(pull=False, guard={"floor": 1, "share": 0.0})
    team_without_directory(play, *STAFF)
    beats = 0

    def beat() -> int:
        nonlocal beats
        beats += 1
        if beats == when:
            play.push_members("ops")
        return play.clock.now()

    Reconciliation(play.database, play.twins, play.clock, play.connection, beat=beat).reconcile()
    if beats >= when:
        assert len(play.held()) == len(STAFF)
        assert play.in_app("ops") == set(STAFF)


def test_a_pushed_id_that_the_directory_does_not_know_disables_nobody() -> None:
    """Entra pushes a nickname as externalId: that nobody has it for an id proves nothing."""
    play = begin()
    team(play, "ada")
    play.company.found("dev")
    play.push_group("dev")
    play.read()
    play.settle()
    play.work_off()
    play.push_user("bob", externalId="bobby")
    play.settle()
    later(play, HOUR)
    play.token("bob", "dev")
    assert play.work_off() == ["point_read"]
    play.settle()
    assert play.at_app("bob").active


def test_a_membership_stands_as_of_the_last_read_that_listed_its_group() -> None:
    """Not as of the day it was first listed, which may be long before a push said otherwise."""
    play = begin()
    team(play, "ada", "bob")
    later(play, HOUR)
    play.push_remove("ops", "bob")
    later(play, HOUR)
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}
    play.company.dissolve("ops")
    later(play, HOUR)
    play.read()
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}


class Reticent(MemorySource):
    """Lists its groups, and leaves out who is in them."""

    def read(self) -> Iterator[ReadPart]:
        return (part for part in super().read() if not isinstance(part, DirectoryMembers))


def test_a_read_that_does_not_tell_who_is_in_its_groups_is_incomplete() -> None:
    play = begin()
    team(play, "ada", "bob")
    later(play, HOUR)
    play.push_remove("ops", "bob")
    later(play, HOUR)
    silent = Reticent(play.company.users.values(), play.company.groups.values())
    assert play.read(source=silent).state == "incomplete"
    play.settle()
    assert play.in_app("ops") == {"ada"}


class Twice(MemorySource):
    """Somebody comes into a group while it is read, and the group comes twice."""

    def read(self) -> Iterator[ReadPart]:
        for part in super().read():
            if isinstance(part, DirectoryMembers):
                yield DirectoryMembers(part.group, frozenset())
            yield part


def test_who_is_listed_the_second_time_a_group_comes_is_listed() -> None:
    play = begin()
    team(play, "ada", "bob")
    company = play.company
    later(play, HOUR)
    twice = Twice(company.users.values(), company.groups.values(), company.members)
    assert play.read(source=twice).state == "complete"
    play.settle()
    assert play.in_app("ops") == {"ada", "bob"}


def test_a_renamed_group_is_known_by_its_new_name_and_no_more_by_its_old_one() -> None:
    play = begin()
    team(play, "ada")
    play.company.groups["ops"] = DirectoryGroup("ops", "Operations")
    play.company.groups["new"] = DirectoryGroup("new", "Crew")
    play.company.members["new"] = set()
    play.read()
    old = play.group("ops")
    play.company.groups["new"] = DirectoryGroup("new", "Club")
    play.company.groups["ops"] = DirectoryGroup("ops", "Crew")
    later(play, HOUR)
    play.read()
    with play.database.read() as tx:
        names = groups_in_tokens.named(tx, play.key, ["Crew", "Club"]).groups
    assert names["Crew"] == old
    assert names["Club"] == play.group("new")


def narrowed() -> Playground:
    """Two were assigned; then the whole directory's forty others are no more looked at."""
    play = begin()
    others = [f"u{number}" for number in range(40)]
    team(play, "ada", "bob")
    play.company.hire(*others)
    play.company.found("payroll", *others)
    later(play, HOUR)
    play.read()
    play.settle()
    later(play, HOUR)
    play.rescope({"app_id": "x"})
    return play


def test_a_narrower_scope_admits_nobody_by_what_the_wider_one_had_listed() -> None:
    play = narrowed()
    play.settle()
    assert len(play.app.users) == 2
    play.point_read("u7")
    play.settle()
    assert len(play.app.users) == 2, "that somebody is in the directory is no word for the scope"
    for name in [one for one in play.company.users if one.startswith("u")]:
        play.company.dismiss(name)
    play.company.dissolve("payroll")
    for _ in range(3):
        later(play, HOUR)
        assert play.read().state == "complete"
        play.settle()
        assert len(play.app.users) == 2
        assert [one.name for one in play.app.groups.values()] == ["Ops"]


def test_a_narrower_scope_admits_those_whom_it_lists_itself() -> None:
    play = narrowed()
    later(play, HOUR)
    play.read()
    play.settle()
    assert len(play.app.users) == 42


def test_a_read_that_began_before_the_scope_was_changed_tells_nothing_of_the_new_one() -> None:
    play = begin(push=False, scope={"groups": ["ops"]})
    play.company.hire("ada")
    play.company.found("ops", "ada")
    run = play.read(meanwhile=lambda: play.rescope({"groups": ["dev"]}))
    assert (run.state, "were changed" in run.problem) == ("incomplete", True)
    play.settle()
    assert not play.app.users


def test_another_scope_of_the_same_size_removes_nobody_before_the_second_read() -> None:
    play = begin(push=False, scope={"groups": ["a"]})
    play.company.hire("ada", "bob")
    play.company.found("a", "ada", "bob")
    play.read()
    play.settle()
    later(play, DAY)
    play.rescope({"groups": ["b"]})
    for name in ("ada", "bob"):
        play.company.dismiss(name)
    play.company.dissolve("a")
    play.company.hire("eve", "fay")
    play.company.found("b", "eve", "fay")
    assert play.read().state == "complete"
    assert play.work_off() == ["reconcile"], "another directory would know none of their ids"
    play.settle()
    assert all(play.at_app(name).active for name in ("ada", "bob", "eve", "fay"))
    assert play.in_app("a") == {"ada", "bob"}
    later(play, DAY)
    play.read()
    play.settle()
    assert not play.at_app("ada").active
    assert play.at_app("eve").active


def test_a_push_that_said_no_before_does_not_remove_whom_the_old_scope_had_kept() -> None:
    play = begin(scope={"app_id": "x"})
    team(play, "ada", "bob")
    later(play, HOUR)
    play.push_delete("bob")
    later(play, HOUR)
    play.read()
    play.settle()
    assert play.at_app("bob").active
    play.rescope({"app_id": "y"})
    play.settle()
    assert play.at_app("bob").active


def test_whom_the_provider_unassigned_a_wide_read_does_not_switch_on_again() -> None:
    """Okta unassigns by pushing that the user is inactive; the account itself lives on."""
    play = begin()
    team(play, "ada", "bob")
    play.push_active("ada", active=False)
    play.settle()
    for look in (play.read, lambda: play.point_read("ada"), play.delta):
        later(play, DAY)
        look()
        play.settle()
        assert not play.at_app("ada").active
    assert play.at_app("bob").active


def test_whom_only_logins_knew_leaves_once_a_wide_directory_says_so_twice() -> None:
    play = begin(push=False, pull=False)
    play.token("ada", "ops")
    play.settle()
    assert play.at_app("ada").active
    with play.database.write() as tx:
        tx.run(
            "UPDATE connections SET pull = :pull", {"pull": '{"kind": "memory", "scope": "all"}'}
        )
    play.company.hire("ada", "bob")
    play.company.found("ops", "ada")
    later(play, DAY)
    play.read()
    play.settle()
    play.company.dismiss("ada")
    for _ in range(3):
        later(play, DAY)
        play.read()
        play.settle()
    assert not play.at_app("ada").active


def test_members_that_a_put_leaves_out_draw_on_the_ordinary_budget() -> None:
    play = begin(guard={"floor": 5, "group_floor": 5, "group_share": 0.1, "share": 0.1})
    names = [f"n{number}" for number in range(20)]
    team(play, *names)
    later(play, HOUR)
    play.push_members("ops")
    play.settle()
    assert play.in_app("ops") == set(names), "an empty list is no removal of each by name"
    assert play.open_hold() is not None


def test_members_removed_by_name_draw_on_the_larger_budget() -> None:
    play = begin(guard={"floor": 5, "group_floor": 5, "group_share": 0.1, "share": 0.1})
    names = [f"n{number}" for number in range(20)]
    team(play, *names)
    later(play, HOUR)
    play.push_remove("ops", *names)
    play.settle()
    assert play.in_app("ops") == set()
