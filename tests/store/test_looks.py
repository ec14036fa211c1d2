"""A look for some few of very many goes by an index of what it looks for, and not through
everybody of a connection. (SQLite keeps no statistics here, so it has to be led.)
"""

from collections.abc import Callable
from typing import Any

import pytest

from models.identity import UserKey
from models.store import driver, identities, newcomers, protecting, scim, scim_members, scim_shown
from models.store.database import Tx
from tests.playground import fresh

SOME = [f"n{number}" for number in range(60)]
LOOKS: dict[str, Callable[[Tx], object]] = {
    "who is new": lambda tx: scim.is_unheard_of(tx, 1, name="ada", external_id="a"),
    "who is called so": lambda tx: scim.user_called(tx, 1, name="ada", external_id="a"),
    "whom identifiers name": lambda tx: identities.immutable_of(tx, [UserKey(1)], "id"),
    "whom a probe finds by name": lambda tx: newcomers.of_user_name(tx, 1, "Ada"),
    "whom a probe finds by externalId": lambda tx: newcomers.of_external_id(tx, 1, "a"),
    "whom members name": lambda tx: scim_members.known_members(tx, 1, SOME),
    "whom members named": lambda tx: scim_members.former_members(tx, "user", 1, SOME),
    "whom members name that were deleted": lambda tx: scim_members.names_of_gone(
        tx, "user", 1, SOME
    ),
    "who waits": lambda tx: scim_members.parked_for(tx, 1, SOME),
    "who is protected": lambda tx: protecting.users(tx, 1, SOME),
    "who manages": lambda tx: scim_shown.managers(tx, 1, SOME),
    "in which groups": lambda tx: scim_shown.groups_of(tx, list(range(60)), "/"),
}
WHOLE = ("(connection_id=?)", "(connection_id=? AND namespace=?)", "(target_id=? AND user_id=?)")


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_look_for_some_goes_by_what_it_looks_for(
    look: Callable[[Tx], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans, ran = list[str](), driver.ran

    def explained(link: Any, sql: str, params: Any, *given: Any, **more: Any) -> Any:
        told = link.raw.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        plans.extend(step[3] for step in told)
        return ran(link, sql, params, *given, **more)

    with fresh().read() as tx:
        monkeypatch.setattr(driver, "ran", explained)
        look(tx)
    assert plans
    through = [one for one in plans if one.startswith("SCAN") and not _is_found(one)]
    assert not through
    assert not [one for one in plans if one.startswith("SEARCH") and one.endswith(WHOLE)]


def _is_found(step: str) -> bool:
    """Of what the look itself found before."""
    return step in ("SCAN gone", "SCAN listed")
