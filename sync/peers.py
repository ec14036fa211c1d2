"""The directories and targets of this daemon, opened with their secrets and kept open."""

import threading
from typing import Any

from sqlalchemy import Row

from connectors import registry
from connectors.base import Source, Target
from connectors.http import Limits
from models.store.database import loads
from models.store.vault import Vault
from sync.connection import Connection
from sync.sealing import merged

SCHEDULING = frozenset({"schedule", "delta_schedule", "timezone", "interval"})
"""What `pull` says of when to read; the directory itself is not told."""


class Peers:
    """Thread-safe. A peer whose settings changed is opened anew."""

    def __init__(self, vault: Vault, limits: Limits) -> None:
        self._vault = vault
        self._limits = limits
        self._lock = threading.Lock()
        self._targets: dict[int, tuple[tuple[Any, ...], Target]] = {}

    def source(self, connection: Connection) -> Source:
        """The directory of a connection; the caller closes it. Raises Misconfigured."""
        if connection.pull is None:
            raise LookupError("the connection has no pull channel")
        opened = self._vault.open(connection.secrets, connection.public_id)
        config = merged(connection.pull, opened.get("pull", {}))
        settings = {k: v for k, v in config.items() if k not in SCHEDULING}
        return registry.source(str(config["kind"]), settings, self._limits)

    def login(self, connection: Connection) -> dict[str, Any]:
        """The login settings of a connection with their secrets."""
        opened = self._vault.open(connection.secrets, connection.public_id)
        return merged(connection.login or {}, opened.get("login", {}))

    def target(self, row: Row[Any]) -> Target:
        """Raises Misconfigured."""
        version = (row.kind, row.updated_at, row.public_id)
        with self._lock:
            known = self._targets.get(row.id)
            if known is not None and known[0] == version:
                return known[1]
            config = merged(loads(row.config), self._vault.open(row.secrets, row.public_id))
            opened = registry.target(row.kind, config, self._limits)
            self._targets[row.id] = (version, opened)
        return opened

    def close(self) -> None:
        with self._lock:
            for _, target in self._targets.values():
                target.close()
            self._targets.clear()
