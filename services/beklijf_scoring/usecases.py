"""What scoring does with what it is told: keep it, derive anew everybody whom it concerns, tell the differences.

A batch costs the same number of statements however large it is (design, section 2, "Set-wise"); the order of the steps in `apply`
and `derive_anew` is what makes several consumers at once safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from beklijf_scoring import store, telling
from beklijf_scoring.domain.change import judges
from beklijf_scoring.domain.derive import Derived, Subject, derive, knowledge_of
from beklijf_scoring.domain.facts import Answer, Episode, PairKey
from beklijf_scoring.hearing import Fact, Hearing, Inapplicable, basis_of, encoded, event_of, fact_of
from beklijf_scoring.store.concerned import Awaits, Counting, Owner, Touched, Walk
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
Kept = tuple[str, Fact]
"""(subject, what is kept of an episode or answer)."""


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
        self.basis = basis_of(contracts)
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
        touched = self._touched(connection, fresh, subjects)
        self._disturb(connection, touched.walk)
        self.derive_anew(connection, touched, now)
        return rejected

    def _disturb(self, connection: Connection, walk: Walk | None) -> None:
        """Remembers that not everybody is derived by the contracts of the last walk any more: a walk by them has to begin anew."""
        if walk is None or walk.fingerprint == self.basis.derived:
            return
        scored_by = walk.scored_by if walk.scored_by == self.basis.scored else None
        if (walk.reached, walk.scored_by) != ("", scored_by):
            store.walks.remember(connection, Walk(walk.fingerprint, "", scored_by))

    def derive_anew(self, connection: Connection, touched: Touched, now: datetime, facts: Iterable[Kept] | None = None) -> int:
        """Derives subjects whole, compares with what was told before, and writes and publishes the differences; gives how many.

        `facts`: what is kept of them, for who has it at hand already.
        """
        known = outbox.digests(connection, telling.ABOUT_SUBJECTS, touched.subjects)
        derived = self.derived(kept(heard.load(connection, HEARD, touched.subjects)) if facts is None else facts, known)
        stated = outbox.differing(self.tellings(derived), known)
        former = _former(connection, stated, known, now)
        counting = _counting(connection, derived, stated, former, touched.awaits)
        outbox.state(connection, stated, now=now)
        if counting:
            # last, and short: these counts are the only rows that all consumers share
            counted = store.concerned.count(connection, counting)
            quality = [(topics.DATA_QUALITY, telling.data_quality(scope, counts)) for scope, counts in sorted(counted.items())]
            outbox.publish(connection, quality, now=now)
        return len(stated)

    def rescore(self, connection: Connection, whom: Sequence[str], now: datetime, *, scored: bool = False) -> None:
        """Derives these subjects anew, after an instrument, a protocol or a rule changed. `scored`: their answers were scored by the
        present instruments already, so that only places and verdicts can differ."""
        db.lock_keys(connection, whom)
        rows = heard.load(connection, HEARD, whom, whole=not scored)
        facts = list(kept(rows) if scored else self.anew(rows))
        if not scored:
            now_kept = [(row, encoded(fact)) for row, (_, fact) in zip(rows, facts, strict=True)]
            store.walks.replace_facts(connection, {(row.topic, row.entity): fact for row, fact in now_kept if fact != row.facts})
        self.derive_anew(connection, store.concerned.touched(connection, whom, (), ()), now, facts)

    def anew(self, rows: Iterable[Heard]) -> Iterator[Kept]:
        """The facts by the present contracts of what was heard (whole); what they cannot score keeps its former score: it was accepted
        under those."""
        for row in rows:
            assert row.body is not None  # asked for whole
            event, fact = event_of(row.topic, row.body), None
            if not isinstance(event, ResponseAccepted) or self._hearing.instrument_of(event) is not None:
                with suppress(Inapplicable):
                    fact = self._hearing.fact(event)
            yield row.key, _kept(row) if fact is None else fact

    def _understand(self, messages: Sequence[Message]) -> tuple[dict[bytes, bytes], list[Rejected]]:
        """What to keep of each message, by its digest, and the messages that cannot be applied."""
        facts: dict[bytes, bytes] = {}
        rejected: list[Rejected] = []
        for message in messages:
            try:
                facts[message.digest] = encoded(self._hearing.fact(message.event))
            except Inapplicable as error:
                rejected.append(Rejected(message, str(error)))
        return facts, rejected

    def _touched(self, connection: Connection, fresh: Sequence[Message], locked: set[str]) -> Touched:
        """Whom the batch concerns: those it names, and the few others that only the tables know; these are locked too."""
        told = [(topics.EPISODE_SCORED.name if _is_episode(message) else topics.SCORE_COMPUTED.name, message.entity) for message in fresh]
        changed = [message.entity for message in fresh if _is_episode(message)]
        touched = store.concerned.touched(connection, locked, told, changed)
        if touched.subjects <= locked:
            return touched
        db.lock_keys(connection, touched.subjects - locked)
        return store.concerned.touched(connection, touched.subjects, told, changed)

    def derived(self, facts: Iterable[Kept], known: Iterable[Place]) -> dict[str, Derived]:
        """Everything about the subjects of these facts; `known`: what was told of them before."""
        concerned = _collect(facts, known)
        return {
            name: derive(Subject(each.episodes, each.answers, each.published), self._knowledge) for name, each in sorted(concerned.items())
        }

    @staticmethod
    def tellings(derived: Mapping[str, Derived]) -> Iterable[tuple[Topic, Event]]:
        """All events about these subjects, with version 0."""
        for subject, each in derived.items():
            yield from telling.tellings(subject, each)


def kept(rows: Iterable[Heard]) -> Iterator[Kept]:
    """The facts that were kept with what was heard."""
    return ((row.key, _kept(row)) for row in rows)


def _kept(row: Heard) -> Fact:
    assert row.facts is not None  # scoring stores facts with everything it hears
    return fact_of(row.topic, row.facts)


def _collect(facts: Iterable[Kept], known: Iterable[Place]) -> dict[str, Concerned]:
    """What is known, by subject. A pair that was told goes with its episode, whoever's that is now."""
    concerned: dict[str, Concerned] = {}
    owner: dict[str, str] = {}
    for key, fact in facts:
        each = concerned.get(key)
        if each is None:
            each = concerned[key] = Concerned([], [], [])
        if isinstance(fact, Answer):
            each.answers.append(fact)
        else:
            each.episodes.append(fact)
            owner[fact.episode] = key
    for topic, entity in known:
        if topic == topics.MCIC_CHANGED.name:
            pair = telling.pair_key(entity)
            if pair.episode in owner:
                concerned[owner[pair.episode]].published.append(pair)
    return concerned


