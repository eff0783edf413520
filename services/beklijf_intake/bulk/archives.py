"""A block of an archive: its lines are read as single requests are, stored in one transaction, and remembered with it.

What a line gets is what a POST of it would have got, in the same words; so does every event. One line that fails costs no other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import msgspec

from beklijf_intake import front_door, receive
from beklijf_intake.domain import scopes
from beklijf_intake.domain.archive import Block, lines_of
from beklijf_intake.domain.problem import Problem, Refused
from beklijf_intake.domain.reading.context import ReadingContext
from beklijf_intake.domain.receipt import Delivery
from beklijf_intake.domain.register import Decision, Request
from beklijf_intake.domain.submission import Name
from beklijf_intake.outcome import operation_outcome
from beklijf_intake.senders.sender import Sender
from beklijf_intake.store import imports
from beklijf_intake.usecases import Overtaken, Rules, Unit, Verdict, accept
from beklijf_intake.writer import AGAIN_STATES, ATTEMPTS, Unavailable
from beklijf_shared import crash, db
from beklijf_shared.clock import Clock
from beklijf_shared.ids import IdMaker

COMPRESSION = 1
_ENCODER = msgspec.json.Encoder()
FAILED = Problem("fatal", "exception", None, "The registry failed at this line. The fault is ours; send the line again later.", 500)
TOO_LONG = Problem(
    "fatal", "too-long", None, f"The line is longer than {front_door.RESOURCE_LIMIT_BYTES} bytes: no resource may be so large.", 413
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was read: what is to be stored, or why it is refused (exactly one of both)."""

    number: int
    request: Request | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Which file of which import the lines are from, and whose."""

    import_id: str
    file: int
    name: str
    sender: Sender
    started: datetime
    """When the import was handed in."""

    @property
    def delivery(self) -> Delivery:
        """What its lines have a receipt with."""
        return Delivery(self.import_id, "import", self.started)


def sender_text(sender: Sender) -> str:
    """What is written down of a sender with its file: it may be long gone when the file's last line is read."""
    return _ENCODER.encode({"scopes": str(sender.scopes), "client": sender.client, "unversioned": sender.unversioned}).decode()


def sender_of(organisation: str, text: str) -> Sender:
    """The sender that was written down."""
    said = msgspec.json.decode(text, type=dict[str, str])
    return Sender(organisation, scopes.parse(said["scopes"]), said["client"], said["unversioned"])


def read(place: Place, block: Block, content: bytes, context: ReadingContext) -> list[Line]:
    """The lines of a block, each read by itself; blank ones are left out."""
    if block.too_long:
        return [Line(block.first_line, None, (TOO_LONG,))]
    return [_line(number, body, context, place.sender) for number, body in lines_of(block, content)]


def _line(number: int, body: bytes, context: ReadingContext, sender: Sender) -> Line:
    try:
        submission = receive.read(body, context)
    except Refused as refused:
        return Line(number, None, refused.problems)
    need = scopes.needed("POST", f"/{submission.received.type}")  # what the same resource alone needs
    if scopes.is_met(need, sender.scopes):
        return Line(number, Request(context.organisation, submission))
    sentence = f"This sender may not do that. It takes the scope {scopes.scope_for(need)}."
    return Line(number, None, (Problem("error", "forbidden", None, sentence, 403),))


def identities(lines: Sequence[Line]) -> frozenset[int]:
    """What the lines are about, as numbers: two blocks that share none may be stored in any order. Equal ones by chance cost only time."""
    asked = (line.request.identity for line in lines if line.request is not None)
    return frozenset(zlib.crc32(f"{one.type}\n{one.name.system}\n{one.name.value}".encode()) for one in asked)


class _Verdicts(Protocol):
    """How the lines of a block are decided: all at once, or one by one."""

    def __call__(self, connection: db.Connection, *, also: frozenset[Name]) -> Sequence[Verdict]: ...


