"""What cohorts does: derives every episode that changed, by news or by date, adds the differences to the counts, and publishes.

One path for everything: an event, the daily tick and a new definition all end in `_write`, with an old derivation and a new one.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from beklijf_cohorts import hearing, store, telling
from beklijf_cohorts.domain import snapshot
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import DERIVATION, NOTHING, Derivation, derive
from beklijf_cohorts.domain.figures.source import Figure
from beklijf_cohorts.hearing import Facts, Inapplicable
from beklijf_cohorts.settings import SHARDS, TICK_EPISODES
from beklijf_cohorts.store import Derived, EpisodeRow, Known, Standing
from beklijf_domain.calendar import local_date
from beklijf_domain.cohort import Cohort
from beklijf_shared import heard, outbox, topics
from beklijf_shared.consume import Rejected
from beklijf_shared.contracts import Contracts
from beklijf_shared.db import Connection
from beklijf_shared.envelope import Message
from beklijf_shared.events import CohortSnapshot, encode

PAGE = 500
"""Episodes derived at a time where all are."""

POPULATION_DIGITS = 16
"""So much of the population's hash stands in every row: enough to tell populations apart."""

Place = tuple[str, int, str]
"""(population, shard, key) of a count."""

Days = Mapping[str, date]
"""Population -> the day on which its counts stand."""


@dataclass(frozen=True, slots=True)
class Plans:
    """What is to be counted: populations, and the cohorts that share them."""

    by_population: Mapping[str, Plan]
    cohorts: Mapping[str, tuple[Cohort, ...]]

    @property
    def populations(self) -> tuple[str, ...]:
        """The populations, sorted."""
        return tuple(sorted(self.by_population))

    @property
    def wanted(self) -> dict[str, str]:
        """Cohort -> population."""
        return {cohort.code: population for population, cohorts in self.cohorts.items() for cohort in cohorts}


def planned(contracts: Contracts) -> Plans:
    """What the contracts ask to be counted. Cohorts that differ in k only share their counts (design, section 5)."""
    by_population: dict[str, Plan] = {}
    cohorts: dict[str, tuple[Cohort, ...]] = {}
    rules = {rule.name: rule for rule in contracts.rules.values()}
    for cohort in sorted(contracts.cohorts.values(), key=lambda each: each.code):
        population = cohort.population_hash(DERIVATION)[:POPULATION_DIGITS]
        if population not in by_population:
            judging = {name: rules[name] for name in cohort.rules}
            by_population[population] = Plan(population, cohort, contracts.protocol_of(cohort), judging, contracts.instruments)
        cohorts[population] = (*cohorts.get(population, ()), cohort)
    return Plans(by_population, cohorts)


class Change(NamedTuple):
    """One episode in one population: what it came to before, what it comes to now. `stored`: it was derived here before."""

    entity: str
    facts: Facts
    shard: int
    stored: bool
    old: Derivation
    new: Derivation


def apply(connection: Connection, messages: Sequence[Message], now: datetime, plans: Plans) -> list[Rejected]:
    """Applies a batch of `episode-scored`: the newest state of every episode, once; the same number of statements for any batch."""
    facts, rejected = _hear(messages)
    messages = [message for message in messages if message.place in facts and not _is_rejected(message, rejected)]
    days = standing(connection, plans, now)
    store.lock(connection, {message.entity for message in messages})
    known = store.load(connection, plans.populations, {message.entity for message in messages})
    sorting = heard.sort(messages, _stored(known))
    newest = [(message, facts[message.place][message.version]) for message in sorting.fresh]
    heard.store(connection, sorting.fresh, {message.place: hearing.encoded(said) for message, said in newest})
    changes = {
        population: [_change(plan, days[population], message, said, known.get(message.entity)) for message, said in newest]
        for population, plan in plans.by_population.items()
    }
    _write(connection, plans, days, changes, now)
    return rejected + [Rejected(message, "conflict: this version was heard with another content") for message in sorting.conflicting]


def _hear(messages: Iterable[Message]) -> tuple[dict[tuple[str, str], dict[int, Facts]], list[Rejected]]:
    """The facts of each message, by place and version, and what cannot be applied at all."""
    facts: dict[tuple[str, str], dict[int, Facts]] = {}
    rejected = []
    for message in messages:
        try:
            facts.setdefault(message.place, {}).setdefault(message.version, hearing.facts_of(message.event))
        except Inapplicable as error:
            rejected.append(Rejected(message, str(error)))
    return facts, rejected


def _is_rejected(message: Message, rejected: Iterable[Rejected]) -> bool:
    return any(one.message is message for one in rejected)


def _stored(known: Mapping[str, Known]) -> dict[tuple[str, str], heard.Stored]:
    topic = topics.EPISODE_SCORED.name
    return {(topic, entity): heard.Stored(each.key, each.version, each.digest) for entity, each in known.items()}


