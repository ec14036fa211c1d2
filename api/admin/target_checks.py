"""What is wrong with a target, and letting it go on once that is mended."""

from api.admin.call import Answer, Call
from api.admin.shapes import Check
from api.admin.target_shapes import Target
from api.admin.targets import found, shown
from api.operation import NoBody, NoQuery, Noun
from connectors.errors import ConnectorError
from models.store import accounts, links, outbox
from models.store.vault import CannotOpen


def check(call: Call[NoQuery, NoBody]) -> Answer:
    """Asks the target itself, outside any transaction."""
    with call.context.database.read() as tx:
        row = found(tx, call)
        joined, counts = links.joined(tx, [row.id])[row.id], outbox.counts(tx, row.id)
    try:
        faults = call.context.peers.target(row).check()
    except (ConnectorError, CannotOpen) as trouble:
        faults = [str(trouble)]
    if row.state != "active":
        faults.insert(0, f"Nothing is sent to it until it is resumed: {row.problem}")
    if not joined:
        faults.append("No connection provisions it.")
    if counts.get("dead"):
        faults.append(f"{counts['dead']} actions failed for good.")
    states = ", ".join(f"{total} {state}" for state, total in sorted(counts.items())) or "none"
    set_up = [f"Provisioned by: {', '.join(joined) or 'nobody'}.", f"Actions: {states}."]
    return Answer(Check(ok=not faults, set_up=set_up, wrong=faults))


def resume(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.write() as tx:
        row = found(tx, call)
        accounts.resume_target(tx, row.id, call.now())
        return Answer(shown(tx, row.id))


_on = Noun("targets", "/targets/{id}")
operations = [
    _on.get("/check", check, "What is set up at a target, and what is wrong.", gives=Check),
    _on.post("/resume", resume, "Send to a suspended target again.", gives=Target),
]
