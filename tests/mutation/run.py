"""Plant one fault in a copy of the tree, and see whether the tests that should notice do."""

import contextlib
import io
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from tests.mutation.fault import Fault
from tests.mutation.faults import FAULTS

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("api", "connectors", "models", "sync", "tests", "trueup.py", "pyproject.toml")
OURS = ("api", "connectors", "models", "sync", "tests", "trueup")
THEIRS = ("hypothesis.stateful", "sqlmodel", "alembic.config", "pydantic_settings", "httpx")
"""Imported once, for it takes longer than many a test."""
AT_ONCE = 2
PATIENCE = 120
"""Seconds a test. A fault that makes one hang is caught too."""
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?:\[[^\]]*\])?(?: - |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    fault: Fault
    caught_by: str | None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        return self.caught_by is not None and not self.problem


def check(faults: list[Fault]) -> list[Verdict]:
    """Each fault in a copy and a process of its own; two at a time."""
    for name in THEIRS:
        import_module(name)
    with multiprocessing.get_context("fork").Pool(AT_ONCE, maxtasksperchild=1) as pool:
        found = pool.imap(_caught_by, faults, chunksize=1)
        return [Verdict(fault, *one) for fault, one in zip(faults, found, strict=True)]


def _caught_by(fault: Fault) -> tuple[str | None, str]:
    """As plain texts: where they are sent from, our modules are of another tree."""
    verdict = _check(fault)
    return verdict.caught_by, verdict.problem


def _check(fault: Fault) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="trueup-fault-") as folder:
        copy = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, copy / name)
        problem = plant(fault, copy)
        if problem:
            return Verdict(fault, None, problem)
        return _run(fault, copy)


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__", "transcripts"))
    else:
        shutil.copy(source, to)


def plant(fault: Fault, tree: Path) -> str:
    """Answers in a sentence why it could not be planted, or nothing."""
    path = tree / fault.file
    source = path.read_text()
    found = source.count(fault.right)
    if found != 1:
        return (
            f"{fault.file} holds the text {fault.right!r} {found} times, not once. Mend this "
            "fault in tests/mutation/faults.py: it must say what the code says now."
        )
    path.write_text(source.replace(fault.right, fault.wrong))
    return ""


def _run(fault: Fault, copy: Path) -> Verdict:
    """In this process, which knows none of our modules yet but this one."""
    for name in [one for one in sys.modules if one.partition(".")[0] in OURS]:
        del sys.modules[name]
    sys.path[:] = [str(copy), *(one for one in sys.path if one not in ("", str(ROOT)))]
    os.chdir(copy)
    os.environ["TRUEUP_TEST_EXAMPLES"] = "40"
    asked = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--timeout={PATIENCE}"]
    asked += ["--hypothesis-seed=1", "-m", "not servers and not slow", *fault.tests]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        ended = pytest.main(asked)
    if ended == pytest.ExitCode.OK:
        return Verdict(fault, None)
    named = FAILED.search(told.getvalue())
    if ended != pytest.ExitCode.TESTS_FAILED or named is None:
        return Verdict(fault, None, f"The tests could not run: {told.getvalue()[-400:]}")
    return Verdict(fault, named.group(1))


def table(verdicts: list[Verdict]) -> str:
    """As it stands in docs/proof.md."""
    lines = ["| planted fault | file | caught by |", "|---|---|---|"]
    for one in verdicts:
        path, _, test = (one.caught_by or "").rpartition("::")
        caught = f"`{test}` in `{path}`" if test else one.caught_by or "**nobody**"
        lines.append(f"| {one.fault.what} | `{one.fault.file}` | {one.problem or caught} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """All faults, or those whose description or file holds one of the arguments."""
    chosen = [
        one
        for one in FAULTS
        if not arguments or any(word in f"{one.what} {one.file}" for word in arguments)
    ]
    verdicts = check(chosen)
    print(table(verdicts))
    bad = [one for one in verdicts if not one.is_good]
    print(f"\n{len(verdicts) - len(bad)} of {len(verdicts)} planted faults were caught.")
    return 1 if bad else 0