def _change(plan: Plan, day: date, message: Message, facts: Facts, known: Known | None) -> Change:
    """The old derivation is that of the stored facts on the day on which they were derived: exactly what was counted then.

    An episode keeps the shard in which it was first counted, also when it moves to another subject.
    """
    derived = known.derived.get(plan.population) if known else None
    old = derive(_facts(known).episode, derived.day, plan) if known and derived else NOTHING
    shard = derived.shard if derived else message.partition % SHARDS
    return Change(message.entity, facts, shard, derived is not None, old, derive(facts.episode, day, plan))


def _facts(known: Known) -> Facts:
    assert known.facts is not None  # every row of heard was stored by `apply`
    return hearing.stored(known.facts)


def _write(connection: Connection, plans: Plans, days: Days, changes: Mapping[str, Sequence[Change]], now: datetime) -> None:
    """Writes what differs: counts, when what was derived, and follow-ups; four statements."""
    counting = Counting()
    for population, changed in changes.items():
        counting.add(population, changed)
    store.add_cells(connection, counting.differences)
    _save(connection, plans, days, changes, now)


class Counting:
    """Adds up what changes add to counts and take from them."""

    def __init__(self) -> None:
        self._added: dict[tuple[str, int], Counter[str]] = {}
        self._taken: dict[tuple[str, int], Counter[str]] = {}

    def add(self, population: str, changes: Iterable[Change]) -> None:
        """Counts changes, and that there were some."""
        for change in changes:
            place = (population, change.shard)
            added, taken = self._added.setdefault(place, Counter()), self._taken.setdefault(place, Counter())
            old, new = set(change.old.cells), set(change.new.cells)
            added.update(new - old)
            taken.update(old - new)
            added[store.CHANGES] += 1

    @property
    def differences(self) -> dict[Place, int]:
        """What to add to each count; asked once, at the end."""
        found = {}
        for (population, shard), added in self._added.items():
            added.subtract(self._taken[population, shard])
            found.update({(population, shard, key): difference for key, difference in added.items() if difference})
        return found


def _save(connection: Connection, plans: Plans, days: Days, changes: Mapping[str, Sequence[Change]], now: datetime) -> None:
    store.save_episodes(connection, (_row(population, days[population], each) for population, some in changes.items() for each in some))
    absent = [name for population, some in changes.items() for each in some for name in _absent(plans, population, each)]
    gone = telling.no_longer_due(store.told_follow_ups(connection, absent))
    differing = (
        told
        for population, some in changes.items()
        for each in some
        for told in telling.follow_ups(plans.cohorts[population], each.entity, each.facts.organisation, each.old, each.new)
    )
    outbox.publish(connection, (*gone, *differing), now=now)


def _absent(plans: Plans, population: str, change: Change) -> Iterator[str]:
    """Follow-ups that an episode new here does not have. After `empty` they may have been told; else nobody was told of them."""
    if not change.stored:
        yield from telling.absent(plans.by_population[population], plans.cohorts[population], change.entity, change.new)


def _row(population: str, day: date, change: Change) -> EpisodeRow:
    cells, received = change.new.cells, change.facts.received
    digest = hashlib.blake2b("\n".join(cells).encode(), digest_size=16).digest() if cells else b""
    return EpisodeRow(population, change.entity, change.shard, day, change.new.next_change, received if cells else None, digest)


def standing(connection: Connection, plans: Plans, now: datetime) -> Days:
    """The day on which each population's counts stand. Where other cohorts were counted than these plans say, everything is counted
    anew first: a new definition or a new derivation has no counts yet (design, section 5)."""
    found = store.share_standing(connection)
    if not is_wanted(found, plans):
        found = _count_anew(connection, plans, now)
    return {each.population: each.day for each in found}


def is_wanted(found: Iterable[Standing], plans: Plans) -> bool:
    """Whether exactly the cohorts of these plans are counted, each in its population."""
    return {each.cohort: each.population for each in found} == plans.wanted


def _count_anew(connection: Connection, plans: Plans, now: datetime) -> list[Standing]:
    """Derives every episode that was heard, from nothing."""
    before = store.own_standing(connection)
    if is_wanted(before, plans):  # somebody else has just done it
        return before
    latest = max((each.day for each in before), default=date.min)
    days = {population: max(today(plan, now), latest) for population, plan in plans.by_population.items()}
    store.restart(connection, (Standing(cohort, population, days[population]) for cohort, population in plans.wanted.items()))
    counting = Counting()
    for page in everything(connection):
        changes = {
            population: [
                Change(entity, facts, zlib.crc32(entity.encode()) % SHARDS, False, NOTHING, derive(facts.episode, days[population], plan))
                for entity, facts in page
            ]
            for population, plan in plans.by_population.items()
        }
        for population, changed in changes.items():
            counting.add(population, changed)
        _save(connection, plans, days, changes, now)
    store.add_cells(connection, counting.differences)
    return store.standings(connection)


def everything(connection: Connection) -> Iterator[list[tuple[str, Facts]]]:
    """Every episode that was heard with its facts, page by page."""
    after = ""
    while page := store.heard_after(connection, after, PAGE):
        yield [(entity, hearing.stored(facts)) for entity, facts in page]
        after = page[-1][0]


def today(plan: Plan, now: datetime) -> date:
    """The day of an instant where the programme is (M2)."""
    return local_date(now, plan.protocol.time_zone)


