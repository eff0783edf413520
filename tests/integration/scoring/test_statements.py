"""At most fifteen SQL statements per batch, offsets and dead letters included, the same number for 50 messages and for 500."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from beklijf_shared import consume
from beklijf_shared.bus import Polled
from beklijf_shared.envelope import headers
from beklijf_shared.events import Event, encode
from beklijf_shared.telemetry import Logger
from tests.integration.scoring.conftest import TOPICS, Service
from tests.lib.builders import episode_changed, response_accepted
from tests.lib.clock import NOON


@contextmanager
def counted(service: Service) -> Iterator[list[str]]:
    """The statements sent meanwhile; BEGIN and COMMIT are none."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(service.engine, "before_cursor_execute", note)
    yield statements
    event.remove(service.engine, "before_cursor_execute", note)


def records(given: list[Event]) -> list[Polled]:
    result = []
    for offset, one in enumerate(given):
        topic = TOPICS[type(one)]
        attributes = headers(topic, topic.entity_of(one), one.version, NOON)
        result.append(Polled(topic.name, 0, offset, topic.key_of(one).encode(), encode(one), attributes))
    return result


def everything(number: int, version: int) -> list[Event]:
    """For one patient: an episode that moves, an amendment, a link to another's episode, and something that cannot be applied."""
    subject = f"s{number}" if version == 1 else f"s{number}-{version}"
    return [
        episode_changed(f"e{number}", subject=subject, version=version),
        response_accepted(f"a{number}", 90, subject=subject, version=version, status="completed" if version == 1 else "amended"),
        response_accepted(f"b{number}", 60 + version, subject=subject, version=version, measured="2014-05-03T09:00:00Z"),
        response_accepted(f"c{number}", 60, subject=subject, version=version, stated_episode=f"e{number + version}"),
        response_accepted(f"d{number}", 101, subject=subject, version=version),
    ]


def batch(size: int, version: int) -> list[Event]:
    return [one for number in range(size // 5) for one in everything(number, version)]


def only_episodes(size: int, version: int) -> list[Event]:
    """Episodes move to patients nobody heard of; those whose answers state them are concerned, and only the tables know who they are."""
    return [episode_changed(f"e{number}", subject=f"new{number}", version=version) for number in range(size // 10, size - 1)] + [
        response_accepted("wrong", 101, version=version)
    ]


def apply(service: Service, given: list[Event]) -> int:
    log = Logger("scoring", "test")
    with counted(service) as statements:
        consume.apply_batch(service.engine, service.scoring.apply, records(given), "incarnation", NOON, log)
    return len(statements)


@pytest.mark.parametrize("size", [50, 500])
def test_a_batch_takes_as_many_statements_however_large(service: Service, size: int) -> None:
    first = apply(service, batch(size, 1))
    second = apply(service, batch(size, 2))
    moved = apply(service, only_episodes(size, 3))
    repeated = apply(service, batch(size, 2))

    assert (first, second, moved, repeated) == (12, 13, 15, 3)
