"""One Okta organization as a `Source`."""

import time
from collections.abc import Callable, Iterator

from connectors.base import ReadPart, RoundPart, UserFound, UserGone
from connectors.errors import CursorLost, Gone, Refused, Transient
from connectors.http import Limits
from connectors.okta.checks import problems
from connectors.okta.door import Door
from connectors.okta.organization import Organization
from connectors.okta.pages import Pages
from connectors.okta.reading import Reading
from connectors.okta.settings import AppScope, GroupScope, OktaPull
from connectors.okta.shapes import directory_group, directory_user


class Okta:
    """Reads the declared scope. Thread-safe. Groups do not nest in Okta."""

    def __init__(
        self,
        settings: OktaPull,
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = 90.0,
    ) -> None:
        """`patience` is how many seconds one request may wait for a renewed rate limit."""
        self._settings = settings
        self._door = Door(settings, limits)
        self._sleep = sleep
        self._patience = patience

    def read(self) -> Iterator[ReadPart]:
        """See `Source.read`. A user who is new to a group's list comes right before it."""
        reading = Reading(self._organization(self._patience))
        match self._settings.scope:
            case AppScope(app_id=app):
                return reading.app(app)
            case GroupScope(groups=names):
                return reading.groups(names)
            case "all":
                return reading.everything()

    def changes(self, cursor: str) -> Iterator[RoundPart]:
        """Okta's searches by time of change are behind its directory: it has no rounds."""
        raise CursorLost("Okta offers no reliable list of changes.")

    def read_user(self, directory_id: str) -> UserFound | UserGone:
        """See `Source.read_user`. A deprovisioned user is found, and inactive.

        Only Okta's own E0000007 is proof that there is none; any other 404 raises.
        """
        okta = self._organization(self._patience)
        try:
            user = okta.user(directory_id)
        except Gone:
            return UserGone()
        if user.id != directory_id:  # Okta looks up logins as well, and "me"
            raise Refused(f"Okta answered with {user.id} when asked for the user {directory_id}.")
        try:
            groups = [group for page in okta.groups_of(user.id) for group in page]
        except Gone as gone:
            raise Transient(f"The user {directory_id} vanished while it was read.") from gone
        return UserFound(directory_user(user), frozenset(map(directory_group, groups)))

    def check(self) -> list[str]:
        """See `Source.check`. It does not wait for a rate limit."""
        return problems(self._organization(0.0), self._settings.scope)

    def close(self) -> None:
        self._door.close()

    def _organization(self, patience: float) -> Organization:
        pages = Pages(self._door, self._settings.org_url, sleep=self._sleep, patience=patience)
        return Organization(pages)