def todays(plans: Plans, now: datetime) -> Days:
    """Today, where each programme is."""
    return {population: today(plan, now) for population, plan in plans.by_population.items()}


def turn_day(connection: Connection, plans: Plans, now: datetime) -> bool:
    """Moves the day on which the counts stand to today; says whether it moved. Nothing else ever does."""
    days = standing(connection, plans, now)
    moved = [store.turn(connection, population, today(plan, now)) for population, plan in plans.by_population.items() if population in days]
    return any(moved)


def tick(connection: Connection, plans: Plans, now: datetime, most: int = TICK_EPISODES) -> int:
    """Derives again what changes with the date by the day on which the counts stand, at most so many; gives how many."""
    days = standing(connection, plans, now)
    due = {population: store.due(connection, population, days[population], most) for population in plans.by_population}
    entities = {entity for some in due.values() for entity in some}
    store.lock(connection, entities)
    known = store.load(connection, plans.populations, entities)
    changes = {
        population: [_again(plan, days[population], entity, known[entity]) for entity in due[population]]
        for population, plan in plans.by_population.items()
    }
    _write(connection, plans, days, changes, now)
    return sum(len(some) for some in changes.values())


def _again(plan: Plan, day: date, entity: str, known: Known) -> Change:
    facts, derived = _facts(known), known.derived[plan.population]
    return Change(entity, facts, derived.shard, True, derive(facts.episode, derived.day, plan), derive(facts.episode, day, plan))


class Look(NamedTuple):
    """What there is to look at: the same look twice means that nothing changed in between."""

    changes: tuple[tuple[str, int], ...]
    standing: tuple[Standing, ...]
    pending: bool


def look(connection: Connection, plans: Plans) -> Look:
    """What a snapshot taken now would rest on, in one cheap statement."""
    found = store.look(connection)
    ours = [each for each in found if each.standing.population in plans.by_population]
    changes = {each.standing.population: each.changes for each in ours}
    return Look(tuple(sorted(changes.items())), tuple(each.standing for each in found), any(each.pending for each in ours))


def is_settled(connection: Connection, plans: Plans, now: datetime, looked: Look | None) -> bool:
    """Whether nothing changed since the look after which nothing was left to publish, the day included."""
    if looked is None or look(connection, plans) != looked:
        return False
    return all(each.day >= today(plans.by_population[each.population], now) for each in looked.standing)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a look at the figures came to: how many snapshots were published, which were too large, which wait for the backlog."""

    look: Look
    published: int
    too_large: tuple[str, ...]
    withheld: bool


def take_snapshots(connection: Connection, plans: Plans, now: datetime, *, protected: bool, backlog: bool, maximum_bytes: int) -> Taken:
    """Publishes the snapshots whose content changed, of the cohorts with hidden cells (`protected`) or of the others. The transaction must
    be REPEATABLE READ: all counts are of one instant.

    While the tick is under way nothing is published: the counts would be of two days.
    """
    seen = look(connection, plans)
    if seen.pending or not is_wanted(seen.standing, plans):
        return Taken(seen, 0, (), withheld=True)
    days = {each.population: each.day for each in seen.standing}
    published, too_large, withheld = 0, [], False
    for population, cohorts in plans.cohorts.items():
        raw = None
        for cohort in (each for each in cohorts if (each.minimum_cell > 1) == protected):
            if cohort.minimum_changed_episodes and backlog:
                withheld = True
            elif _may_publish(connection, cohort, population):
                plan = plans.by_population[population]
                raw = snapshot.unprotected(plan, store.sums(connection, population)) if raw is None else raw
                event = _snapshot(connection, plan, cohort, raw, days[population])
                if len(encode(event)) > maximum_bytes:
                    too_large.append(cohort.code)
                else:
                    published += _publish(connection, cohort, event, population, now)
    return Taken(seen, published, tuple(too_large), withheld)


def _may_publish(connection: Connection, cohort: Cohort, population: str) -> bool:
    """M38: two snapshots of a suppressed cohort lie at least so many changed episodes apart, or their difference would tell."""
    minimum = cohort.minimum_changed_episodes
    return not minimum or store.changed_since(connection, cohort.code, population) >= minimum


def _snapshot(connection: Connection, plan: Plan, cohort: Cohort, raw: tuple[Figure, ...], day: date) -> CohortSnapshot:
    figures = snapshot.protected(raw, cohort.minimum_cell)
    return telling.snapshot(plan, cohort, figures, day, store.newest_received(connection, plan.population))


def _publish(connection: Connection, cohort: Cohort, event: CohortSnapshot, population: str, now: datetime) -> bool:
    """Publishes a snapshot if it differs from the last; says whether it did."""
    known = outbox.digests(connection, [topics.COHORT_SNAPSHOT], [cohort.code])
    published = outbox.publish(connection, [(topics.COHORT_SNAPSHOT, event)], now=now, known=known)
    if cohort.minimum_changed_episodes:
        store.rest(connection, cohort.code, population)
    return published > 0


__all__ = ["Change", "Derived", "Look", "Plans", "Taken", "apply", "look", "planned", "take_snapshots", "tick", "turn_day"]
