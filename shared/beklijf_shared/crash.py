"""Named crash points: where a test may kill a process with SIGKILL, between two steps that must not be told apart by luck.

Off unless `BEKLIJF_CRASH_POINTS` names a point, as `name:count`: the process dies when it passes there for the count-th time
(several, separated by commas). A line in the file named by `BEKLIJF_CRASH_TRACE` says that the point was reached, so that a
test can fail when it never was.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def _plan() -> dict[str, int]:
    stated = os.environ.get("BEKLIJF_CRASH_POINTS", "")
    pairs = (item.rpartition(":") for item in stated.split(",") if item)
    return {name: int(count) for name, _, count in pairs}


_left = _plan()


def point(name: str) -> None:
    """Dies here by SIGKILL if a test asked for it; otherwise does nothing."""
    if name not in _left:
        return
    _left[name] -= 1
    if _left[name] > 0:
        return
    trace = os.environ.get("BEKLIJF_CRASH_TRACE")
    if trace:
        with Path(trace).open("a", encoding="utf-8") as file:
            file.write(name + "\n")
    os.kill(os.getpid(), signal.SIGKILL)
