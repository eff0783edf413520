"""wait: until everything that was accepted is counted and shown."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from beklijf import observe
from beklijf.commands.running import console
from beklijf.elsewhere import running_system

DONE_SECONDS = 120.0


def wait(timeout: Annotated[float, typer.Option(help="Seconds before giving up, with exit code 3.")] = DONE_SECONDS) -> None:
    """Wait until everything that intake accepted has been scored, counted and shown."""
    started = time.monotonic()
    with console.status("waiting until everything is counted"):
        observe.wait_until_done(running_system(), timeout)
    console.print(f"done ({time.monotonic() - started:.1f} s)")
