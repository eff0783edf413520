"""The event edge: gives the use case to the one batch loop that every service runs."""

from __future__ import annotations

from beklijf_scoring.usecases import Scoring
from beklijf_shared import contracts
from beklijf_shared.consume import Handler
from beklijf_shared.settings import Settings


def handler(settings: Settings) -> Handler:
    """What the loop calls for every batch. Raises ContractError when the contracts cannot hold: then nothing is consumed at all."""
    return Scoring(contracts.load(settings.contracts_folder)).apply
