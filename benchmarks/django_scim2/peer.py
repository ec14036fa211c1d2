"""django-scim2 under gunicorn, one worker of sixteen threads, on the first core."""

import itertools
import os
import subprocess
import sys
import venv
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks import load
from benchmarks.peer import Peer, schema_of_its_own
from benchmarks.provider import Provider, user_body
from benchmarks.seed import groups_of, user_name

NAME = "django-scim2"
HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.txt"
VENV = HERE / ".venv"
INSTALLED = VENV / "installed.stamp"
PYTHON = str(VENV / "bin" / "python")
TOKEN = "a token"


def install() -> None:
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return
    print(f"Installing {NAME} in {VENV.relative_to(load.ROOT)}", file=sys.stderr)
    venv.create(VENV, clear=True, with_pip=True)
    quiet = ["-qq", "--no-input", "--disable-pip-version-check"]
    subprocess.run([PYTHON, "-m", "pip", "install", *quiet, "-r", str(LOCK)], check=True)
    INSTALLED.touch()


def start(stack: ExitStack, count: int, url: str) -> Provider:
    settings = {
        **stack.enter_context(schema_of_its_own(url)),
        "DJANGO_SETTINGS_MODULE": "benchmarks.django_scim2.settings",
        "DJANGO_URL": url,
        "DJANGO_TOKEN": TOKEN,
    }
    users = [user_body(user_name(number), f"{number:07}") for number in range(count)]
    subprocess.run(
        [PYTHON, "-m", "benchmarks.django_scim2.seed"],
        input=msgspec.json.encode({"users": users, "groups": groups_of(count)}),
        env={**os.environ, "PYTHONPATH": str(load.ROOT), **settings},
        check=True,
    )
    port = load.free_port()
    server = stack.enter_context(load.served(gunicorn(port), port, **settings))
    key = itertools.count(1)
    groups = {
        size: [str(next(key)) for _ in range(of_the_size)]
        for size, of_the_size in groups_of(count).items()
    }
    return Provider(server, "/scim/v2", TOKEN, [str(n) for n in range(1, count + 1)], groups)


def gunicorn(port: int) -> list[str]:
    where = ["--bind", f"127.0.0.1:{port}", "--log-level", "error", "--keep-alive", "60"]
    threads = ["--worker-class", "gthread", "--threads", str(load.CONNECTIONS)]
    return [PYTHON, "-m", "gunicorn", *where, *threads, "django.core.wsgi:get_wsgi_application()"]


DJANGO_SCIM2 = Peer(
    name=NAME,
    storage="PostgreSQL",
    most=10_000,
    # It knows no excludedAttributes and no filter in the path of a removal.
    without=("no members", "remove"),
    install=install,
    start=start,
)
