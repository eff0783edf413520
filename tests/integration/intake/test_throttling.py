"""Too much at once is turned away at once, and said so (H33); who sends is not what a header says (H32)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from beklijf_intake import writer
from beklijf_intake.usecases import Unit, Verdict
from beklijf_intake.writer import Busy, Writer
from beklijf_shared.telemetry import Logger
from tests.integration.intake.test_api import AUTHORED, Door, code_of, door, running
from tests.lib import builders
from tests.lib.stated import patient, request

__all__ = ["door", "running"]


def test_a_request_too_many_is_answered_with_when_to_come_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_UNITS_MAXIMUM", 0)
    turned_away = door.post(builders.patient())
    monkeypatch.undo()
    taken = door.post(builders.patient())

    assert (turned_away.status_code, code_of(turned_away), turned_away.headers["retry-after"]) == (429, "throttled", "2")
    assert taken.status_code == 201


def test_what_waits_is_bounded_in_number_and_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "WAITING_UNITS_MAXIMUM", 100)
    monkeypatch.setattr(writer, "WAITING_BYTES_MAXIMUM", 1)
    may_go_on = threading.Event()

    def commit(units: Sequence[Unit]) -> list[Verdict]:
        may_go_on.wait(90)
        return [[] for _ in units]

    async def play() -> list[str]:
        queue = Writer(commit, Logger("intake", "api"))
        large = Unit("o", (request(patient("p1")),))
        running = asyncio.create_task(queue.run())
        first = asyncio.create_task(queue.submit([large] * 3))
        await asyncio.sleep(0)
        told = []
        for units in ([large], [Unit("o")] * 101):
            try:
                await queue.submit(units)
            except Busy:
                told.append("busy")
        may_go_on.set()
        told.append(f"{len(await first)} answered")
        told.append(f"{len(await queue.submit([large] * 3))} answered")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return told

    assert asyncio.run(play()) == ["busy", "busy", "3 answered", "3 answered"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-User", "X-Tenant", "X-User", "X-Organisation", "Forwarded"])
def test_headers_that_claim_to_be_somebody_are_ignored(door: Door, header: str) -> None:
    answer = door.post(builders.vas("a1", 40, authored=AUTHORED), **{header: "00000002"})

    assert answer.status_code == 201
    assert door.registry.rows("SELECT organisation FROM resource") == ["00000001"]
