"""What is wrong with a target, and letting it go on once that is mended."""

from api.admin.call import Answer, AnyRow, Call
from api.admin.shapes import Check
from api.admin.target_shapes import Target
from api.admin.targets import found, shown
from api.operation import NoBody, NoQuery, Noun
from connectors.errors import ConnectorError
from models.store import accounts, links, outbox, protecting
from models.store.database import Tx, loads
from models.store.vault import CannotOpen
from sync import breaker

SHOWN = 20


def check(call: Call[NoQuery, NoBody]) -> Answer:
    """Asks the target itself, outside any transaction."""
    with call.context.database.read() as tx:
        row = found(tx, call)
        joined, counts = links.joined(tx, [row.id])[row.id], outbox.counts(tx, row.id)
        unknown = _unknown(tx, row) if joined else []
    try:
        faults = call.context.peers.target(row).check()
    except (ConnectorError, CannotOpen) as trouble:
        faults = [str(trouble)]
    if row.state == "suspended":
        faults.insert(0, f"Nothing is sent to it until it is resumed: {row.problem}")
    elif row.state == "quarantined":
        faults.insert(0, f"It is quarantined: {row.problem}")
    if not joined:
        faults.append("No connection provisions it.")
    faults += unknown
    if counts.get("dead"):
        faults.append(f"{counts['dead']} actions failed for good.")
    states = ", ".join(f"{total} {state}" for state, total in sorted(counts.items())) or "none"
    set_up = [f"Provisioned by: {', '.join(joined) or 'nobody'}.", f"Actions: {states}."]
    return Answer(Check(ok=not faults, set_up=set_up, wrong=faults))


def _unknown(tx: Tx, row: AnyRow) -> list[str]:
    """A protected name that is misspelt protects nobody."""
    named = (loads(row.guard) or {}).get("protected") or {}
    nobody = [
        ("user", protecting.unknown_users(tx, row.id, named.get("users", []))),
        ("group", protecting.unknown_groups(tx, row.id, named.get("groups", []))),
    ]
    told = []
    for noun, names in nobody:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        if names:
            listed = ", ".join(names[:SHOWN])
            told.append(f"guard.protected names {listed}{more}, and no {noun} here is called so.")
    return told


def resume(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row, now = found(tx, call), call.now()
        breaker.close(tx, row, now)
        accounts.resume_target(tx, row.id, now)
        return Answer(shown(tx, row.id))


_on = Noun("targets", "/targets/{id}")
operations = [
    _on.get("/check", check, "What is set up at a target, and what is wrong.", gives=Check),
    _on.post("/resume", resume, "Send to a suspended or quarantined target again.", gives=Target),
]
