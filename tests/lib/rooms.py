"""One service in this process, on its real tables: batches go in by its use case, what it tells comes out, no broker in between."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import text

from beklijf_shared import commands, consume, db, envelope, outbox, topics
from beklijf_shared.events import Event, with_version
from beklijf_shared.settings import Settings
from tests.lib import work_list
from tests.lib.events import message

EventType = TypeVar("EventType", bound=Event)
ALL = 1_000_000


@dataclass
class Room:
    """A service with a database of its own."""

    service: str
    url: str
    engine: db.Engine = field(init=False)
    handler: consume.Handler = field(init=False)
    about: commands.Service = field(init=False)

    def __post_init__(self) -> None:
        self.engine = db.engine(self.url, pool_size=2)
        self.about = importlib.import_module(f"beklijf_{self.service}.app").SERVICE
        settings = Settings(self.service, self.url, "", "tansu", "laptop", "127.0.0.1", 0, 0, None)
        if self.about.handler is not None:
            self.handler = self.about.handler(settings)

    def apply(self, events: Iterable[Event], now: datetime) -> list[consume.Rejected]:
        """One batch in one transaction, as the loop would."""
        return self.apply_messages([message(event) for event in events], now)

    def apply_messages(self, messages: Sequence[envelope.Message], now: datetime) -> list[consume.Rejected]:
        """One batch of messages that were told by another service."""
        with db.transaction(self.engine) as connection:
            return self.handler(connection, messages, now)

    def sends(self) -> list[envelope.Message]:
        """What the relay would send now, and then forget."""
        with db.transaction(self.engine) as connection:
            lines = outbox.take(connection, ALL)
            work_list.delete(connection, [line.id for line in lines])
        told = {(line.state.topic, line.state.entity): line.state for line in lines if line.state is not None}
        return [_message(state) for state in told.values()]

    def told(self, kind: type[EventType]) -> list[EventType]:
        """What this service says now, of one kind, in the order of the entities."""
        topic = next(topic for topic in topics.TOPICS if topic.event is kind)
        with db.transaction(self.engine) as connection:
            rows = connection.execute(text("SELECT body FROM told WHERE topic = :topic ORDER BY entity"), {"topic": topic.name})
            return [msgspec.json.decode(bytes(body), type=kind) for (body,) in rows]

    def hash(self) -> str:
        """The state hash, without versions."""
        with db.transaction(self.engine) as connection:
            return commands.state_hash(connection, self.about)

    def empty(self) -> None:
        """What `empty` does: forget everything that will come again from upstream."""
        assert self.about.empty is not None
        with db.transaction(self.engine) as connection:
            self.about.empty(connection)

    def republish(self) -> None:
        """What `republish` does: everything that was told goes onto the work list again."""
        with db.transaction(self.engine) as connection:
            outbox.republish(connection, topics.sent_by(self.service))

    def dead_letters(self) -> int:
        """How many dead letters have not been replayed."""
        with db.transaction(self.engine) as connection:
            return int(connection.execute(text("SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL")).scalar_one())

    def clear(self) -> None:
        """Everything away, also what a rebuild would keep: the next example begins with nothing."""
        with db.transaction(self.engine) as connection:
            names = connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
            )
            commands.truncate(connection, *names.scalars())

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _message(state: outbox.Told) -> envelope.Message:
    topic = topics.BY_NAME[state.topic]
    body = with_version(state.body, state.version)
    return envelope.of(topic, msgspec.json.decode(body, type=topic.event), body)
