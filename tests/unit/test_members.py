"""The members of a group are the same JSON, in however many pieces they are sent."""

import asyncio
import uuid
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import StreamingResponse

from api.scim.answers import Spread, answer
from api.scim.members import LONG, PIECE, Kind, listed

HEAD = 'https://id.example/a"b/Users/'
IDS = [str(uuid.UUID(int=number)) for number in range(4_000)]


def kind(ids: list[str], name: str = "User") -> Kind:
    return Kind(name, HEAD, " ".join(ids))


@given(users=st.integers(0, 3), groups=st.integers(0, 3), many=st.booleans())
def test_the_pieces_together_are_the_list(users: int, groups: int, many: bool) -> None:
    kinds = [kind(IDS[: users * (1_000 if many else 1)]), kind(IDS[:groups], "Group")]
    whole = msgspec.json.decode("".join(listed(kinds)))
    shown = [(one, each.name) for each in kinds for one in each.ids.split(" ") if one]
    assert whole == [{"value": one, "$ref": HEAD + one, "type": name} for one, name in shown]
    assert len(whole) == users * (1_000 if many else 1) + groups


def test_no_piece_is_much_longer_than_another() -> None:
    pieces = list(kind(IDS).pieces())
    assert len(pieces) == -(-len(" ".join(IDS)) // (PIECE + 1))
    assert all(len(one) >= len(next_) for one, next_ in pairwise(pieces))


@pytest.mark.parametrize("count", [0, 1, LONG // 37 - 1, 4_000])
def test_a_list_that_is_spread_stands_where_it_belongs(count: int) -> None:
    members = listed([kind(IDS[:count])])
    body = Spread('{"id":"g1","members":', members, ',"meta":{"version":"1"}}')
    sent = msgspec.json.decode(_sent(answer(body)))
    assert list(sent) == ["id", "members", "meta"]
    assert [one["value"] for one in sent["members"]] == IDS[:count]


def _sent(response: Any) -> bytes:
    assert isinstance(response, StreamingResponse)
    assert "content-length" not in response.headers

    async def read() -> bytes:
        return b"".join([bytes(one) async for one in response.body_iterator])  # type: ignore[arg-type]

    return asyncio.run(read())
