"""Text that is not case exact is found in whatever case and form of accents, on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.scim_app import BOTH, Idp, serving_on


@pytest.fixture(params=BOTH)
def idp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Idp]:
    with serving_on(request.param, tmp_path) as service, service.client() as http:
        yield Idp(service, http)


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("Cafe\u0301", "CAFÉ"),
        ("café", "CAFE\u0301"),
        ("ΟΔΟΣ", "οδος"),
        ("İzmir", "i\u0307zmir"),
    ],
)
def test_a_title_is_found_however_it_is_written(idp: Idp, title: str, asked: str) -> None:
    ada = idp.user("ada", title=title, emails=[{"value": "a@acme.example", "type": title}])
    idp.user("bob", title="Isolde")
    assert idp.names("Users", f'title eq "{asked}"') == ["ada"]
    assert idp.names("Users", f'title sw "{asked[:3]}"') == ["ada"]
    assert idp.names("Users", f'emails[type eq "{asked}"]') == ["ada"]
    remove = {"op": "remove", "path": f'emails[type eq "{asked}"]'}
    assert "emails" not in idp.patch(f"/Users/{ada['id']}", remove).json()
