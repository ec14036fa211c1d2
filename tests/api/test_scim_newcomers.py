"""Who signs in before the provider pushes: found by its probe, and taken over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.identity import UserKey
from sync.tokens import login
from sync.tokens.claims import GroupsClaim, GroupsState
from sync.tokens.login import Login
from sync.tokens.subject import Subject
from tests.api.scim_app import USER, Idp, serving

ADA = "ada@acme.example"


@pytest.fixture
def idp(tmp_path: Path) -> Iterator[Idp]:
    with serving(tmp_path, login={"protocol": "oidc"}) as service, service.client() as http:
        yield Idp(service, http)


def sign_in(idp: Idp, user_id: str = "e1") -> UserKey:
    context, told = idp.service.context, idp.service.connection
    with context.database.write() as tx:
        now = context.clock.now()
        subject = Subject(
            user_id=user_id, user_id_claim="oid", user_id_is_explicit=True, user_name=ADA
        )
        claim = GroupsClaim(GroupsState.ABSENT)
        shown = Login(subject=subject, groups=claim, digest=f"d{now}", as_of=now)
        return login.observe(tx, told, shown, now).user


def public_id(idp: Idp, user: UserKey) -> Any:
    with idp.service.context.database.read() as tx:
        return tx.value("SELECT public_id FROM users WHERE id = :key", {"key": user})


@pytest.mark.parametrize("probe", [f'userName eq "{ADA.upper()}"', 'externalId eq "e1"'])
def test_the_probe_finds_who_has_signed_in_and_shows_it_inactive(idp: Idp, probe: str) -> None:
    known = public_id(idp, sign_in(idp))
    found = idp.find("Users", probe)
    assert found["totalResults"] == 1
    (one,) = found["Resources"]
    assert (one["id"], one["userName"], one["active"]) == (known, ADA, False)
    assert idp.get(f"/Users/{known}").json()["userName"] == ADA


@pytest.mark.parametrize("how", ["PATCH", "PUT", "POST"])
def test_what_the_provider_then_does_takes_the_user_over(idp: Idp, how: str) -> None:
    known = public_id(idp, sign_in(idp))
    path = f"/Users/{known}"
    body = {"schemas": [USER], "userName": ADA, "externalId": "e1", "active": True}
    if how == "PATCH":
        set_active = {"op": "Replace", "path": "active", "value": "True"}
        set_id = {"op": "Add", "path": "externalId", "value": "e1"}
        answer = idp.patch(path, set_active, set_id)
    else:
        answer = idp.call(how, "/Users" if how == "POST" else path, body)
    assert answer.status_code == (201 if how == "POST" else 200)
    assert (answer.json()["id"], answer.json()["active"]) == (known, True)
    assert idp.names("Users", f'userName eq "{ADA}"') == [ADA]
    with idp.service.context.database.read() as tx:
        (row,) = tx.rows("SELECT wanted, active FROM users")
    assert (bool(row.wanted), bool(row.active)) == (True, True)
    assert public_id(idp, sign_in(idp)) == known


def test_who_is_taken_over_without_being_activated_stays_inactive(idp: Idp) -> None:
    path = f"/Users/{public_id(idp, sign_in(idp))}"
    idp.patch(path, {"op": "Add", "path": "displayName", "value": "Ada"})
    assert idp.get(path).json()["active"] is False
    with idp.service.context.database.read() as tx:
        assert not tx.value("SELECT active FROM users")


def test_nobody_is_listed_who_was_not_looked_for(idp: Idp) -> None:
    sign_in(idp)
    assert idp.get("/Users").json()["totalResults"] == 0
    assert idp.find("Users", 'userName sw "ada"')["totalResults"] == 0
    assert idp.find("Users", 'userName eq "eve@acme.example"')["totalResults"] == 0


def test_who_was_pushed_and_deleted_is_not_found_by_having_signed_in(idp: Idp) -> None:
    ada = idp.user(ADA, externalId="e1")
    sign_in(idp)
    idp.call("DELETE", f"/Users/{ada['id']}")
    assert idp.find("Users", f'userName eq "{ADA}"')["totalResults"] == 0
    assert idp.get(f"/Users/{ada['id']}").status_code == 404


def test_a_name_that_several_sign_in_under_finds_nobody(idp: Idp) -> None:
    sign_in(idp, "e1")
    sign_in(idp, "e2")
    assert idp.find("Users", f'userName eq "{ADA}"')["totalResults"] == 0
