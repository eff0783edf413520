"""Archives under way: what was handed in, how far each file is, and what became of every line.

A block of lines is remembered in the transaction that stores its resources, so there is no moment at which one is true without the
other. What became of its lines is one compressed text per block: NDJSON, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from beklijf_intake.domain.archive import Block
from beklijf_intake.store.raw import metadata
from beklijf_shared.db import Connection

FileState = Literal["waiting", "done", "cancelled", "failed"]
Kind = Literal["upload", "manifest", "link"]
"""A file that was sent; the address of a list of files; the address of one of them."""

import_ = Table(
    "import",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organisation", Text, nullable=False),
    Column("submitter", Text, nullable=False),
    Column("submission", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("cancelled", Boolean, nullable=False),
    UniqueConstraint("organisation", "submitter", "submission"),
    CheckConstraint("ended_at IS NULL OR closed", name="ck_import_ended"),
)
import_file = Table(
    "import_file",
    metadata,
    Column("import", Text, ForeignKey("import.id", name="fk_import_file_import"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("url", Text),
    Column("manifest", Text),
    Column("size", BigInteger),
    Column("digest", LargeBinary),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    UniqueConstraint("import", "name"),
    CheckConstraint("(kind = 'upload') = (url IS NULL) AND (manifest IS NULL OR kind = 'link')", name="ck_import_file_kind"),
    CheckConstraint("(size IS NULL) = (digest IS NULL) AND (size IS NOT NULL OR kind <> 'upload')", name="ck_import_file_spooled"),
    CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="ck_import_file_failed"),
)
Index("ix_import_file_waiting", import_file.c["import"], import_file.c.number, postgresql_where=text("state = 'waiting'"))  # what is next
import_block = Table(
    "import_block",
    metadata,
    Column("import", Text, primary_key=True),
    Column("file", Integer, primary_key=True),
    Column("first_line", BigInteger, primary_key=True),
    Column("lines", Integer, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("outcomes", LargeBinary, nullable=False),
    Column("refusals", LargeBinary, nullable=False),
    ForeignKeyConstraint(["import", "file"], ["import_file.import", "import_file.number"], name="fk_import_block_file"),
)

OPEN = text("""
INSERT INTO import (id, organisation, submitter, submission, created_at, closed, cancelled)
VALUES (:id, :organisation, :submitter, :submission, :now, false, false)
ON CONFLICT (organisation, submitter, submission) DO NOTHING
""")
FIND = text("""
SELECT id, closed, cancelled, ended_at FROM import
WHERE organisation = :organisation AND submitter = :submitter AND submission = :submission FOR UPDATE
""")
SAME_NAME = text("SELECT number, digest, url FROM import_file WHERE import = :import AND name = :name")
ADD_FILE = text("""
INSERT INTO import_file (import, number, name, kind, sender, url, manifest, size, digest, state)
SELECT :import, 1 + coalesce(max(number), 0), :name, :kind, :sender, :url, :manifest, :size, :digest, 'waiting'
FROM import_file WHERE import = :import
RETURNING number
""")
CLOSE = text("UPDATE import SET closed = true WHERE id = :id")
CANCEL = text("UPDATE import SET closed = true, cancelled = true WHERE id = :id AND ended_at IS NULL")
CANCEL_FILES = text("UPDATE import_file SET state = 'cancelled' WHERE import = :id AND state = 'waiting'")
CANCEL_MANIFEST = text("""
UPDATE import_file SET state = 'cancelled'
WHERE import = :id AND state = 'waiting' AND (manifest = :manifest OR kind = 'manifest' AND url = :manifest)
""")
READ = text("""
SELECT id, submitter, submission, created_at, closed, ended_at, cancelled FROM import WHERE id = :id AND organisation = :organisation
""")
FILES = text("""
SELECT f.number, f.name, f.kind, f.state, f.reason, f.size, coalesce(max(b."end"), 0) AS position, coalesce(sum(b.lines), 0) AS lines,
  coalesce(sum(b.accepted), 0) AS accepted, coalesce(sum(b.duplicate), 0) AS duplicate, coalesce(sum(b.refused), 0) AS refused
