"""Run every benchmark and print the tables of `docs/performance.md`.

    python -m benchmarks.page [--url postgresql+psycopg://…] [--seconds 5] [--runs 3]
        [--peer NAME …] [--peer-url postgresql://…] [--without-directory]

About eight minutes without --url and --peer; scim2-server takes as long again for its largest
group. With --url the same is also measured on that (empty) database, and then the peers.
"""

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import chain

from benchmarks import load, login, scim
from benchmarks.peer import Peer
from benchmarks.peers import PEERS, add_peer_options, peers_asked
from benchmarks.table import Row, cells, line, table_head, table_line


def main() -> None:
    asked = page_options()
    given = asked.parse_args()
    peers = peers_asked(asked, given)
    print(
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}\n"
    )
    floor = scim.measure_floor(given)
    print(f"S: {floor.rate:,.0f} per second, {floor.cost:.3f} ms of processor time\n")
    print("### SCIM and logins\n")
    print(requests_table(rows(given, floor, peers)))
    if not given.without_directory:
        print("\n### Reading and reconciling a directory\n")
        print(directory_table(given.url))


def page_options() -> argparse.ArgumentParser:
    found = login.login_options(__doc__)
    add_peer_options(found)
    found.add_argument("--without-directory", action="store_true")
    return found


def rows(
    given: argparse.Namespace, floor: load.Result, peers: Sequence[Peer]
) -> Iterable[tuple[str, Row]]:
    """Each with where that is kept of which it tells; peers beside the last of our databases."""
    for url in ["", given.url] if given.url else [""]:
        asked = argparse.Namespace(**{**vars(given), "url": url})
        where = "PostgreSQL" if url else "SQLite"
        beside = peers if url == given.url else ()
        measured = chain(scim.measure_all(asked, floor, beside), login.measure_all(asked, floor))
        for row in measured:
            yield PEERS[row.who].storage if row.who in PEERS else where, row


def requests_table(found: Iterable[tuple[str, Row]]) -> str:
    lines = [table_head("", "work", "database")]
    for where, row in found:
        print(line(row), file=sys.stderr, flush=True)
        lines.append(table_line([row.who, row.work, where, *cells(row)]))
    return "\n".join(lines)


def directory_table(url: str) -> str:
    """What benchmarks.directory prints, of both databases in one table."""
    lines: list[str] = []
    for one in ["", url] if url else [""]:
        command = [sys.executable, "-m", "benchmarks.directory", "--url", one]
        said = subprocess.run(command, cwd=load.ROOT, check=True, capture_output=True, text=True)
        rows = [row for row in said.stdout.splitlines() if row.startswith("|")]
        lines += rows[2:] if lines else rows
    return "\n".join(lines)


if __name__ == "__main__":
    main()