def _former(connection: Connection, rows: Mapping[Place, Statement], known: Mapping[Place, bytes], now: datetime) -> list[Told]:
    """What was told of the answers and pairs of which something else is told now."""
    again = {place: telling.relied_on(place[0], rows[place].body) for place in rows if place in known and place[0] in telling.RELIED_ON}
    return store.former.outdo(connection, again, now) if again else []


def _counting(
    connection: Connection,
    derived: Mapping[str, Derived],
    rows: Mapping[Place, Statement],
    former: Iterable[Told],
    waited: frozenset[Awaits],
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
    counts.update(((row.organisation, EVERY_RECEIPT), telling.OF_ANOTHER_PATIENT) for row in now - waited if row.of_another)
    counts.subtract(((row.organisation, EVERY_RECEIPT), telling.OF_ANOTHER_PATIENT) for row in waited - now if row.of_another)
    touched = {scope for (scope, _), n in counts.items() if n}
    every = {(*scope, name): counts[scope, name] for scope in touched for name in telling.DISPOSITIONS}
    gone = {row.response for row in waited} - {row.response for row in now}
    return Counting(frozenset(gone), now - waited, every)


def _awaits(connection: Connection, derived: Mapping[str, Derived]) -> frozenset[Awaits]:
    """The answers that state an episode which is not this subject's; whether it is another's, only the tables know (M7)."""
    waiting = [(subject, placed) for subject, each in derived.items() for placed in each.answers if placed.waits_for is not None]
    if not waiting:
        return frozenset()
    owners = store.concerned.owners(connection, {placed.waits_for for _, placed in waiting if placed.waits_for is not None})
    return frozenset(
        Awaits(
            placed.answer.response, subject, placed.answer.organisation, placed.waits_for, _is_of_another(owners, placed.waits_for, subject)
        )
        for subject, placed in waiting
        if placed.waits_for is not None
    )


def _is_of_another(owners: Mapping[str, Owner], episode: str, subject: str) -> bool:
    """Whether the episode is another patient's; one that was entered in error is nobody's (M14)."""
    owner = owners.get(episode)
    return owner is not None and owner.subject != subject and _treatment(owner.facts) != "entered-in-error"


def _treatment(facts: bytes) -> str:
    episode = fact_of(topics.EPISODE_CHANGED.name, facts)
    assert isinstance(episode, Episode)  # as its topic says
    return episode.treatment


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
