"""Link headers as Okta, a proxy or an attacker may send them."""

import pytest

from connectors.errors import Transient
from connectors.okta.links import read_links

NEXT = '<https://a.example/?after=1>; rel="next"'
SELF = '<https://a.example/>; rel="self"'


@pytest.mark.parametrize(
    "lines",
    [
        [SELF, NEXT],
        [NEXT, SELF],
        [f"{SELF}, {NEXT}"],
        [f"{NEXT},{SELF}"],
        ["<https://a.example/?after=1>;rel=next", SELF],
        ['<https://a.example/?after=1> ; title="a, b; c" ; REL="NEXT"', SELF],
        ['<https://a.example/?after=1>; rel="prefetch next"', SELF],
        [NEXT, NEXT, f"{SELF} , "],
    ],
)
def test_the_next_page_is_found_in_any_order_and_form(lines: list[str]) -> None:
    links = read_links(lines)
    assert links.next == "https://a.example/?after=1" and links.has_self


def test_a_comma_in_a_target_does_not_end_it() -> None:
    assert (
        read_links(['<https://a.example/?a=1,2;c>; rel="next"']).next
        == "https://a.example/?a=1,2;c"
    )


@pytest.mark.parametrize("lines", [[], [SELF], ['<https://a.example/>; rel="nextish"'], [""]])
def test_without_a_next_link_there_is_no_next_page(lines: list[str]) -> None:
    assert read_links(lines).next is None


@pytest.mark.parametrize(
    "line",
    [
        "https://a.example/; rel=next",
        f"{SELF} {NEXT}",
        f"{SELF}, <https://a.example/?after=1",
        '<https://a.example/>; rel="next',
        "nonsense",
        f"{NEXT}, <https://a.example/?after=2>; rel=next",
    ],
)
def test_links_that_leave_a_doubt_are_refused(line: str) -> None:
    with pytest.raises(Transient):
        read_links([line])


def test_a_long_line_of_nonsense_is_refused_quickly() -> None:
    with pytest.raises(Transient):
        read_links(["<a>" + "; x=y" * 50_000 + '"'])
