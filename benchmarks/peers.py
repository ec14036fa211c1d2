"""Which peers there are, and which of them a run asks."""

import argparse

import psycopg

from benchmarks.django_scim2.peer import DJANGO_SCIM2
from benchmarks.peer import Missing, Peer
from benchmarks.polis.peer import POLIS
from benchmarks.scim2_server.peer import SCIM2_SERVER

PEERS = {peer.name: peer for peer in (SCIM2_SERVER, POLIS, DJANGO_SCIM2)}


def add_peer_options(found: argparse.ArgumentParser) -> None:
    found.add_argument(
        "--peer",
        nargs="*",
        action="extend",
        choices=PEERS,
        help="who is asked too, as many as you like; by itself: scim2-server",
    )
    found.add_argument(
        "--peer-url",
        default="",
        type=lambda url: url.replace("+psycopg", ""),
        help="postgresql://…, where Polis and django-scim2 get a schema that is dropped after",
    )


def peers_asked(found: argparse.ArgumentParser, given: argparse.Namespace) -> list[Peer]:
    """Installed and ready to be started. Ends the program, saying why, if one cannot be."""
    if given.peer is None:
        return []
    asked = [PEERS[name] for name in dict.fromkeys(given.peer or [SCIM2_SERVER.name])]
    for peer in asked:
        if peer.needs_database and not given.peer_url:
            found.error(f"--peer {peer.name} needs --peer-url postgresql://…")
    try:
        if given.peer_url:
            psycopg.connect(given.peer_url).close()
        for peer in asked:
            peer.install()
    except (Missing, psycopg.OperationalError) as trouble:
        raise SystemExit(str(trouble)) from trouble
    return asked
