"""The events: what one service tells the others, one frozen class per event and version.

Every event carries the full current state of one entity, never a delta, together with a version that only grows
(design, section 3.1). `contracts/events/*.schema.json` are generated from these classes; a released schema is frozen.

Conventions of the wire: an instant is RFC 3339 text in UTC with `Z`; a day is `YYYY-MM-DD`; a number that is not a small
integer is decimal text; an absent fact is `null`, never a magic value. Readers ignore fields they do not know.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Instant = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$", description="RFC 3339 instant in UTC")]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="calendar day in the programme's time zone")]
DecimalText = Annotated[str, Meta(pattern=r"^-?\d{1,18}(\.\d{1,18})?$", description="exact decimal number as text")]
Version = Annotated[int, Meta(ge=0, description="grows with every change of the entity; never reused with another content")]
Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
Code = Annotated[str, Meta(min_length=1, max_length=100)]
Fraction = Annotated[str, Meta(pattern=r"^-?[0-9]{1,30}/[0-9]{1,30}$")]

ResponseStatus = Literal["completed", "amended", "entered-in-error"]
Sex = Literal["female", "male", "other", "unknown"]
Treatment = Literal["in-treatment", "completed", "stopped-early", "entered-in-error"]
Participation = Literal["following", "withdrawn", "deceased", "objected"]
Counts = Literal["counted", "waiting", "after-end", "off-window", "unscheduled", "surplus", "retracted"]
Verdict = Literal["improved", "unchanged", "deteriorated", "not-evaluable", "acceptable", "not-acceptable"]
ReceiptKind = Literal["day", "bundle", "import"]
FollowUpState = Literal["due", "overdue", "answered", "missed", "left", "not-due"]

EVERY_RECEIPT = "all"
"""In the place of a receipt: every answer of the organisation."""


class Event(Struct, frozen=True, kw_only=True):
    """What all events share. `version` comes first in the JSON text: `outbox` puts the number in without encoding anew."""

    version: Version


class EpisodeChanged(Event, frozen=True, kw_only=True):
    """One treatment episode as the hospital reports it (M14, M15). Key: subject."""

    episode: Identifier
    subject: Identifier
    organisation: Identifier
    programme: Code
    t0: Day
    sex: Sex
    birth_year: int | None
    treatment: Treatment
    treatment_ended: Day | None
    participation: Participation
    participation_since: Day | None
    received: Instant


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One coded or numeric answer; free text never leaves intake. Exactly one of the values is set; a repeating question gives several."""

    link: Identifier
    integer: int | None = None
    decimal: DecimalText | None = None
    code: Code | None = None
    boolean: bool | None = None


class ResponseAccepted(Event, frozen=True, kw_only=True):
    """One set of answers, current version (M10 to M13). Key: subject."""

    response: Identifier
    subject: Identifier
    organisation: Identifier
    questionnaire: Identifier
    questionnaire_version: Identifier
    status: ResponseStatus
    measured: Instant
    received: Instant
    stated_episode: Identifier | None
    stated_moment: Code | None
    answers: tuple[Answer, ...]
    resource: Identifier
    tie_break: Identifier
    """The sender's identifier, hashed: decides between equal measured instants (M6) without showing the identifier."""
    receipts: tuple[Identifier, ...] = ()
    """Under which the version that counts came: the day's, and that of its Bundle or import."""
    mapping: Code | None = None
    """By which mapping (`code@version`) a form of the sender's own became ours; null for one that was sent as ours."""


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One outcome of one answer: an integer with its scale (value = integer / 10**scale) or a category code.

    `exact` is there where the value lies between two points of that grid: the fraction ("200/9") that verdicts rest on.
    """

    measure: Code
    integer: int | None = None
    scale: int = 0
    code: Code | None = None
    exact: Fraction | None = None


class PlacedResult(Struct, frozen=True, kw_only=True):
    """One counted answer at its moment (M5 to M8)."""

    response: Identifier
    instrument: Code
    moment: Code
    day: Day
    measured: Instant
    received: Instant
    scorable: bool
    results: tuple[Result, ...]


NotEvaluable = Literal["baseline-zero", "baseline-below-minimum"]


class RuleVerdict(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule's judgement of one pair (M25). `margin`: how far beyond (positive) or short of (negative) the threshold, in score points.

    A rule of states says of the follow-up alone whether it is acceptable (PASS); it needs no baseline, and `margin` is the distance to
    its cut-off. `reason` says why a pair is not evaluable; `band` in which of the rule's bands it lies, where it has any.
    """

    rule: Code
    rule_version: Code
    verdict: Verdict
    margin: DecimalText | None
    reason: NotEvaluable | None = None
    band: Code | None = None


