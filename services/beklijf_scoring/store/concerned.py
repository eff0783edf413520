"""Whom a batch concerns, and how the answers of an organisation count. `heard` and `told` are the plumbing's; two small tables here.

`awaited`: answers that state an episode which is not this subject's, so that the episode, when it comes, finds whom it concerns (M7).
`disposition`: how many answers of an organisation count in which way, all of them and those of each receipt, kept by difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, text

from beklijf_shared import db, topics
from beklijf_shared.db import Connection

metadata = db.metadata()
tables = db.plumbing(metadata)
awaited = Table(
    "awaited",
    metadata,
    Column("response", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("of_another", Boolean, nullable=False),
)
Index("ix_awaited_subject", awaited.c.subject)  # what a subject waits for, read with every derivation
Index("ix_awaited_episode", awaited.c.episode)  # who waits for an episode, asked when it comes
disposition = Table(
    "disposition",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("receipt", Text, primary_key=True),
    Column("disposition", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

# Whom a batch concerns, with what each of them waits for. It runs after the batch is stored, which made it wait for whoever was
# storing the same entities: an entity that was told under another subject in the meantime is found here by its key. By which contracts
# everybody was derived is asked with it, when the subjects are locked: whoever walks over them has either passed, or waits.
TOUCHED = text("""
WITH touched AS (
  SELECT unnest(CAST(:subjects AS text[])) AS subject
  UNION SELECT key FROM told JOIN unnest(CAST(:topics AS text[]), CAST(:entities AS text[])) AS p(topic, entity) USING (topic, entity)
  UNION SELECT subject FROM awaited WHERE episode = ANY(CAST(:episodes AS text[]))
)
SELECT t.subject, a.response, a.organisation, a.episode, a.of_another, d.fingerprint, d.reached, d.scored_by
FROM touched AS t LEFT JOIN awaited AS a USING (subject) LEFT JOIN derivation AS d ON true
""")
OWNERS = text("SELECT entity, key, facts FROM heard WHERE topic = :topic AND entity = ANY(CAST(:episodes AS text[]))")
# One statement: what is awaited, and the counts with it. Every count of an organisation or receipt is written, even by zero: its
# rows are so locked as a whole and in one order, and what is returned is true until the transaction ends.
COUNT = text("""
WITH gone AS (
  DELETE FROM awaited WHERE response = ANY(CAST(:gone AS text[]))
), waits AS (
  INSERT INTO awaited (response, subject, organisation, episode, of_another)
  SELECT * FROM unnest(CAST(:responses AS text[]), CAST(:subjects AS text[]), CAST(:holders AS text[]), CAST(:episodes AS text[]),
                       CAST(:of_another AS boolean[]))
  ON CONFLICT (response) DO UPDATE SET subject = excluded.subject, organisation = excluded.organisation, episode = excluded.episode,
    of_another = excluded.of_another
)
INSERT INTO disposition AS d (organisation, receipt, disposition, n)
SELECT * FROM unnest(CAST(:organisations AS text[]), CAST(:receipts AS text[]), CAST(:dispositions AS text[]),
                     CAST(:differences AS bigint[])) AS c(o, r, d, n)
ORDER BY o, r, d
ON CONFLICT (organisation, receipt, disposition) DO UPDATE SET n = d.n + excluded.n
RETURNING organisation, receipt, disposition, n
""")
DISPOSITIONS = text(
    "SELECT organisation, receipt, disposition, n FROM disposition WHERE n <> 0 ORDER BY organisation, receipt, disposition"
)
AWAITED = text("SELECT response, subject, organisation, episode, of_another FROM awaited ORDER BY response")


class Awaits(NamedTuple):
    """One answer that states an episode which is not its subject's; `of_another` when it is another patient's."""

    response: str
    subject: str
    organisation: str
    episode: str
    of_another: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a batch concerns, what they waited for until now, and the last walk over everybody (None: there was none)."""

    subjects: frozenset[str]
    awaits: frozenset[Awaits]
    walk: Walk | None


@dataclass(frozen=True, slots=True)
class Walk:
    """The last walk over everybody: by which contracts, up to which subject (None: to the end), and by which instruments every answer
    was scored that it did not come to (None: not all by the same)."""

    fingerprint: str
    reached: str | None
    scored_by: str | None


class Owner(NamedTuple):
    """Whose an episode is, with what is known of it."""

    subject: str
    facts: bytes


@dataclass(frozen=True, slots=True)
class Counting:
    """What a batch changes in data quality: answers that wait no more, answers that wait, and the difference of each count."""

    gone: frozenset[str]
    awaits: frozenset[Awaits]
    differences: Mapping[tuple[str, str, str], int]
    """By organisation, receipt and disposition."""

    def __bool__(self) -> bool:
        return bool(self.gone or self.awaits or self.differences)


def touched(connection: Connection, subjects: Iterable[str], told: Iterable[tuple[str, str]], episodes: Iterable[str]) -> Touched:
    """These subjects, those under whom these (topic, entity) were told before, and those who wait for these episodes."""
    places = sorted(told)
    values = {
        "subjects": sorted(subjects),
        "topics": [topic for topic, _ in places],
        "entities": [entity for _, entity in places],
        "episodes": sorted(episodes),
    }
    rows = connection.execute(TOUCHED, values).all()
    awaits = frozenset(
        Awaits(response, subject, organisation, episode, of_another)
        for subject, response, organisation, episode, of_another, *_ in rows
        if response
    )
    walk = next((Walk(fingerprint, reached, scored_by) for *_, fingerprint, reached, scored_by in rows if fingerprint), None)
    return Touched(frozenset(row[0] for row in rows), awaits, walk)


def owners(connection: Connection, episodes: Iterable[str]) -> dict[str, Owner]:
    """Whose these episodes are, as far as they were heard of."""
    rows = connection.execute(OWNERS, {"topic": topics.EPISODE_CHANGED.name, "episodes": sorted(episodes)})
    return {entity: Owner(key, bytes(facts)) for entity, key, facts in rows}


def count(connection: Connection, counting: Counting) -> dict[tuple[str, str], dict[str, int]]:
    """Applies the differences; gives the counts of which a difference was stated, as they then are, by organisation and receipt."""
    awaits = sorted(counting.awaits)
    places = sorted(counting.differences)
    values = {
        "gone": sorted(counting.gone),
        "responses": [row.response for row in awaits],
        "subjects": [row.subject for row in awaits],
        "holders": [row.organisation for row in awaits],
        "episodes": [row.episode for row in awaits],
        "of_another": [row.of_another for row in awaits],
        "organisations": [organisation for organisation, _, _ in places],
        "receipts": [receipt for _, receipt, _ in places],
        "dispositions": [name for _, _, name in places],
        "differences": [counting.differences[place] for place in places],
    }
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for organisation, receipt, name, n in connection.execute(COUNT, values):
        counted.setdefault((organisation, receipt), {})[name] = n
    return counted


def disposition_rows(connection: Connection) -> Iterator[tuple[str, str, str, int]]:
    """All counts that are not zero, in order."""
    return ((organisation, receipt, name, n) for organisation, receipt, name, n in connection.execute(DISPOSITIONS))


def awaited_rows(connection: Connection) -> Iterator[Awaits]:
    """All that is awaited, in order."""
    return (Awaits(*row) for row in connection.execute(AWAITED))
