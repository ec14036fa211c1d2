"""Indexes of actions hold only what they are asked for, and none is asked for a fingerprint."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RARE = {
    "ix_actions_drawn": (["target_id", "draws_on", "drawn_at"], sa.text("draws_on IS NOT NULL")),
    "ix_actions_hold_id": (["hold_id"], sa.text("hold_id IS NOT NULL")),
}


def upgrade() -> None:
    op.drop_index("ix_actions_fingerprint", table_name="actions")
    for name, (columns, where) in RARE.items():
        op.drop_index(name, table_name="actions")
        op.create_index(name, "actions", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, (columns, _) in RARE.items():
        op.drop_index(name, table_name="actions")
        op.create_index(name, "actions", columns)
    op.create_index("ix_actions_fingerprint", "actions", ["fingerprint"])
