"""What can go wrong between us and a SCIM service provider, to be ordered from a FaultProxy."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.fakes.fault_proxy import Answer, Asked, Fault, Forward

HTML = Answer(200, b"<html><title>Sign in</title></html>", {"Content-Type": "text/html"})
PATIENCE = 1.0
"""Seconds that a hasty target waits; `late` takes longer."""


def says(status: int, body: Any = None, **headers: str) -> Fault:
    """Answer without doing anything."""
    data = b"" if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _asked, _forward: Answer(status, data, named)


def html(_asked: Asked, _forward: Forward) -> Answer:
    return HTML


def html_after_work(asked: Asked, forward: Forward) -> Answer:
    forward(asked)
    return HTML


def late(asked: Asked, forward: Forward) -> Answer:
    """The work is done, and the answer comes after the client hung up."""
    answer = forward(asked)
    time.sleep(PATIENCE * 1.3)
    return answer


def cut(asked: Asked, forward: Forward) -> Answer:
    """The work is done, and half of the answer arrives."""
    answer = forward(asked)
    return replace(answer, cut=len(answer.body) // 2)


def changed(edit: Callable[[Any], Any]) -> Fault:
    """The work is done, and the answer is another one."""

    def fault(asked: Asked, forward: Forward) -> Answer:
        answer = forward(asked)
        return replace(answer, body=json.dumps(edit(json.loads(answer.body))).encode())

    return fault


def filter_ignored(asked: Asked, forward: Forward) -> Answer:
    return forward(asked.without("filter"))
