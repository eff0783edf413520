"""The raw store: what was received, exactly, and who the subjects are.

Every function takes a batch and is one statement, so the number of statements does not grow with the batch. Nothing is ever
updated in `version`: a received body stays as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from beklijf_intake.domain.episode import Consent, Episode, Patient
from beklijf_intake.domain.register import Identity, Record, Resource, Standing
from beklijf_intake.domain.search.listed import Listed
from beklijf_intake.domain.submission import Name, ResourceType
from beklijf_intake.domain.versions import Form, Version
from beklijf_shared import db
from beklijf_shared.db import Connection
from beklijf_shared.pipeline import Pipeline

metadata = db.metadata()
plumbing = db.plumbing(metadata)

subject = Table(
    "subject",
    metadata,
    Column("id", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("value", Text, nullable=False),
    UniqueConstraint("system", "value"),
)
resource = Table(
    "resource",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("subject", Text, ForeignKey("subject.id", name="fk_resource_subject")),
    Column("replaced_by", Text, ForeignKey("subject.id", name="fk_resource_replaced_by")),
    Column("current", Integer),
    Column("latest", Integer, nullable=False),
    Column("record", LargeBinary),
    UniqueConstraint("organisation", "type", "system", "value"),
    CheckConstraint("(current IS NULL) = (subject IS NULL) AND (current IS NULL) = (latest = 0)", name="ck_resource_received"),
    CheckConstraint("replaced_by IS NULL OR type = 'Patient'", name="ck_resource_merged"),
)
Index("ix_resource_subject", resource.c.subject, resource.c.organisation)  # all that an organisation holds about a subject
Index(
    "ix_resource_replaced", resource.c.subject, resource.c.organisation, postgresql_where=resource.c.replaced_by.is_not(None)
)  # merges, forwards
Index(
    "ix_resource_replaced_by", resource.c.replaced_by, resource.c.organisation, postgresql_where=resource.c.replaced_by.is_not(None)
)  # merges, backwards
version = Table(
    "version",
    metadata,
    Column("resource", Text, ForeignKey("resource.id", name="fk_version_resource"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("stated_at", DateTime(timezone=True)),
    Column("status", Text),
    Column("authored", DateTime(timezone=True)),
    Column("whole_day", Boolean),
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("receipt", Text),
    Column("mapping", Text),
    # for reading only (store/search.py): which list it is in, in which order it came, what it is found by
    Column("organisation", Text, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("arrival", BigInteger, nullable=False, server_default=text("nextval('version_arrival')")),
    Column("committer", BigInteger, nullable=False, server_default=text("pg_current_xact_id()::text::bigint")),
    Column("since", DateTime(timezone=True)),
    Column("until", DateTime(timezone=True)),
    Column("questionnaire", Text),
    Column("state", Text),
    Column("codes", ARRAY(Text)),
    Column("awaits", Text),
    CheckConstraint("(status IS NULL) = (authored IS NULL) AND (status IS NULL) = (whole_day IS NULL)", name="ck_version_form"),
)
Index("ix_version_mapping", version.c.mapping, postgresql_where=version.c.mapping.is_not(None))  # how many were read by which mapping
Index("ix_version_received", version.c.kind, version.c.organisation, version.c.received_at, version.c.arrival)  # history, searches
Index(
    "ix_version_dated",
    version.c.kind,
    version.c.organisation,
    version.c.since,
    version.c.arrival,
    postgresql_where=version.c.shown & version.c.since.is_not(None),
)  # searches in the order of the date
Index(
    "ix_version_awaits", version.c.organisation, version.c.received_at, version.c.arrival, postgresql_where=version.c.awaits.is_not(None)
)  # answers that came before their episode

# What the hot path sends, all of it in pipelines: plain text for the driver.
FIND = """
WITH found AS (
  SELECT r.id, r.organisation, r.type, r.system, r.value, r.subject, r.replaced_by, r.current, r.latest, r.record
  FROM unnest(%(organisations)s::text[], %(types)s::text[], %(systems)s::text[], %(values)s::text[])
    AS asked(organisation, type, system, value) JOIN resource AS r USING (organisation, type, system, value)
  UNION ALL
  SELECT id, organisation, type, system, value, subject, replaced_by, current, latest, record
  FROM resource WHERE id = ANY(%(ids)s::text[])
)
SELECT f.*, v.number, v.received_at, v.stated_at, v.status, v.authored, v.whole_day, v.digest, v.receipt
FROM found AS f LEFT JOIN LATERAL (SELECT * FROM version WHERE resource = f.id ORDER BY number OFFSET 0) AS v ON true
"""
_JOINED = """
WITH RECURSIVE joined (organisation, subject) AS (
  SELECT named.organisation, s.id
  FROM unnest(%(named_organisations)s::text[], %(named_systems)s::text[], %(named_values)s::text[]) AS named(organisation, system, value)
  JOIN subject AS s USING (system, value)
  UNION SELECT r.organisation, r.subject
  FROM unnest(%(organisations)s::text[], %(types)s::text[], %(systems)s::text[], %(values)s::text[])
    AS asked(organisation, type, system, value) JOIN resource AS r USING (organisation, type, system, value) WHERE r.subject IS NOT NULL
  UNION SELECT organisation, subject FROM resource
  WHERE id = ANY(%(ids)s::text[]) AND organisation = ANY(%(named_organisations)s::text[]) AND subject IS NOT NULL
  UNION SELECT j.organisation, beside.subject FROM joined AS j CROSS JOIN LATERAL (
    SELECT r.replaced_by FROM resource AS r
    WHERE r.subject = j.subject AND r.organisation = j.organisation AND r.replaced_by IS NOT NULL
    UNION ALL SELECT r.subject FROM resource AS r WHERE r.replaced_by = j.subject AND r.organisation = j.organisation
  ) AS beside(subject)
)
SELECT s.system, s.value, j.organisation, j.subject, r.id, r.type, r.system, r.value, r.replaced_by, r.current, r.latest, r.record
FROM joined AS j CROSS JOIN LATERAL (SELECT * FROM subject WHERE id = j.subject OFFSET 0) AS s  -- by index, whatever the planner expects
LEFT JOIN LATERAL (
  SELECT * FROM resource WHERE subject = j.subject AND organisation = j.organisation AND {which} OFFSET 0
) AS r ON true
"""
JOINED_WITH_LINKS = _JOINED.format(which="replaced_by IS NOT NULL")
JOINED_WITH_RECORDS = _JOINED.format(which="type IN ('Patient', 'EpisodeOfCare', 'Consent')")
INSERT_SUBJECTS = """
INSERT INTO subject (id, system, value) SELECT * FROM unnest(%(ids)s::text[], %(systems)s::text[], %(values)s::text[])
"""
SAVE_RESOURCES = """
INSERT INTO resource (id, organisation, type, system, value, subject, replaced_by, current, latest, record)
SELECT * FROM unnest(%(ids)s::text[], %(organisations)s::text[], %(types)s::text[], %(systems)s::text[], %(values)s::text[],
  %(subjects)s::text[], %(replaced_bys)s::text[], %(currents)s::int[], %(latests)s::int[], %(records)s::bytea[])
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, replaced_by = excluded.replaced_by, current = excluded.current,
  latest = excluded.latest, record = excluded.record
