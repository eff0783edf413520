"""All SQL of scoring, set-wise. `heard` and `told` are the plumbing's; two small tables are its own.

`awaited`: answers that state an episode which is not this subject's, so that the episode, when it comes, finds whom it concerns (M7).
`disposition`: how many answers of an organisation count in which way, all of them and those of each receipt, kept by difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, LargeBinary, Table, Text, text

from beklijf_shared import db, topics
from beklijf_shared.db import Connection
from beklijf_shared.outbox import Told

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

derivation = Table(
    "derivation",
    metadata,
    Column("sole", Boolean, primary_key=True, server_default=text("true")),
    Column("fingerprint", Text, nullable=False),
    Column("reached", Text),
)
superseded = Table(
    "superseded",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("superseded_at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Whom a batch concerns, with what each of them waits for. It runs after the batch is stored, which made it wait for whoever was
# storing the same entities: an entity that was told under another subject in the meantime is found here by its key.
TOUCHED = text("""
WITH touched AS (
  SELECT unnest(CAST(:subjects AS text[])) AS subject
  UNION SELECT key FROM told JOIN unnest(CAST(:topics AS text[]), CAST(:entities AS text[])) AS p(topic, entity) USING (topic, entity)
  UNION SELECT subject FROM awaited WHERE episode = ANY(CAST(:episodes AS text[]))
)
SELECT t.subject, a.response, a.organisation, a.episode, a.of_another FROM touched AS t LEFT JOIN awaited AS a USING (subject)
""")
OWNERS = text("SELECT entity, key, facts FROM heard WHERE topic = :topic AND entity = ANY(CAST(:episodes AS text[]))")
TOLD_BEFORE = text("""
SELECT topic, entity, key, version, body FROM told
JOIN unnest(CAST(:topics AS text[]), CAST(:entities AS text[])) AS asked(topic, entity) USING (topic, entity)
""")
TOLD_OF = text("SELECT topic, entity, key, version, body FROM told WHERE key = :key AND topic = :topic")
TOLD_AFTER = text("""
SELECT topic, entity, key, version, body FROM told
WHERE topic = :topic AND entity > :after AND convert_from(body, 'UTF8')::jsonb ->> 'organisation' = :organisation
ORDER BY entity LIMIT :most
""")
HEARD_OF = text("SELECT entity, body FROM heard WHERE topic = :topic AND entity = ANY(CAST(:entities AS text[])) AND body IS NOT NULL")
SUPERSEDED_OF = text("""
SELECT topic, entity, superseded_at, body FROM superseded
JOIN unnest(CAST(:topics AS text[]), CAST(:entities AS text[])) AS asked(topic, entity) USING (topic, entity)
ORDER BY superseded_at, topic, entity
""")
# What is told of these, and in the same statement: what somebody may have relied on, and says something else now, is kept for ever.
OUTDO = text("""
WITH former AS (
  SELECT t.topic, t.entity, t.key, t.version, t.body, asked.part, CAST(asked.says AS jsonb) AS says
  FROM told AS t JOIN unnest(CAST(:topics AS text[]), CAST(:entities AS text[]), CAST(:parts AS text[]), CAST(:says AS text[]))
    AS asked(topic, entity, part, says) USING (topic, entity)
), kept AS (
  INSERT INTO superseded (topic, entity, version, superseded_at, body)
  SELECT topic, entity, version, :now, body FROM former
  WHERE convert_from(body, 'UTF8')::jsonb -> part <> says AND convert_from(body, 'UTF8')::jsonb -> part <> '[]'
  ON CONFLICT DO NOTHING
)
SELECT topic, entity, key, version, body FROM former
""")
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
RECOUNT = text("SELECT body FROM told WHERE topic = :topic ORDER BY entity")
DISPOSITIONS = text(
    "SELECT organisation, receipt, disposition, n FROM disposition WHERE n <> 0 ORDER BY organisation, receipt, disposition"
)
AWAITED = text("SELECT response, subject, organisation, episode, of_another FROM awaited ORDER BY response")
SUBJECTS = text("SELECT DISTINCT key FROM heard WHERE key > :after ORDER BY key LIMIT :most")
RESCORED = text("""
UPDATE heard AS h SET facts = n.facts FROM unnest(CAST(:topics AS text[]), CAST(:entities AS text[]), CAST(:facts AS bytea[]))
  AS n(topic, entity, facts) WHERE h.topic = n.topic AND h.entity = n.entity
""")
DERIVED_BY = text("SELECT fingerprint, reached FROM derivation")
REMEMBER = text("""
INSERT INTO derivation (fingerprint, reached) VALUES (:fingerprint, :reached)
ON CONFLICT (sole) DO UPDATE SET fingerprint = excluded.fingerprint, reached = excluded.reached
""")
FORGET_TOLD = text("DELETE FROM told WHERE topic <> :kept")


class Awaits(NamedTuple):
    """One answer that states an episode which is not its subject's; `of_another` when it is another patient's."""

    response: str
    subject: str
    organisation: str
    episode: str
    of_another: bool


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a batch concerns, and what they waited for until now."""

    subjects: frozenset[str]
    awaits: frozenset[Awaits]


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
        for subject, response, organisation, episode, of_another in rows
        if response
    )
    return Touched(frozenset(row[0] for row in rows), awaits)


