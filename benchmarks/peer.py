"""Another service that is asked what ours is asked."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks import load
from benchmarks.provider import Provider

SCHEMA = "trueup_benchmarks_peer"


@dataclass(frozen=True, slots=True)
class Peer:
    """How it is installed and started, and what it is not asked."""

    name: str
    storage: str
    """Where it keeps what it is told."""
    most: int
    """Users it is asked with at the most."""
    without: tuple[str, ...]
    """Words of the works that are left out, for it cannot do them, or not in a sensible time."""
    install: Callable[[], None]
    """Fetch what it needs that is not there yet. Raises `Missing`."""
    start: Callable[[ExitStack, int, str], Provider]
    """With so many users, `groups_of` them, and a PostgreSQL URL if it needs one."""
    warm_up: float = load.WARM_UP
    """Seconds before every measurement."""

    def leaves_out(self, work: str) -> bool:
        return any(word in work for word in self.without)

    @property
    def needs_database(self) -> bool:
        return self.storage == "PostgreSQL"


class Missing(Exception):
    """A peer needs a program that is not on this machine."""


def require(peer: str, *programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            raise Missing(f"{peer} needs {' and '.join(programs)}, and {program} was not found.")


@contextmanager
def schema_of_its_own(url: str) -> Iterator[dict[str, str]]:
    """An empty schema, dropped in the end, and what a process has in its environment to use it."""
    _run(url, f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE", f"CREATE SCHEMA {SCHEMA}")
    try:
        yield {"PGOPTIONS": f"-c search_path={SCHEMA}"}
    finally:
        _run(url, f"DROP SCHEMA {SCHEMA} CASCADE")


def _run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