"""
INSERT_VERSIONS = """
INSERT INTO version (resource, number, received_at, stated_at, status, authored, whole_day, digest, body, receipt, mapping,
  organisation, kind, shown, since, until, questionnaire, state, awaits, codes)
SELECT resource, number, received_at, stated_at, status, authored, whole_day, digest, body, receipt, mapping,
  organisation, kind, shown, since, until, questionnaire, state, awaits, string_to_array(codes, E'\\n')
FROM unnest(%(resources)s::text[], %(numbers)s::int[], %(received_ats)s::timestamptz[], %(stated_ats)s::timestamptz[],
  %(statuses)s::text[], %(authoreds)s::timestamptz[], %(whole_days)s::boolean[], %(digests)s::bytea[], %(bodies)s::bytea[],
  %(receipts)s::text[], %(mappings)s::text[], %(organisations)s::text[], %(kinds)s::int[], %(showns)s::boolean[], %(sinces)s::timestamptz[],
  %(untils)s::timestamptz[], %(questionnaires)s::text[], %(states)s::text[], %(awaited)s::text[], %(codes)s::text[])
  AS v(resource, number, received_at, stated_at, status, authored, whole_day, digest, body, receipt, mapping,
    organisation, kind, shown, since, until, questionnaire, state, awaits, codes)
