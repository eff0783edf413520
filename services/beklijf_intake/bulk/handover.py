"""Archives handed in, asked about and called back: what a sender does with an import, each in one transaction.

A file belongs to an import from the moment its sender is told so; the importer takes it from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from beklijf_intake.bulk import archives, download
from beklijf_intake.bulk.spool import Incoming, Spool
from beklijf_intake.domain import bsn
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.receipt import Delivery
from beklijf_intake.senders.sender import Sender
from beklijf_intake.store import imports
from beklijf_intake.usecases import Rules, Unit, accept
from beklijf_intake.writer import Unavailable
from beklijf_shared import crash, db
from beklijf_shared.clock import Clock
from beklijf_shared.ids import IdMaker

PAGE_BLOCKS = 20
"""So many blocks' outcomes are read at a time: some 10,000 lines."""

SubmissionStatus = Literal["in-progress", "complete", "stopped"]


@dataclass(frozen=True, slots=True)
class Named:
    """How a sender names what it hands in: itself, the submission, the file. A file without a submission is one by itself."""

    submitter: str = ""
    submission: str | None = None
    file: str = "archive.ndjson"
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Handover:
    """What handing in needs in this process. Everything here blocks: not for an event loop."""

    engine: db.Engine
    clock: Clock
    make_id: IdMaker
    spool: Spool
    hosts: frozenset[str]
    base: str
    """Base of our canonicals."""
    rules: Rules
    """How receipts are told, for an import has one from its first moment."""

    def begin(self, expected: int) -> Incoming:
        """A new file on its way in; raises spool.Full or TooLarge where `expected` bytes cannot be taken."""
        self.spool.check_room(expected)
        return self.spool.incoming(self.make_id())

    def take(self, incoming: Incoming, sender: Sender, named: Named) -> str:
        """Makes a file that has come in part of its import, durably; gives the import's id.

        The same file again, under the same name in the same submission, changes nothing. Raises Refused (409) for another content under
        that name, and for a submission that takes no more files.
        """
        self._check_names(named)
        with self._transaction() as connection:
            opened = self._open(connection, sender, named)
            there = imports.same_name(connection, opened.id, named.file)
            if there is not None and there[0] != incoming.digest:
                raise _refused(409, "conflict", "The submission has another file of this name. Give this one a name of its own.")
            if there is None:
                _check_open(opened)
                text = archives.sender_text(sender)
                number = imports.add_upload(connection, opened.id, named.file, text, incoming.size, incoming.digest)
                incoming.keep(opened.id, number)
                crash.point("intake:import-kept-not-recorded")
            if named.complete or named.submission is None:
                imports.close(connection, opened.id)
        return opened.id

    def link(self, sender: Sender, named: Named, status: SubmissionStatus, manifest: str | None, replaces: str | None) -> str:
        """A manifest added to a submission, or a submission that is complete or stopped; gives the import's id. Raises Refused."""
        self._check_names(named)
        if manifest is not None:
            try:
                download.check(manifest, self.hosts)
            except download.CannotFetch as error:
                raise _refused(422, "not-supported", str(error), "Parameters.parameter.where(name='manifestUrl')") from None
        with self._transaction() as connection:
            opened = self._opened(connection, sender, named, make=manifest is not None)
            if replaces is not None:
                imports.cancel_manifest(connection, opened.id, replaces)
            if manifest is not None and imports.same_name(connection, opened.id, manifest) is None:
                _check_open(opened)
                imports.add_link(connection, opened.id, manifest, archives.sender_text(sender), manifest, None)
            if status == "stopped":
                imports.cancel(connection, opened.id)
            elif status == "complete":
                imports.close(connection, opened.id)
        return opened.id

    def named(self, sender: Sender, submitter: str, submission: str) -> str | None:
        """The id of the import that a sender knows by this name."""
        with self._transaction() as connection:
            found = imports.find(connection, sender.organisation, submitter, submission)
        return None if found is None else found.id

    def read(self, sender: Sender, import_id: str) -> imports.Import:
        """One import of the sender's organisation, as far as it is; raises Refused (404)."""
        with self._transaction() as connection:
            found = imports.read(connection, sender.organisation, import_id)
        if found is None:
            raise _refused(404, "not-found", "There is no such import here.")
        return found

    def cancel(self, sender: Sender, import_id: str) -> None:
        """Nothing more of it is stored once this returns; what went in before stays. Raises Refused (404, or 409 when it is complete)."""
        found = self.read(sender, import_id)
        with self._transaction() as connection:
            if not imports.cancel(connection, import_id) and not found.cancelled:
                raise _refused(409, "conflict", "The import is complete; there is nothing to cancel.")
        for file in found.files:
            self.spool.remove(import_id, file.number)

    def outcomes(self, import_id: str, *, refusals: bool) -> Iterator[bytes]:
        """What became of the lines so far, as NDJSON in pieces, in the order of the files; `refusals` alone are OperationOutcomes."""
        after = (0, 0)
        while True:
            with self._transaction() as connection:
                found = imports.page(connection, import_id, after, refusals=refusals, most=PAGE_BLOCKS)
            if not found:
                return
            for place, compressed in found:
                after, text = place, archives.text_of(compressed)
                yield archives.as_operation_outcomes(text, self.base) if refusals else text

    def _opened(self, connection: db.Connection, sender: Sender, named: Named, *, make: bool) -> imports.Submission:
        if make:
            return self._open(connection, sender, named)
        found = imports.find(connection, sender.organisation, named.submitter, str(named.submission))
        if found is None:
            raise _refused(404, "not-found", "There is no such submission here.")
        return found

    def _open(self, connection: db.Connection, sender: Sender, named: Named) -> imports.Submission:
        """The import of that name; a new one has a receipt from now on, on which there is nothing yet."""
        id_, now = self.make_id(), self.clock()
        opened = imports.find_or_open(connection, id_, sender.organisation, named.submitter, named.submission or id_, now)
        if opened.id == id_:
            nothing = Unit(sender.organisation, delivery=Delivery(id_, "import", now))
            accept(connection, [nothing], now=now, make_id=self.make_id, rules=self.rules)
        return opened

    def _check_names(self, named: Named) -> None:
        """Names are kept and shown again: no citizen number may hide in one."""
        if bsn.find({"submitter": named.submitter, "submission": named.submission or "", "file": named.file}):
            raise Refused([bsn.refusal("submission")])

    @contextmanager
    def _transaction(self) -> Iterator[db.Connection]:
        """A transaction; Unavailable where the database is away, which is the sender's to repeat."""
        try:
            with db.transaction(self.engine) as connection:
                yield connection
        except db.DBAPIError as error:
            if db.is_transient(error):
                raise Unavailable from error
            raise


def _check_open(submission: imports.Submission) -> None:
    if submission.closed:
        raise _refused(409, "conflict", "The submission is complete or stopped, and takes no more files. Begin another one.")


def _refused(status: int, code: Literal["conflict", "not-found", "not-supported"], sentence: str, expression: str | None = None) -> Refused:
    return Refused([Problem("error", code, expression, sentence, status)])
