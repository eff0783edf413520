"""Asking again: the same request until there is an answer about it. Pauses grow; `Retry-After` is honoured."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from beklijf.receipt import PushFailedError

GIVE_UP_SECONDS = 120.0
LONGEST_PAUSE_SECONDS = 10.0
LONGEST_STATED_SECONDS = 300.0
"""A pause that the server asks for is kept up to here."""
AGAIN = frozenset({408, 429, 502, 503, 504, 507})


def answered(place: str, url: str, ask: Callable[[], httpx.Response], give_up_seconds: float = GIVE_UP_SECONDS) -> httpx.Response:
    """The first answer that is one; raises PushFailedError when there is none in time. A pause that was asked for does not count."""
    deadline, pause, why = time.monotonic() + give_up_seconds, 0.1, ""
    while time.monotonic() < deadline:
        wait = pause
        try:
            response = ask()
            if response.status_code not in AGAIN:
                return response
            why, wait = f"status {response.status_code}", retry_after(response, pause)
        except httpx.UnsupportedProtocol:  # no address of a server: waiting does not help
            raise
        except httpx.TransportError as error:
            why = type(error).__name__
        time.sleep(wait)
        deadline += max(0.0, wait - LONGEST_PAUSE_SECONDS)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
    raise PushFailedError(f"{place}: no answer from {url} within {give_up_seconds:.0f} s ({why})")


def retry_after(response: httpx.Response, otherwise: float) -> float:
    """How many seconds the server asks to wait."""
    stated = response.headers.get("Retry-After", "")
    return min(float(stated), LONGEST_STATED_SECONDS) if stated.isdigit() else otherwise
