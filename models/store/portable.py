"""The few words of SQL that SQLite and PostgreSQL spell differently."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, String, TableValuedAlias, column, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Expression = ColumnElement[Any]


class folded(FunctionElement[str]):
    """A text without regard to case or to the form of accents (`models.store.folding`)."""

    type = String()
    inherit_cache = True


@compiles(folded)
def _folded(element: folded, compiler: SQLCompiler, **options: Any) -> str:
    return f"folded({compiler.process(element.clauses, **options)})"


class ordered(FunctionElement[str]):
    """A text that is ordered by code point, not by the language of the database."""

    type = String()
    inherit_cache = True


@compiles(ordered)
def _ordered(element: ordered, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


@compiles(ordered, "sqlite")
def _ordered_sqlite(element: ordered, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


class position(FunctionElement[int]):
    """Where the second text begins in the first, counted from 1; 0 when it is not there."""

    type = Integer()
    inherit_cache = True


@compiles(position)
def _position(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(position, "sqlite")
def _position_sqlite(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


class _elements(FunctionElement[Any]):
    """Of a document, its path for SQLite, and its path for PostgreSQL."""

    inherit_cache = True


@compiles(_elements)
def _elements_postgresql(element: _elements, compiler: SQLCompiler, **options: Any) -> str:
    """Anything but an array counts as none, where the function itself would raise."""
    document, _, path = (compiler.process(part, **options) for part in element.clauses)
    array = f"CAST({document} AS jsonb) #> CAST({path} AS text[])"
    return (
        f"jsonb_array_elements(CASE jsonb_typeof({array}) WHEN 'array' THEN {array} "
        "ELSE '[]'::jsonb END)"
    )


@compiles(_elements, "sqlite")
def _elements_sqlite(element: _elements, compiler: SQLCompiler, **options: Any) -> str:
    document, path, _ = (compiler.process(part, **options) for part in element.clauses)
    return f"json_each({document}, {path})"


class numeric(FunctionElement[float]):
    """Of a document, its path for SQLite, and its path for PostgreSQL: a number, or null."""

    type = Float()
    inherit_cache = True


@compiles(numeric)
def _numeric_postgresql(element: numeric, compiler: SQLCompiler, **options: Any) -> str:
    document, _, path = (compiler.process(part, **options) for part in element.clauses)
    found = f"(CAST({document} AS jsonb) #> CAST({path} AS text[]))"
    return f"CASE jsonb_typeof({found}) WHEN 'number' THEN CAST({found} AS double precision) END"


@compiles(numeric, "sqlite")
def _numeric_sqlite(element: numeric, compiler: SQLCompiler, **options: Any) -> str:
    document, path, _ = (compiler.process(part, **options) for part in element.clauses)
    is_number = f"json_type({document}, {path}) IN ('integer', 'real')"
    return f"CASE WHEN {is_number} THEN json_extract({document}, {path}) END"


def path_of(path: Sequence[str]) -> tuple[Expression, Expression]:
    """A path within a document, as SQLite writes it and as PostgreSQL does."""
    steps = [f'"{step}"' for step in path]
    return literal(".".join(["$", *steps])), literal("{" + ",".join(steps) + "}")


class bare(FunctionElement[str]):
    """An element of a JSON array that is a text, as that text."""

    type = String()
    inherit_cache = True


@compiles(bare)
def _bare_postgresql(element: bare, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} #>> '{{}}')"


@compiles(bare, "sqlite")
def _bare_sqlite(element: bare, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


def elements(document: Expression, path: Sequence[str]) -> TableValuedAlias:
    """The elements of a JSON array, one row each, in the column `value`; none when missing."""
    call = _elements(document, *path_of(path))
    return call.table_valued(column("value", document.type))
