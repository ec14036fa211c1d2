"""The way through the pages of one list, and every doubt that a page was missed on it."""

from collections.abc import Set as AbstractSet
from urllib.parse import urljoin

from connectors.errors import Misconfigured, Transient
from connectors.http import Reply
from connectors.okta.links import Links, read_links

LIMIT = 200
"""Objects a page: what Okta recommends for users, groups and members."""
_MOST_EMPTY = 100


class Walk:
    """Remembers which pages of a list were asked for, and what they held."""

    def __init__(self, name: str, org_url: str) -> None:
        self._name = name
        self._org_url = org_url
        self._asked: set[str] = set()
        self._known: set[str] = set()
        self._empty = 0
        self._had_self = False

    def next(self, url: str, reply: Reply, ids: AbstractSet[str]) -> str | None:
        """Where the page after this one is; None after the last.

        Raises Transient for a page that only repeats others, for a next page that was read
        before, for lost Link headers and for no end of empty pages; Misconfigured for a next
        page at another host.
        """
        self._asked.add(url)
        self._notice(ids)
        links = read_links(reply.headers.get_list("link"))
        self._miss_none(links, len(ids))
        if links.next is None:
            return None
        target = urljoin(url, links.next)
        if not target.startswith(f"{self._org_url}/"):
            raise Misconfigured(
                f"Okta's next page is outside {self._org_url}, and the token is not sent there. "
                "Is org_url the organization's own address?"
            )
        if target in self._asked:
            raise Transient(f"Okta's next page of {self._name} is one that was read before.")
        return target

    def _notice(self, ids: AbstractSet[str]) -> None:
        """A page may overlap with others; one that holds nothing else stands for a lost one."""
        if ids and ids <= self._known:
            raise Transient(f"Okta repeated a page of {self._name}.")
        self._empty = 0 if ids else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise Transient(f"Okta sends one empty page of {self._name} after another.")
        self._known |= ids

    def _miss_none(self, links: Links, size: int) -> None:
        """Where Okta pages, each page has a link to itself, the last too.

        Some answers have no links at all (okta-sdk-java #870), so none are demanded of a list
        that never had any and is shorter than a page.
        """
        lost = self._had_self or (size >= LIMIT and links.next is None)
        if lost and not links.has_self:
            raise Transient(f"A page of {self._name} came without its links; more may be missing.")
        self._had_self = links.has_self
