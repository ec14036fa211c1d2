"""The keys of each issuer: asked for seldom, kept for long, never asked for by two at once."""

import threading
from dataclasses import dataclass, field

from api.login.jwks import IssuerKeys, fetch
from connectors.errors import Misconfigured, Transient
from connectors.http import Http
from models.instant import DAY, MINUTE, SECOND, Instant

FRESH: Instant = 10 * MINUTE
"""Keys younger than this are used without asking."""
USABLE: Instant = DAY
"""Keys younger than this are used when the issuer cannot be asked."""
BETWEEN_DEMANDS: Instant = MINUTE
"""Tokens with invented key ids must not make us hammer the issuer."""
AFTER_FAILURE: Instant = 5 * SECOND
"""An issuer that failed without our holding any keys is left alone for this long."""


@dataclass(slots=True)
class _Shelf:
    """What we hold of one issuer. Changed only under its lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: IssuerKeys | None = None
    fetched_at: Instant = 0
    tried_at: Instant = 0
    demanded_at: Instant = 0
    trouble: Transient | Misconfigured | None = None
    """How the last attempt failed; None when it did not."""


class KeyRing:
    """Every issuer's keys. Thread-safe."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._shelves: dict[str, _Shelf] = {}
        self._lock = threading.Lock()

    def get(self, issuer: str, now: Instant) -> IssuerKeys:
        """The issuer's keys, at most a day old. Raises Transient or Misconfigured."""
        shelf = self._shelf(issuer)
        if shelf.held is not None and now - shelf.fetched_at < FRESH:
            return shelf.held
        stale = shelf.held if now - shelf.fetched_at < USABLE else None
        if stale is not None and shelf.lock.locked():
            return stale  # somebody is asking already
        with shelf.lock:
            return self._renewed(issuer, shelf, now)

    def demand(self, issuer: str, seen: IssuerKeys, now: Instant) -> IssuerKeys:
        """Newer keys than those seen, for a token they do not explain (OIDC Core §10.1.1).

        The issuer is asked at most once a minute; in between the answer is what is held.
        Raises Transient or Misconfigured as long as the last attempt failed.
        """
        shelf = self._shelf(issuer)
        with shelf.lock:
            if now - shelf.demanded_at >= BETWEEN_DEMANDS:
                shelf.demanded_at = now
                self._ask(issuer, shelf, now)
            if shelf.trouble is not None:
                raise _again(shelf.trouble)
            return shelf.held or seen

    def _shelf(self, issuer: str) -> _Shelf:
        with self._lock:
            return self._shelves.setdefault(issuer, _Shelf())

    def _renewed(self, issuer: str, shelf: _Shelf, now: Instant) -> IssuerKeys:
        """Fresh keys, or else those that are still usable. The lock is held."""
        if shelf.held is not None and now - shelf.fetched_at < FRESH:
            return shelf.held
        pause = AFTER_FAILURE if shelf.held is None else BETWEEN_DEMANDS
        if shelf.trouble is None or now - shelf.tried_at >= pause:
            self._ask(issuer, shelf, now)
        if shelf.held is not None and now - shelf.fetched_at < USABLE:
            return shelf.held
        raise _again(shelf.trouble)

    def _ask(self, issuer: str, shelf: _Shelf, now: Instant) -> None:
        shelf.tried_at = now
        try:
            shelf.held, shelf.trouble = fetch(issuer, self._http), None
        except (Transient, Misconfigured) as trouble:
            shelf.trouble = trouble
        else:
            shelf.fetched_at = now


def _again(trouble: Transient | Misconfigured | None) -> Transient | Misconfigured:
    """The same error anew: one raised by many threads would collect all their tracebacks."""
    if isinstance(trouble, Misconfigured):
        return Misconfigured(str(trouble))
    return Transient(str(trouble), getattr(trouble, "retry_after", None))
