"""Bring the tables up to date. Two processes may start at once: one waits for the other."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from models.store.database import Database

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 7_271_964_105
"""Any number that nobody else uses for an advisory lock of this database."""


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return found


def migrate(database: Database) -> None:
    """Apply what is missing, in one transaction."""
    settings = config()
    with database.engine.connect() as raw:
        connection = raw.execution_options(writes=True)
        with connection.begin():
            if not database.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")


def is_current(database: Database) -> bool:
    """Whether the tables are those that this program expects."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