class PlacedVerdict(Struct, frozen=True, kw_only=True):
    """The verdicts of one instrument at one follow-up moment: of changes against t0, and of states. No change: there is no baseline,
    and only rules of states say something."""

    instrument: Code
    moment: Code
    change: DecimalText | None
    verdicts: tuple[RuleVerdict, ...]


class EpisodeScored(Event, frozen=True, kw_only=True):
    """One episode whole: its facts, every counted result, every verdict under every rule. Key: subject."""

    episode: Identifier
    subject: Identifier
    organisation: Identifier
    programme: Code
    protocol_version: Code
    t0: Day
    sex: Sex
    birth_year: int | None
    treatment: Treatment
    treatment_ended: Day | None
    participation: Participation
    participation_since: Day | None
    received: Instant
    """The greatest received instant of the episode version and the answers this state rests on."""
    results: tuple[PlacedResult, ...]
    verdicts: tuple[PlacedVerdict, ...]


class ScoreComputed(Event, frozen=True, kw_only=True):
    """One answer's results, its moment and how it counts (M8, M39). Key: subject."""

    response: Identifier
    subject: Identifier
    organisation: Identifier
    instrument: Code
    instrument_version: Code
    questionnaire_version: Identifier
    algorithm: Code
    episode: Identifier | None
    moment: Code | None
    moment_stated: bool
    in_window: bool
    day: Day
    counts: Counts
    scorable: bool
    not_scorable_reason: str | None
    results: tuple[Result, ...]
    receipts: tuple[Identifier, ...] = ()
    mapping: Code | None = None
    """Both as `response-accepted` said."""
    questionnaire: Identifier | None = None
    """The form, where no instrument scores it: `instrument` is then `no-instrument`, and the answer is kept, placed and not scored."""


class McicChanged(Event, frozen=True, kw_only=True):
    """One pair of baseline and follow-up: per rule a verdict, or the reason there is none (M19, M25, M39). Key: subject.

    Where `none_because` is `no-baseline`, no rule of change says anything; rules of states still do.
    """

    episode: Identifier
    subject: Identifier
    instrument: Code
    moment: Code
    baseline: Result | None
    follow_up: Result | None
    change: DecimalText | None
    verdicts: tuple[RuleVerdict, ...]
    none_because: Literal["no-follow-up", "not-scorable", "no-baseline", "not-evaluable", "retracted-episode"] | None


class FollowUpDue(Event, frozen=True, kw_only=True):
    """One scheduled moment of one episode and where it stands today (M23, M39). Key: cohort."""

    episode: Identifier
    cohort: Code
    organisation: Identifier
    moment: Code
    opens: Day
    target: Day
    closes: Day
    state: FollowUpState


