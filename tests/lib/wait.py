"""Waiting for facts, with a bound: tests never sleep for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Fact = TypeVar("Fact")

POLL_SECONDS = 0.02


PATIENCE_SECONDS = 120.0
"""Longer than anything takes on however busy a machine; it costs nothing where what is waited for comes."""


def wait_until(fact: Callable[[], Fact], timeout: float = PATIENCE_SECONDS, *, because: str = "", every: float = POLL_SECONDS) -> Fact:
    """Ask `fact` until it answers something true, and return that answer.

    Raises AssertionError after `timeout` seconds, with the last answer and `because` (what was waited for). An exception
    raised by `fact` ends the waiting at once: a fact that may not be askable yet catches its own errors. It is asked `every` so many
    seconds: what is dear to ask, less often.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = fact()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not so after {timeout:g} s: {because or getattr(fact, '__name__', 'the fact')}; last answer: {answer!r}")
        time.sleep(every)
