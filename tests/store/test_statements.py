"""How statements reach SQLite and PostgreSQL: lists, and very many rows at once."""

from collections.abc import Iterator

import pytest

from models.store import statements
from models.store.database import Database, Tx
from models.store.statements import NUMBER
from tests.playground import EVERY_STORE, fresh

STRANGE = [
    "plain",
    "",
    "it's",
    'a "quote"',
    "{a,b}",
    "back\\slash",
    "two\nlines",
    "NULL",
    None,
    "ß",
]
COLUMNS = {"key": NUMBER, "told": "text", "said": "json"}


@pytest.fixture(params=EVERY_STORE)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    yield fresh(request.param)


def filled(tx: Tx, rows: int) -> int:
    tx.run("CREATE TEMP TABLE things (key INTEGER PRIMARY KEY, told TEXT, said JSON, common TEXT) ")
    many = [(n, STRANGE[n % len(STRANGE)], '{"a": 1}') for n in range(rows)]
    return tx.fill("things", COLUMNS, many, {"common": "for all"})


def test_many_rows_are_inserted_as_they_are_given(database: Database) -> None:
    count = 2 * statements.AT_ONCE + 1
    with database.trial() as tx:
        assert filled(tx, count) == count
        rows = tx.tuples("SELECT key, told, common FROM things ORDER BY key")
        assert rows == [(n, STRANGE[n % len(STRANGE)], "for all") for n in range(count)]


def test_a_row_that_is_there_is_neither_changed_nor_counted(database: Database) -> None:
    with database.trial() as tx:
        filled(tx, 3)
        assert tx.fill("things", COLUMNS, [(2, "other", "{}"), (3, "new", "{}")]) == 1
        assert tx.column("SELECT told FROM things ORDER BY key") == ["plain", "", "it's", "new"]


def test_no_rows_are_no_statement(database: Database) -> None:
    with database.trial() as tx:
        filled(tx, 0)
        assert tx.value("SELECT count(*) FROM things") == 0


def test_a_list_finds_exactly_what_is_in_it(database: Database) -> None:
    with database.trial() as tx:
        filled(tx, len(STRANGE))
        asked = {"some": ["it's", "{a,b}", "NULL", "two\nlines"], "keys": [2, 4, 6, 99]}
        sql = "SELECT key FROM things WHERE told IN :some AND key {} :keys ORDER BY key"
        assert tx.column(sql.format("IN"), asked) == [2, 4, 6]
        assert tx.column(sql.format("NOT IN"), asked) == [7]


def test_lists_of_all_lengths_are_a_few_statements_for_sqlite() -> None:
    """Each is prepared once, and hundreds are kept."""
    known = statements.statement("SELECT 1 WHERE 1 IN :keys", fresh("sqlite").engine.dialect)
    assert len({known.filled({"keys": range(size)})[0] for size in range(5000)}) <= 15


def test_an_empty_list_holds_nothing(database: Database) -> None:
    with database.trial() as tx:
        filled(tx, 3)
        sql = "SELECT key FROM things WHERE key {} :keys ORDER BY key"
        assert tx.column(sql.format("IN"), {"keys": []}) == []
        assert tx.column(sql.format("NOT IN"), {"keys": []}) == [0, 1, 2]


def test_of_a_name_that_comes_twice_the_last_column_counts(database: Database) -> None:
    with database.trial() as tx:
        row = tx.row("SELECT 1 AS one, 2 AS two, 3 AS one")
    assert row is not None
    assert (row.one, row.two, tuple(row)) == (3, 2, (1, 2, 3))


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("  UPDATE users SET active = :yes", "users"),
        ("INSERT INTO\n  groups (id) VALUES (:id) ON CONFLICT DO UPDATE SET id = :id", "groups"),
        ("DELETE FROM changes", "changes"),
        ("WITH gone AS (SELECT 1) DELETE FROM actions", "actions"),
        ("SELECT updated_at FROM users FOR UPDATE OF users", None),
        ("SELECT id FROM users FOR NO KEY UPDATE", None),
    ],
)
def test_whether_a_statement_writes_is_told_by_what_stands_anywhere_in_it(
    sql: str, table: str | None
) -> None:
    """Of what was refused nothing is kept only if it is known to have written."""
    dialect = fresh().engine.dialect
    assert statements.statement(sql, dialect).changes == table
