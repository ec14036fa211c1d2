"""What the engine needs in full."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from models.store import folding

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in folding.statements():
            op.execute(sa.text(statement.replace(":", "\\:")))
    op.create_table(
        "guard_clock",
        sa.Column("id", BIG, nullable=False),
        sa.Column("reading", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "changes",
        sa.Column("id", BIG, nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("fact", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("changes") as batch_op:
        batch_op.create_index(
            "ix_changes_cover",
            ["connection_id", "created_at"],
            unique=False,
            sqlite_where=sa.text("user_id IS NULL AND group_id IS NULL"),
            postgresql_where=sa.text("user_id IS NULL AND group_id IS NULL"),
        )
        batch_op.create_index("ix_changes_created", ["created_at"], unique=False)
        batch_op.create_index("ix_changes_fact", ["user_id", "group_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_changes_group_id"), ["group_id"], unique=False)

    op.create_table(
        "nestings",
        sa.Column("parent_id", BIG, nullable=False),
        sa.Column("child_id", BIG, nullable=False),
        sa.Column("push_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["groups.id"],
        ),
        sa.PrimaryKeyConstraint("parent_id", "child_id"),
    )
    with op.batch_alter_table("nestings") as batch_op:
        batch_op.create_index(batch_op.f("ix_nestings_child_id"), ["child_id"], unique=False)

    op.create_table(
        "indirect_members",
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
    )
    with op.batch_alter_table("indirect_members") as batch_op:
        batch_op.create_index(batch_op.f("ix_indirect_members_user_id"), ["user_id"], unique=False)

    op.create_table(
        "proposals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("former_id", BIG, nullable=False),
        sa.Column("later_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("numbers", DOCUMENT, nullable=False),
        sa.Column("moved", DOCUMENT, nullable=True),
        sa.Column("decided_by", sa.String(length=256), nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["former_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["later_id"],
            ["groups.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("former_id", "later_id"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("proposals") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_proposals_connection_id"), ["connection_id"], unique=False
        )

    op.create_table(
        "finding_spells",
        sa.Column("id", BIG, nullable=False),
        sa.Column("finding_id", BIG, nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("has_returned", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("suggestion", sa.Text(), nullable=True),
        sa.Column("evidence", DOCUMENT, nullable=True),
        sa.Column("began_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"],
            ["findings.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("finding_spells") as batch_op:
        batch_op.create_index("ix_finding_spells_connection", ["connection_id", "id"], unique=False)
        batch_op.create_index("ix_finding_spells_finding", ["finding_id", "ended_at"], unique=False)

    op.create_table(
        "scim_requests",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("part_of", sa.String(length=64), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("conditions", DOCUMENT, nullable=True),
        sa.Column("resource", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("scim_type", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("changes", DOCUMENT, nullable=True),
        sa.Column("tolerances", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("body_size", sa.Integer(), nullable=False),
        sa.Column("took", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("scim_requests") as batch_op:
        batch_op.create_index(
            "ix_scim_requests_connection", ["connection_id", "created_at", "id"], unique=False
        )

    op.create_table(
        "scim_tallies",
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.PrimaryKeyConstraint("connection_id", "name"),
    )
    with op.batch_alter_table("scim_tokens") as batch_op:
        batch_op.add_column(sa.Column("expires_at", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("actions") as batch_op:
        batch_op.add_column(sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("takes_along", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.drop_index(
            batch_op.f("ix_actions_unfinished"),
            sqlite_where=sa.text("state IN ('ready', 'queued', 'running', 'retrying')"),
        )
        batch_op.create_index(
            "ix_actions_begun",
            ["target_id", "object_key", "state"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        )
        batch_op.create_index(
            "ix_actions_drawn_in_group",
            ["target_id", "group_id", "drawn_at"],
            unique=False,
            sqlite_where=sa.text("drawn_at IS NOT NULL"),
            postgresql_where=sa.text("drawn_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_actions_due",
            ["target_id", "run_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('ready', 'retrying')"),
            postgresql_where=sa.text("state IN ('ready', 'retrying')"),
        )

    with op.batch_alter_table("connections") as batch_op:
        batch_op.add_column(
            sa.Column("pull_read_no", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("pull_cursor", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("extensions", DOCUMENT, nullable=True))
        batch_op.add_column(
            sa.Column("nests", sa.Boolean(), server_default=sa.text("(false)"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("claims_suspended_at", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("claims_resumed_at", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("scoped_at", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("delta_scheduled_at", sa.BigInteger(), server_default="0", nullable=False)
        )

    with op.batch_alter_table("findings") as batch_op:
        batch_op.add_column(
            sa.Column("sides", sa.String(length=32), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("action", DOCUMENT, nullable=True))
        batch_op.add_column(sa.Column("accepted_by", sa.String(length=256), nullable=True))
        batch_op.add_column(sa.Column("note", sa.Text(), nullable=True))

    with op.batch_alter_table("groups") as batch_op:
        batch_op.add_column(sa.Column("pull_digest", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column("let_in", sa.Boolean(), server_default=sa.text("(true)"), nullable=False)
        )
        batch_op.create_index("ix_groups_connection", ["connection_id", "id"], unique=False)

    with op.batch_alter_table("holds") as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=12), server_default="mixed", nullable=False)
        )

    with op.batch_alter_table("observations") as batch_op:
        batch_op.create_index(
            "ix_observations_as_of", ["connection_id", "channel", "as_of"], unique=False
        )
        batch_op.create_index("ix_observations_created", ["created_at"], unique=False)
        batch_op.create_index(
            "ix_observations_heard", ["connection_id", "channel", "created_at"], unique=False
        )

    with op.batch_alter_table("reports") as batch_op:
        batch_op.add_column(sa.Column("unseen", DOCUMENT, nullable=True))
        batch_op.drop_index(batch_op.f("ix_reports_connection_id"))
        batch_op.create_index(
            "ix_reports_connection", ["connection_id", "created_at"], unique=False
        )
        batch_op.drop_column("items")

    with op.batch_alter_table("targets") as batch_op:
        batch_op.add_column(sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("retry_at", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("probe", sa.BigInteger(), nullable=True))

    with op.batch_alter_table("user_aliases") as batch_op:
        batch_op.create_index(
            "ix_user_aliases_former",
            ["connection_id", "namespace", "value"],
            unique=False,
            sqlite_where=sa.text("valid_to IS NOT NULL"),
            postgresql_where=sa.text("valid_to IS NOT NULL"),
        )

    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(
            sa.Column("pull_cover", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.create_index(
            "ix_users_connection", ["connection_id", "id", "scim_created"], unique=False
        )
        batch_op.create_index(
            "ix_users_pull_cover",
            ["connection_id", "pull_cover"],
            unique=False,
            sqlite_where=sa.text("pull_cover > 0"),
            postgresql_where=sa.text("pull_cover > 0"),
        )


def downgrade() -> None:
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_index(
            "ix_users_pull_cover",
            sqlite_where=sa.text("pull_cover > 0"),
            postgresql_where=sa.text("pull_cover > 0"),
        )
        batch_op.drop_index("ix_users_connection")
        batch_op.drop_column("pull_cover")

    with op.batch_alter_table("user_aliases") as batch_op:
        batch_op.drop_index(
            "ix_user_aliases_former",
            sqlite_where=sa.text("valid_to IS NOT NULL"),
            postgresql_where=sa.text("valid_to IS NOT NULL"),
        )

    with op.batch_alter_table("targets") as batch_op:
        batch_op.drop_column("probe")
        batch_op.drop_column("retry_at")
        batch_op.drop_column("failures")

    with op.batch_alter_table("reports") as batch_op:
        batch_op.add_column(sa.Column("items", sqlite.JSON(), nullable=False))
        batch_op.drop_index("ix_reports_connection")
        batch_op.create_index(
            batch_op.f("ix_reports_connection_id"), ["connection_id"], unique=False
        )
        batch_op.drop_column("unseen")

    with op.batch_alter_table("observations") as batch_op:
        batch_op.drop_index("ix_observations_heard")
        batch_op.drop_index("ix_observations_created")
        batch_op.drop_index("ix_observations_as_of")

    with op.batch_alter_table("holds") as batch_op:
        batch_op.drop_column("kind")

    with op.batch_alter_table("groups") as batch_op:
        batch_op.drop_index("ix_groups_connection")
        batch_op.drop_column("let_in")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("pull_digest")

    with op.batch_alter_table("findings") as batch_op:
        batch_op.drop_column("note")
        batch_op.drop_column("accepted_by")
        batch_op.drop_column("action")
        batch_op.drop_column("sides")

    with op.batch_alter_table("connections") as batch_op:
        batch_op.drop_column("delta_scheduled_at")
        batch_op.drop_column("scoped_at")
        batch_op.drop_column("claims_resumed_at")
        batch_op.drop_column("claims_suspended_at")
        batch_op.drop_column("nests")
        batch_op.drop_column("extensions")
        batch_op.drop_column("pull_cursor")
        batch_op.drop_column("pull_read_no")

    with op.batch_alter_table("actions") as batch_op:
        batch_op.drop_index(
            "ix_actions_due",
            sqlite_where=sa.text("state IN ('ready', 'retrying')"),
            postgresql_where=sa.text("state IN ('ready', 'retrying')"),
        )
        batch_op.drop_index(
            "ix_actions_drawn_in_group",
            sqlite_where=sa.text("drawn_at IS NOT NULL"),
            postgresql_where=sa.text("drawn_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_actions_begun",
            sqlite_where=sa.text("state IN ('queued', 'running')"),
            postgresql_where=sa.text("state IN ('queued', 'running')"),
        )
        batch_op.create_index(
            batch_op.f("ix_actions_unfinished"),
            ["target_id", "run_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('ready', 'queued', 'running', 'retrying')"),
        )
        batch_op.drop_column("takes_along")
        batch_op.drop_column("failures")

    with op.batch_alter_table("finding_spells") as batch_op:
        batch_op.drop_index("ix_finding_spells_finding")
        batch_op.drop_index("ix_finding_spells_connection")

    with op.batch_alter_table("scim_tokens") as batch_op:
        batch_op.drop_column("expires_at")

    op.drop_table("scim_tallies")
    with op.batch_alter_table("scim_requests") as batch_op:
        batch_op.drop_index("ix_scim_requests_connection")

    op.drop_table("scim_requests")
    op.drop_table("finding_spells")
    with op.batch_alter_table("proposals") as batch_op:
        batch_op.drop_index(batch_op.f("ix_proposals_connection_id"))

    op.drop_table("proposals")
    with op.batch_alter_table("indirect_members") as batch_op:
        batch_op.drop_index(batch_op.f("ix_indirect_members_user_id"))

    op.drop_table("indirect_members")
    with op.batch_alter_table("nestings") as batch_op:
        batch_op.drop_index(batch_op.f("ix_nestings_child_id"))

    op.drop_table("nestings")
    with op.batch_alter_table("changes") as batch_op:
        batch_op.drop_index(batch_op.f("ix_changes_group_id"))
        batch_op.drop_index("ix_changes_fact")
        batch_op.drop_index("ix_changes_created")
        batch_op.drop_index(
            "ix_changes_cover",
            sqlite_where=sa.text("user_id IS NULL AND group_id IS NULL"),
            postgresql_where=sa.text("user_id IS NULL AND group_id IS NULL"),
        )

    op.drop_table("changes")
    op.drop_table("guard_clock")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS folded(text), folded_whole(text)")
