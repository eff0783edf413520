"""What intake would tell, sent straight to the broker: patients with their episodes and answers, and later versions of those."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date

from beklijf_shared import bus, db, envelope, events, progress
from beklijf_shared.events import EpisodeChanged, ResponseAccepted
from tests.lib import builders, reference
from tests.lib.clock import NOON
from tests.lib.events import TOPIC_OF
from tests.lib.infra import Broker
from tests.lib.marked import marked
from tests.lib.rooms import Room

Told = EpisodeChanged | ResponseAccepted
BATCH = 500
PUMPED_AT_ONCE = 4
PAUSE_SECONDS = 0.1


def patients(first: int, count: int, *, version: int = 1) -> Iterator[Told]:
    """An episode and one VAS at each of its five moments; each version gives other answers."""
    for number in range(first, first + count):
        subject, t0 = f"s{number}", f"{2012 + number % 4}-{1 + number % 12:02d}-{1 + number % 28:02d}"
        status = "completed" if version == 1 else "amended"
        yield builders.episode_changed(f"e{number}", version=version, subject=subject, t0=t0, birth_year=1930 + version)
        for place, (moment, (_, target, _)) in enumerate(reference.windows(date.fromisoformat(t0)).items()):
            value, measured = (number * 7 + place * 29 + version * 13) % 101, f"{target}T11:00:00Z"
            yield builders.response_accepted(
                f"r{number}-{moment}", value, version=version, subject=subject, status=status, measured=measured
            )


@dataclass
class Stream:
    """Everything that was sent, and up to which offset of each partition."""

    broker: Broker
    sent: list[Told] = field(default_factory=list)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    incarnation: str = field(init=False)

    def __post_init__(self) -> None:
        self.incarnation = marked(self.broker.bootstrap)

    def send(self, told: Iterable[Told]) -> None:
        """Returns when the broker has all of it: what was not acknowledged is sent again, as a relay does."""
        rest = list(told)
        while rest:
            try:
                with closing(bus.Producer(self.broker.bootstrap)) as producer:
                    while rest:
                        for place, end in producer.send([outgoing(one) for one in rest[:BATCH]]).items():
                            self.ends[place] = max(end, self.ends.get(place, 0))
                        self.sent += rest[:BATCH]
                        del rest[:BATCH]
            except bus.BrokerAway:
                continue

    @contextmanager
    def flowing(self, first: int) -> Iterator[None]:
        """Meanwhile new patients from number `first` on are sent, a few at a time, each twice: the second time with other answers."""
        over = threading.Event()
        thread = threading.Thread(target=self._flow, args=(first, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def is_applied(self, engine: db.Engine) -> bool:
        """Whether a consumer's database holds all of it."""
        with db.transaction(engine) as connection:
            known = progress.stored(connection, self.incarnation, "applied")
        return all(known.get(place, 0) >= end for place, end in self.ends.items())

    def told_to(self, room: Room) -> None:
        """The same, told to a service in this process, in one order and once: what must come of it."""
        for start in range(0, len(self.sent), BATCH):
            assert room.apply(self.sent[start : start + BATCH], NOON) == []

    def _flow(self, first: int, over: threading.Event) -> None:
        while not over.wait(PAUSE_SECONDS):
            for version in (1, 2):
                self.send(patients(first, PUMPED_AT_ONCE, version=version))
            first += PUMPED_AT_ONCE


def outgoing(event: Told) -> bus.Outgoing:
    """An event as intake's relay sends it."""
    topic = TOPIC_OF[type(event)]
    headers = envelope.headers(topic, topic.entity_of(event), event.version, NOON)
    return bus.Outgoing(topic.name, topic.key_of(event).encode(), events.encode(event), headers)
