"""The event edge: gives the use case to the one batch loop that every service runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from beklijf_cohorts import usecases
from beklijf_shared import contracts
from beklijf_shared.consume import Handler, Rejected
from beklijf_shared.db import Connection
from beklijf_shared.envelope import Message
from beklijf_shared.settings import Settings


def handler(settings: Settings) -> Handler:
    """What the loop calls for every batch."""
    plans = usecases.planned(contracts.load(settings.contracts_folder))

    def apply(connection: Connection, messages: Sequence[Message], now: datetime) -> list[Rejected]:
        return usecases.apply(connection, messages, now, plans)

    return apply
