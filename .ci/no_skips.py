"""Fails when a test in a JUnit report was skipped: where everything is installed, none may be."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def skipped_tests(report: Path) -> list[str]:
    """One line a skipped test, with its reason. An expected failure (xfail) is not a skip."""
    return [
        f"{case.get('classname')}::{case.get('name')}: {skip.get('message')}"
        for case in ElementTree.parse(report).iter("testcase")
        for skip in case.findall("skipped")
        if skip.get("type") != "pytest.xfail"
    ]


if __name__ == "__main__":
    lines = [line for report in sys.argv[1:] for line in skipped_tests(Path(report))]
    if lines:
        sys.exit("A skip is a failure here:\n" + "\n".join(lines))
