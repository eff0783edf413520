"""A process that was sent the whole corpus again and again is no larger than after the first time (P-33)."""

from __future__ import annotations

from pathlib import Path

from tests.integration.intake.test_bad_input import send
from tests.integration.intake.test_crashes import process
from tests.lib.bad_input import BAD_INPUT
from tests.lib.databases import Databases
from tests.lib.memory import resident_mb

GROWTH_MAXIMUM_MB = 50


def test_memory_does_not_grow_with_bad_input(databases: Databases, tmp_path: Path) -> None:
    with process(databases("intake"), tmp_path) as (api, client):
        sizes = []
        for _ in range(4):
            for case in BAD_INPUT:
                send(client, case)
            sizes.append(resident_mb(api.pid))

    assert sizes[-1] - sizes[0] < GROWTH_MAXIMUM_MB, sizes
