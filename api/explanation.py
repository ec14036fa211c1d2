"""`trueup explain`: an explanation as a person reads it, or as JSON."""

import json

from rich.console import Console

from api.admin.explain import as_of, question
from api.admin.explanation import explain
from api.admin.explanation_shapes import Explanation
from api.commands import CommandFailed
from api.context import Context
from api.problems import Problem

SHOWN = 12
"""Turns of the history; the newest count."""


def tell(context: Context, user: str, group: str | None, *, at: str | None) -> Explanation:
    """Raises CommandFailed with one sentence when the question cannot be answered."""
    now = context.clock.now()
    try:
        asked_at = as_of(at, now)
        with context.database.read() as tx:
            asked = question(tx, user, group, at=asked_at, organization=None)
            return explain(tx, asked, now=now, is_past=at is not None)
    except Problem as trouble:
        raise CommandFailed(trouble.detail, 2) from trouble


def show(told: Explanation, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told.model_dump(mode="json"), indent=1))
        return
    for title, sentences in _parts(told):
        if sentences:
            _print(title, sentences)


def _parts(told: Explanation) -> list[tuple[str, list[str]]]:
    at_targets = [
        f"{one.target_name}: {one.sentence.removeprefix('Now: ')}" for one in told.targets
    ]
    known = {*(one.sentence for one in told.targets)}
    spoken = {one.sentence for one in told.channels.values()}
    first = [one for one in told.sentences if one not in known | spoken]
    return [
        (f"As of {told.at}", first),
        ("What each channel says", [one.sentence for one in told.channels.values()]),
        ("How it came to be so", [one.sentence for one in told.history[-SHOWN:]]),
        ("Known as", _names(told)),
        ("At the targets now", at_targets),
    ]


def _names(told: Explanation) -> list[str]:
    return [
        f"{one.namespace} {one.value}, by {one.proof}, since {one.valid_from}"
        + (f" until {one.valid_to}" if one.valid_to else "")
        for every in told.aliases.values()
        for one in every
    ]


def _print(title: str, sentences: list[str]) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(title, style="bold")
    for sentence in sentences:
        console.print(f"  {sentence}")
