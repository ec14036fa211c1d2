"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("organization_id", BIG, nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("public_id"),
    )
    op.create_table(
        "connections",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("push", sa.Boolean(), nullable=False),
        sa.Column("pull", DOCUMENT, nullable=True),
        sa.Column("login", DOCUMENT, nullable=True),
        sa.Column("policy", DOCUMENT, nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("pull_cover_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_cover_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_users", sa.Integer(), nullable=False),
        sa.Column("pull_groups", sa.Integer(), nullable=False),
        sa.Column("scheduled_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "slug"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_connections_organization_id"), ["organization_id"], unique=False
        )

    op.create_table(
        "domains",
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("organization_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
        ),
        sa.PrimaryKeyConstraint("name"),
    )
    with op.batch_alter_table("domains", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_domains_organization_id"), ["organization_id"], unique=False
        )

    op.create_table(
        "targets",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("organization_id", BIG, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("config", DOCUMENT, nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("guard", DOCUMENT, nullable=False),
        sa.Column("mapping", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("observed_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organization_id", "slug"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_targets_organization_id"), ["organization_id"], unique=False
        )

    op.create_table(
        "groups",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("push_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("login_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_name", sa.Text(), nullable=True),
        sa.Column("push_name_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_name", sa.Text(), nullable=True),
        sa.Column("pull_name_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_cover", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_known", sa.Boolean(), nullable=False),
        sa.Column("login_known", sa.Boolean(), nullable=False),
        sa.Column("scim", DOCUMENT, nullable=True),
        sa.Column("scim_name_key", sa.String(length=512), nullable=True),
        sa.Column("scim_external_id", sa.String(length=512), nullable=True),
        sa.Column("scim_version", sa.Integer(), nullable=False),
        sa.Column("scim_created", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("scim_modified", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "scim_name_key"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.create_index("ix_groups_name", ["connection_id", "name"], unique=False)

    op.create_table(
        "holds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=256), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holds_target_id"), ["target_id"], unique=False)

    op.create_table(
        "scim_tokens",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("scim_tokens", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scim_tokens_connection_id"), ["connection_id"], unique=False
        )

    op.create_table(
        "target_connections",
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.PrimaryKeyConstraint("target_id", "connection_id"),
    )
    with op.batch_alter_table("target_connections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_target_connections_connection_id"), ["connection_id"], unique=False
        )

    op.create_table(
        "users",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("push_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("login_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_active_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_active_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_active_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_active_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_said", DOCUMENT, nullable=False),
        sa.Column("pull_said", DOCUMENT, nullable=False),
        sa.Column("login_said", DOCUMENT, nullable=False),
        sa.Column("pull_known", sa.Boolean(), nullable=False),
        sa.Column("pull_digest", sa.String(length=32), nullable=False),
        sa.Column("login_cover", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("scim", DOCUMENT, nullable=True),
        sa.Column("scim_name_key", sa.String(length=512), nullable=True),
        sa.Column("scim_external_id", sa.String(length=512), nullable=True),
        sa.Column("scim_version", sa.Integer(), nullable=False),
        sa.Column("scim_created", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("scim_modified", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("user_name", sa.String(length=512), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "scim_name_key"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(
            "ix_users_scim_external_id", ["connection_id", "scim_external_id"], unique=False
        )
        batch_op.create_index("ix_users_user_name", ["connection_id", "user_name"], unique=False)

    op.create_table(
        "actions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("operation", sa.String(length=24), nullable=False),
        sa.Column("object_key", sa.String(length=64), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("because", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("run_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("draws_on", sa.String(length=24), nullable=True),
        sa.Column("drawn_at", sa.BigInteger(), nullable=True),
        sa.Column("hold_id", BIG, nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"],
            ["holds.id"],
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_actions_drawn", ["target_id", "draws_on", "drawn_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_actions_fingerprint"), ["fingerprint"], unique=False)
        batch_op.create_index(batch_op.f("ix_actions_hold_id"), ["hold_id"], unique=False)
        batch_op.create_index("ix_actions_object", ["target_id", "object_key", "id"], unique=False)
        batch_op.create_index(
            "ix_actions_unfinished",
            ["target_id", "run_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('ready', 'queued', 'running', 'retrying')"),
            postgresql_where=sa.text("state IN ('ready', 'queued', 'running', 'retrying')"),
        )
        batch_op.create_index(
            "ux_actions_waiting",
            ["target_id", "object_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('ready', 'retrying')"),
            postgresql_where=sa.text("state IN ('ready', 'retrying')"),
        )

    op.create_table(
        "findings",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=512), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("target_id", BIG, nullable=True),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("evidence", DOCUMENT, nullable=False),
        sa.Column("suggestion", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("flips", sa.Integer(), nullable=False),
        sa.Column("accepted_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("subject"),
    )
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_findings_connection_id"), ["connection_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_findings_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_findings_user_id"), ["user_id"], unique=False)

    op.create_table(
        "group_aliases",
        sa.Column("id", BIG, nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("namespace", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=1024), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("group_aliases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_aliases_group_id"), ["group_id"], unique=False)
        batch_op.create_index(
            "ux_group_aliases_valid",
            ["connection_id", "namespace", "value"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )

    op.create_table(
        "group_bindings",
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("remote_id", sa.String(length=256), nullable=False),
        sa.Column("ownership", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.PrimaryKeyConstraint("target_id", "group_id"),
    )
    with op.batch_alter_table("group_bindings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_bindings_group_id"), ["group_id"], unique=False)
        batch_op.create_index("ix_group_bindings_remote", ["target_id", "remote_id"], unique=False)

    op.create_table(
        "logins",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("as_of", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("groups_state", sa.String(length=16), nullable=False),
        sa.Column("groups_values", DOCUMENT, nullable=False),
        sa.Column("groups_problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection_id", "digest"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("logins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logins_user_id"), ["user_id"], unique=False)

    op.create_table(
        "member_bindings",
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("target_id", "group_id", "user_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("member_bindings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_bindings_user_id"), ["user_id"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("push_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("push_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pull_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("login_yes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("login_no", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memberships_user_id"), ["user_id"], unique=False)

    op.create_table(
        "observations",
        sa.Column("id", BIG, nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("group_id", BIG, nullable=True),
        sa.Column("as_of", sa.BigInteger(), server_default="0", nullable=False),
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
    with op.batch_alter_table("observations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_observations_connection_id"), ["connection_id"], unique=False
        )

    op.create_table(
        "parked_members",
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("value", sa.String(length=512), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("as_of", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.PrimaryKeyConstraint("group_id", "value"),
    )
    with op.batch_alter_table("parked_members", schema=None) as batch_op:
        batch_op.create_index("ix_parked_members_value", ["connection_id", "value"], unique=False)

    op.create_table(
        "runs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("work_key", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.String(length=64), nullable=True),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("run_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("certificate", DOCUMENT, nullable=True),
        sa.Column("counts", DOCUMENT, nullable=False),
        sa.Column("plan", DOCUMENT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
        sa.UniqueConstraint("slot"),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_connection_id"), ["connection_id"], unique=False)
        batch_op.create_index("ix_runs_state", ["state", "run_at"], unique=False)
        batch_op.create_index(
            "ux_runs_waiting",
            ["work_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('ready', 'queued')"),
            postgresql_where=sa.text("state IN ('ready', 'queued')"),
        )

    op.create_table(
        "user_aliases",
        sa.Column("id", BIG, nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("namespace", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=1024), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("user_aliases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_aliases_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "ux_user_aliases_valid",
            ["connection_id", "namespace", "value"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )

    op.create_table(
        "user_bindings",
        sa.Column("target_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("remote_id", sa.String(length=256), nullable=False),
        sa.Column("ownership", sa.String(length=8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["targets.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("target_id", "user_id"),
    )
    with op.batch_alter_table("user_bindings", schema=None) as batch_op:
        batch_op.create_index("ix_user_bindings_remote", ["target_id", "remote_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_bindings_user_id"), ["user_id"], unique=False)

    op.create_table(
        "pull_missing",
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("group_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("run_id", "group_id", "user_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reports",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("counts", DOCUMENT, nullable=False),
        sa.Column("items", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["runs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("public_id"),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_reports_connection_id"), ["connection_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reports_connection_id"))

    op.drop_table("reports")
    op.drop_table("pull_missing")
    with op.batch_alter_table("user_bindings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_bindings_user_id"))
        batch_op.drop_index("ix_user_bindings_remote")

    op.drop_table("user_bindings")
    with op.batch_alter_table("user_aliases", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_user_aliases_valid",
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_user_aliases_user_id"))

    op.drop_table("user_aliases")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_runs_waiting",
            sqlite_where=sa.text("state IN ('ready', 'queued')"),
            postgresql_where=sa.text("state IN ('ready', 'queued')"),
        )
        batch_op.drop_index("ix_runs_state")
        batch_op.drop_index(batch_op.f("ix_runs_connection_id"))

    op.drop_table("runs")
    with op.batch_alter_table("parked_members", schema=None) as batch_op:
        batch_op.drop_index("ix_parked_members_value")

    op.drop_table("parked_members")
    with op.batch_alter_table("observations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_observations_connection_id"))

    op.drop_table("observations")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_memberships_user_id"))

    op.drop_table("memberships")
    with op.batch_alter_table("member_bindings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_member_bindings_user_id"))

    op.drop_table("member_bindings")
    with op.batch_alter_table("logins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_logins_user_id"))

    op.drop_table("logins")
    with op.batch_alter_table("group_bindings", schema=None) as batch_op:
        batch_op.drop_index("ix_group_bindings_remote")
        batch_op.drop_index(batch_op.f("ix_group_bindings_group_id"))

    op.drop_table("group_bindings")
    with op.batch_alter_table("group_aliases", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_group_aliases_valid",
            sqlite_where=sa.text("valid_to IS NULL"),
            postgresql_where=sa.text("valid_to IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_group_aliases_group_id"))

    op.drop_table("group_aliases")
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_findings_user_id"))
        batch_op.drop_index(batch_op.f("ix_findings_kind"))
        batch_op.drop_index(batch_op.f("ix_findings_connection_id"))

    op.drop_table("findings")
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_actions_waiting",
            sqlite_where=sa.text("state IN ('ready', 'retrying')"),
            postgresql_where=sa.text("state IN ('ready', 'retrying')"),
        )
        batch_op.drop_index(
            "ix_actions_unfinished",
            sqlite_where=sa.text("state IN ('ready', 'queued', 'running', 'retrying')"),
            postgresql_where=sa.text("state IN ('ready', 'queued', 'running', 'retrying')"),
        )
        batch_op.drop_index("ix_actions_object")
        batch_op.drop_index(batch_op.f("ix_actions_hold_id"))
        batch_op.drop_index(batch_op.f("ix_actions_fingerprint"))
        batch_op.drop_index("ix_actions_drawn")

    op.drop_table("actions")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index("ix_users_user_name")
        batch_op.drop_index("ix_users_scim_external_id")

    op.drop_table("users")
    with op.batch_alter_table("target_connections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_target_connections_connection_id"))

    op.drop_table("target_connections")
    with op.batch_alter_table("scim_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scim_tokens_connection_id"))

    op.drop_table("scim_tokens")
    with op.batch_alter_table("holds", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_holds_target_id"))

    op.drop_table("holds")
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.drop_index("ix_groups_name")

    op.drop_table("groups")
    with op.batch_alter_table("targets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_targets_organization_id"))

    op.drop_table("targets")
    with op.batch_alter_table("domains", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_domains_organization_id"))

    op.drop_table("domains")
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connections_organization_id"))

    op.drop_table("connections")
    op.drop_table("api_keys")
    op.drop_table("organizations")
