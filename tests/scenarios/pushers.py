"""Programs that push by SCIM and that nobody here wrote, each in a Python environment of its own.

They need other versions of the libraries that our tests use.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

SOURCE = Path(__file__).parent.parent / "counterparts"
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.lower().endswith("_proxy") and name not in ("PYTHONPATH", "TRUEUP_HOME")
}


class Pusher(Protocol):
    """Ada and Bob, by the names the program gave them."""

    names: list[str]

    def hire(self) -> None:
        """Two people, both in the group Staff."""

    def take_out(self) -> None:
        """The first of them is in Staff no more."""

    def end(self) -> None:
        """The group and the second of them are gone."""


def installed(name: str) -> Path:
    """The Python of an environment with what the lock names, made once for each lock."""
    lock = SOURCE / name / "requirements.txt"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"trueup-{name}-{digest}"
    if not place.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{place.name}-"))
        subprocess.run([sys.executable, "-m", "venv", fresh], check=True, timeout=100)
        quietly = ["-qq", "--no-input", "--disable-pip-version-check"]
        exactly = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)]
        pip = [fresh / "bin" / "python", "-m", "pip", "install", *quietly, *exactly]
        subprocess.run(pip, check=True, timeout=300)
        with contextlib.suppress(OSError):  # another run was first
            fresh.rename(place)
        shutil.rmtree(fresh, ignore_errors=True)
    return place / "bin" / "python"


@dataclass
class Canaille:
    """An identity provider whose SCIM client posts, puts and deletes."""

    process: subprocess.Popen[str]
    names: list[str]

    def hire(self) -> None:
        for name in self.names:
            self._do("user", name)
        self._do("group", "Staff", *self.names)

    def take_out(self) -> None:
        self._do("group", "Staff", self.names[1])

    def end(self) -> None:
        self._do("no group", "Staff")
        self._do("no user", self.names[1])

    def _do(self, *words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(words)}\n")
        self.process.stdin.flush()
        assert self.said() == [], words

    def said(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        while line and line[0] not in '["':
            line = self.process.stdout.readline()
        return json.loads(line)


@contextmanager
def canaille(url: str, token: str, home: Path) -> Iterator[Canaille]:
    command = [installed("canaille"), SOURCE / "canaille" / "push.py", url, token]
    with (home / "canaille.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=home,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        found = Canaille(process, ["ada", "bob"])
        try:
            assert found.said() == "ready"
            yield found
        finally:
            process.kill()
            process.communicate()


@dataclass
class ScimSim:
    """A program that posts, patches whole lists of members, and deletes."""

    python: Path
    home: Path
    ask: Callable[[str], Any]
    names: list[str]
    ids: list[str]
    group: str = ""

    def hire(self) -> None:
        self.ids = [self._made("add-user") for _ in range(2)]
        self.group = self._made("create-group", "Staff")
        for one in self.ids:
            self._run("add-to-group", one, self.group)
        self.names = [self.ask(f"/Users/{one}")["userName"] for one in self.ids]

    def take_out(self) -> None:
        self._run("remove-from-group", self.ids[0], self.group)

    def end(self) -> None:
        """It deletes the members along with the group."""
        self._run("delete-group", self.group)

    def _made(self, *words: str) -> str:
        return self._run(*words).rpartition("ID: ")[2].strip()

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [self.python, "-m", "scim_sim.cli", *words],
            env=ENVIRONMENT | {"HOME": str(self.home), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "✅" in done.stdout, (words, done.stdout)
        return done.stdout


@contextmanager
def scim_sim(url: str, token: str, home: Path, ask: Callable[[str], Any]) -> Iterator[ScimSim]:
    settings = {"SCIM_BASE_URL": url, "SCIM_AUTH_TOKEN": token}
    (home / ".scim_config.json").write_text(json.dumps(settings))
    yield ScimSim(installed("scim-sim"), home, ask, [], [])
