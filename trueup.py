"""Trueup's front door: finds our four folders, puts them first on the path, runs the command line.

Installed from a wheel they live in `_trueup_app/` beside this file; in a checkout, beside it.
"""

import sys
from pathlib import Path


def put_our_folders_first() -> None:
    """After this, `models` is ours even where the working directory has a `models/` of its own."""
    here = Path(__file__).resolve().parent
    installed = here / "_trueup_app"
    ours = str(installed if installed.is_dir() else here)
    sys.path[:] = [ours, *(entry for entry in sys.path if entry != ours)]


def main() -> None:
    """Run the `trueup` command with the arguments of this process."""
    put_our_folders_first()
    # Not at the top of the file: `api` can be found, and is ours, only once the path is set.
    from api.cli import app  # noqa: PLC0415

    app()


if __name__ == "__main__":
    main()
