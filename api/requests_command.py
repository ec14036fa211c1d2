"""`trueup requests`: what a provider sent by SCIM, the newest first."""

import json
import sys
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from api.admin.requests import newest
from api.commands import CommandFailed, connection_row, console
from api.context import Context
from api.paging import ListQuery
from api.problems import Problem


def show(context: Context, name: str, filter: str | None, limit: int, *, as_json: bool) -> None:
    query = ListQuery(filter=filter, limit=limit, sort="-created_at")
    try:
        found = newest(context, connection_row(context, name).id, query)
    except Problem as trouble:
        raise CommandFailed(trouble.detail, 2) from trouble
    if as_json:
        json.dump(found, sys.stdout, indent=1)
        print()
    else:
        console.print(_table(found) if found else "No request was kept.")


def _table(found: list[dict[str, Any]]) -> Table:
    made = Table(expand=True, box=box.SIMPLE_HEAD)
    for column in ("at", "status", "method"):
        made.add_column(column, no_wrap=True)
    made.add_column("path", ratio=1)
    made.add_column("what came of it", ratio=1)
    for one in found:
        style = "red" if one["status"] >= 400 else "green" if one["changed"] else "dim"
        made.add_row(
            one["created_at"],
            Text(str(one["status"]), style),
            one["method"],
            _plain(one["path"]),
            _plain(one["detail"] or ", ".join(_told(one))),
        )
    return made


def _plain(text: str) -> Text:
    """What a provider sent must not steer a terminal."""
    return Text("".join(letter if letter.isprintable() else "�" for letter in text))


def _told(one: dict[str, Any]) -> Iterator[str]:
    for word in one["changes"]:
        members = word.get("members")
        yield f"{word['event']}: {members}" if members is not None else word["event"]
