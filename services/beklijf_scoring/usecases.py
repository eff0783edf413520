"""What scoring does with what it is told: keep it, derive anew everybody whom it concerns, tell the differences.

A batch costs the same number of statements however large it is (design, section 2, "Set-wise"); the order of the steps in `apply`
and `derive_anew` is what makes several consumers at once safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from beklijf_scoring import store, telling
from beklijf_scoring.domain.change import judges
from beklijf_scoring.domain.derive import Derived, Subject, derive, knowledge_of
from beklijf_scoring.domain.facts import Answer, Episode, PairKey
from beklijf_scoring.hearing import Hearing, Inapplicable, answer_of, episode_of, event_of
from beklijf_scoring.store import Awaits, Counting, Touched
from beklijf_scoring.telling import Scope
from beklijf_shared import db, heard, outbox, topics
from beklijf_shared.consume import Rejected
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Connection
from beklijf_shared.envelope import Message
from beklijf_shared.events import EVERY_RECEIPT, EpisodeChanged, Event, ResponseAccepted
from beklijf_shared.heard import Heard
from beklijf_shared.outbox import Statement, Told
from beklijf_shared.topics import Topic

HEARD = (topics.EPISODE_CHANGED, topics.RESPONSE_ACCEPTED)
Place = tuple[str, str]
"""(topic, entity)."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """What one subject is known to have, collected from the tables."""

    episodes: list[Episode]
    answers: list[Answer]
    published: list[PairKey]


class Scoring:
    """The use cases of scoring, with everything that comes from contracts prepared."""

    def __init__(self, contracts: Contracts) -> None:
        self._hearing = Hearing(contracts)
        self._knowledge = knowledge_of(contracts.protocols, judges(contracts.instruments, contracts.protocols, contracts.rules))

    def apply(self, connection: Connection, messages: Sequence[Message], now: datetime) -> list[Rejected]:
        """Applies a batch: understands it, locks whom it concerns, keeps what is newest, derives and tells. Gives what it refused."""
        facts, rejected = self._understand(messages)
        understood = [message for message in messages if message.digest in facts]
        if not understood:
            return rejected
        before = heard.stored(connection, understood)
        sorting = heard.sort(understood, before)
        rejected += [Rejected(message, "conflict: this version was heard with another content") for message in sorting.conflicting]
        fresh = sorting.fresh
        if not fresh:
            return rejected
        subjects = {message.key for message in fresh} | {before[message.place].key for message in fresh if message.place in before}
        episodes = _named_episodes(fresh)
        # A subject is locked so that it is derived by one consumer at a time. An episode is locked so that an answer that states it
        # and the episode itself, arriving at once for different subjects, see each other.
        db.lock_keys(connection, subjects | episodes)
        heard.store(connection, fresh, {message.place: facts[message.digest] for message in fresh})
        self.derive_anew(connection, self._touched(connection, fresh, subjects), now)
        return rejected

    def derive_anew(self, connection: Connection, touched: Touched, now: datetime) -> int:
        """Derives subjects whole, compares with what was told before, and writes and publishes the differences; gives how many."""
        known = outbox.digests(connection, telling.ABOUT_SUBJECTS, touched.subjects)
        derived = self._derive(connection, touched.subjects, known)
        rows = outbox.differing(self.tellings(derived), known)
        former = _former(connection, rows, known, now)
        counting = _counting(connection, derived, rows, former, touched.awaits)
        outbox.state(connection, rows, now=now)
        if counting:
            # last, and short: these counts are the only rows that all consumers share
            counted = store.count(connection, counting)
            quality = [(topics.DATA_QUALITY, telling.data_quality(scope, counts)) for scope, counts in sorted(counted.items())]
            outbox.publish(connection, quality, now=now)
        return len(rows)

    def rescore(self, connection: Connection, subjects: Sequence[str], now: datetime) -> None:
        """Scores and derives these subjects anew, after an instrument, a protocol or a rule changed."""
        db.lock_keys(connection, subjects)
        rows = heard.load(connection, HEARD, subjects, whole=True)
        store.replace_facts(connection, {(row.topic, row.entity): facts for row in map(self.anew, rows) if (facts := row.facts)})
        self.derive_anew(connection, store.touched(connection, subjects, (), ()), now)

    def anew(self, row: Heard) -> Heard:
        """What was heard (whole), with its facts by the present contracts; what they cannot score keeps its former score: it was
        accepted under those."""
        assert row.body is not None  # asked for whole
        event = event_of(row.topic, row.body)
        if isinstance(event, ResponseAccepted) and self._hearing.instrument_of(event) is None:
            return row
        try:
            return row._replace(facts=self._hearing.facts(event))
        except Inapplicable:
            return row

    def _understand(self, messages: Sequence[Message]) -> tuple[dict[bytes, bytes], list[Rejected]]:
        """What to keep of each message, by its digest, and the messages that cannot be applied."""
        facts: dict[bytes, bytes] = {}
        rejected: list[Rejected] = []
        for message in messages:
            try:
                facts[message.digest] = self._hearing.facts(message.event)
            except Inapplicable as error:
                rejected.append(Rejected(message, str(error)))
        return facts, rejected

    def _touched(self, connection: Connection, fresh: Sequence[Message], locked: set[str]) -> Touched:
        """Whom the batch concerns: those it names, and the few others that only the tables know; these are locked too."""
        told = [(topics.EPISODE_SCORED.name if _is_episode(message) else topics.SCORE_COMPUTED.name, message.entity) for message in fresh]
        changed = [message.entity for message in fresh if _is_episode(message)]
        touched = store.touched(connection, locked, told, changed)
        if touched.subjects <= locked:
            return touched
        db.lock_keys(connection, touched.subjects - locked)
        return store.touched(connection, touched.subjects, told, changed)

    def _derive(self, connection: Connection, subjects: Iterable[str], known: Iterable[Place]) -> dict[str, Derived]:
        """Everything about these subjects, from everything known about them."""
        return self.derived(heard.load(connection, HEARD, subjects), known)

    def derived(self, rows: Iterable[Heard], known: Iterable[Place]) -> dict[str, Derived]:
        """Everything about the subjects of these rows; `known`: what was told of them before."""
        concerned = _collect(rows, known)
        return {
            name: derive(Subject(each.episodes, each.answers, each.published), self._knowledge) for name, each in sorted(concerned.items())
        }

    @staticmethod
    def tellings(derived: Mapping[str, Derived]) -> Iterable[tuple[Topic, Event]]:
        """All events about these subjects, with version 0."""
        for subject, each in derived.items():
            yield from telling.tellings(subject, each)


def _collect(rows: Iterable[Heard], known: Iterable[Place]) -> dict[str, Concerned]:
    """What is known, by subject. A pair that was told goes with its episode, whoever's that is now."""
    concerned: dict[str, Concerned] = {}
    owner: dict[str, str] = {}
    for row in rows:
        each = concerned.get(row.key)
        if each is None:
            each = concerned[row.key] = Concerned([], [], [])
        assert row.facts is not None  # scoring stores facts with everything it hears
        if row.topic == topics.EPISODE_CHANGED.name:
            each.episodes.append(episode_of(row.facts))
            owner[row.entity] = row.key
        else:
            each.answers.append(answer_of(row.facts))
    for topic, entity in known:
        if topic == topics.MCIC_CHANGED.name:
            pair = telling.pair_key(entity)
            if pair.episode in owner:
                concerned[owner[pair.episode]].published.append(pair)
    return concerned


