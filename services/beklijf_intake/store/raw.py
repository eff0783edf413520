"""The raw store: what was received, exactly; who the subjects are; and the tallies.

Every function takes a batch and is one statement, so the number of statements does not grow with the batch. Nothing is ever
updated in `version`: a received body stays as it came.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from beklijf_intake.domain.episode import Consent, Episode, Patient
from beklijf_intake.domain.register import Identity, Record, Resource, Standing
from beklijf_intake.domain.submission import Name, ResourceType
from beklijf_intake.domain.versions import Form, Version
from beklijf_shared import db
from beklijf_shared.db import Connection

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
    CheckConstraint("(status IS NULL) = (authored IS NULL) AND (status IS NULL) = (whole_day IS NULL)", name="ck_version_form"),
)
tally = Table(
    "tally",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("counts", JSONB, nullable=False),
)

FIND = text("""
SELECT r.id, r.organisation, r.type, r.system, r.value, r.subject, r.replaced_by, r.current, r.latest, r.record
FROM unnest(CAST(:organisations AS text[]), CAST(:types AS text[]), CAST(:systems AS text[]), CAST(:values AS text[]))
  AS asked(organisation, type, system, value) JOIN resource AS r USING (organisation, type, system, value)
UNION ALL
SELECT id, organisation, type, system, value, subject, replaced_by, current, latest, record
FROM resource WHERE id = ANY(CAST(:ids AS text[]))
""")
JOINED = text("""
WITH RECURSIVE joined (organisation, subject) AS (
  SELECT asked.organisation, s.id
  FROM unnest(CAST(:organisations AS text[]), CAST(:systems AS text[]), CAST(:values AS text[])) AS asked(organisation, system, value)
  JOIN subject AS s USING (system, value)
  UNION SELECT * FROM unnest(CAST(:known_organisations AS text[]), CAST(:known_subjects AS text[]))
  UNION SELECT j.organisation, beside.subject FROM joined AS j CROSS JOIN LATERAL (
    SELECT r.replaced_by FROM resource AS r
    WHERE r.subject = j.subject AND r.organisation = j.organisation AND r.replaced_by IS NOT NULL
    UNION ALL SELECT r.subject FROM resource AS r WHERE r.replaced_by = j.subject AND r.organisation = j.organisation
  ) AS beside(subject)
)
SELECT j.organisation, s.id, s.system, s.value
FROM joined AS j CROSS JOIN LATERAL (SELECT * FROM subject WHERE id = j.subject OFFSET 0) AS s  -- by index, whatever the planner expects
""")
HELD = text("""
SELECT r.id, r.organisation, r.type, r.system, r.value, r.subject, r.replaced_by, r.current, r.latest, r.record
FROM unnest(CAST(:organisations AS text[]), CAST(:subjects AS text[])) AS asked(organisation, subject)
JOIN resource AS r USING (organisation, subject) WHERE r.type = ANY(CAST(:types AS text[]))
""")
VERSIONS = text("""
SELECT resource, number, received_at, stated_at, status, authored, whole_day, digest FROM version
WHERE resource = ANY(CAST(:ids AS text[])) ORDER BY resource, number
""")
INSERT_SUBJECTS = text("""
INSERT INTO subject (id, system, value)
SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:systems AS text[]), CAST(:values AS text[]))
""")
SAVE_RESOURCES = text("""
INSERT INTO resource (id, organisation, type, system, value, subject, replaced_by, current, latest, record)
SELECT * FROM unnest(CAST(:ids AS text[]), CAST(:organisations AS text[]), CAST(:types AS text[]), CAST(:systems AS text[]),
  CAST(:values AS text[]), CAST(:subjects AS text[]), CAST(:replaced_bys AS text[]), CAST(:currents AS int[]), CAST(:latests AS int[]),
  CAST(:records AS bytea[]))
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, replaced_by = excluded.replaced_by, current = excluded.current,
  latest = excluded.latest, record = excluded.record
""")
INSERT_VERSIONS = text("""
INSERT INTO version (resource, number, received_at, stated_at, status, authored, whole_day, digest, body)
SELECT resource, number, received_at, stated_at, status, authored, whole_day, digest,
  substring(CAST(:bodies AS bytea) FROM start FOR length)
FROM unnest(CAST(:resources AS text[]), CAST(:numbers AS int[]), CAST(:received_ats AS timestamptz[]), CAST(:stated_ats AS timestamptz[]),
  CAST(:statuses AS text[]), CAST(:authoreds AS timestamptz[]), CAST(:whole_days AS boolean[]), CAST(:digests AS bytea[]),
  CAST(:starts AS int[]), CAST(:lengths AS int[]))
  AS v(resource, number, received_at, stated_at, status, authored, whole_day, digest, start, length)
