"""All SQL of cohorts, set-wise. `heard` and `told` are the plumbing's; four small tables are its own.

`standing`: which cohorts are counted, in which population, and the day on which the counts stand; only the daily tick moves it.
`episode`: when an episode was derived, when that changes by itself, what it rests on. `cell`: the counts. `rested`: what the last
snapshot of a suppressed cohort rested on (M38).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Date, Index, LargeBinary, SmallInteger, Table, Text, text

from beklijf_cohorts.settings import SHARDS
from beklijf_shared import db, topics
from beklijf_shared.db import Connection

metadata = db.metadata()
tables = db.plumbing(metadata, by_key=False)
standing = Table(
    "standing",
    metadata,
    Column("cohort", Text, primary_key=True),
    Column("population", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("generation", BigInteger, nullable=False),
)
episode = Table(
    "episode",
    metadata,
    Column("population", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("shard", SmallInteger, nullable=False),
    Column("derived_on", Date, nullable=False),
    Column("next_change", Date),
    Column("received", BigInteger),
    Column("digest", LargeBinary, nullable=False),
)
Index("ix_episode_next_change", episode.c.population, episode.c.next_change, postgresql_where=text("next_change IS NOT NULL"))  # the tick
Index("ix_episode_received", episode.c.population, episode.c.received)  # the data time: the greatest, also after a retraction
cell = Table(
    "cell",
    metadata,
    Column("population", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)
rested = Table(
    "rested",
    metadata,
    Column("cohort", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
)

CHANGES = ""
"""The key of the cell that counts changes: it grows with every batch and tells the publisher that there is something to look at."""

STANDING_LOCK = 0x636F686F  # "coho": batches share it; who counts everything anew has it alone
PUBLISHER_LOCK = 0x7075626C  # "publ": one active publisher per database
SILENT_SECONDS = 60
"""An active publisher asks every second, between two steps; one that is silent for so long was stopped or cut off: another takes over."""

SHARE = text("SELECT pg_advisory_xact_lock_shared(:lock)")
ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
STANDING = text("SELECT cohort, population, day, generation FROM standing ORDER BY cohort")
STAND = text("""
INSERT INTO standing (cohort, population, day, generation)
SELECT *, CAST(CAST(pg_current_xact_id() AS text) AS bigint)
FROM unnest(CAST(:cohorts AS text[]), CAST(:populations AS text[]), CAST(:days AS date[]))
""")
TURN = text("UPDATE standing SET day = :day WHERE population = :population AND day < :day")
LOAD = text("""
SELECT p.entity, h.key, h.version, h.digest, h.facts, e.population, e.shard, e.derived_on
FROM unnest(CAST(:entities AS text[])) AS p(entity)
LEFT JOIN heard AS h ON h.topic = :topic AND h.entity = p.entity
LEFT JOIN episode AS e ON e.entity = p.entity AND e.population = ANY(CAST(:populations AS text[]))
""")
# A CHECK constraint would judge the difference before it is added, so what falls below zero is asked back.
CELLS = text("""
WITH added AS (
INSERT INTO cell AS c (population, shard, key, n)
SELECT * FROM unnest(CAST(:populations AS text[]), CAST(:shards AS smallint[]), CAST(:keys AS text[]), CAST(:counts AS bigint[]))
ON CONFLICT (population, shard, key) DO UPDATE SET n = c.n + excluded.n
RETURNING key, n
) SELECT min(key) FROM added WHERE n < 0
""")
EPISODES = text("""
INSERT INTO episode AS e (population, entity, shard, derived_on, next_change, received, digest)
SELECT * FROM unnest(CAST(:populations AS text[]), CAST(:entities AS text[]), CAST(:shards AS smallint[]), CAST(:days AS date[]),
                     CAST(:next_changes AS date[]), CAST(:received AS bigint[]), CAST(:digests AS bytea[]))
