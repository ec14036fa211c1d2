"""Wrong API keys wait, at the administrators' door and at that of logins; right ones do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import build
from api.attempts import BURST
from tests.api.admin_kit import API, FIRST, office


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with office(tmp_path) as at:
        yield TestClient(build(at.context), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", f"{API}/organizations", 200), ("POST", "/login/observations", 422)],
)
@pytest.mark.parametrize("wrong", [{}, {"authorization": "Bearer wrong"}])
def test_after_many_wrong_keys_an_address_is_told_to_wait_and_a_right_one_is_let_in(
    client: TestClient, method: str, path: str, status: int, wrong: dict[str, str]
) -> None:
    answers = []
    while not answers or (answers[-1].status_code == 401 and len(answers) < 3 * BURST):
        answers.append(client.request(method, path, headers=wrong))
    last = answers[-1]
    assert len(answers) > BURST and last.status_code == 429, "a slow machine is allowed more"
    assert 0 < int(last.headers["retry-after"]) <= 60
    assert last.headers["content-type"] == "application/problem+json"
    assert last.json()["type"] == "urn:trueup:problem:too_many_requests"
    right = {"authorization": f"Bearer {FIRST}"}
    assert client.request(method, path, headers=right, content=b"{}").status_code == status


def test_every_operation_is_described_with_the_wait(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert all("429" in one["responses"] for path in paths.values() for one in path.values())