""")
ADD_TALLIES = text("""
INSERT INTO tally AS t (organisation, day, counts)
SELECT organisation, day, CAST(counts AS jsonb)
FROM unnest(CAST(:organisations AS text[]), CAST(:days AS date[]), CAST(:counts AS text[])) AS added(organisation, day, counts)
ON CONFLICT (organisation, day) DO UPDATE SET counts = (
  SELECT jsonb_object_agg(outcome, total) FROM (
    SELECT outcome, sum(CAST(number AS int)) AS total FROM (
      SELECT * FROM jsonb_each_text(t.counts) UNION ALL SELECT * FROM jsonb_each_text(excluded.counts)
    ) AS both_of_them(outcome, number) GROUP BY outcome
  ) AS summed
)
RETURNING organisation, day, CAST(counts AS text)
""")
READ = text("""
SELECT v.number, v.received_at, v.body FROM resource AS r JOIN version AS v ON v.resource = r.id AND v.number = r.current
WHERE r.id = :id AND r.organisation = :organisation AND r.type = :type
""")
ALIVE = text("SELECT EXISTS (SELECT FROM resource) IS NOT NULL")

RECORDS: dict[str, type[Record]] = {"Patient": Patient, "EpisodeOfCare": Episode, "Consent": Consent}
_decoders = {name: msgspec.json.Decoder(record) for name, record in RECORDS.items()}


@dataclass(frozen=True, slots=True)
class Body:
    """The current version of a resource as it came, with its number and receipt."""

    number: int
    received_at: datetime
    body: bytes


def find(connection: Connection, identities: Collection[Identity], ids: Collection[str]) -> list[Resource]:
    """The resources with these identities, and those with these ids (of whatever organisation)."""
    rows = connection.execute(
        FIND,
        {
            "organisations": [identity.organisation for identity in identities],
            "types": [identity.type for identity in identities],
            "systems": [identity.name.system for identity in identities],
            "values": [identity.name.value for identity in identities],
            "ids": list(ids),
        },
    )
    return [_resource(row) for row in rows]


def joined(connection: Connection, named: Collection[tuple[str, Name]], known: Collection[Standing]) -> list[tuple[Standing, Name]]:
    """The subjects asked for, by pseudonym or id, with all that a merge at that organisation joins to them (M14)."""
    rows = connection.execute(
        JOINED,
        {
            "organisations": [organisation for organisation, _ in named],
            "systems": [name.system for _, name in named],
            "values": [name.value for _, name in named],
            "known_organisations": [organisation for organisation, _ in known],
            "known_subjects": [subject_id for _, subject_id in known],
        },
    )
    return [((row.organisation, row.id), Name(row.system, row.value)) for row in rows]


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


def versions(connection: Connection, ids: Collection[str]) -> dict[str, list[Version]]:
    """All versions of these resources in order of arrival, without their bodies."""
    found: dict[str, list[Version]] = {}
    for row in connection.execute(VERSIONS, {"ids": list(ids)}):
        form = Form(row.status, row.authored, row.whole_day) if row.status is not None else None
        found.setdefault(row.resource, []).append(Version(row.number, row.received_at, bytes(row.digest), row.stated_at, form))
    return found


def insert_subjects(connection: Connection, subjects: Mapping[Name, str]) -> None:
    """Keeps new subjects. One that another transaction made meanwhile is an error: the caller holds its lock."""
    names = sorted(subjects)
    arguments = {"ids": [subjects[name] for name in names], "systems": [n.system for n in names], "values": [n.value for n in names]}
    connection.execute(INSERT_SUBJECTS, arguments)


def save_resources(connection: Connection, resources: Sequence[Resource]) -> None:
    """Writes resources as they are now; one with a known identity under another id is an error."""
    connection.execute(
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


def insert_versions(connection: Connection, rows: Sequence[tuple[str, Version, bytes]]) -> None:
    """Keeps received versions for ever, each body exactly as it came.

    The bodies travel as one binary value and are cut in the database: an array of bytea would go over the wire as
    hexadecimal text, at three times the cost.
    """
    forms = [received.form for _, received, _ in rows]
    starts, start = [], 1
    for _, _, body in rows:
        starts.append(start)
        start += len(body)
    connection.execute(
        INSERT_VERSIONS,
        {
            "resources": [resource_id for resource_id, _, _ in rows],
            "numbers": [received.number for _, received, _ in rows],
            "received_ats": [received.received_at for _, received, _ in rows],
            "stated_ats": [received.stated_at for _, received, _ in rows],
            "statuses": [form and form.status for form in forms],
            "authoreds": [form and form.authored for form in forms],
            "whole_days": [form and form.whole_day for form in forms],
            "digests": [received.digest for _, received, _ in rows],
            "starts": starts,
            "lengths": [len(body) for _, _, body in rows],
            "bodies": b"".join(body for _, _, body in rows),
        },
    )


def add_tallies(connection: Connection, added: Mapping[tuple[str, date], Mapping[str, int]]) -> dict[tuple[str, date], dict[str, int]]:
    """Adds counts by outcome to the tallies of organisations' days, and gives each of these days whole.

    The row stays locked until the transaction ends, so what is told of a day only grows.
    """
    places = sorted(added)
    rows = connection.execute(
        ADD_TALLIES,
        {
            "organisations": [organisation for organisation, _ in places],
            "days": [day for _, day in places],
            "counts": [msgspec.json.encode(added[place]).decode() for place in places],
        },
    )
    return {(organisation, day): msgspec.json.decode(counts) for organisation, day, counts in rows}


def read(connection: Connection, organisation: str, type_: str, id_: str) -> Body | None:
    """The current version of one resource of one organisation; None for everything else, without telling why."""
    row = connection.execute(READ, {"id": id_, "organisation": organisation, "type": type_}).one_or_none()
    return None if row is None else Body(row.number, row.received_at, bytes(row.body))


def is_alive(connection: Connection) -> bool:
    """Whether the database answers, and has its tables."""
    return bool(connection.execute(ALIVE).scalar_one())


def _resource(row: Row[Any]) -> Resource:
    identity = Identity(row.organisation, row.type, Name(row.system, row.value))
    record = None if row.record is None else _decoders[row.type].decode(bytes(row.record))
    return Resource(row.id, identity, row.subject, row.replaced_by, row.current, row.latest, record)
