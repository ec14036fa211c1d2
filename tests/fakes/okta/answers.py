"""What the fake answers: a status, a JSON body, links; and what a fault makes of it."""

import json
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    links: list[tuple[str, str]] = field(default_factory=list)
    """(relation, URL), each sent as a header line of its own."""
    joined_links: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json"
    delay: float = 0.0
    sent_share: float = 1.0
    """Below 1, the connection is dropped in the middle of the body."""

    def encoded(self) -> bytes:
        return json.dumps(self.body).encode() if self.raw is None else self.raw

    def lines(self) -> list[tuple[str, str]]:
        """Every header line, rate limits included."""
        reset = {"X-Rate-Limit-Reset": str(int(time.time()) + 30)}
        limits = {"X-Rate-Limit-Limit": "600", "X-Rate-Limit-Remaining": "599", **reset}
        links = [f'<{url}>; rel="{rel}"' for rel, url in self.links]
        if self.joined_links and links:
            links = [", ".join(links)]
        given = {key: value for key, value in {**limits, **self.headers}.items() if value}
        return [*given.items(), *(("Link", link) for link in links)]


def error(status: int, code: str, summary: str) -> Answer:
    """Source: developer.okta.com/docs/reference/error-codes."""
    body = {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": "oae1",
        "errorCauses": [],
    }
    return Answer(body, status)


def not_found(named: str, kind: str) -> Answer:
    return error(404, "E0000007", f"Not found: Resource not found: {named} ({kind})")
