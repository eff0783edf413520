"""The event edge: gives the use case to the one batch loop that every service runs."""

from __future__ import annotations

from beklijf_reporting import usecases
from beklijf_shared.consume import Handler
from beklijf_shared.settings import Settings


def handler(settings: Settings) -> Handler:
    """What the loop calls for every batch; reporting needs nothing from the settings for it."""
    del settings
    return usecases.apply
