"""What is set up at a connection and what is wrong, in sentences for whoever sets it up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from api.admin import quirks
from api.admin.call import Answer, Call
from api.admin.connections import found
from api.admin.policy_preview import explained
from api.admin.shapes import Check
from api.context import Context
from api.login.jwks import door, fetch
from api.operation import NoBody, NoQuery, Noun
from connectors.errors import ConnectorError
from models.instant import DAY, HOUR, Instant, to_text
from models.store import accounts, links, runs
from models.store.database import Tx
from models.store.vault import CannotOpen
from sync import connection as connections
from sync import schedule
from sync.connection import Connection
from sync.policies import policy

NOTICE = 14 * DAY
"""So long before a token ends somebody should exchange it."""


class ConnectionCheck(Check):
    policy_explained: list[str]


@dataclass(slots=True)
class Sentences:
    set_up: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def check(call: Call[NoQuery, NoBody]) -> Answer:
    with call.context.database.read() as tx:
        row = found(tx, call)
    told = look(call.context, row.id)
    return Answer(
        ConnectionCheck(
            ok=not told.wrong,
            set_up=told.set_up,
            wrong=told.wrong,
            policy_explained=explained(row),
        )
    )


def look(context: Context, key: int) -> Sentences:
    """Asks the directory and the issuer too, outside any transaction."""
    context.request_log.flush()
    told, now = Sentences(), context.clock.now()
    with context.database.read() as tx:
        connection = connections.load(tx, key)
        _push(told, tx, connection, now)
        _reads(told, tx, connection, now)
        _targets(told, tx, connection)
        tenants = accounts.verified_domains(tx, connection.organization)
    if connection.pull is not None:
        told.wrong += _directory(context, connection)
    if connection.login is not None:
        _login(told, context, connection)
        if not tenants:
            told.wrong.append(
                "The organization has no domain, so nobody finds this sign-in by e-mail address."
            )
    return told


def _push(told: Sentences, tx: Tx, connection: Connection, now: Instant) -> None:
    if not connection.policy.push:
        return
    tokens = links.live_tokens(tx, connection.key, now)
    used = max((token.last_used_at or 0 for token in tokens), default=0)
    told.set_up.append(f"Push is on. Live tokens: {len(tokens)}.")
    if not tokens:
        told.wrong.append("Push is on and has no live token. Issue one.")
    elif used:
        told.set_up.append(f"The provider last pushed at {to_text(used)}.")
    else:
        told.wrong.append(
            "No push token was ever used. Enter the base URL and the token at the provider, and "
            "switch provisioning on."
        )
    told.set_up += quirks.told(tx, connection.key)
    refusal = quirks.wrong_tokens(tx, connection.key, used)
    if refusal is not None:
        told.wrong.append(refusal)
    _end(told, [token.expires_at for token in tokens], now)


def _end(told: Sentences, ends: Sequence[Instant | None], now: Instant) -> None:
    """When the last of the tokens ends by itself."""
    last = max((one for one in ends if one is not None), default=None)
    if last is None or None in ends:
        return
    sentence = f"The last push token expires at {to_text(last)}."
    if last - now > NOTICE:
        told.set_up.append(sentence)
    else:
        told.wrong.append(f"{sentence} Issue the next one; both may be used until then.")


def _reads(told: Sentences, tx: Tx, connection: Connection, now: Instant) -> None:
    """When the directory is read, how long a read counts, and how the last one went."""
    pull = connection.pull
    if pull is None:
        return
    told.set_up.append(f"The directory is read by the kind {pull.get('kind')}.")
    told.set_up += _timing(pull, now)
    told.set_up.append(f"What a read said counts for {connection.policy.pull_ttl // HOUR} hours.")
    sentence = policy.too_short(connection.policy, int(pull.get("interval", 0)))
    last = runs.last(tx, connection.key, "pull")
    if sentence:
        told.wrong.append(sentence)
    if last is None:
        told.wrong.append("The directory was never read. Start a pull.")
    elif last.state == "complete":
        told.set_up.append(f"It was last read to its end at {to_text(last.ended_at)}.")
    else:
        told.wrong.append(f"The last read is {last.state}: {last.problem}")


def _timing(pull: dict[str, Any], now: Instant) -> Iterator[str]:
    cron, zone = pull.get("schedule"), str(pull.get("timezone", "UTC"))
    if cron is None:
        yield "It has no schedule, and is read when somebody asks for it."
        return
    after = to_text(schedule.slot_after(str(cron), zone, now))
    yield f"It is read by the schedule {cron} in {zone}, next at {after}."


def _directory(context: Context, connection: Connection) -> list[str]:
    try:
        source = context.peers.source(connection)
    except (ConnectorError, CannotOpen) as trouble:
        return [str(trouble)]
    try:
        return source.check()
    except ConnectorError as trouble:
        return [str(trouble)]
    finally:
        source.close()


def _login(told: Sentences, context: Context, connection: Connection) -> None:
    """OpenID Connect alone has something to ask for."""
    issuer = (connection.login or {}).get("issuer")
    if not isinstance(issuer, str):
        told.set_up.append("People sign in by SAML.")
        return
    http = door(context.settings.allowed)
    try:
        keys = fetch(issuer, http)
    except ConnectorError as trouble:
        told.wrong.append(f"The issuer's discovery document or keys cannot be used: {trouble}")
    else:
        told.set_up.append(f"People sign in at {issuer}, which lists {len(keys.keys)} keys.")
        told.wrong += keys.refused
    finally:
        http.close()


def _targets(told: Sentences, tx: Tx, connection: Connection) -> None:
    targets = accounts.targets_of(tx, connection.key)
    told.wrong += [_halted(one) for one in targets if one.state != "active"]
    names = ", ".join(one.slug for one in targets)
    told.set_up.append(f"It provisions: {names}." if names else "It provisions no target.")


def _halted(target: Row[Any]) -> str:
    return f"The target {target.slug} is {target.state}: {target.problem}"


operations = [
    Noun("connections", "/connections/{id}").get(
        "/check", check, "What is set up, and what is wrong, in sentences.", gives=ConnectionCheck
    )
]
