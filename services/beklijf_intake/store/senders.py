"""Who may send: the registered senders, what was done to them and when, and which assertions have been used up.

No private key, no token and no password is ever kept here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Row, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from beklijf_intake.domain import scopes
from beklijf_intake.domain.registration import Registration
from beklijf_intake.store.raw import metadata
from beklijf_shared.db import Connection

sender = Table(
    "sender",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("unversioned", Text, nullable=False),
    Column("keys", Text),
    Column("keys_url", Text),
    Column("pseudonymised", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("enabled", Boolean, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("organisation ~ '^[0-9]{8}$'", name="ck_sender_organisation"),
    CheckConstraint("(keys IS NULL) <> (keys_url IS NULL)", name="ck_sender_keys"),
)
sender_change = Table(
    "sender_change",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("sender", Text, ForeignKey("sender.id", name="fk_sender_change_sender"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("what", Text, nullable=False),
    Column("told", JSONB, nullable=False),
)
assertion = Table(
    "assertion",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
Index("ix_assertion_expires_at", assertion.c.expires_at)

ALL = text("SELECT id, name, organisation, scopes, unversioned, keys, keys_url, pseudonymised, enabled, changed_at FROM sender ORDER BY id")
SAVE = text("""
INSERT INTO sender (id, name, organisation, scopes, unversioned, keys, keys_url, pseudonymised, enabled, changed_at)
VALUES (:id, :name, :organisation, :scopes, :unversioned, :keys, :keys_url, :pseudonymised, :enabled, :changed_at)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, scopes = excluded.scopes, unversioned = excluded.unversioned,
  keys = excluded.keys, keys_url = excluded.keys_url, pseudonymised = excluded.pseudonymised, enabled = excluded.enabled,
  changed_at = excluded.changed_at
""")
SAY = text("INSERT INTO sender_change (sender, at, what, told) VALUES (:sender, :at, :what, CAST(:told AS jsonb))")
CHANGES = text("SELECT sender, at, what, CAST(told AS text) AS told FROM sender_change ORDER BY id")
LOCK = text("SELECT pg_advisory_xact_lock(hashtext('beklijf sender'))")
USE_UP = text("""
INSERT INTO assertion (sender, digest, expires_at) VALUES (:sender, :digest, :expires_at) ON CONFLICT DO NOTHING
""")
PURGE = text("""
DELETE FROM assertion WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM assertion WHERE expires_at < :before ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED
))
""")


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a sender, and when."""

    sender: str
    at: datetime
    what: str
    told: Mapping[str, Any]


def everybody(connection: Connection) -> list[Registration]:
    """All senders, also those that may not send."""
    return [_registration(row) for row in connection.execute(ALL)]


def save(connection: Connection, registration: Registration, what: str, told: Mapping[str, Any]) -> None:
    """Keeps a sender as it is now, and that it was changed. Its organisation never changes: that would be another sender."""
    one = registration
    connection.execute(
        SAVE,
        {
            "id": one.id,
            "name": one.name,
            "organisation": one.organisation,
            "scopes": str(one.scopes),
            "unversioned": one.unversioned,
            "keys": one.keys,
            "keys_url": one.keys_url,
            "pseudonymised": list(one.pseudonymised),
            "enabled": one.enabled,
            "changed_at": one.changed_at,
        },
    )
    connection.execute(SAY, {"sender": one.id, "at": one.changed_at, "what": what, "told": msgspec.json.encode(told).decode()})


def changes(connection: Connection) -> list[Change]:
    """Everything that was done to senders, oldest first."""
    return [Change(row.sender, row.at, row.what, msgspec.json.decode(row.told)) for row in connection.execute(CHANGES)]


def lock(connection: Connection) -> None:
    """One operator at a time, until the transaction ends."""
    connection.execute(LOCK)


def use_up(connection: Connection, sender_id: str, digest: bytes, expires_at: datetime) -> bool:
    """Whether this assertion was unused until now. The insert decides, whichever worker asks, before and after a restart."""
    return connection.execute(USE_UP, {"sender": sender_id, "digest": digest, "expires_at": expires_at}).rowcount == 1


def purge(connection: Connection, before: datetime) -> int:
    """Forgets assertions that have expired before that instant, so cannot be used again anyway; gives how many, at most a thousand."""
    return connection.execute(PURGE, {"before": before}).rowcount


def _registration(row: Row[Any]) -> Registration:
    return Registration(
        id=row.id,
        name=row.name,
        organisation=row.organisation,
        scopes=scopes.parse(row.scopes),
        unversioned=row.unversioned,
        keys=row.keys,
        keys_url=row.keys_url,
        pseudonymised=tuple(row.pseudonymised),
        enabled=row.enabled,
        changed_at=row.changed_at,
    )