FROM import_file AS f LEFT JOIN import_block AS b ON b.import = f.import AND b.file = f.number
WHERE f.import = :id GROUP BY f.import, f.number ORDER BY f.number
""")
PAGE = """
SELECT file, first_line, {column} AS text FROM import_block
WHERE import = :id AND (file, first_line) > (:file, :first_line) AND {wanted} ORDER BY file, first_line LIMIT :most
"""
OUTCOMES = text(PAGE.format(column="outcomes", wanted="accepted + duplicate + refused > 0"))
REFUSALS = text(PAGE.format(column="refusals", wanted="length(refusals) > 0"))
# Whose turn it is: of each sender the first file of the import it opened first (ids are ordered by time), the senders in turn.
TURNS = """
WITH waiting AS (
  SELECT f.import, f.number, f.name, f.kind, f.url, f.size, f.sender, i.organisation, i.created_at,
    i.organisation || '|' || coalesce(CAST(f.sender AS json) ->> 'client', '') AS party
  FROM import_file AS f JOIN import AS i ON i.id = f.import WHERE f.state = 'waiting'
), others AS (SELECT * FROM waiting WHERE party <> ALL(CAST(:but AS text[])))
{asked}
"""
NEXT = text(
    TURNS.format(
        asked="SELECT import, number, name, kind, url, size, sender, organisation, created_at, party FROM others"
        " ORDER BY party <= :after, party, import, number LIMIT 1"
    )
)
OTHERS = text(TURNS.format(asked="SELECT EXISTS (SELECT FROM others)"))
STORED = text("""
SELECT first_line, lines, start, "end" FROM import_block WHERE import = :import AND file = :file ORDER BY first_line
""")
# The lock on the file's row makes a cancellation wait for what is being stored, and what comes after it find the file cancelled.
KEEP = text("""
WITH wanted AS (SELECT import, number FROM import_file WHERE import = :import AND number = :file AND state = 'waiting' FOR SHARE)
INSERT INTO import_block (import, file, first_line, lines, start, "end", accepted, duplicate, refused, outcomes, refusals)
SELECT import, number, :first_line, :lines, :start, :end, :accepted, :duplicate, :refused, :outcomes, :refusals FROM wanted
ON CONFLICT (import, file, first_line) DO NOTHING
""")
SPOOLED = text("UPDATE import_file SET size = :size, digest = :digest WHERE import = :import AND number = :number AND state = 'waiting'")
FINISH = text("UPDATE import_file SET state = :state, reason = :reason WHERE import = :import AND number = :number AND state = 'waiting'")
END = text("""
UPDATE import AS i SET ended_at = :now WHERE closed AND ended_at IS NULL
AND NOT EXISTS (SELECT FROM import_file AS f WHERE f.import = i.id AND f.state = 'waiting')
RETURNING id, organisation, created_at, (
  SELECT coalesce(sum(accepted + duplicate + refused), 0) FROM import_block AS b WHERE b.import = i.id
) AS sent
""")
WAITING = text("SELECT import, number FROM import_file WHERE state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Submission:
    """An archive as handed in: one file, or several under the sender's own name for them."""

    id: str
    closed: bool
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """One file: how far it is, and the sums of what became of its lines. `size` is None until a linked file was fetched."""

    number: int
    name: str
    kind: Kind
    state: FileState
    reason: str | None
    size: int | None
    position: int
    lines: int
    accepted: int
    duplicate: int
    refused: int


