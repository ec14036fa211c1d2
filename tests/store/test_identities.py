"""Who is who: by immutable identifiers, and never by a guess."""

from typing import Any

import pytest

from connectors.base import DirectoryGroup, DirectoryUser
from models.identity import Identifier, UserKey
from models.instant import DAY, HOUR
from models.store import identities
from sync import connection as connections
from sync.drift import doubts
from sync.tokens.subject import Subject
from tests.playground import Playground, fresh, mail, playground

OLD, NEW = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


def begin(**options: Any) -> Playground:
    return playground(fresh(), **options)


def names_of(play: Playground, user: UserKey) -> set[tuple[str, str]]:
    """What names a user now."""
    with play.database.read() as tx:
        rows = identities.aliases_of(tx, "user", user)
    return {(row.namespace, row.value) for row in rows if row.valid_to is None}


def subject(user_id: str, **more: Any) -> Subject:
    told: dict[str, Any] = {"user_id_claim": "sub", "user_id_is_explicit": False} | more
    return Subject(user_id=user_id, **told)


def decide(play: Playground, user: UserKey, namespace: str, value: str) -> None:
    with play.database.write() as tx:
        identifier, now = Identifier(namespace, value), play.clock.now()
        identities.name_user(tx, play.key, user, identifier, proof="administrator", now=now)
        doubts.settle_people(tx, connections.load(tx, play.key), now)


# -- a name with another immutable identifier ------------------------------------------------


@pytest.mark.parametrize("end", ["deleted", "deactivated"])
def test_a_name_that_is_pushed_with_another_id_is_a_new_person(end: str) -> None:
    play = begin(pull=False)
    former = play.push_user("ada", externalId="e1")
    play.push_group("ops")
    play.push_add("ops", "e1")
    if end == "deleted":
        play.push_delete("e1")
    else:
        play.push_user("ada", externalId="e1", active=False)
    new = play.push_user("ada", externalId="e2")
    assert new != former
    assert ("user_name", mail("ada")) in names_of(play, new)
    assert names_of(play, former) == {("external_id", "e1")}
    assert "identifier_recycled" in play.findings()
    play.settle()
    assert "identifier_recycled" in play.findings()
    play.clock.at += 8 * DAY
    play.settle()
    assert "identifier_recycled" not in play.findings()


def test_a_name_that_is_read_with_another_id_than_was_pushed_is_a_new_person() -> None:
    play = begin(provider="entra")
    former = play.push_user("ada", externalId=OLD)
    play.company.users[NEW] = DirectoryUser(id=NEW, user_name=mail("ada"))
    play.read()
    with play.database.read() as tx:
        named = identities.users_named(tx, play.key, [Identifier("id", NEW)])
    assert named[Identifier("id", NEW)] != former
    assert "identifier_recycled" in play.findings()


def test_a_name_that_is_pushed_with_another_id_than_was_read_is_a_new_person() -> None:
    play = begin(provider="entra", scope={"app_id": "x"})
    play.company.users[OLD] = DirectoryUser(id=OLD, user_name=mail("ada"))
    play.read()
    former = play.user("ada")
    assert play.push_user("ada", externalId=NEW) != former
    assert play.push_user("bob", externalId=OLD) == former
    assert "identifier_recycled" in play.findings()


def test_a_nickname_that_is_pushed_as_external_id_contradicts_no_directory() -> None:
    play = begin(provider="entra")
    known = play.push_user("ada", externalId="ada.l")
    play.company.users[NEW] = DirectoryUser(id=NEW, user_name=mail("ada"))
    play.read()
    assert ("id", NEW) in names_of(play, known)
    assert play.findings() == set()


def test_a_name_that_is_read_with_another_id_than_before_is_a_new_person() -> None:
    play = begin(scope={"app_id": "x"})
    play.company.hire("ada")
    play.read()
    former = play.user("ada")
    play.company.dismiss("ada")
    play.company.users["eve"] = DirectoryUser(id="eve", user_name=mail("ada"))
    play.clock.at += HOUR
    play.read()
    assert play.user("eve") != former
    assert "identifier_recycled" in play.findings()
    assert ("user_name", mail("ada")) in names_of(play, play.user("eve"))


