"""Page by page by cursor, every resource that stays is met once (RFC 9865)."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.scim.cursors import Cursor, of_query
from api.scim.discovery import CURSOR_TIMEOUT
from models.instant import SECOND
from models.store.scim_lists import Mark
from models.store.vault import Vault, new_master_key
from tests.api.scim_app import BOTH, Idp, Json, serving, serving_on

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
NAMES = ["dan", "Ada", "cid", "Bob", "eve"]


@pytest.fixture(params=BOTH, scope="module")
def idp(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    """Five users and a group, who are never changed."""
    with (
        serving_on(request.param, tmp_path_factory.mktemp("scim")) as service,
        service.client() as http,
    ):
        yield populated(Idp(service, http))


def populated(idp: Idp) -> Idp:
    for place, name in enumerate(NAMES):
        idp.user(name, active=place % 2 == 0, **({"title": "t"} if place > 2 else {}))
    idp.group("Engineering")
    return idp


def ask(idp: Idp, address: str = "/Users", **params: str) -> Json:
    answer = idp.get(f"{address}?{httpx.QueryParams(params)}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert "startIndex" not in found
    assert found["itemsPerPage"] == len(found["Resources"])
    return found


def names(page: Json) -> list[str]:
    return [one.get("userName", one.get("displayName")) for one in page["Resources"]]


def walked(idp: Idp, address: str = "/Users", **params: str) -> list[list[str]]:
    """Forward to the end, and back again page by page to the same pages."""
    pages = [ask(idp, address, cursor="", **params)]
    while "nextCursor" in pages[-1]:
        pages.append(ask(idp, address, cursor=pages[-1]["nextCursor"], **params))
    back = pages[-1]
    for earlier in reversed(pages[:-1]):
        back = ask(idp, address, cursor=back["previousCursor"], **params)
        assert names(back) == names(earlier)
    assert "previousCursor" not in back
    return [names(page) for page in pages]


@pytest.mark.parametrize(
    ("params", "pages"),
    [
        pytest.param({}, [["dan", "Ada"], ["cid", "Bob"], ["eve"]], id="in order of creation"),
        pytest.param(
            {"sortBy": "userName"}, [["Ada", "Bob"], ["cid", "dan"], ["eve"]], id="by name"
        ),
        pytest.param(
            {"sortBy": "userName", "sortOrder": "descending"},
            [["eve", "dan"], ["cid", "Bob"], ["Ada"]],
            id="by name, the last first",
        ),
        pytest.param(
            {"sortBy": "title"},
            [["Bob", "eve"], ["dan", "Ada"], ["cid"]],
            id="by what most have not, and they come last",
        ),
        pytest.param(
            {"sortBy": "title", "sortOrder": "descending"},
            [["dan", "Ada"], ["cid", "Bob"], ["eve"]],
            id="by what most have not, and they come first",
        ),
        pytest.param(
            {"sortBy": "active"}, [["Ada", "Bob"], ["dan", "cid"], ["eve"]], id="by yes and no"
        ),
        pytest.param({"filter": 'userName co "d"'}, [["dan", "Ada"], ["cid"]], id="filtered"),
    ],
)
def test_pages_follow_each_other_and_lead_back(
    idp: Idp, params: dict[str, str], pages: list[list[str]]
) -> None:
    assert walked(idp, count="2", **params) == pages


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_users_and_groups_are_paged_together(idp: Idp, order: str) -> None:
    pages = walked(idp, "/", count="2", sortBy="displayName", sortOrder=order)
    assert sorted(name for page in pages for name in page) == sorted([*NAMES, "Engineering"])
    unsorted = walked(idp, "/", count="4")
    assert unsorted == [["dan", "Ada", "cid", "Bob"], ["eve", "Engineering"]]


def test_what_comes_and_goes_meanwhile_moves_no_page(tmp_path: Path) -> None:
    with serving(tmp_path) as service, service.client() as http:
        _change_between_pages(populated(Idp(service, http)))


def _change_between_pages(idp: Idp) -> None:
    first = ask(idp, cursor="", count="2", sortBy="userName")
    for one in first["Resources"]:
        idp.call("DELETE", f"/Users/{one['id']}")
    idp.user("aaa")
    second = ask(idp, cursor=first["nextCursor"], count="2", sortBy="userName")
    assert (names(second), second["totalResults"]) == (["cid", "dan"], 5)


def test_a_search_by_post_is_paged_too(idp: Idp) -> None:
    body = {"schemas": [SEARCH], "cursor": "", "count": 3, "sortBy": "userName"}
    first = idp.call("POST", "/Users/.search", body).json()
    second = idp.call("POST", "/Users/.search", body | {"cursor": first["nextCursor"]}).json()
    assert names(first) + names(second) == ["Ada", "Bob", "cid", "dan", "eve"]


def test_a_query_without_a_cursor_is_paged_by_index(idp: Idp) -> None:
    found = idp.get("/Users?count=2").json()
    assert found["startIndex"] == 1
    assert "nextCursor" not in found
    assert idp.get("/ServiceProviderConfig").json()["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 200,
        "cursorTimeout": 3600,
    }


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        pytest.param({"cursor": "made-up"}, "invalidCursor", id="one that was made up"),
        pytest.param({"cursor": "ä"}, "invalidCursor", id="one of other letters"),
        pytest.param({"filter": 'title eq "t"'}, "invalidCursor", id="that of another filter"),
        pytest.param({"sortBy": "userName"}, "invalidCursor", id="that of another order"),
        pytest.param({"startIndex": "3"}, "invalidCursor", id="together with an index"),
        pytest.param({"count": "3"}, "invalidCount", id="with pages of another size"),
        pytest.param({"count": "-1"}, "invalidCount", id="with pages of no size"),
        pytest.param({"count": "many"}, "invalidCount", id="with pages of no number"),
    ],
)
def test_a_cursor_that_does_not_fit_is_refused(idp: Idp, params: dict[str, str], kind: str) -> None:
    first = ask(idp, cursor="", count="2")
    asked = {"cursor": first["nextCursor"], "count": "2", **params}
    answer = idp.get(f"/Users?{httpx.QueryParams(asked)}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, kind)


def test_a_cursor_that_was_changed_or_belongs_elsewhere_is_refused(idp: Idp) -> None:
    cursor = ask(idp, cursor="", count="2")["nextCursor"]
    other = cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:]
    for address, given in ((f"/Users?count=2&cursor={other}", ""), ("/Groups?count=2", cursor)):
        tail = f"&cursor={given}" if given else ""
        answer = idp.get(address + tail)
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidCursor")


def test_no_page_at_all_has_no_next_page(idp: Idp) -> None:
    found = ask(idp, cursor="", count="0")
    assert (found["totalResults"], found["Resources"]) == (5, [])
    assert "nextCursor" not in found


def test_a_cursor_expires() -> None:
    cursors = of_query(Vault([new_master_key()]), "c", "everybody")
    cursor = Cursor(Mark(0, 7, "ada"), backwards=True, count=2, total=9)
    text = cursors.sealed(cursor, 0)
    assert cursors.opened(text, CURSOR_TIMEOUT * SECOND) == cursor
    with pytest.raises(Exception, match="older than 3600 seconds"):
        cursors.opened(text, CURSOR_TIMEOUT * SECOND + 1)