ON CONFLICT (population, entity) DO UPDATE SET shard = excluded.shard, derived_on = excluded.derived_on,
  next_change = excluded.next_change, received = excluded.received, digest = excluded.digest
""")
TOLD = text("""
SELECT body FROM told JOIN unnest(CAST(:entities AS text[])) AS p(entity) USING (entity) WHERE topic = :topic
""")
DUE = text("""
SELECT entity FROM episode WHERE population = :population AND next_change <= :day ORDER BY next_change, entity LIMIT :most
""")
# Asked twenty times a second: one statement, of which each part looks up a few rows by index.
LOOK = text("""
SELECT s.cohort, s.population, s.day, s.generation,
  (SELECT sum(n) FROM cell AS c WHERE c.population = s.population AND c.shard = ANY(CAST(:shards AS smallint[])) AND c.key = :changes),
  EXISTS (SELECT FROM episode AS e WHERE e.population = s.population AND e.next_change <= s.day)
FROM standing AS s ORDER BY s.cohort
""")
SUMS = text("SELECT key, sum(n) FROM cell WHERE population = :population AND key <> :changes GROUP BY key HAVING sum(n) <> 0")
RECEIVED = text("SELECT max(received) FROM episode WHERE population = :population")
AFTER = text("SELECT entity, facts FROM heard WHERE topic = :topic AND entity > :after ORDER BY entity LIMIT :most")
DERIVED_AFTER = text("""
SELECT h.entity, h.facts, coalesce(e.derived_on, s.day)
FROM heard AS h CROSS JOIN (SELECT max(day) AS day FROM standing WHERE population = :population) AS s
LEFT JOIN episode AS e ON e.entity = h.entity AND e.population = :population
WHERE h.topic = :topic AND h.entity > :after AND s.day IS NOT NULL ORDER BY h.entity LIMIT :most
""")
CHANGED = text("""
SELECT count(*) FROM episode AS e LEFT JOIN rested AS r ON r.cohort = :cohort AND r.entity = e.entity
WHERE e.population = :population AND e.digest <> coalesce(r.digest, ''::bytea)
""")
REST = text("""
INSERT INTO rested AS r (cohort, entity, digest)
SELECT :cohort, entity, digest FROM episode WHERE population = :population
ON CONFLICT (cohort, entity) DO UPDATE SET digest = excluded.digest WHERE r.digest <> excluded.digest
""")
SNAPSHOTS = text("""
SELECT entity, version, body FROM told WHERE topic = :topic AND (:all OR entity = ANY(CAST(:cohorts AS text[]))) ORDER BY entity
""")
CELL_ROWS = text("SELECT population, key, sum(n) FROM cell WHERE key <> :changes GROUP BY population, key HAVING sum(n) <> 0 ORDER BY 1, 2")
FORGET = "DELETE FROM cell; DELETE FROM episode; DELETE FROM standing"
EMPTY_HEARD = text("TRUNCATE heard")
EMPTY_TOLD = text("DELETE FROM told WHERE topic = :topic AND entity <> ALL(CAST(:kept AS text[]))")
EMPTY_RESTED = text("DELETE FROM rested WHERE cohort <> ALL(CAST(:kept AS text[]))")


class CountBelowZero(Exception):
    """A count would fall below zero: the derivation of old is not what was counted then. Nothing is stored."""


class Standing(NamedTuple):
    """One cohort that is counted: in which population, and on which day the counts stand. Another `generation`: counted anew."""

    cohort: str
    population: str
    day: date
    generation: int = 0


class Seen(NamedTuple):
    """One cohort that is counted, with the number of changes its population has seen (another number: there is something new), and
    whether something is left there to be derived again for the day on which the counts stand."""

    standing: Standing
    changes: int
    pending: bool


class Derived(NamedTuple):
    """When an episode was derived last, and in which shard it is counted."""

    shard: int
    day: date


class Known(NamedTuple):
    """What is stored of one episode: what was heard (`facts` is None if nothing), and its derivation in each population."""

    key: str
    version: int
    digest: bytes
    facts: bytes | None
    derived: dict[str, Derived]


class EpisodeRow(NamedTuple):
    """One row of `episode`. `received` is None for an episode that no figure rests on."""

    population: str
    entity: str
    shard: int
    derived_on: date
    next_change: date | None
    received: int | None
    digest: bytes


def share_standing(connection: Connection) -> list[Standing]:
    """What is counted at present; nobody changes it until the transaction ends, except that the day may move on."""
    connection.execute(SHARE, {"lock": STANDING_LOCK})
    return standings(connection)


def own_standing(connection: Connection) -> list[Standing]:
    """The same, with every other batch kept out until the transaction ends."""
    connection.execute(ALONE, {"lock": STANDING_LOCK})
    return standings(connection)


def standings(connection: Connection) -> list[Standing]:
    """What is counted at present."""
    return [Standing(*row) for row in connection.execute(STANDING)]


def restart(connection: Connection, rows: Iterable[Standing]) -> None:
    """Forgets all counts, and says what will be counted."""
    for statement in FORGET.split("; "):
        connection.execute(text(statement))
    wanted = list(rows)
    cohorts, populations, days = ([row[place] for row in wanted] for place in range(3))
    connection.execute(STAND, {"cohorts": cohorts, "populations": populations, "days": days})


def turn(connection: Connection, population: str, day: date) -> bool:
    """Moves the day on; says whether it moved. It never goes back."""
    return connection.execute(TURN, {"population": population, "day": day}).rowcount > 0


def lead(connection: Connection) -> bool:
    """Tries to become the one active publisher, for as long as the connection lives and is asked something now and then."""
    return db.becomes_active(connection, PUBLISHER_LOCK, silent_seconds=SILENT_SECONDS)


def lock(connection: Connection, entities: Iterable[str]) -> None:
    """Locks episodes until the transaction ends. By episode, not by subject: an episode that moves to another subject stays itself."""
    db.lock_keys(connection, entities)


def load(connection: Connection, populations: Sequence[str], entities: Iterable[str]) -> dict[str, Known]:
    """What is stored of these episodes. One statement."""
    values = {"entities": sorted(entities), "populations": list(populations), "topic": topics.EPISODE_SCORED.name}
    found: dict[str, Known] = {}
    for entity, key, version, digest, facts, population, shard, derived_on in connection.execute(LOAD, values):
        if key is None:
            continue
        known = found.get(entity)
        if known is None:
            known = found[entity] = Known(key, version, bytes(digest), bytes(facts), {})
        if population is not None:
            known.derived[population] = Derived(shard, derived_on)
    return found


def add_cells(connection: Connection, differences: Mapping[tuple[str, int, str], int]) -> None:
    """Adds differences to (population, shard, key), in key order, so that no two batches wait for each other in a circle."""
    places = sorted(place for place, difference in differences.items() if difference)
    if places:
        populations, shards, keys = zip(*places, strict=True)
        counts = [differences[place] for place in places]
        values = {"populations": list(populations), "shards": list(shards), "keys": list(keys), "counts": counts}
        below = connection.execute(CELLS, values).scalar_one()
        if below is not None:
            raise CountBelowZero(f"{below}: something was taken away that was never added")


def save_episodes(connection: Connection, rows: Iterable[EpisodeRow]) -> None:
    """Stores when episodes were derived. One statement."""
    ordered = sorted(rows, key=lambda row: (row.population, row.entity))
    if ordered:
        populations, entities, shards, days, next_changes, received, digests = (list(column) for column in zip(*ordered, strict=True))
        connection.execute(
            EPISODES,
            {
                "populations": populations,
                "entities": entities,
                "shards": shards,
                "days": days,
                "next_changes": next_changes,
                "received": received,
                "digests": digests,
            },
        )


def told_follow_ups(connection: Connection, entities: Iterable[str]) -> list[bytes]:
    """What was told of these follow-ups."""
    rows = connection.execute(TOLD, {"entities": sorted(entities), "topic": topics.FOLLOW_UP_DUE.name})
    return [bytes(body) for (body,) in rows]


def due(connection: Connection, population: str, day: date, most: int) -> list[str]:
    """Episodes whose derivation changes with the date by this day."""
    return list(connection.execute(DUE, {"population": population, "day": day, "most": most}).scalars())


def look(connection: Connection) -> list[Seen]:
    """What is counted at present, how much has changed there, and whether the tick has anything left to do."""
    rows = connection.execute(LOOK, {"shards": list(range(SHARDS)), "changes": CHANGES}).all()
    return [Seen(Standing(*row[:4]), int(row[4] or 0), row[5]) for row in rows]


def sums(connection: Connection, population: str) -> dict[str, int]:
    """All cells of a population, added over shards."""
    return {key: int(n) for key, n in connection.execute(SUMS, {"population": population, "changes": CHANGES})}


def newest_received(connection: Connection, population: str) -> int | None:
    """The greatest received instant of what the figures rest on, in microseconds (design, section 3.7)."""
    found = connection.execute(RECEIVED, {"population": population}).scalar_one_or_none()
    return None if found is None else int(found)


def heard_after(connection: Connection, after: str, most: int) -> list[tuple[str, bytes]]:
    """The next episodes in order with their facts: the walk over everything that was heard."""
    rows = connection.execute(AFTER, {"topic": topics.EPISODE_SCORED.name, "after": after, "most": most})
    return [(entity, bytes(facts)) for entity, facts in rows]


def derived_after(connection: Connection, population: str, after: str, most: int) -> list[tuple[str, bytes, date]]:
    """The next episodes in order with their facts and the day on which they were derived in a population."""
    values = {"population": population, "topic": topics.EPISODE_SCORED.name, "after": after, "most": most}
    return [(entity, bytes(facts), day) for entity, facts, day in connection.execute(DERIVED_AFTER, values)]


def changed_since(connection: Connection, cohort: str, population: str) -> int:
    """How many episodes differ from what the cohort's last snapshot rested on (M38). One that is not here yet, as in a rebuild,
    is not counted: nothing can be learnt from what is not shown."""
    return int(connection.execute(CHANGED, {"cohort": cohort, "population": population}).scalar_one())


def rest(connection: Connection, cohort: str, population: str) -> None:
    """Remembers what the snapshot being published rests on."""
    connection.execute(REST, {"cohort": cohort, "population": population})


def snapshots(connection: Connection, cohorts: Sequence[str] | None = None) -> list[tuple[str, int, bytes]]:
    """(cohort, version, body with version 0) of the newest snapshots; of all cohorts, or of some."""
    values = {"topic": topics.COHORT_SNAPSHOT.name, "all": cohorts is None, "cohorts": list(cohorts or ())}
    rows = connection.execute(SNAPSHOTS, values)
    return [(entity, version, bytes(body)) for entity, version, body in rows]


def cell_rows(connection: Connection) -> Iterator[str]:
    """All counts as text in order: the service's own part of the state hash."""
    return (f"{population} {key} {n}" for population, key, n in connection.execute(CELL_ROWS, {"changes": CHANGES}))


def empty(connection: Connection, kept: Sequence[str]) -> None:
    """Forgets what was heard and counted, and snapshots, except of these cohorts, with what they rested on (M38). Follow-ups stay
    told: who heard that one is due must be told when it is no longer so (M39)."""
    remaining = own_standing(connection)
    restart(connection, remaining)
    connection.execute(EMPTY_HEARD)
    connection.execute(EMPTY_TOLD, {"topic": topics.COHORT_SNAPSHOT.name, "kept": list(kept)})
    connection.execute(EMPTY_RESTED, {"kept": list(kept)})
