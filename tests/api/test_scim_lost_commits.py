"""A provider is told what became of its request, though the database went in the very instant."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.api.scim_app import Idp, Service, serving
from tests.fakes.cutting import Cut, Way, every_cut, way_to_scratch

pytestmark = pytest.mark.servers


@pytest.fixture
def way() -> Iterator[Way]:
    with way_to_scratch() as way:
        yield way


@pytest.fixture
def service(way: Way, tmp_path: Path) -> Iterator[Service]:
    with serving(tmp_path, way.url) as service:
        yield service


def hired(service: Service, name: str) -> tuple[str, str]:
    """Name and id of a user whom a client of its own has made."""
    with service.client() as http:
        made = Idp(service, http).user(name)
        return made["userName"], made["id"]


def kept(service: Service) -> list[str]:
    """The ids of whom the requests made that are kept."""
    with service.context.database.read() as tx:
        return tx.column("SELECT resource FROM scim_requests WHERE status = 201 ORDER BY resource")


def there(service: Service) -> dict[str, str]:
    with service.context.database.read() as tx:
        return dict(tx.tuples("SELECT user_name, public_id FROM users"))


@every_cut
def test_who_is_made_is_made_once_and_said_to_be(way: Way, service: Service, cut: Cut) -> None:
    way.cut_after("ada@acme.example", cut)
    name, public_id = hired(service, "ada@acme.example")
    assert way.cuts == 1
    assert there(service) == {name: public_id}
    assert kept(service) == [public_id]


@every_cut
def test_so_it_is_for_all_who_came_together(way: Way, service: Service, cut: Cut) -> None:
    names = [f"p{number}@acme.example" for number in range(12)]
    way.cut_after("p7@acme.example", cut)
    with ThreadPoolExecutor(len(names)) as pool:
        told = dict(pool.map(lambda name: hired(service, name), names))
    assert way.cuts == 1
    assert there(service) == told
    assert kept(service) == sorted(told.values())
