"""What a change of a connection would do to verdicts and targets, as it is shown."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from api.admin import connection_changes
from api.admin.call import AnyRow
from api.admin.channels import Checked
from api.admin.shapes import Shown
from api.context import Context
from models.store.database import loads
from sync import connection as connections
from sync.policies import sentences as policy_sentences
from sync.policies import settings as policy_settings
from sync.policies.changes import Change
from sync.policies.policy import Policy
from sync.policies.preview import Comparison


class ChangeQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(default=False, description="Answer what would follow; change nothing.")


class Counts(Shown):
    """Of how many a verdict would change."""

    users: int
    groups: int
    memberships: int


class ChangeShown(Shown):
    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    what: str
    """A sentence that is true when the answer is yes, or something that has a value."""
    was: str | None = Field(serialization_alias="from")
    becomes: str | None = Field(serialization_alias="to")
    why: str


class PolicyPreview(Shown):
    policy_explained: list[str]
    changes: Counts
    items: list[ChangeShown]
    """The first hundred."""
    operations: dict[str, dict[str, int]]
    """By target: how many of each operation would follow."""
    would_hold: str | None


def explained(row: AnyRow) -> list[str]:
    """The policy of a connection, in sentences."""
    pull, login = loads(row.pull), loads(row.login)
    policy = policy_settings.of(
        row.provider, loads(row.policy), push=bool(row.push), pull=pull, login=login
    )
    return policy_sentences.explained(policy)


def preview(context: Context, row: AnyRow, checked: Checked) -> PolicyPreview:
    """Looks at our own records alone, and changes nothing."""
    with context.database.read() as tx:
        before = connections.load(tx, row.id)
    is_rescoped = connection_changes.is_rescoped(before.pull, checked.pull)
    scoped_at = context.clock.now() if is_rescoped else before.policy.scoped_at
    policy = replace(_policy(before.provider, checked), scoped_at=scoped_at)
    after = replace(before, policy=policy)
    found = Comparison(
        database=context.database,
        peers=context.peers,
        clock=context.clock,
        before=before,
        after=after,
    ).preview()
    counts = {noun: found.counts[noun] for noun in ("users", "groups", "memberships")}
    return PolicyPreview(
        policy_explained=policy_sentences.explained(after.policy),
        changes=Counts(**counts),
        items=[change_shown(one) for one in found.items],
        operations=found.operations,
        would_hold=found.would_hold,
    )


def _policy(provider: str, checked: Checked) -> Policy:
    channels = {"pull": checked.pull, "login": checked.login}
    return policy_settings.of(provider, checked.policy, push=checked.push, **channels)


def change_shown(one: Change) -> ChangeShown:
    return ChangeShown(what=one.what, was=one.before, becomes=one.after, why=one.why)
