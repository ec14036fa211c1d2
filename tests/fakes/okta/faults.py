"""What can go wrong on the way, each as a change to the right answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.okta.answers import Answer, error

Change = Callable[[Answer, "Asked"], Answer]
FOREVER = 10**9


@dataclass
class Asked:
    """The request, and where its list would go on."""

    url: str
    first_url: str
    authorization: str
    page_before: list[Any]
    elsewhere: str = "http://127.0.0.1:9"


@dataclass
class Fault:
    """Strikes the requests whose path and query match, from the `nth` on, some `times`."""

    name: str
    where: str = ""
    nth: int = 1
    times: int = FOREVER
    seen: int = 0

    def strikes(self, url: str) -> bool:
        if not re.search(self.where, url):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


def _limited(**headers: str) -> Change:
    def change(_: Answer, __: Asked) -> Answer:
        struck = error(429, "E0000047", "API call exceeded rate limit due to too many requests.")
        struck.headers = {"X-Rate-Limit-Remaining": "0", **headers}
        return struck

    return change


def _error(status: int, code: str, summary: str) -> Change:
    return lambda _, __: error(status, code, summary)


def _echo(_: Answer, asked: Asked) -> Answer:
    return error(401, "E0000011", f"Invalid token provided: {asked.authorization}")


def _html(found: Answer, _: Asked) -> Answer:
    return Answer(raw=b"<html>Sign in</html>", content_type="text/html", links=found.links)


def _with(**fields: Any) -> Change:
    def change(found: Answer, _: Asked) -> Answer:
        for name, value in fields.items():
            setattr(found, name, value)
        return found

    return change


def _truncated(found: Answer, _: Asked) -> Answer:
    found.raw = found.encoded()[:-7]
    return found


def _linked(*links: tuple[str, str]) -> Change:
    """Other next links; {url} and {first} stand for this page and the first."""

    def change(found: Answer, asked: Asked) -> Answer:
        fill = {"url": asked.url, "first": asked.first_url, "elsewhere": asked.elsewhere}
        fill["host"] = asked.elsewhere.removeprefix("http://")
        kept = [link for link in found.links if link[0] != "next"]
        found.links = kept + [(rel, url.format(**fill)) for rel, url in links]
        return found

    return change


def _reordered(found: Answer, _: Asked) -> Answer:
    found.links.reverse()
    return found


def _with_comma(found: Answer, _: Asked) -> Answer:
    found.links = [(rel, f"{url}&fields=id,profile,a;b") for rel, url in found.links]
    return found


def _empty(found: Answer, asked: Asked) -> Answer:
    """An empty page before the real one, as a cursor over filtered rows gives."""
    if isinstance(found.body, list) and found.links:
        found.body = []
        found.links = [("self", asked.url), ("next", f"{asked.url}&again={len(asked.url)}")]
    return found


def _lost_rows(found: Answer, _: Asked) -> Answer:
    found.body = []
    return found


def _repeated(found: Answer, asked: Asked) -> Answer:
    if asked.page_before:
        found.body = asked.page_before
    return found


def _row(change: Callable[[dict[str, Any]], object]) -> Change:
    """Changes the first row, and inside an assignment the user it embeds."""

    def apply(found: Answer, _: Asked) -> Answer:
        rows = found.body if isinstance(found.body, list) else [found.body]
        for row in rows[:1]:
            change(row.get("_embedded", {}).get("user", row))
        return found

    return apply


FAULTS: dict[str, Change] = {
    "500": _error(500, "E0000009", "Internal Server Error"),
    "503": _error(503, "E0000010", "Service is in read only mode"),
    "429 with reset": _limited(),
    "429 without reset": _limited(**{"X-Rate-Limit-Reset": ""}),
    "429 without date": _limited(Date="-"),
    "401": _error(401, "E0000011", "Invalid token provided"),
    "401 with our token in it": _echo,
    "403": _error(403, "E0000006", "You do not have permission to perform the requested action"),
    "404": _error(404, "E0000007", "Not found: Resource not found"),
    "404 of another server": lambda _, __: Answer(raw=b"nginx", status=404),
    "redirect": lambda _, __: Answer(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    "dropped": _with(sent_share=0.5),
    "truncated": _truncated,
    "html": _html,
    "nothing": lambda _, __: Answer(raw=b""),
    "an object": lambda _, __: Answer({}),
    "null": lambda _, __: Answer(None),
    "slow": _with(delay=1.0),
    "next before self": _reordered,
    "comma": _with_comma,
    "no links": _with(links=[]),
    "joined links": _with(joined_links=True),
    "empty page": _empty,
    "lost rows": _lost_rows,
    "repeated page": _repeated,
    "next is itself": _linked(("next", "{url}")),
    "next is the first": _linked(("next", "{first}")),
    "two next": _linked(("next", "{url}&x=1"), ("next", "{url}&x=2")),
    "unreadable link": _linked(("next", "{url}> <")),
    "next elsewhere": _linked(("next", "{elsewhere}/api/v1/users?after=1")),
    "next behind userinfo": _linked(("next", "{url}@{host}/api/v1/users")),
    "unknown status": _row(lambda row: row.update(status="ASCENDED")),
    "missing id": _row(lambda row: row.pop("id", None)),
    "missing login": _row(lambda row: row.get("profile", {}).pop("login", None)),
    "null login": _row(lambda row: row.get("profile", {}).update(login=None)),
}
