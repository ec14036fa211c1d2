"""`models.folding.fold` on SQLite and on PostgreSQL, where it is called `folded`.

PostgreSQL 15 cannot fold. There a function of ours lower-cases by the rules of Unicode and then
replaces what folding replaces besides, such as ß by ss.
"""

from functools import cache
from typing import Any

from sqlalchemy import DDL, MetaData, event

from models.folding import fold

LAST = 0x1FFFF
"""No character beyond this plane has a case."""


def register(dbapi_connection: Any) -> None:
    """Teach an SQLite connection `folded`; its own `lower` knows ASCII only."""
    if hasattr(dbapi_connection, "create_function"):
        dbapi_connection.create_function("folded", 1, _folded, deterministic=True)


def _folded(value: object) -> object:
    return fold(value) if isinstance(value, str) else value


def create_with(metadata: MetaData) -> None:
    """Wherever these tables are made, PostgreSQL is taught `folded` before."""
    for statement in statements():
        made = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(metadata, "before_create", made.execute_if(dialect="postgresql"))


@cache
def statements() -> tuple[str, str]:
    """ASCII, which is nearly everything, is folded in place; the rest by a second function."""
    single, several = _left_over()
    found = f"translate(lower(normalize(given, NFC) COLLATE \"und-x-icu\"), '{single}', '"
    found += "".join(one.casefold() for one in single) + "')"
    for one in several:
        found = f"replace({found}, '{one}', '{one.casefold()}')"
    head = "CREATE OR REPLACE FUNCTION {}(given text) RETURNS text IMMUTABLE PARALLEL SAFE"
    return (
        f"{head.format('folded_whole')} LANGUAGE sql AS $$ SELECT {found} $$",
        f"{head.format('folded')} LANGUAGE sql AS $$ SELECT CASE "
        'WHEN octet_length(given) = length(given) THEN lower(given COLLATE "C") '
        "ELSE folded_whole(given) END $$",
    )


def _left_over() -> tuple[str, list[str]]:
    """What lower-casing leaves and folding does not: what becomes one character, and several."""
    left = [one for one in map(chr, range(0x80, LAST + 1)) if one == one.lower() != one.casefold()]
    single = "".join(one for one in left if len(one.casefold()) == 1)
    return single, [one for one in left if len(one.casefold()) > 1]