"""
HELD = text("""
SELECT r.id, r.organisation, r.type, r.system, r.value, r.subject, r.replaced_by, r.current, r.latest, r.record
FROM unnest(CAST(:organisations AS text[]), CAST(:subjects AS text[])) AS asked(organisation, subject)
JOIN resource AS r USING (organisation, subject) WHERE r.type = ANY(CAST(:types AS text[]))
""")
READ = text("""
SELECT v.number, v.received_at, v.body FROM resource AS r JOIN version AS v ON v.resource = r.id AND v.number = r.current
WHERE r.id = :id AND r.organisation = :organisation AND r.type = :type
""")
READ_ALL = text("""
SELECT r.id, v.number, v.received_at, v.body FROM resource AS r JOIN version AS v ON v.resource = r.id AND v.number = r.current
WHERE r.id = ANY(CAST(:ids AS text[])) AND r.organisation = :organisation
""")
KINDS: dict[ResourceType, int] = {"Patient": 1, "EpisodeOfCare": 2, "Consent": 3, "QuestionnaireResponse": 4}
"""How `version.kind` says the type: two bytes in every index instead of twenty."""
RECORDS: dict[str, type[Record]] = {"Patient": Patient, "EpisodeOfCare": Episode, "Consent": Consent}
_decoders = {name: msgspec.json.Decoder(record) for name, record in RECORDS.items()}


@dataclass(frozen=True, slots=True)
class Body:
    """The current version of a resource as it came, with its number and receipt."""

    number: int
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """The part of the store that a batch is about. `joined`: its subjects, with all that a merge joins to them (M14)."""

    resources: list[Resource]
    versions: dict[str, list[Version]]
    joined: dict[Standing, Name]
    held: list[Resource]


def load(
    under_way: Pipeline, identities: Collection[Identity], ids: Collection[str], named: Collection[tuple[str, Name]], *, records: bool
) -> Callable[[], Found]:
    """The resources with these identities and ids with their versions, and the subjects that these and the names are about.

    `held` are the records (Patient, EpisodeOfCare, Consent) that the organisations hold about the subjects, or without `records` only
    the patients who were replaced. Two statements; the function that is given waits for them.
    """
    asked = {
        "organisations": [identity.organisation for identity in identities],
        "types": [identity.type for identity in identities],
        "systems": [identity.name.system for identity in identities],
        "values": [identity.name.value for identity in identities],
        "ids": list(ids),
    }
    found = under_way.send(FIND, asked)
    subjects = {
        "named_organisations": [organisation for organisation, _ in named],
        "named_systems": [name.system for _, name in named],
        "named_values": [name.value for _, name in named],
    }
    joined = under_way.send(JOINED_WITH_RECORDS if records else JOINED_WITH_LINKS, {**asked, **subjects})
    return lambda: _found(found(), joined())


def _found(found: Iterable[tuple[Any, ...]], joined: Iterable[tuple[Any, ...]]) -> Found:
    resources: dict[str, Resource] = {}
    versions: dict[str, list[Version]] = {}
    for row in found:
        resource_id, number = row[0], row[10]
        if resource_id not in resources:
            resources[resource_id] = _resource(row[:10])
        if number is not None and number > len(versions.get(resource_id, ())):  # once, also if asked for by identity and by id
            _, received_at, stated_at, status, authored, whole_day, digest, receipt = row[10:]
            form = Form(status, authored, whole_day) if status is not None else None
            versions.setdefault(resource_id, []).append(Version(number, received_at, bytes(digest), stated_at, form, receipt))
    standings: dict[Standing, Name] = {}
    held = []
    for system, value, organisation, subject_id, *of_resource in joined:
        standings[organisation, subject_id] = Name(system, value)
        if of_resource[0] is not None:
            resource_id, type_, its_system, its_value, *rest = of_resource
            held.append(_resource((resource_id, organisation, type_, its_system, its_value, subject_id, *rest)))
    return Found(list(resources.values()), versions, standings, held)


def held(connection: Connection, standings: Collection[Standing], types: Collection[ResourceType]) -> list[Resource]:
    """The resources of these types that the organisations hold about these subjects."""
    rows = connection.execute(
        HELD,
        {
            "organisations": [organisation for organisation, _ in standings],
            "subjects": [subject_id for _, subject_id in standings],
            "types": list(types),
        },
    )
    return [_resource(row) for row in rows]


def insert_subjects(under_way: Pipeline, subjects: Mapping[Name, str]) -> None:
    """Keeps new subjects. One that another transaction made meanwhile is an error: the caller holds its lock."""
    names = sorted(subjects)
    arguments = {"ids": [subjects[name] for name in names], "systems": [n.system for n in names], "values": [n.value for n in names]}
    under_way.send(INSERT_SUBJECTS, arguments)


def save_resources(under_way: Pipeline, resources: Sequence[Resource]) -> None:
    """Writes resources as they are now; one with a known identity under another id is an error."""
    under_way.send(
        SAVE_RESOURCES,
        {
            "ids": [one.id for one in resources],
            "organisations": [one.identity.organisation for one in resources],
            "types": [one.identity.type for one in resources],
            "systems": [one.identity.name.system for one in resources],
            "values": [one.identity.name.value for one in resources],
            "subjects": [one.subject for one in resources],
            "replaced_bys": [one.replaced_by for one in resources],
            "currents": [one.current for one in resources],
            "latests": [one.latest for one in resources],
            "records": [None if one.record is None else msgspec.json.encode(one.record) for one in resources],
        },
    )


def insert_versions(under_way: Pipeline, rows: Sequence[tuple[str, Version, bytes, Listed]]) -> None:
    """Keeps received versions for ever, each body exactly as it came, and what it is found by."""
    forms = [received.form for _, received, _, _ in rows]
    listed = [one for _, _, _, one in rows]
    under_way.send(
        INSERT_VERSIONS,
        {
            "resources": [resource_id for resource_id, _, _, _ in rows],
            "numbers": [received.number for _, received, _, _ in rows],
            "received_ats": [received.received_at for _, received, _, _ in rows],
            "stated_ats": [received.stated_at for _, received, _, _ in rows],
            "statuses": [form and form.status for form in forms],
            "authoreds": [form and form.authored for form in forms],
            "whole_days": [form and form.whole_day for form in forms],
            "digests": [received.digest for _, received, _, _ in rows],
            "bodies": [body for _, _, body, _ in rows],
            "receipts": [received.receipt for _, received, _, _ in rows],
            "mappings": [received.mapping for _, received, _, _ in rows],
            "organisations": [one.organisation for one in listed],
            "kinds": [KINDS[one.type] for one in listed],
            "showns": [one.shown for one in listed],
            "sinces": [one.stated.since for one in listed],
            "untils": [one.stated.until for one in listed],
            "questionnaires": [one.stated.questionnaire for one in listed],
            "states": [one.stated.status for one in listed],
            "awaited": [one.awaits for one in listed],
            "codes": ["\n".join(one.stated.codes) or None for one in listed],
        },
    )


def read(connection: Connection, organisation: str, type_: str, id_: str) -> Body | None:
    """The current version of one resource of one organisation; None for everything else, without telling why."""
    row = connection.execute(READ, {"id": id_, "organisation": organisation, "type": type_}).one_or_none()
    return None if row is None else Body(row.number, row.received_at, bytes(row.body))


def read_all(connection: Connection, organisation: str, ids: Collection[str]) -> dict[str, Body]:
    """The current versions of those of these resources that are that organisation's, by id."""
    rows = connection.execute(READ_ALL, {"ids": list(ids), "organisation": organisation})
    return {row.id: Body(row.number, row.received_at, bytes(row.body)) for row in rows}


def _resource(row: Sequence[Any]) -> Resource:
    """Of a row with the columns id, organisation, type, system, value, subject, replaced_by, current, latest, record."""
    id_, organisation, type_, system, value, subject_id, replaced_by, current, latest, record = row
    read = None if record is None else _decoders[type_].decode(bytes(record))
    return Resource(id_, Identity(organisation, type_, Name(system, value)), subject_id, replaced_by, current, latest, read)
