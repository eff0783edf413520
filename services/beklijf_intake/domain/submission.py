"""What a hospital sent, once FHIR has been read: the seam between reading (`fhir`, `front_door`, `bundle`) and deciding (`usecases`).

A submission says what the sender stated, in our own words and already checked; who the subject is, which version counts and
what is published is decided later, from the stored state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from beklijf_intake.domain.problem import Problem

ResourceType = Literal["Patient", "EpisodeOfCare", "Consent", "QuestionnaireResponse"]


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A business identifier: system and value. Names one resource of one type within one organisation (M10)."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A logical reference (by name) or a literal one to a resource held here (by id); exactly one of both is set."""

    name: Name | None = None
    resource_id: str | None = None
    where: str = field(default="", compare=False)
    """Where a literal one stands in its resource, to be told should nothing be there."""


@dataclass(frozen=True, slots=True)
class AnswerValue:
    """One coded or numeric answer; exactly one value is set. Text, attachments and the like stay in the raw resource."""

    link: str
    integer: int | None = None
    decimal: str | None = None
    code: str | None = None
    boolean: bool | None = None


@dataclass(frozen=True, slots=True)
class Searchable:
    """What a resource can be found by, as its body states it, besides its identifier and its patient.

    `since` up to, not including, `until` is the stretch of time that its date covers; both None where it has no date, `until` alone
    where it has no end. `questionnaire` is `<address>|<version>`, `codes` are `<system>|<code>`.
    """

    since: datetime | None = None
    until: datetime | None = None
    questionnaire: str | None = None
    status: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What every submission carries: the bytes as they came, and what makes two of them equal.

    `digest` is SHA-256 of the canonical JSON without `meta` and `id` (M11). `stated_at` is the sender's `meta.lastUpdated` (M14).
    """

    type: ResourceType
    name: Name
    body: bytes
    digest: bytes
    stated_at: datetime | None
    warnings: tuple[Problem, ...] = ()
    """What the sender is told although it is accepted."""
    searchable: Searchable = Searchable()


@dataclass(frozen=True, slots=True)
class PatientStated:
    """A patient as an organisation states it: nothing that identifies (design, section 3b)."""

    received: Received
    sex: str
    birth_year: int | None
    deceased: bool
    deceased_on: date | None
    replaced_by: Reference | None


@dataclass(frozen=True, slots=True)
class EpisodeStated:
    """A treatment episode; `t0` is the day on which `period.start` lies, `ended` likewise for `period.end`."""

    received: Received
    patient: Reference
    programme: str
    status: Literal["active", "onhold", "finished", "cancelled", "entered-in-error"]
    t0: date
    ended: date | None


@dataclass(frozen=True, slots=True)
class ConsentStated:
    """A refusal: `refuses` collect (withdrawn from follow-up) or use (objection); None for a permit or an inactive Consent (M14)."""

    received: Received
    patient: Reference
    since: date
    refuses: Literal["collect", "use"] | None
    episode: Reference | None


@dataclass(frozen=True, slots=True)
class AnswersStated:
    """One QuestionnaireResponse: `authored` is an instant; `whole_day` says that only a day was given (M2: first of that day)."""

    received: Received
    patient: Reference
    questionnaire: str
    questionnaire_version: str
    status: Literal["in-progress", "stopped", "completed", "amended", "entered-in-error"]
    authored: datetime
    whole_day: bool
    stated_episode: Reference | None
    stated_moment: str | None
    answers: tuple[AnswerValue, ...]
    mapping: str | None = None
    """The mapping (`code@version`) by which a form of the sender's own became ours."""


Submission = PatientStated | EpisodeStated | ConsentStated | AnswersStated
