"""The service as processes: events through a real broker end as a snapshot on the topic, and every process says how far it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from beklijf_shared import bus, db, envelope, events, outbox, topics
from tests.integration.cohorts.conftest import SITE, Cohorts
from tests.lib import infra
from tests.lib.databases import Databases
from tests.lib.scored import scored
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

pytestmark = pytest.mark.events

ANSWER_SECONDS = 30
END_SECONDS = 90


@contextmanager
def process(service: str, url: str, broker: infra.Broker, command: str) -> Iterator[tuple[int, int]]:
    """A process of a service; gives its ports for HTTP and for operations."""
    http, operations = free_port(), free_port()
    settings = {
        "BEKLIJF_DATABASE_URL": url,
        "BEKLIJF_CONTRACTS": str(SITE),
        "BEKLIJF_KAFKA_BOOTSTRAP": broker.bootstrap,
        "BEKLIJF_KAFKA_PROFILE": broker.profile,
        "BEKLIJF_PROFILE": "laptop",
        "BEKLIJF_HTTP_PORT": str(http),
        "BEKLIJF_OPERATIONS_PORT": str(operations),
        "BEKLIJF_CLOCK": "2020-03-02T12:00:00Z",
    }
    started = subprocess.Popen([sys.executable, "-m", f"beklijf_{service}", command], env={**os.environ, **settings})
    try:
        yield http, operations
    finally:
        started.terminate()
        assert started.wait(END_SECONDS) == 0


def asked(port: int, path: str) -> dict[str, Any]:
    """The JSON of an answer; empty while there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return {}


def test_an_event_becomes_a_snapshot_through_real_processes(cohorts: Cohorts, database: Databases, broker: infra.Broker) -> None:
    scoring = database("scoring")
    with db.opened(scoring) as engine, db.transaction(engine) as connection:
        tellings = [(topics.EPISODE_SCORED, scored(f"e{number}", {("t0", "vas-pain"): 50}, version=0)) for number in range(20)]
        outbox.publish(connection, tellings, now=datetime(2020, 3, 2, tzinfo=UTC))
    with ExitStack() as stack:
        stack.enter_context(process("scoring", scoring, broker, "relay"))
        _, consumer = stack.enter_context(process("cohorts", cohorts.url, broker, "consumer"))
        _, publisher = stack.enter_context(process("cohorts", cohorts.url, broker, "publisher"))
        _, relay = stack.enter_context(process("cohorts", cohorts.url, broker, "relay"))
        http, _ = stack.enter_context(process("cohorts", cohorts.url, broker, "api"))

        wait_until(lambda: sum(asked(consumer, "/progress").get("applied", {}).get("beklijf.episode-scored.v1", {}).values()) >= 20)
        wait_until(lambda: asked(publisher, "/progress").get("settled") is True, because="everything was published")
        wait_until(lambda: asked(relay, "/progress").get("unsent") == 0, because="everything was sent")

        # A relay that meets a broker sends everything once more: twenty messages may be ten episodes twice, so it is waited for all.
        wait_until(lambda: registered(asked(http, "/cohorts/imsr")) == 20, because="all are counted")
        wait_until(lambda: asked(publisher, "/health/ready").get("ready") is True, because="the publisher says that it is ready")
        assert [event.cohort for event in snapshots(broker)][-1].startswith("imsr")


def registered(answer: dict[str, Any]) -> int:
    """How many episodes the figures of a cohort have; none while there is no answer."""
    if not answer:
        return 0
    flow = answer["figures"][0]
    assert (flow["name"], flow["columns"][0], flow["rows"][-1][0]) == ("flow", "registered", ["all"])
    return int(flow["rows"][-1][1][0])


def snapshots(broker: infra.Broker) -> list[events.CohortSnapshot]:
    """What is on the topic of snapshots."""
    consumer = bus.Consumer(broker.bootstrap, broker.profile, "beklijf-test-of-cohorts", [topics.COHORT_SNAPSHOT.name], 100)
    try:
        records = wait_until(lambda: consumer.poll(200, dict), because="a snapshot is on its topic")
        messages = [envelope.decode(record) for record in records]
        return [message.event for message in messages if isinstance(message.event, events.CohortSnapshot)]
    finally:
        consumer.close()
