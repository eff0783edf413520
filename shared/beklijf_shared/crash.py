"""Named crash points: where a test may kill a process, or stop it, between two steps that must not be told apart by luck.

Off unless `BEKLIJF_CRASH_POINTS` names a point, as `name:count`: the process dies (SIGKILL) when it passes there for the count-th time
(several, separated by commas). With `BEKLIJF_STOP_POINTS` it stands still there (SIGSTOP) until somebody lets it go on: a zombie. A line
in the file named by `BEKLIJF_CRASH_TRACE` says that the point was reached, so that a test can fail when it never was.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def _plan(variable: str) -> dict[str, int]:
    stated = os.environ.get(variable, "")
    pairs = (item.rpartition(":") for item in stated.split(",") if item)
    return {name: int(count) for name, _, count in pairs}


_left = {signal.SIGKILL: _plan("BEKLIJF_CRASH_POINTS"), signal.SIGSTOP: _plan("BEKLIJF_STOP_POINTS")}


def point(name: str) -> None:
    """Dies or stands still here if a test asked for it; otherwise does nothing."""
    for number, left in _left.items():
        if name in left:
            left[name] -= 1
            if left[name] == 0:
                _trace(name)
                os.kill(os.getpid(), number)


def _trace(name: str) -> None:
    trace = os.environ.get("BEKLIJF_CRASH_TRACE")
    if trace:
        with Path(trace).open("a", encoding="utf-8") as file:
            file.write(name + "\n")
