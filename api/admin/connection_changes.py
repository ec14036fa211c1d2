"""What becomes of a connection when something of it is changed."""

from typing import Any

from api.admin import channels, sealed
from api.admin.call import AnyRow
from api.admin.channels import Channels, Checked
from api.context import Context
from models.store.database import dumps
from sync.sealing import Config, merged


def wanted(context: Context, row: AnyRow, values: Config) -> Channels:
    """What stands, secrets included, after what was sent."""
    secrets = sealed.opened(context, row.secrets, row.public_id)
    parts: dict[str, Config | None] = {}
    for channel, names in (("pull", "kind"), ("login", "protocol")):
        stored = channels.shown(getattr(row, channel))
        before = None if stored is None else merged(stored, secrets.get(channel, {}))
        parts[channel] = _channel(channel, before, values, kind=names)
    return Channels(
        push=values.get("push", bool(row.push)),
        policy=values.get("policy", row.policy),
        **parts,
    )


def _channel(channel: str, before: Config | None, values: Config, *, kind: str) -> Config | None:
    """A channel that is new, or of another kind, is as it was sent; else it is patched."""
    if channel not in values:
        return before
    change: Config | None = values[channel]
    if change is None or before is None or change.get(kind, before[kind]) != before[kind]:
        return change
    names = channels.secret_names(channel, before)
    return sealed.changed(before, change, secrets=names, field=f"{channel}.")


def is_rescoped(before: Config | None, after: Config | None) -> bool:
    """Whether reads look elsewhere: in another directory, or at another part of it."""
    return _place(before) != _place(after)


def _place(pull: Config | None) -> Config | None:
    timing = channels.TIMING | {"interval"}
    return None if pull is None else {k: v for k, v in pull.items() if k not in timing}


def columns(context: Context, checked: Checked, owner: str) -> dict[str, Any]:
    return {
        "push": checked.push,
        "pull": None if checked.pull is None else dumps(checked.pull),
        "login": None if checked.login is None else dumps(checked.login),
        "policy": dumps(checked.policy),
        "secrets": sealed.seal(context, checked.secrets, owner),
    }