def owners(connection: Connection, episodes: Iterable[str]) -> dict[str, Owner]:
    """Whose these episodes are, as far as they were heard of."""
    rows = connection.execute(OWNERS, {"topic": topics.EPISODE_CHANGED.name, "episodes": sorted(episodes)})
    return {entity: Owner(key, bytes(facts)) for entity, key, facts in rows}


def told_before(connection: Connection, places: Iterable[tuple[str, str]]) -> list[Told]:
    """What was told of these (topic, entity) before."""
    asked = sorted(places)
    rows = connection.execute(TOLD_BEFORE, {"topics": [topic for topic, _ in asked], "entities": [entity for _, entity in asked]})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def told_of(connection: Connection, topic: str, key: str) -> list[Told]:
    """What is told of this topic under one key."""
    rows = connection.execute(TOLD_OF, {"topic": topic, "key": key})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def told_after(connection: Connection, topic: str, organisation: str, after: str, most: int) -> list[Told]:
    """The next states of this topic that are about one organisation, in order."""
    rows = connection.execute(TOLD_AFTER, {"topic": topic, "organisation": organisation, "after": after, "most": most})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


def heard_of(connection: Connection, topic: str, entities: Iterable[str]) -> list[tuple[str, bytes]]:
    """What was heard of these entities, whole."""
    rows = connection.execute(HEARD_OF, {"topic": topic, "entities": list(entities)})
    return [(entity, bytes(body)) for entity, body in rows]


def superseded_of(connection: Connection, places: Iterable[tuple[str, str]]) -> list[tuple[str, str, datetime, bytes]]:
    """What was told of these (topic, entity) before something else was, in the order in which it was outdone."""
    asked = sorted(places)
    rows = connection.execute(SUPERSEDED_OF, {"topics": [topic for topic, _ in asked], "entities": [entity for _, entity in asked]})
    return [(topic, entity, at, bytes(body)) for topic, entity, at, body in rows]


def outdo(connection: Connection, changed: Mapping[tuple[str, str], tuple[str, str]], now: datetime) -> list[Told]:
    """What was told of these (topic, entity) before. Each comes with the element on which somebody may have relied, and with its JSON
    as it is now: where the former differs, and was not empty, it stays readable as superseded. No part of what a rebuild gives back."""
    places = sorted(changed)
    values = {
        "topics": [topic for topic, _ in places],
        "entities": [entity for _, entity in places],
        "parts": [changed[place][0] for place in places],
        "says": [changed[place][1] for place in places],
    }
    rows = connection.execute(OUTDO, {**values, "now": now})
    return [Told(topic, entity, key, version, bytes(body)) for topic, entity, key, version, body in rows]


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


def subjects_after(connection: Connection, after: str, most: int) -> list[str]:
    """The next subjects in order: the walk over everybody when rules changed."""
    return list(connection.execute(SUBJECTS, {"after": after, "most": most}).scalars())


def derived_by(connection: Connection) -> str | None:
    """By which contracts everybody was derived; empty in the middle of a walk, None where nobody ever was."""
    row = connection.execute(DERIVED_BY).one_or_none()
    if row is None:
        return None
    fingerprint, reached = row
    return fingerprint if reached is None else ""


def rescored_to(connection: Connection, fingerprint: str) -> str | None:
    """The subject up to which a walk by these contracts got: empty at its beginning, None at its end."""
    row = connection.execute(DERIVED_BY).one_or_none()
    return "" if row is None or row.fingerprint != fingerprint else row.reached


def remember(connection: Connection, fingerprint: str, reached: str | None) -> None:
    """Stores how far a walk by these contracts got; None: to the end."""
    connection.execute(REMEMBER, {"fingerprint": fingerprint, "reached": reached})


def replace_facts(connection: Connection, facts: Mapping[tuple[str, str], bytes]) -> None:
    """Puts new facts beside what was heard."""
    places = sorted(facts)
    values = {
        "topics": [topic for topic, _ in places],
        "entities": [entity for _, entity in places],
        "facts": [facts[place] for place in places],
    }
    connection.execute(RESCORED, values)


def told_scores(connection: Connection) -> Iterator[bytes]:
    """Everything told about answers: the recount that `disposition` must equal."""
    return (bytes(body) for (body,) in connection.execute(RECOUNT, {"topic": topics.SCORE_COMPUTED.name}))


def disposition_rows(connection: Connection) -> Iterator[tuple[str, str, str, int]]:
    """All counts that are not zero, in order."""
    return ((row.organisation, row.receipt, row.disposition, row.n) for row in connection.execute(DISPOSITIONS))


def awaited_rows(connection: Connection) -> Iterator[Awaits]:
    """All that is awaited, in order."""
    return (Awaits(*row) for row in connection.execute(AWAITED))


def forget(connection: Connection) -> None:
    """Forgets everything that was told, except of pairs: who heard a verdict must be told when it falls, also after a rebuild (M39)."""
    connection.execute(FORGET_TOLD, {"kept": topics.MCIC_CHANGED.name})
