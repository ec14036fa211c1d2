"""Which tests are run, and by which worker."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

SLOW = "-slow]"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is tried at length need not be tried in brief as well, on the same store."""
    chosen = {item.nodeid for item in items}
    brief = {one for one in chosen if one.removesuffix("]") + SLOW in chosen}
    if brief:
        config.hook.pytest_deselected(items=[one for one in items if one.nodeid in brief])
        items[:] = [one for one in items if one.nodeid not in brief]


class ByFile(LoadFileScheduling):
    """A file goes to one worker, but whatever is tried at length goes to the next that is free."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.endswith(SLOW) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None
