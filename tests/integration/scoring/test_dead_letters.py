"""P-13: what could not be applied has its effect once the cause is gone, by one command, as if it had never failed; and only once."""

from __future__ import annotations

import json
import threading
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from beklijf_scoring import app, consumer
from beklijf_scoring.usecases import Scoring
from beklijf_shared import commands, contracts, db
from beklijf_shared.events import EpisodeChanged
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger
from tests.chaos.stream import Stream, Told, patients
from tests.integration.shared.conftest import in_thread
from tests.lib import infra
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.rooms import Room
from tests.lib.sources import ROOT
from tests.lib.wait import wait_until

pytestmark = pytest.mark.events

SECONDS = 90.0
UNKNOWN = 5


def sent() -> list[Told]:
    """Patients of whom the first are in a programme that scoring does not know; some are told of twice, with another state."""
    told = [*patients(0, 20), *patients(0, 2, version=2)]
    first = {f"s{number}" for number in range(UNKNOWN)}
    return [replace(one, programme="clinic") if isinstance(one, EpisodeChanged) and one.subject in first else one for one in told]


def clinic(folder: Path) -> Path:
    """What the site adds, when it has found out: its programme, with a file alone."""
    (folder / "protocols").mkdir()
    shipped = (ROOT / "contracts" / "protocols" / "imsr.toml").read_text()
    (folder / "protocols" / "clinic.toml").write_text(shipped.replace('code = "imsr"', 'code = "clinic"'))
    return folder


def state(url: str) -> str:
    with closing(Room("scoring", url)) as room:
        return room.hash()


def test_dead_letters_have_their_effect_once_the_cause_is_gone(
    database: Databases,
    broker: infra.Broker,
    clock: HandClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream, url = Stream(broker), database("scoring")
    settings = Settings("scoring", url, broker.bootstrap, broker.profile, "laptop", "127.0.0.1", 0, 0, None)
    stop, log = threading.Event(), Logger("scoring", "consumer")
    stream.send(sent())
    with (
        db.opened(url) as engine,
        in_thread(lambda: consumer.run(settings, clock, Status("scoring", "consumer"), stop, log), stop),
    ):
        wait_until(lambda: stream.is_applied(engine), SECONDS, because="everything is applied, or a dead letter")
    monkeypatch.setenv("BEKLIJF_DATABASE_URL", url)
    monkeypatch.setenv("BEKLIJF_CLOCK", "2020-03-03T12:00:00Z")

    def dlq(*arguments: str) -> tuple[int, list[dict[str, object]]]:
        code = commands.main(app.SERVICE, ["dlq", *arguments])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    reason = "unknown-programme: no protocol has this code"
    capsys.readouterr()  # what was logged until here
    _, waiting = dlq("list")
    refused = dlq("replay")
    assert [row["reason"] for row in waiting] == [reason] * (UNKNOWN + 2)
    assert refused == (1, [{"id": row["id"], "outcome": reason} for row in waiting])
    assert dlq("list") == (0, waiting)

    monkeypatch.setenv("BEKLIJF_CONTRACTS", str(clinic(tmp_path)))
    replayed = dlq("replay")
    once = state(url)
    again = dlq("replay", str(waiting[0]["id"]))

    assert replayed == (0, [{"id": row["id"], "outcome": "replayed"} for row in waiting])
    assert again == (0, [{"id": waiting[0]["id"], "outcome": "replayed"}])
    assert state(url) == once == as_if_it_had_never_failed(database("scoring"), stream, tmp_path)
    assert dlq("list") == (0, [])


def as_if_it_had_never_failed(url: str, stream: Stream, folder: Path) -> str:
    with closing(Room("scoring", url)) as room:
        room.handler = Scoring(contracts.load(folder)).apply
        stream.told_to(room)
        return room.hash()
