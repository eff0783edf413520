"""A hospital that sends answers: a plan made from a seed, pushed over HTTP from several threads, with a history of what was answered.

The plan knows what must be there in the end, in the words of the plain reference.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Literal

import httpx

from tests.lib import builders, reference
from tests.lib.builders import Resource
from tests.lib.located import place_of

Outcome = Literal["ok", "fail", "unknown"]
TRIES = 1_000
PAUSE_SECONDS = 0.15


@dataclass(frozen=True)
class Planned:
    """Everything about one patient: the messages in the order in which the hospital sends them, and what they amount to."""

    messages: tuple[Resource, ...]
    episode: reference.Episode
    answers: tuple[reference.Answer, ...]


def plan(seed: int, patients: int) -> list[Planned]:
    """Patients of the iMSR programme with their answers; some are amended, some retracted, some sent twice."""
    return [_patient(Random(f"{seed}/{number}"), f"{seed}-{number}") for number in range(patients)]


def _patient(random: Random, name: str) -> Planned:
    t0 = date(random.choice((2012, 2013, 2014, 2015)), random.randint(1, 12), random.randint(1, 28))
    born, gender = str(random.randint(1940, 1990)), random.choice(("female", "male"))
    finished = builders.episode(
        f"e-{name}",
        of=f"p-{name}",
        t0=t0.isoformat(),
        status="finished",
        ended=(t0 + timedelta(60)).isoformat(),
        meta={"lastUpdated": "2016-06-01T10:00:00Z"},
    )
    messages = [builders.patient(f"p-{name}", gender=gender, born=born), finished]
    found: list[reference.Answer] = []
    for moment, (_, target, _) in reference.windows(t0).items():
        for instrument in reference.INSTRUMENTS:
            if random.random() < 0.85:
                sent, answer = _answer(random, f"{name}-{moment}-{instrument}", name, instrument, target)
                messages += sent
                found.append(answer)
    return Planned(tuple(messages), reference.Episode(f"e-{name}", f"p-{name}", "o", t0, "completed"), tuple(found))


def _answer(random: Random, name: str, patient: str, instrument: str, day: date) -> tuple[list[Resource], reference.Answer]:
    """One answer: as it was first sent, sometimes again, sometimes corrected or taken back."""
    values = [random.randint(0, 100)]
    statuses = ["completed"]
    what = random.random()
    if what < 0.2:
        values.append(random.randint(0, 100))
        statuses.append("amended")
    elif what < 0.25:
        values.append(values[0])
        statuses.append("entered-in-error")
    make = builders.vas if instrument == "vas-pain" else builders.qbpds
    first = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    sent = [
        make(f"a-{name}", value, of=f"p-{patient}", authored=(first + timedelta(hours=place)).isoformat(), status=status)
        for place, (value, status) in enumerate(zip(values, statuses, strict=True))
    ]
    if random.random() < 0.1:
        sent.append(sent[0])  # a late retry of the first message, which must not undo anything (M11)
    items = (values[-1],) if instrument == "vas-pain" else tuple(builders.spread(values[-1]))
    return sent, reference.Answer(f"a-{name}", f"p-{patient}", "o", instrument, statuses[-1], first, items, tie=f"a-{name}")


@dataclass
class Hospital:
    """Pushes plans. A request without an answer is repeated, as every sender must; only then comes the patient's next message."""

    base: str
    pause_seconds: float = 0.0
    """Between one message and the next, of each thread: a hospital that is in no hurry."""
    tries: int = TRIES
    """How often a message is sent without an answer before it is given up."""
    history: Counter[Outcome] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Where each resource that was acknowledged is to be found, by the value of its identifier."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def push(self, plans: Iterable[Planned], *, threads: int = 4, stop: threading.Event | None = None) -> None:
        """Send everything, and return when every message was acknowledged."""
        lanes: list[list[Planned]] = [[] for _ in range(threads)]
        for number, one in enumerate(plans):
            lanes[number % threads].append(one)
        workers = [threading.Thread(target=self._lane, args=(lane, stop or threading.Event())) for lane in lanes]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _lane(self, plans: list[Planned], stop: threading.Event) -> None:
        with httpx.Client(timeout=30, headers={"Content-Type": "application/fhir+json"}) as client:
            for one in plans:
                for message in one.messages:
                    self._until_acknowledged(client, message, stop)

    def _until_acknowledged(self, client: httpx.Client, message: Resource, stop: threading.Event) -> None:
        for _ in range(self.tries):
            outcome = self._send(client, message)
            with self._lock:
                self.history[outcome] += 1
            if outcome != "unknown":
                stop.wait(self.pause_seconds)
                return
            stop.wait(PAUSE_SECONDS)
        with self._lock:
            self.refused.append(f"no answer after {self.tries} tries: {message['resourceType']}")

    def _send(self, client: httpx.Client, message: Resource) -> Outcome:
        try:
            answer = client.post(f"{self.base}/{message['resourceType']}", json=message)
        except httpx.TransportError:
            return "unknown"
        if answer.is_success:
            self.found_at(message, place_of(answer))
            return "ok"
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            return "unknown"
        with self._lock:
            self.refused.append(f"{answer.status_code}: {answer.text[:300]}")
        return "fail"

    def found_at(self, message: Resource, place: str) -> None:
        """Remembers where a resource is (`Patient/...`)."""
        identifier = message["identifier"]
        one = identifier[0] if isinstance(identifier, list) else identifier
        self.places[one["value"]] = place


def expected(plans: Iterable[Planned], on: date) -> reference.Figures:
    """What the cohort's figures must be when all of these plans have been taken in."""
    known = list(plans)
    return reference.figures([answer for one in known for answer in one.answers], [one.episode for one in known], on)
