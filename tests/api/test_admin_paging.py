"""Lists: page by page, in a stable order, while rows come and go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.admin_kit import Office, connection, office, organization, staff


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as found:
        for number in range(7):
            organization(found, f"o{number}")
        yield found


def pages(at: Office, path: str, **params: Any) -> Iterator[list[Any]]:
    cursor: dict[str, str] = {}
    while True:
        found = at.get(path, **params, **cursor)
        yield found["items"]
        if found["next_cursor"] is None:
            return
        cursor = {"cursor": found["next_cursor"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_show_everything_once(at: Office, limit: int) -> None:
    seen = [one["slug"] for page in pages(at, "/organizations", limit=limit) for one in page]
    assert seen == [f"o{number}" for number in range(7)]


def test_a_page_that_is_just_full_is_the_last(at: Office) -> None:
    assert len(list(pages(at, "/organizations", limit=7))) == 1


@pytest.mark.parametrize("sort", ["", "slug", "-slug", "created_at", "-name"])
def test_rows_that_come_and_go_neither_repeat_nor_hide_others(at: Office, sort: str) -> None:
    reading = pages(at, "/organizations", limit=2, sort=sort)
    seen = [one["slug"] for one in next(reading)]
    organization(at, "a-new-one")
    organization(at, "o3-and-a-half")
    gone = "o0" if "o0" in seen else "o6"
    assert at.ask("DELETE", f"/organizations/{gone}").status_code == 204
    for page in reading:
        seen += [one["slug"] for one in page]

    assert len(seen) == len(set(seen))
    assert {f"o{number}" for number in range(7)} <= set(seen)


def test_a_sort_in_reverse_is_the_reverse(at: Office) -> None:
    up = [one["slug"] for page in pages(at, "/organizations", limit=3, sort="slug") for one in page]
    down = [
        one["slug"] for page in pages(at, "/organizations", limit=3, sort="-slug") for one in page
    ]
    assert up == sorted(up) == down[::-1]


def test_rows_without_the_value_they_are_sorted_by_are_shown_too(at: Office) -> None:
    connection(at, "o1")
    staff(at, "o1~okta")
    with at.context.database.write() as tx:
        tx.run("UPDATE users SET email = NULL WHERE user_name = 'ada'")
    seen = [
        one["user_name"] for page in pages(at, "/users", limit=1, sort="-email") for one in page
    ]
    assert seen == ["bob", "ada"]


def test_a_filter_holds_on_every_page(at: Office) -> None:
    seen = [
        one["slug"]
        for page in pages(at, "/organizations", limit=2, filter='slug gt "o2"')
        for one in page
    ]
    assert seen == ["o3", "o4", "o5", "o6"]


def test_memberships_are_paged_by_group_and_user(at: Office) -> None:
    for slug in ("o1", "o2"):
        connection(at, slug)
        staff(at, f"{slug}~okta")
    seen = [
        (one["group"]["id"], one["user"]["id"])
        for page in pages(at, "/memberships", limit=1)
        for one in page
    ]
    assert len(seen) == len(set(seen)) == 4


def test_a_cursor_goes_with_its_sort(at: Office) -> None:
    cursor = at.get("/organizations", limit=2, sort="slug")["next_cursor"]
    for sort in ("", "-slug", "name"):
        answer = at.refused("GET", "/organizations", params={"cursor": cursor, "sort": sort})
        assert answer[0] == 400
