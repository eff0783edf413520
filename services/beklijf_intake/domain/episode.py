"""What an episode is today: two dated facts, from its own resource, its patient and the refusals that apply (M14, M15).

Also who a patient is: within one organisation a subject that was replaced by another one stands for that other one. Undoing
a merge is deriving again; nothing remembers that there was one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

from beklijf_domain.calendar import local_date

Person = TypeVar("Person", bound=Hashable)

EpisodeStatus = Literal["active", "onhold", "finished", "cancelled", "entered-in-error"]
Treatment = Literal["in-treatment", "completed", "stopped-early", "entered-in-error"]
Participation = Literal["following", "withdrawn", "deceased", "objected"]

TREATMENT: dict[EpisodeStatus, Treatment] = {
    "active": "in-treatment",
    "onhold": "in-treatment",
    "finished": "completed",
    "cancelled": "stopped-early",
    "entered-in-error": "entered-in-error",
}


class MergeCycle(ValueError):
    """Patients replace each other in a ring: nobody is left for whom they stand."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a current version was stated by its sender, if it says so, and when it arrived."""

    stated_at: datetime | None
    received_at: datetime

    def day(self, time_zone: str) -> date:
        """The local day that dates a fact stated without a date of its own (M15)."""
        return local_date(self.stated_at or self.received_at, time_zone)


@dataclass(frozen=True, slots=True)
class Patient:
    """What a patient's current version says about the person."""

    sex: str
    birth_year: int | None
    deceased: bool
    deceased_on: date | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Episode:
    """What an episode's current version says about the treatment."""

    programme: str
    status: EpisodeStatus
    t0: date
    ended: date | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Consent:
    """What a Consent's current version refuses, if anything; `episode` is the only one it is about, or None for all."""

    since: date
    refuses: Literal["collect", "use"] | None
    episode: str | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Facts:
    """An episode as the registry tells it (M15). `received_at`: the greatest receipt of the versions that this rests on."""

    sex: str
    birth_year: int | None
    treatment: Treatment
    treatment_ended: date | None
    participation: Participation
    participation_since: date | None
    received_at: datetime


def facts(identifier: str, episode: Episode, patient: Patient | None, consents: Iterable[Consent], time_zone: str) -> Facts:
    """Derives the facts of the episode `identifier`; `consents` are all current ones of the patient, `patient` None if unknown yet."""
    refusals = [consent for consent in consents if consent.refuses and consent.episode in (None, identifier)]
    participation, since = _participation(patient, refusals, time_zone)
    stamps = [episode.stamp, *([patient.stamp] if patient else []), *(refusal.stamp for refusal in refusals)]
    return Facts(
        sex=patient.sex if patient else "unknown",
        birth_year=patient.birth_year if patient else None,
        treatment=TREATMENT[episode.status],
        treatment_ended=_treatment_ended(episode, time_zone),
        participation=participation,
        participation_since=since,
        received_at=max(stamp.received_at for stamp in stamps),
    )


def _participation(patient: Patient | None, refusals: list[Consent], time_zone: str) -> tuple[Participation, date | None]:
    """Objected wins; else the earliest of withdrawn and deceased (on one day: deceased, which cannot be revoked)."""
    objected = [refusal.since for refusal in refusals if refusal.refuses == "use"]
    if objected:
        return "objected", min(objected)
    ends: list[tuple[date, Participation]] = [(refusal.since, "withdrawn") for refusal in refusals]
    if patient and patient.deceased:
        ends.append((patient.deceased_on or patient.stamp.day(time_zone), "deceased"))
    if not ends:
        return "following", None
    since, participation = min(ends)
    return participation, since


def _treatment_ended(episode: Episode, time_zone: str) -> date | None:
    """The day treatment ended; a treatment that goes on has none, whatever end was planned."""
    if episode.status not in ("finished", "cancelled"):
        return None
    return episode.ended or episode.stamp.day(time_zone)


def chain(one: Person, replaced_by: Mapping[Person, Person]) -> list[Person]:
    """A person and all who replaced that person, one after the other: the last is the one they stand for (M14).

    Raises MergeCycle for a ring.
    """
    path = [one]
    while (following := replaced_by.get(path[-1])) is not None:
        if following in path:
            raise MergeCycle("patients replace each other in a ring")
        path.append(following)
    return path
