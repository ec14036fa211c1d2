"""Which peers there are, and which of them a run asks."""

import argparse

from benchmarks.peer import Peer
from benchmarks.scim2_server.peer import SCIM2_SERVER

PEERS = {peer.name: peer for peer in (SCIM2_SERVER,)}


def add_peer_options(found: argparse.ArgumentParser) -> None:
    found.add_argument(
        "--peer",
        nargs="*",
        action="extend",
        choices=PEERS,
        help="who is asked too, as many as you like; by itself: scim2-server",
    )


def peers_asked(given: argparse.Namespace) -> list[Peer]:
    if given.peer is None:
        return []
    return [PEERS[name] for name in dict.fromkeys(given.peer or [SCIM2_SERVER.name])]
