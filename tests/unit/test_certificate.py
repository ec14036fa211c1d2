"""Which reads may remove: those that prove to be whole."""

import pytest

from connectors.base import ReadEnded
from sync.reading.certificate import Seen, certify

ROWS = {
    "it ended and listed what was counted": (100, 10, ReadEnded(100, 10), True, False),
    "it ended, and the provider counts nothing": (100, 10, ReadEnded(), True, False),
    "it listed more than was counted: some came meanwhile": (
        101,
        11,
        ReadEnded(100, 10),
        True,
        False,
    ),
    "it stopped without an end": (100, 10, None, False, False),
    "a user fewer than counted": (99, 10, ReadEnded(100, 10), False, False),
    "a group fewer than counted": (100, 9, ReadEnded(100, 10), False, False),
    "a fifth fewer users": (80, 10, ReadEnded(), True, False),
    "more than a fifth fewer users": (79, 10, ReadEnded(), False, True),
    "a few fewer groups are no shrinking": (100, 7, ReadEnded(), True, False),
    "four of ten groups fewer": (100, 6, ReadEnded(), False, True),
    "the directory itself says that it is smaller": (50, 10, ReadEnded(50, 10), False, True),
    "nobody": (0, 10, ReadEnded(), False, True),
    "more users": (900, 10, ReadEnded(), True, False),
}


@pytest.mark.parametrize(
    ("users", "groups", "ended", "is_complete", "has_shrunk"), ROWS.values(), ids=ROWS.keys()
)
def test_after_a_read_of_100_users_in_10_groups(
    users: int, groups: int, ended: ReadEnded | None, is_complete: bool, has_shrunk: bool
) -> None:
    found = certify(Seen(users, groups, 0), ended, users_before=100, groups_before=10, shrink=0.2)
    assert (found.is_complete, found.has_shrunk) == (is_complete, has_shrunk)
    assert found.is_complete or (found.problem or "").endswith(".")
    assert found.as_dict()["complete"] is is_complete
    assert found.as_dict()["shrunk"] is has_shrunk


def test_the_first_read_has_nothing_to_shrink_from() -> None:
    found = certify(Seen(0, 0, 0), ReadEnded(0, 0), users_before=0, groups_before=0, shrink=0.2)
    assert found.is_complete


def test_a_company_of_three_may_lose_two() -> None:
    found = certify(Seen(1, 1, 0), ReadEnded(), users_before=3, groups_before=1, shrink=0.2)
    assert found.is_complete


def test_but_not_all_three() -> None:
    found = certify(Seen(0, 1, 0), ReadEnded(), users_before=3, groups_before=1, shrink=0.2)
    assert not found.is_complete


def test_a_policy_that_allows_any_shrinking_still_wants_somebody() -> None:
    found = certify(Seen(0, 9, 0), ReadEnded(), users_before=90, groups_before=9, shrink=1.0)
    assert not found.is_complete


def test_a_group_whose_members_were_not_told_makes_a_read_incomplete() -> None:
    found = certify(
        Seen(9, 9, 40, silent_groups=1), ReadEnded(), users_before=9, groups_before=9, shrink=0.2
    )
    assert not found.is_complete
