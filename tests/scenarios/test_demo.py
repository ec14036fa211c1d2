"""`trueup demo` tells its story to the end, and its report names what it promises."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROMISED = (
    "held_by_guard",
    "stale_push",
    "missed_push",
    "attribute_conflict",
    "claim_absent",
    "claim_overage",
    "removed_group_still_sent",
    "directory_ahead_of_token",
    "pull_incomplete",
)


def test_the_demo_ends_with_the_report_it_promises(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, str(ROOT / "trueup.py"), "demo"],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    missing = [kind for kind in PROMISED if kind not in played.stdout]
    assert not missing, played.stdout
    assert not list(tmp_path.iterdir()), "the demo left something behind"
