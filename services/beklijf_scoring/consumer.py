"""The event edge: gives the use case to the one batch loop that every service runs."""

from __future__ import annotations

import threading

from beklijf_scoring.usecases import Scoring
from beklijf_shared import consume, contracts
from beklijf_shared.clock import Clock
from beklijf_shared.consume import Handler
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger


def handler(settings: Settings) -> Handler:
    """What the loop calls for every batch. Raises ContractError when the contracts cannot hold: then nothing is consumed at all."""
    return Scoring(contracts.load(settings.contracts_folder)).apply


def run(settings: Settings, clock: Clock, status: Status, stop: threading.Event, log: Logger) -> None:
    """The process `consumer`: says which instruments it lacks, then consumes until `stop`. Raises ContractError like `handler`."""
    known = contracts.load(settings.contracts_folder)
    contracts.say(known, log)
    consume.run(settings, Scoring(known).apply, clock, status, stop, log)
