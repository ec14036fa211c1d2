"""The command line. Exit codes: 0 done, 1 drift or held work found, 2 wrong use, 3 failed."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from api import commands, context, drift_command, explanation, requests_command, serve
from api.context import Context
from api.paging import MOST
from models.store.migrate import is_current, migrate
from sync import settings
from sync.settings import SettingsError

FOUND, WRONG_USE, FAILED = 1, 2, 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps the users and groups of an application true to its customers' identity providers.",
)
keys = typer.Typer(no_args_is_help=True, help="Administrators' API keys.")
app.add_typer(keys, name="keys")

ConnectionName = Annotated[str, typer.Argument(help="An id, or organization~connection.")]


def fail(sentence: str, code: int) -> typer.Exit:
    """One sentence on standard error."""
    print(sentence, file=sys.stderr)
    return typer.Exit(code)


@contextmanager
def opened(*, current: bool = True) -> Iterator[Context]:
    """The context of a command. Ends it with a sentence when a setting is wrong."""
    os.umask(0o077)  # what we write is for us alone
    try:
        found = context.build(settings.load())
        if current and not is_current(found.database):
            raise fail("The tables are not up to date. Run: trueup migrate", FAILED)
        try:
            yield found
        finally:
            found.close()
    except SettingsError as trouble:
        raise fail(str(trouble), WRONG_USE) from trouble
    except commands.CommandFailed as trouble:
        raise fail(str(trouble), trouble.code) from trouble
    except OSError as trouble:
        raise fail(f"A file cannot be used: {trouble}.", FAILED) from trouble
    except OperationalError as trouble:
        said = str(trouble.orig).strip().partition("\n")[0]
        raise fail(f"The database cannot be used: {said}", FAILED) from trouble


def _run(process: Callable[[Context], None], *, current: bool = True) -> None:
    with opened(current=current) as found:
        process(found)


@app.command("serve")
def serve_() -> None:
    """Web, worker and scheduler in one process, on SQLite unless told otherwise."""
    _run(serve.serve, current=False)


@app.command()
def web() -> None:
    """The web alone."""
    _run(serve.web)


@app.command()
def worker() -> None:
    """Deliver actions and carry out runs."""
    _run(serve.worker)


@app.command()
def scheduler() -> None:
    """Start runs when they are due."""
    _run(serve.scheduler)


@app.command("migrate")
def migrate_() -> None:
    """Bring the tables up to date."""
    _run(lambda found: migrate(found.database), current=False)
    print("The tables are up to date.")


@app.command()
def reconcile(
    connection: ConnectionName,
    *,
    dry_run: Annotated[bool, typer.Option(help="Show the plan and change nothing.")] = False,
) -> None:
    """Look at everything of a connection once; exit 1 when there is drift or held work."""
    with opened() as found:
        has_found = commands.reconcile(found, connection, dry_run=dry_run)
    raise typer.Exit(FOUND if has_found else 0)


@app.command()
def drift(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """The newest report of each connection, what is new first; exit 1 when there is drift."""
    with opened() as found:
        form = "json" if as_json else "csv" if as_csv else "table"
        has_found = drift_command.drift(found, form)
    raise typer.Exit(FOUND if has_found else 0)


@app.command()
def explain(
    user: Annotated[str, typer.Argument(help="A user's id or user name.")],
    group: Annotated[str | None, typer.Argument(help="A group's id or name.")] = None,
    *,
    at: Annotated[
        str | None, typer.Option(help="As of when, such as 2026-01-31T08:00:00Z; else now.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Why, why not, and as of when."""
    with opened() as found:
        explanation.show(explanation.tell(found, user, group, at=at), as_json=as_json)


@app.command()
def check(connection: ConnectionName) -> None:
    """What is set up and what is wrong, in sentences; exit 1 when something is wrong."""
    with opened() as found:
        has_found = commands.check(found, connection)
    raise typer.Exit(FOUND if has_found else 0)


@app.command("requests")
def requests_(
    connection: ConnectionName,
    *,
    filter: Annotated[
        str | None, typer.Option(help='A SCIM filter, such as status ge 400 or resource eq "…".')
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="So many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """What the identity provider sent by SCIM, and what became of it."""
    with opened() as found:
        requests_command.show(found, connection, filter, limit, as_json=as_json)


@app.command()
def demo(
    *,
    keep: Annotated[bool, typer.Option(help="Leave the daemon running to look at.")] = False,
) -> None:
    """A whole organization on loopback, ending with a drift report to read."""
    # Imported here because the demo's own servers are of no use to any other command.
    from api.demo import play  # noqa: PLC0415

    raise typer.Exit(play.play(keep=keep))


@keys.command("create")
def create_key(name: Annotated[str, typer.Argument(help="Whose key it is.")]) -> None:
    """Make a key and print it, once."""
    with opened() as found:
        commands.create_key(found, name)


@keys.command("list")
def list_keys() -> None:
    """Every key, without its secret."""
    with opened() as found:
        commands.list_keys(found)


@keys.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(help="The id of a key.")]) -> None:
    """Make a key useless at once."""
    with opened() as found:
        commands.revoke_key(found, key)