@dataclass(frozen=True, slots=True)
class Import:
    """One import with all its files. It has ended when it is closed and no file waits."""

    id: str
    submission: str
    created_at: datetime
    closed: bool
    ended_at: datetime | None
    cancelled: bool
    files: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """The file that is next."""

    import_id: str
    number: int
    name: str
    kind: Kind
    url: str | None
    size: int | None
    sender: str
    """Who sent it, and what that sender may do, as the door wrote it down."""
    organisation: str
    created_at: datetime
    party: str
    """The sender, as one among whom turns are taken: its organisation, and which of that organisation's systems it is."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An import of which nothing is to come any more: whose it is, and how many of its lines were answered."""

    id: str
    organisation: str
    created_at: datetime
    sent: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A block that was read: its sums, and what became of its lines (compressed NDJSON; `refusals` empty where none was refused)."""

    import_id: str
    file: int
    block: Block
    accepted: int
    duplicate: int
    refused: int
    outcomes: bytes
    refusals: bytes


def find_or_open(connection: Connection, id_: str, organisation: str, submitter: str, submission: str, now: datetime) -> Submission:
    """The import that a sender knows by this name; made, with this id, at first mention. Locked until the transaction ends."""
    named = {"organisation": organisation, "submitter": submitter, "submission": submission}
    connection.execute(OPEN, {"id": id_, "now": now, **named})
    row = connection.execute(FIND, named).one()
    return Submission(row.id, row.closed, row.cancelled)


def find(connection: Connection, organisation: str, submitter: str, submission: str) -> Submission | None:
    """The same, if it is there."""
    named = {"organisation": organisation, "submitter": submitter, "submission": submission}
    row = connection.execute(FIND, named).one_or_none()
    return None if row is None else Submission(row.id, row.closed, row.cancelled)


def same_name(connection: Connection, import_id: str, name: str) -> tuple[bytes | None, str | None] | None:
    """Digest and address of the file of that name, if the import has one."""
    row = connection.execute(SAME_NAME, {"import": import_id, "name": name}).one_or_none()
    return None if row is None else (None if row.digest is None else bytes(row.digest), row.url)


def add_upload(connection: Connection, import_id: str, name: str, sender: str, size: int, digest: bytes) -> int:
    """Adds a file that lies in the spool; gives its number."""
    given = {"kind": "upload", "url": None, "manifest": None, "size": size, "digest": digest}
    return int(connection.execute(ADD_FILE, {"import": import_id, "name": name, "sender": sender, **given}).scalar_one())


def add_link(connection: Connection, import_id: str, name: str, sender: str, url: str, manifest: str | None) -> int:
    """Adds a file to be fetched, of a manifest; or, where `manifest` is None, a manifest itself."""
    given = {"kind": "manifest" if manifest is None else "link", "url": url, "manifest": manifest, "size": None, "digest": None}
    return int(connection.execute(ADD_FILE, {"import": import_id, "name": name, "sender": sender, **given}).scalar_one())


def close(connection: Connection, import_id: str) -> None:
    """No more files will come."""
    connection.execute(CLOSE, {"id": import_id})


def cancel(connection: Connection, import_id: str) -> bool:
    """Takes an import back; False when it had ended already. What was stored stays; nothing is stored any more once this is committed.

    That it has ended, and how much of it was answered, its receipt is told by the importer (`end`).
    """
    if not connection.execute(CANCEL, {"id": import_id}).rowcount:
        return False
    connection.execute(CANCEL_FILES, {"id": import_id})
    return True


def cancel_manifest(connection: Connection, import_id: str, manifest: str) -> int:
    """Takes back what is still to come of a manifest; gives how many files."""
    return int(connection.execute(CANCEL_MANIFEST, {"id": import_id, "manifest": manifest}).rowcount)


def read(connection: Connection, organisation: str, import_id: str) -> Import | None:
    """One import of one organisation; None for everything else, without telling why."""
    row = connection.execute(READ, {"id": import_id, "organisation": organisation}).one_or_none()
    if row is None:
        return None
    files = tuple(Progress(*one) for one in connection.execute(FILES, {"id": import_id}))
    return Import(row.id, row.submission, row.created_at, row.closed, row.ended_at, row.cancelled, files)


def page(
    connection: Connection, import_id: str, after: tuple[int, int], *, refusals: bool, most: int
) -> list[tuple[tuple[int, int], bytes]]:
    """The next texts of what became of lines, in the order of the files, each with its place."""
    place = {"id": import_id, "file": after[0], "first_line": after[1], "most": most}
    rows = connection.execute(REFUSALS if refusals else OUTCOMES, place)
    return [((row.file, row.first_line), bytes(row.text)) for row in rows]


def next_file(connection: Connection, after: str, but: Collection[str]) -> Work | None:
    """The first file that waits of the party that comes after this one, round and round, leaving some out."""
    row = connection.execute(NEXT, {"after": after, "but": list(but)}).one_or_none()
    return None if row is None else Work(*row)


def others_wait(connection: Connection, but: Collection[str]) -> bool:
    """Whether a file waits of any party that is not one of these."""
    return bool(connection.execute(OTHERS, {"but": list(but)}).scalar_one())


def stored(connection: Connection, import_id: str, file: int) -> list[Block]:
    """The blocks of a file that went in, in its order."""
    rows = connection.execute(STORED, {"import": import_id, "file": file})
    return [Block(row.first_line, row.lines, row.start, row.end) for row in rows]


def keep(connection: Connection, kept: Kept) -> bool:
    """Remembers a block in the transaction that stores its resources; False when it must not: stored already, or cancelled."""
    given = {
        "import": kept.import_id,
        "file": kept.file,
        "first_line": kept.block.first_line,
        "lines": kept.block.lines,
        "start": kept.block.start,
        "end": kept.block.end,
        "accepted": kept.accepted,
        "duplicate": kept.duplicate,
        "refused": kept.refused,
        "outcomes": kept.outcomes,
        "refusals": kept.refusals,
    }
    return bool(connection.execute(KEEP, given).rowcount)


def spooled(connection: Connection, work: Work, size: int, digest: bytes) -> None:
    """A linked file was fetched and lies in the spool."""
    connection.execute(SPOOLED, {"import": work.import_id, "number": work.number, "size": size, "digest": digest})


def finish(connection: Connection, work: Work, state: FileState, reason: str | None = None) -> None:
    """A file is done, or failed for a reason that its sender is told."""
    connection.execute(FINISH, {"import": work.import_id, "number": work.number, "state": state, "reason": reason})


def end(connection: Connection, now: datetime) -> list[Ended]:
    """Ends the imports of which nothing is to come any more."""
    return [Ended(row.id, row.organisation, row.created_at, int(row.sent)) for row in connection.execute(END, {"now": now})]


def waiting(connection: Connection) -> set[tuple[str, int]]:
    """The files that are not done: what the spool must keep."""
    return {(import_id, number) for import_id, number in connection.execute(WAITING)}
