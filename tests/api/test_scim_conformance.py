"""A client that knows only the standard finds nothing to object to."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from scim2_client import BaseSyncSCIMClient
from scim2_client.client import RawResponse
from scim2_tester import CheckResult, Status, check_server

from tests.api.scim_app import BOTH, Service, serving_on

CHECKS = 138
"""As many as the suite has for our schemas; it has one for each schema that is published."""


class Client(BaseSyncSCIMClient):
    """The conformance checks, over httpx."""

    def __init__(self, http: httpx.Client) -> None:
        super().__init__()
        self.http = http

    def request(self, method: str, url: str, **options: Any) -> RawResponse:
        return self.http.request(method, url, **options)

    def _parse_json(self, response: RawResponse) -> Any:
        return json.loads(response.text)


@pytest.fixture(params=BOTH)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with serving_on(request.param, tmp_path) as found:
        yield found


def test_every_check_of_the_conformance_suite_succeeds(service: Service) -> None:
    with service.client() as http:
        results = check_server(Client(http))
    objections = [_said(one) for one in results if one.status is not Status.SUCCESS]
    assert objections == []
    assert Counter(one.status for one in results) == {Status.SUCCESS: CHECKS}


def _said(result: CheckResult) -> str:
    return f"{result.status.name} {result.resource_type} {result.title}: {result.reason}"