class Missing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number that is not there: suppressed (M37), or the reason why there is none (M34). Neither: this row has no such number."""

    suppressed: bool = False
    reason: Code | None = None


Cell = int | str | Missing
"""One number of a figure: an integer, decimal text, a word (`yes`), or why it is missing; never null."""


class Row(Struct, frozen=True, array_like=True):
    """One row of a figure, an array of two: what it is about, in the order of `strata`; its numbers, in the order of `columns`, or no
    numbers at all where every one of them is suppressed."""

    stratum: tuple[str, ...]
    cells: tuple[Cell, ...]


class Figure(Struct, frozen=True, kw_only=True):
    """One table of numbers: a name, the population it is about, what it counts, the names of what rows are about and of their numbers,
    and its rows in reading order. `beklijf_shared.figures` reads it by name."""

    name: Code
    population: str
    denominator: str
    strata: tuple[Code, ...]
    columns: tuple[Code, ...]
    rows: tuple[Row, ...]


class CohortSnapshot(Event, frozen=True, kw_only=True):
    """One cohort's complete, suppressed figures at one data date (M35, M37, M38). Key: cohort."""

    cohort: Code
    title: str
    programme: Code
    protocol_version: Code
    definition_hash: str
    derivation: Code
    minimum_cell: int
    data_date: Day
    data_time: Instant | None
    """The greatest received instant of the answers and episode versions the figures rest on; null while there are none."""
    rules: tuple[Code, ...]
    """Name and version ("code@version"), in the order in which figures show them; `instruments` likewise."""
    instruments: tuple[Code, ...]
    figures: tuple[Figure, ...]


class IntakeTally(Event, frozen=True, kw_only=True):
    """Intake's part of one receipt: what one organisation sent on one day, in one Bundle, or in one import. Key: organisation.

    sent = accepted + duplicate + refused; accepted is the sum of `accepted_by_type`; of the answers among them
    accepted_by_type["QuestionnaireResponse"] = draft + superseded + told.
    """

    organisation: Identifier
    receipt: Identifier
    """The day itself (`2026-11-22`), or the id of a Bundle or an import."""
    kind: ReceiptKind
    day: Day
    """The day on which it began."""
    started: Instant
    total: int | None
    """How many resources it holds, once known; all are answered when it equals `sent`. Null for a day."""
    sent: int
    accepted: int
    duplicate: int
    duplicate_different: int
    """Of the duplicates: sent for conditional create with another content than is held (M13)."""
    refused: int
    refused_by_code: dict[str, int]
    accepted_by_type: dict[str, int]
    draft: int
    """Accepted answers that are still being filled in: they stay in intake (M8)."""
    superseded: int
    """Accepted answers of which another version counts by now (M11); that one is in the receipt under which it came."""
    told: int
    """Accepted answers told to scoring; how they count, `data-quality` says of the same receipt."""


class DataQuality(Event, frozen=True, kw_only=True):
    """How one organisation's answers count at present, by disposition (M8, M39): all of them, or those of one receipt. Key: organisation.

    An answer belongs to the receipts under which its current version came (`response-accepted`).
    """

    organisation: Identifier
    receipt: Identifier = EVERY_RECEIPT
    """A receipt of intake (`intake-tally`), or `all`."""
    counts: dict[str, int]
    not_scorable: int
    moment_stated_off_window: int
    episode_of_another_patient: int
    """Of all answers only; 0 in a receipt."""
    counted_not_scorable: int = 0
    """Of the counted: those without a score."""


ZERO_VERSION = b'{"version":0,'
"""How every encoded event begins before its version is known; `with_version` replaces it."""


def encode(event: Event) -> bytes:
    """JSON text of an event, `version` first, fields in the order of the class: equal events give equal bytes."""
    return msgspec.json.encode(event)


def with_version(body: bytes, version: int) -> bytes:
    """A stored body with its version filled in, without encoding it anew. Raises ValueError when it has one already."""
    if not body.startswith(ZERO_VERSION):
        raise ValueError("a stored body begins with version 0")
    return b'{"version":%d,' % version + body[len(ZERO_VERSION) :]


def digest_of(body: bytes) -> bytes:
    """The digest by which two encoded states are compared."""
    return hashlib.blake2b(body, digest_size=16).digest()