@dataclass(frozen=True, slots=True)
class Storing:
    """What storing needs in this process."""

    engine: db.Engine
    clock: Clock
    make_id: IdMaker
    rules: Rules

    def store(self, place: Place, block: Block, lines: Sequence[Line]) -> bool:
        """Stores a block with what became of its lines, in one committed transaction; False when it was stored already, or cancelled.

        Raises what the database raised when nothing is known to be stored; then the same may be tried again.
        """
        units = [_unit(place, line) for line in lines]
        try:
            return self._whole(place, block, lines, partial(self._accept, units=units))
        except Exception as error:
            if db.is_transient(error):
                raise
        return self._whole(place, block, lines, partial(self._one_by_one, units=units))

    def _whole(self, place: Place, block: Block, lines: Sequence[Line], verdicts_of: _Verdicts) -> bool:
        """Stores the block, again where somebody else was first (as `writer.committer` does)."""
        also: frozenset[Name] = frozenset()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                wanted = self._once(place, block, lines, partial(verdicts_of, also=also))
            except Overtaken as overtaken:
                also |= overtaken.names
            except db.DBAPIError as error:
                if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in AGAIN_STATES:
                    raise
            else:
                crash.point("intake:import-after-commit")
                return wanted
        raise Unavailable

    def _once(self, place: Place, block: Block, lines: Sequence[Line], verdicts_of: Callable[[db.Connection], Sequence[Verdict]]) -> bool:
        with self.engine.connect() as connection, connection.begin() as transaction:
            verdicts = verdicts_of(connection)
            wanted = imports.keep(connection, kept(place, block, lines, verdicts))
            if not wanted:
                transaction.rollback()
            crash.point("intake:import-before-commit")
        return wanted

    def _accept(self, connection: db.Connection, *, units: Sequence[Unit], also: frozenset[Name]) -> list[Verdict]:
        if not units:  # blank lines only
            return []
        return accept(connection, units, now=self.clock(), make_id=self.make_id, rules=self.rules, lock_also=also)

    def _one_by_one(self, connection: db.Connection, *, units: Sequence[Unit], also: frozenset[Name]) -> list[Verdict]:
        return [self._alone(connection, unit, also) for unit in units]

    def _alone(self, connection: db.Connection, unit: Unit, also: frozenset[Name]) -> Verdict:
        """One unit in a savepoint of its own, so that only the culprit is refused."""
        for _ in range(ATTEMPTS):
            try:
                with connection.begin_nested():
                    return self._accept(connection, units=[unit], also=also)[0]
            except Overtaken as overtaken:
                also |= overtaken.names
            except Exception as error:
                if db.is_transient(error):
                    raise
                break
        with connection.begin_nested():
            self._accept(connection, units=[replace(unit, requests=(), refused=(FAILED.code,))], also=frozenset())
        return Refused([FAILED])


def _unit(place: Place, line: Line) -> Unit:
    if line.request is None:
        return Unit(place.sender.organisation, refused=(line.problems[0].code,), delivery=place.delivery)
    return Unit(place.sender.organisation, (line.request,), delivery=place.delivery)


def kept(place: Place, block: Block, lines: Sequence[Line], verdicts: Sequence[Verdict]) -> imports.Kept:
    """What is remembered of a block: sums, and one JSON object per line."""
    accepted, duplicate = 0, 0
    outcomes: list[bytes] = []
    refusals: list[bytes] = []
    for line, verdict in zip(lines, verdicts, strict=True):
        if line.request is None or isinstance(verdict, Refused):
            problems = verdict.problems if isinstance(verdict, Refused) else line.problems
            text = _ENCODER.encode(_refused(place, line, problems))
            refusals.append(text)
        else:
            accepted, duplicate = accepted + (not verdict[0].is_repeat), duplicate + verdict[0].is_repeat
            text = _ENCODER.encode(_stored(place, line, verdict[0], line.request.received.warnings))
        outcomes.append(text)
    whole, errors = _compressed(outcomes), _compressed(refusals)
    return imports.Kept(place.import_id, place.file, block, accepted, duplicate, len(refusals), whole, errors)


def _stored(place: Place, line: Line, decision: Decision, warnings: Sequence[Problem]) -> dict[str, Any]:
    said = {
        "file": place.name,
        "line": line.number,
        "status": 201 if decision.outcome == "created" else 200,
        "outcome": decision.outcome,
        "location": f"{decision.type}/{decision.id}",
        "version": decision.number,
    }
    problems = [*decision.warnings, *warnings]
    return {**said, "issues": operation_outcome(problems)} if problems else said


def _refused(place: Place, line: Line, problems: Sequence[Problem]) -> dict[str, Any]:
    status = Refused(problems).status
    return {"file": place.name, "line": line.number, "status": status, "outcome": "refused", "issues": operation_outcome(problems)}


def _compressed(texts: Sequence[bytes]) -> bytes:
    return zlib.compress(b"\n".join(texts) + b"\n", COMPRESSION) if texts else b""


def text_of(compressed: bytes) -> bytes:
    """The NDJSON that was kept."""
    return zlib.decompress(compressed) if compressed else b""


def as_operation_outcomes(refusals: bytes, base: str) -> bytes:
    """The same refusals as OperationOutcomes, NDJSON; an extension says which line of which file each is about."""
    return b"".join(_ENCODER.encode(_operation_outcome(line, base)) + b"\n" for line in refusals.splitlines())


def _operation_outcome(line: bytes, base: str) -> dict[str, Any]:
    said = msgspec.json.decode(line, type=dict[str, Any])
    numbers = ({"url": name, "valuePositiveInt": said[name]} for name in ("line", "status"))
    about = [{"url": "file", "valueString": said["file"]}, *numbers]
    place = {"url": f"{base}/StructureDefinition/import-line", "extension": about}
    return {"resourceType": "OperationOutcome", "extension": [place], "issue": said["issues"]["issue"]}