def test_a_name_that_signs_in_with_another_subject_is_a_new_person() -> None:
    play = begin(push=False, pull=False)
    former = play.token("s1", "ops", subject=subject("s1", user_name=mail("ada"))).user
    new = play.token("s2", subject=subject("s2", user_name=mail("ada"))).user
    assert new != former
    assert ("user_name", mail("ada")) in names_of(play, new)
    assert names_of(play, former) == {("subject", "s1")}
    assert "identifier_recycled" in play.findings()
    play.settle()
    with play.database.read() as tx:
        told = tx.rows("SELECT user_id FROM memberships")
    assert {row.user_id for row in told} == {former}


def test_who_signs_in_with_a_token_of_another_id_than_was_pushed_is_somebody_else() -> None:
    play = begin(provider="entra", pull=False)
    pushed = play.push_user("ada", externalId=OLD)
    told = subject(NEW, user_id_claim="oid", tenant="t", user_name=mail("ada"))
    assert play.token(NEW, subject=told).user != pushed
    assert "identifier_recycled" in play.findings()


def test_two_deliveries_of_a_create_make_one_user() -> None:
    play = begin(pull=False)
    first = play.push_user("ada")
    assert play.push_user("ada") == first
    with play.database.read() as tx:
        assert tx.value("SELECT count(*) FROM users") == 1


# -- names end --------------------------------------------------------------------------------


def test_who_was_renamed_by_push_is_not_found_by_the_old_name() -> None:
    play = begin(pull=False)
    ada = play.push_user("ada")
    play.push_user("ada", userName=mail("ada.l"))
    eve = subject("s-eve", user_name=mail("ada"))
    assert play.token("s-eve", subject=eve).user != ada


def test_a_name_that_the_directory_still_uses_stays_when_another_is_pushed() -> None:
    play = begin()
    ada = play.push_user("ada")
    play.company.hire("ada")
    play.read()
    play.push_user("ada", userName=mail("ada.l"))
    values = {value for space, value in names_of(play, ada) if space == "user_name"}
    assert values == {mail("ada"), mail("ada.l")}
    play.company.users["ada"] = DirectoryUser(id="ada", user_name=mail("ada.l"))
    play.clock.at += HOUR
    play.read()
    values = {value for space, value in names_of(play, ada) if space == "user_name"}
    assert values == {mail("ada.l")}


def test_a_name_that_ended_stays_as_history_with_its_proof() -> None:
    play = begin(pull=False)
    ada = play.push_user("ada")
    play.push_user("ada", userName=mail("ada.l"))
    with play.database.read() as tx:
        rows = identities.aliases_of(tx, "user", ada)
    (old,) = [row for row in rows if row.value == mail("ada")]
    assert old.proof == "pushed"
    assert old.valid_from < old.valid_to


# -- an address alone links nobody ------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "verified"), [(mail("ada"), False), ("ada@elsewhere.example", True)]
)
def test_an_address_that_nobody_vouches_for_links_nobody_and_is_reported(
    address: str, verified: bool
) -> None:
    play = begin(pull=False)
    ada = play.push_user("ada", userName=address)
    told = subject("s-1", email=address, email_verified=verified)
    seen = play.token("s-1", subject=told)
    assert seen.user != ada
    assert "email_takeover_suspect" in {one.kind for one in seen.findings}
    play.settle()
    assert "email_takeover_suspect" in play.findings()
    decide(play, ada, "subject", "s-1")
    assert "email_takeover_suspect" not in play.findings()
    assert play.token("s-1", subject=told).user == ada
    play.settle()
    assert "email_takeover_suspect" not in play.findings()


