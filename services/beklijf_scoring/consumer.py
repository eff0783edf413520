"""The event edge: gives the use case to the one batch loop that every service runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from beklijf_scoring import store
from beklijf_scoring.hearing import SOFTWARE
from beklijf_scoring.rescoring import Rescoring
from beklijf_scoring.usecases import Scoring
from beklijf_shared import consume, contracts
from beklijf_shared.clock import Clock
from beklijf_shared.consume import Handler, Rejected
from beklijf_shared.db import Connection
from beklijf_shared.envelope import Message
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Log, Logger


def handler(settings: Settings) -> Handler:
    """What the loop calls for every batch. Raises ContractError when the contracts cannot hold: then nothing is consumed at all."""
    return Scoring(contracts.load(settings.contracts_folder)).apply


def run(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `consumer`: says which instruments it lacks, then consumes until `stop`. Raises ContractError like `handler`."""
    known = contracts.load(settings.contracts_folder)
    contracts.say(known, log)
    consume.run(settings, noticing(Scoring(known), log), clock, status, stop, log)


def noticing(scoring: Scoring, log: Logger) -> Handler:
    """The handler, which looks with its first batch whether everybody else was derived by other contracts than these."""
    looked = False

    def look_and_apply(connection: Connection, messages: Sequence[Message], now: datetime) -> list[Rejected]:
        nonlocal looked
        if not looked:
            store.walks.derives_with(connection, SOFTWARE, now)
            if Rescoring(scoring).is_due(connection):
                log.event(Log.RESCORE_DUE)
        rejected = scoring.apply(connection, messages, now)
        looked = True
        return rejected

    return look_and_apply
