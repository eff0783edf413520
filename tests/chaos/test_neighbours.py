"""What the door promises while its neighbours fail, or its senders are too many.

P-18: sessions are cut, PostgreSQL is killed. P-10: the broker is away. P-16: more is sent than can be stored.
One site for the whole module, because starting it is what takes the time.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from beklijf_shared import topics
from tests.chaos.intake import Site, site
from tests.lib import builders
from tests.lib.databases import plain
from tests.lib.memory import resident_mb
from tests.lib.persistent import AUTHORED, FHIR, Persistent, says_later, send
from tests.lib.servers import BrokerServer
from tests.lib.topic_reader import read_until
from tests.lib.wait import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

SECONDS = 90.0
RECOVERED_SECONDS = 5.0
MEMORY_MAXIMUM_MB = 512
BUNDLES, ENTRIES = 6, 1_000
INCARNATION = "SELECT incarnation FROM broker"
UNSENT = "SELECT count(*) FROM outbox"
CUT_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'intake' AND application_name = 'beklijf'"


@pytest.fixture(scope="module")
def made() -> Iterator[Site]:
    with site() as one:
        one.broker = BrokerServer(one.folder / "broker").start()
        try:
            one.start("api")
            yield one
        finally:
            one.broker.kill()


def check(made: Site, sender: Persistent, prefix: str) -> None:
    """Everything acknowledged is there, once, and nothing was said that may not be said."""
    assert sender.wrong == []
    stored = made.names(f"SELECT value FROM resource WHERE value LIKE '{prefix}-%' AND type = 'QuestionnaireResponse'")
    assert sorted(stored) == sorted(sender.acknowledged)
    assert made.ask(f"SELECT count(*) FROM version JOIN resource ON id = resource WHERE value LIKE '{prefix}-%'") == len(stored)


def goes_on(sender: Persistent, more: int = 20, seconds: float = SECONDS) -> None:
    """Return when so many more are acknowledged."""
    enough = len(sender.acknowledged) + more
    wait_until(lambda: len(sender.acknowledged) >= enough, seconds, because="answers are acknowledged")


def is_told_later(sender: Persistent, status: int = 503, more: int = 1) -> None:
    """Return when so many more were told to come later."""
    enough = sender.statuses[status] + more
    wait_until(lambda: sender.statuses[status] >= enough, SECONDS, because=f"{more} answers of {status}")


def test_sessions_are_cut_again_and_again(made: Site) -> None:
    sender = Persistent(str(made.client.base_url))
    with sender.pushing("cut"), psycopg.connect(plain(made.postgres.url), autocommit=True) as superuser:
        for _ in range(25):
            goes_on(sender, 5)
            superuser.execute(CUT_SESSIONS)

        def lost_on_the_way_of_a_commit() -> bool:
            """Whether some were told to come later: any other loss the door mends by itself, within the request."""
            superuser.execute(CUT_SESSIONS)
            return sender.statuses[503] > 0

        wait_until(lost_on_the_way_of_a_commit, SECONDS, because="a session is cut while it commits")
        goes_on(sender)

    check(made, sender, "cut")


def test_postgresql_is_killed_and_the_first_request_after_it_is_back_succeeds(made: Site) -> None:
    sender = Persistent(str(made.client.base_url))
    for time_ in range(2):
        with sender.pushing(f"killed-{time_}"):
            goes_on(sender)
            made.postgres.kill()
            is_told_later(sender)
            made.postgres.start()
            goes_on(sender, 1, RECOVERED_SECONDS)
    made.postgres.kill()
    made.postgres.start()
    began = time.monotonic()
    with httpx.Client(base_url=made.client.base_url, headers=FHIR, timeout=30) as client:
        first = send(client, "first")

    assert first.status_code == 201
    assert time.monotonic() - began < RECOVERED_SECONDS
    check(made, sender, "killed")


def test_the_broker_is_away(made: Site) -> None:
    """It hangs for a while, and later is gone and comes back empty. Senders notice nothing, and integrators miss nothing."""
    broker, sender = made.broker, Persistent(str(made.client.base_url))
    assert broker is not None
    assert broker.running is not None
    made.start("relay")
    wait_until(lambda: made.names(INCARNATION), SECONDS, because="the relay has found the broker")
    with sender.pushing("away"):
        goes_on(sender)
        broker.running.process.send_signal(signal.SIGSTOP)
        goes_on(sender, 100)
        broker.running.process.send_signal(signal.SIGCONT)
        goes_on(sender)
        before = made.names(INCARNATION)
        broker.kill()
        goes_on(sender, 100)
    waiting = made.ask(UNSENT)
    broker.start()

    assert waiting > 0
    assert set(sender.statuses) == {201}
    assert sender.unanswered.total() == 0
    assert sender.slowest_seconds < RECOVERED_SECONDS
    check(made, sender, "away")
    wait_until(lambda: made.names(INCARNATION) != before, SECONDS, because="the relay has found the new broker")
    wait_until(lambda: made.ask(UNSENT) == 0, SECONDS, because="the backlog has drained")
    stored = set(made.names("SELECT id FROM resource WHERE type = 'QuestionnaireResponse'"))
    told = read_until(broker.bootstrap, topics.RESPONSE_ACCEPTED, lambda found: {one.entity for one in found} >= stored, SECONDS)
    assert {one.entity for one in told} == stored


def test_more_is_sent_than_can_be_stored(made: Site) -> None:
    """The database stands still until what waits is full; whoever comes then is told to come later, and is taken in the end."""
    sender, base = Persistent(str(made.client.base_url)), made.client.base_url
    lock = psycopg.connect(plain(made.database))
    with lock, httpx.Client(base_url=base, headers=FHIR, timeout=2) as probe, ThreadPoolExecutor(BUNDLES + 1) as threads:
        lock.execute("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE")
        bundles = [threads.submit(until_all_are_stored, str(base), f"over-{number}") for number in range(BUNDLES)]
        wait_until(lambda: turned_away(probe), SECONDS, because="one is turned away")
        singles = threads.submit(sender.push, [f"single-{number}" for number in range(100)], 8)
        is_told_later(sender, 429, 20)
        lock.commit()
        said_when = [one for bundle in bundles for one in bundle.result()]
        singles.result()

    assert all(said_when)
    check(made, sender, "single")
    assert made.ask("SELECT count(*) FROM resource WHERE value LIKE 'over-%'") == BUNDLES * ENTRIES
    assert resident_mb(made.running["api"].pid, "VmHWM") < MEMORY_MAXIMUM_MB


def turned_away(probe: httpx.Client) -> bool:
    """Whether one more is refused; where it is not, it waits with the others until its sender has lost patience."""
    try:
        answer = send(probe, "probe")
    except httpx.TimeoutException:
        return False
    return answer.status_code == 429 and says_later(answer)


def until_all_are_stored(base: str, prefix: str) -> list[bool]:
    """Sends one batch again and again until each of its entries is stored; of each refusal, whether it says when to come again."""
    resources = [builders.vas(f"{prefix}-{number}", number % 101, authored=AUTHORED) for number in range(ENTRIES)]
    entries = [{"resource": one, "request": {"method": "POST", "url": "QuestionnaireResponse"}} for one in resources]
    content = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    refused = []
    with httpx.Client(base_url=base, headers=FHIR, timeout=SECONDS) as client:
        while True:
            answer = client.post("/fhir", content=content)
            if answer.is_success:
                statuses = {entry["response"]["status"] for entry in answer.json()["entry"]}
                refused.append(statuses <= {"201 Created", "200 OK", "503"})
                if "503" not in statuses:
                    return refused
            else:
                refused.append(says_later(answer))
            time.sleep(0.2)