def test_an_address_of_ones_own_is_no_takeover() -> None:
    play = begin(pull=False)
    play.push_user("ada")
    told = subject("s-1", user_name=mail("ada"), email=mail("ada"))
    play.token("s-1", subject=told)
    play.token("s-1", subject=told)
    assert play.findings() == set()


# -- two candidates ---------------------------------------------------------------------------


def disputed(play: Playground) -> tuple[UserKey, UserKey, Subject]:
    ada, bob = play.push_user("ada"), play.push_user("bob")
    both = subject("s-1", user_name=mail("ada"), email=mail("bob"), email_verified=True)
    assert play.token("s-1", subject=both).user not in (ada, bob)
    return ada, bob, both


def test_who_could_be_two_people_is_neither_until_somebody_decides() -> None:
    play = begin(pull=False)
    ada, _, both = disputed(play)
    assert play.token("s-1", subject=both).user != ada
    play.settle()
    assert "identity_disputed" in play.findings()
    decide(play, ada, "subject", "s-1")
    assert "identity_disputed" not in play.findings()
    assert play.token("s-1", subject=both).user == ada
    play.settle()
    assert "identity_disputed" not in play.findings()


def test_a_dispute_heals_when_one_candidate_is_called_otherwise() -> None:
    play = begin(pull=False)
    _, _, _ = disputed(play)
    play.push_user("bob", userName=mail("bob.m"))
    play.settle()
    assert "identity_disputed" not in play.findings("open", "accepted")
    assert "identity_disputed" in play.findings("healed")


def test_a_dispute_names_both_candidates() -> None:
    play = begin(pull=False)
    ada, bob, _ = disputed(play)
    with play.database.read() as tx:
        told = tx.value("SELECT evidence FROM findings WHERE kind = 'identity_disputed'")
        rows = tx.rows("SELECT public_id FROM users WHERE id IN :keys", {"keys": [ada, bob]})
    assert all(row.public_id in str(told) for row in rows)


# -- groups -----------------------------------------------------------------------------------


def test_a_group_that_the_directory_renamed_is_told_and_soon_forgotten() -> None:
    play = begin()
    play.company.found("ops")
    play.read()
    play.company.groups["ops"] = DirectoryGroup("ops", "Operations")
    play.clock.at += HOUR
    play.read()
    play.settle()
    assert "group_renamed" in play.findings()
    play.clock.at += 3 * DAY
    play.settle()
    assert "group_renamed" not in play.findings()


def test_a_group_that_is_renamed_by_push_keeps_its_members() -> None:
    play = begin(pull=False)
    play.push_user("ada")
    group = play.push_group("ops", "ada")
    with play.pushing() as push:
        push.describe_group(group, {"displayName": "Operations", "externalId": "ops"})
    play.settle()
    assert "group_renamed" in play.findings()
    assert play.in_app("operations") == {"ada"}


def test_a_group_that_goes_in_tokens_by_its_object_id_now_is_the_same_group() -> None:
    """The directory knows it by both."""
    play = begin()
    play.company.hire("ada")
    play.company.found("ops", "ada")
    play.push_user("ada")
    play.read()
    play.token("ada", "Ops")
    play.token("ada", "ops")
    assert "group_identifier_changed" in play.findings()
    with play.database.read() as tx:
        assert tx.value("SELECT count(*) FROM groups") == 1


def test_groups_of_one_name_that_nothing_joins_are_reported() -> None:
    play = begin(scope={"app_id": "x"})
    play.company.groups["g1"] = DirectoryGroup("g1", "Ops")
    play.company.members["g1"] = set()
    play.read()
    with play.pushing() as push:
        push.create_group({"displayName": "Sales", "externalId": "e9"}, [])
    with play.pushing() as push:
        key = push.create_group({"displayName": "Tmp", "externalId": "e8"}, [])
        push.describe_group(key, {"displayName": "ops", "externalId": "e8"})
    play.settle()
    assert "group_twins" in play.findings()
    with play.pushing() as push:
        push.describe_group(key, {"displayName": "ops of the push", "externalId": "e8"})
    play.settle()
    assert "group_twins" not in play.findings()
