"""The receipt adds up at every step: in mid-import, while events travel, whatever is amended, retracted, merged or sent again.

A hospital's history goes through intake, scoring and reporting on their real tables, in steps of Bundles, imports and single resources on
several days, while what each service tells reaches the next one late. After every step the identities hold; in the end every receipt
equals a plain count of what the services say of single answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from beklijf_intake.domain.receipt import Delivery
from beklijf_intake.usecases import Unit
from beklijf_intake.writer import committer
from beklijf_reporting import store
from beklijf_reporting.pages import receipts
from beklijf_shared import db
from beklijf_shared.envelope import Message
from beklijf_shared.events import ResponseAccepted, ScoreComputed
from tests.lib.builders import Resource
from tests.lib.clock import CountedIds, HandClock
from tests.lib.databases import Databases
from tests.lib.desk import RULES, request
from tests.lib.fhir_histories import arrivals, sent
from tests.lib.reading import NOW, ORGANISATION
from tests.lib.rooms import Room

pytestmark = pytest.mark.timeout(300)
HEARD_BY_REPORTING = ("beklijf.intake-tally.v1", "beklijf.data-quality.v1")


class Line:
    """Intake, scoring and reporting one behind the other, with what is on its way between them."""

    def __init__(self, databases: Databases) -> None:
        self.intake, self.scoring, self.reporting = (Room(name, databases(name)) for name in ("intake", "scoring", "reporting"))
        self.rooms = (self.intake, self.scoring, self.reporting)

    def begin(self) -> None:
        for room in self.rooms:
            room.clear()
        self.clock, self.ids = HandClock(NOW), CountedIds()
        self.commit = committer(self.intake.engine, self.clock, self.ids, RULES)
        self.to_scoring: list[Message] = []
        self.to_reporting: list[Message] = []
        self.units: list[Unit] = []

    def take(self, units: Sequence[Unit]) -> None:
        """One commit of intake."""
        self.commit(units)
        self.units += units
        for message in self.intake.sends():
            (self.to_reporting if message.topic.name in HEARD_BY_REPORTING else self.to_scoring).append(message)

    def travel(self, scoring: int, reporting: int) -> None:
        """So many of the messages on their way arrive."""
        arrived, self.to_scoring = self.to_scoring[:scoring], self.to_scoring[scoring:]
        if arrived:
            assert self.scoring.apply_messages(arrived, self.clock()) == []
            self.to_reporting += [message for message in self.scoring.sends() if message.topic.name in HEARD_BY_REPORTING]
        arrived, self.to_reporting = self.to_reporting[:reporting], self.to_reporting[reporting:]
        if arrived:
            assert self.reporting.apply_messages(arrived, self.clock()) == []

    def receipts(self) -> list[receipts.Whole]:
        with db.transaction(self.reporting.engine) as connection:
            return list(receipts.wholes(store.receipts(connection, 1000)))

    def close(self) -> None:
        for room in self.rooms:
            room.close()


@pytest.fixture(scope="module")
def line(databases: Databases) -> Iterator[Line]:
    line = Line(databases)
    yield line
    line.close()


def units_of(batch: Sequence[Resource], line: Line, how: str, refused: int) -> list[Unit]:
    """What the door makes of resources that come singly, as a batch Bundle, as a transaction, or as lines of an import."""
    codes = [Unit(ORGANISATION, refused=("invalid",))] * refused
    if how == "single":
        return [*(Unit(ORGANISATION, (request(one),)) for one in batch), *codes]
    kind = "import" if how == "import" else "bundle"
    delivery = Delivery(line.ids(), kind, line.clock(), None if kind == "import" else len(batch) + refused)
    if how == "transaction":
        return [Unit(ORGANISATION, tuple(map(request, batch)), ("invalid",) * refused, delivery)]
    singly = [Unit(ORGANISATION, (request(one),), delivery=delivery) for one in batch]
    return [*singly, *(Unit(ORGANISATION, refused=one.refused, delivery=delivery) for one in codes)]


@given(history=sent(), data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_receipt_adds_up_at_every_step_and_in_the_end_equals_a_plain_count(
    line: Line, history: list[Resource], data: st.DataObject
) -> None:
    line.begin()
    for batch in data.draw(arrivals(history)):
        how = data.draw(st.sampled_from(("single", "batch", "transaction", "import")))
        line.take(units_of(batch, line, how, data.draw(st.sampled_from((0, 0, 1)))))
        line.clock.advance(days=data.draw(st.sampled_from((0, 0, 1))), seconds=1)
        line.travel(data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9)))
        check_intake(line)
        check_reporting(line)

    line.travel(100_000, 100_000)

    check_reporting(line)
    assert all(one.answers.is_settled for one in line.receipts())
    assert {(one.tally.receipt, code): n for one in line.receipts() for code, n, _ in one.lines if n} == plain_count(line)


def check_reporting(line: Line) -> None:
    """What is shown adds up, whatever has arrived."""
    for one in line.receipts():
        tally = one.tally
        assert tally.sent == tally.accepted + tally.duplicate + tally.refused
        assert tally.refused == sum(tally.refused_by_code.values())
        assert tally.accepted == one.answers.accepted + sum(n for _, n in one.others)
        assert one.answers.adds_up
        assert sum(n for _, n, _ in one.lines) == one.answers.accepted
        assert min(one.answers.dispositions.values(), default=0) >= 0
        assert tally.total is None or tally.sent <= tally.total


def check_intake(line: Line) -> None:
    """What intake stores of receipts is what a count of its versions and of the requests says, at this very moment."""
    asked: Counter[tuple[str, str]] = Counter()
    with db.transaction(line.intake.engine) as connection:
        rows = connection.execute(text("SELECT id, counts FROM receipt")).all()
        stored = {(id_, name): n for id_, counts in rows for name, n in counts.items() if n}
        versions = connection.execute(
            text("""
            SELECT to_char(v.received_at AT TIME ZONE 'Europe/Amsterdam', 'YYYY-MM-DD'), v.receipt, r.type, v.number = r.current, v.status
            FROM version AS v JOIN resource AS r ON r.id = v.resource""")
        ).all()
    for day, receipt, type_, is_current, status in versions:
        for id_ in {day, receipt} - {None}:
            asked[id_, f"accepted:{type_}"] += 1
            if type_ == "QuestionnaireResponse":
                standing = "told" if status not in ("in-progress", "stopped") else "draft"
                asked[id_, standing if is_current else "superseded"] += 1
    told = {key: n for key, n in stored.items() if key[1].startswith("accepted:") or key[1] in ("draft", "superseded", "told")}
    assert told == asked
    of_days = sum(n for (id_, name), n in stored.items() if len(id_) == len("2026-11-22") and name.startswith(("accepted", "refused")))
    of_days += sum(n for (id_, name), n in stored.items() if len(id_) == len("2026-11-22") and name == "duplicate")
    assert of_days == sum(len(unit.requests) + len(unit.refused) for unit in line.units)


def plain_count(line: Line) -> dict[tuple[str, str], int]:
    """Where each answer stands in the end, counted one by one from what is said of it."""
    counted: Counter[tuple[str, str]] = Counter()
    scores = {one.response: one for one in line.scoring.told(ScoreComputed)}
    for accepted in line.intake.told(ResponseAccepted):
        score = scores[accepted.response]
        assert score.receipts == accepted.receipts
        code = "not-scorable" if score.counts == "counted" and not score.scorable else score.counts
        counted.update((receipt, code) for receipt in accepted.receipts)
    with db.transaction(line.intake.engine) as connection:
        rows = connection.execute(text("SELECT id, counts FROM receipt")).all()
    counted.update({(id_, name): n for id_, counts in rows for name, n in counts.items() if name in ("draft", "superseded") and n})
    return dict(counted)
