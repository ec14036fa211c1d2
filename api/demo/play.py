"""Play the demo, and show the drift report it ends with."""

import time
from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from api.demo.stage import Stage, StoryFailed, opened
from api.demo.stagehand import Stagehand
from api.demo.story import CONNECTION, Story, prepare
from api.drift_command import table
from connectors.errors import ConnectorError

COLOURS = {"push": "cyan", "pull": "green", "login": "magenta", "admin": "yellow", "guard": "red"}
ORDER = ("critical", "high", "medium", "low", "info")
console = Console(highlight=False)


def play(*, keep: bool) -> int:
    """The exit code: 0 when all went as told, 3 otherwise."""
    console.print(
        "[bold]Trueup demo[/bold]: a daemon on a temporary home. The identity provider, its "
        "directory and the application are played by this command on loopback; they are ours, "
        "not a vendor's.\n"
    )
    start = time.monotonic()
    try:
        with opened() as stage:
            provider = prepare(stage)
            stage.app.router.routes += Stagehand(provider).routes()
            Story(stage, _teller(start), provider).play()
            report(stage)
            console.print(f"\nThat took {time.monotonic() - start:.0f} seconds.")
            if keep:
                _keep(stage)
    except (StoryFailed, ConnectorError) as trouble:
        console.print(f"[red]The demo failed:[/red] {trouble}", markup=True)
        return 3
    except KeyboardInterrupt:
        console.print("Stopped.")
    return 0


def _teller(start: float) -> Any:
    def tell(channel: str, sentence: str) -> None:
        line = Table.grid(padding=(0, 2))
        line.add_column(no_wrap=True, style="dim", justify="right", min_width=6)
        line.add_column(no_wrap=True, style=COLOURS[channel], min_width=5)
        line.add_column()
        line.add_row(f"{time.monotonic() - start:.1f} s", channel, sentence)
        console.print(line)

    return tell


def report(stage: Stage) -> None:
    """All that stands, the worst first; many of a kind in one line."""
    stage.api("POST", f"{CONNECTION}/reconcile?wait=60")
    found = everything(stage, '/drift/findings?filter=state%20eq%20"open"&limit=200')
    found.sort(key=lambda one: (ORDER.index(one["severity"]), one["kind"]))
    console.print()
    console.print(table(folded(found)))
    totals = Counter(one["severity"] for one in found)
    counted = ", ".join(f"{totals[name]} {name}" for name in ORDER if totals[name])
    console.print(f"{len(found)} findings: {counted}.")


def everything(stage: Stage, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = stage.api("GET", path.replace('"', "%22") + cursor)
        items += page["items"]
        if not page["next_cursor"]:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def folded(found: list[dict[str, Any]], most: int = 3) -> list[dict[str, Any]]:
    """Of each kind the first few, then one line for the others."""
    shown: list[dict[str, Any]] = []
    totals = Counter(one["kind"] for one in found)
    seen: Counter[str] = Counter()
    for one in found:
        kind = one["kind"]
        seen[kind] += 1
        if seen[kind] <= most:
            shown.append(one)
        elif seen[kind] == most + 1:
            rest = f"… and {totals[kind] - most} more of this kind."
            shown.append({**one, "summary": rest, "suggestion": ""})
    return shown


def _keep(stage: Stage) -> None:
    """Leave it running to look at, until Ctrl-C."""
    console.print(f"\n[green]Still running at {stage.daemon}. To look around:[/green]\n")
    print(f"  export TRUEUP={stage.daemon}/api/v1 PLAYED={stage.played}")
    print(f"  export AUTH='Authorization: Bearer {stage.admin_key}'\n")
    for path in ("/drift", "/holds", "/explain?user=ada.abel@acme.example&group=Engineering"):
        print(f'  curl -s -H "$AUTH" "$TRUEUP{path}"')
    print("\ndocs/life-of-a-membership.md has more to try. Ctrl-C ends it.", flush=True)
    while True:
        time.sleep(3600)