def _former(connection: Connection, rows: Mapping[Place, Statement], known: Mapping[Place, bytes], now: datetime) -> list[Told]:
    """What was told of the answers and pairs of which something else is told now."""
    again = {place: telling.relied_on(place[0], rows[place].body) for place in rows if place in known and place[0] in telling.RELIED_ON}
    return store.outdo(connection, again, now) if again else []


def _counting(
    connection: Connection,
    derived: Mapping[str, Derived],
    rows: Mapping[Place, Statement],
    former: Iterable[Told],
    before: frozenset[Awaits],
) -> Counting:
    """What the derivation changes in data quality: the answers of which something else is told now, and those that wait."""
    now = _awaits(connection, derived)
    counts: Counter[tuple[Scope, str]] = Counter()
    for place, row in rows.items():
        if place[0] == topics.SCORE_COMPUTED.name:
            counts.update(telling.dispositions(row.body))
    for told in former:
        if told.topic == topics.SCORE_COMPUTED.name:
            counts.subtract(telling.dispositions(told.body))
    counts.update(((row.organisation, EVERY_RECEIPT), telling.OF_ANOTHER_PATIENT) for row in now - before if row.of_another)
    counts.subtract(((row.organisation, EVERY_RECEIPT), telling.OF_ANOTHER_PATIENT) for row in before - now if row.of_another)
    touched = {scope for (scope, _), n in counts.items() if n}
    every = {(*scope, name): counts[scope, name] for scope in touched for name in telling.DISPOSITIONS}
    gone = {row.response for row in before} - {row.response for row in now}
    return Counting(frozenset(gone), now - before, every)


def _awaits(connection: Connection, derived: Mapping[str, Derived]) -> frozenset[Awaits]:
    """The answers that state an episode which is not this subject's; whether it is another's, only the tables know (M7)."""
    waiting = [(subject, placed) for subject, each in derived.items() for placed in each.answers if placed.waits_for is not None]
    if not waiting:
        return frozenset()
    owners = store.owners(connection, {placed.waits_for for _, placed in waiting if placed.waits_for is not None})
    return frozenset(
        Awaits(
            placed.answer.response, subject, placed.answer.organisation, placed.waits_for, _is_of_another(owners, placed.waits_for, subject)
        )
        for subject, placed in waiting
        if placed.waits_for is not None
    )


def _is_of_another(owners: Mapping[str, store.Owner], episode: str, subject: str) -> bool:
    """Whether the episode is another patient's; one that was entered in error is nobody's (M14)."""
    owner = owners.get(episode)
    return owner is not None and owner.subject != subject and episode_of(owner.facts).treatment != "entered-in-error"


def _named_episodes(fresh: Iterable[Message]) -> set[str]:
    """The episodes that a batch changes, and those that its answers state."""
    named: set[str] = set()
    for message in fresh:
        if isinstance(message.event, ResponseAccepted):
            if message.event.stated_episode is not None:
                named.add(message.event.stated_episode)
        else:
            named.add(message.entity)
    return named


def _is_episode(message: Message) -> bool:
    return isinstance(message.event, EpisodeChanged)
