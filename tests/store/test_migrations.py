"""The migrations lead to exactly the tables that the program is written for."""

import os
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import models.tables  # noqa: F401  (fills the metadata)
from models.store.database import Database
from models.store.migrate import is_current, migrate

POSTGRES = os.environ.get("TRUEUP_TEST_DATABASE_URL", "")


def _differences(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))


def test_migrations_make_the_tables_of_the_program_on_sqlite(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    migrate(database)
    assert _differences(database) == []
    assert is_current(database)


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    migrate(database)
    migrate(database)
    assert is_current(database)


def test_migrations_leave_out_of_indexes_what_the_tables_do(tmp_path: Path) -> None:
    """Alembic does not compare that."""
    migrated, made = (Database(f"sqlite:///{tmp_path}/{name}.db") for name in ("a", "b"))
    migrate(migrated)
    SQLModel.metadata.create_all(made.engine)
    assert _partial(migrated) == _partial(made)


def _partial(database: Database) -> dict[str, str]:
    """The condition of each index that has one."""
    with database.read() as tx:
        found = tx.tuples("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
    return {name: sql.partition(" WHERE ")[2] for name, sql in found if sql}


def test_memberships_are_clustered_by_group_on_sqlite(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    migrate(database)
    with database.read() as tx:
        made = tx.value("SELECT sql FROM sqlite_master WHERE name = 'memberships'")
    assert "WITHOUT ROWID" in made


@pytest.mark.servers
def test_migrations_make_the_tables_of_the_program_on_postgresql() -> None:
    database = Database(POSTGRES)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    migrate(database)
    assert _differences(database) == []
    assert is_current(database)
