"""Builders of what intake has read: submissions as a hospital states them, valid by default, without going through FHIR."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import Any

from beklijf_intake.domain.register import Request
from beklijf_intake.domain.submission import (
    AnswersStated,
    AnswerValue,
    ConsentStated,
    EpisodeStated,
    Name,
    PatientStated,
    Received,
    Reference,
    ResourceType,
    Submission,
)
from tests.lib.clock import NOON

PSEUDONYMS = "https://example.org/pseudonym"


def person(value: str) -> Reference:
    """A logical reference to a patient."""
    return Reference(name=Name(PSEUDONYMS, value))


def named(value: str) -> Reference:
    """A logical reference to an episode of care."""
    return Reference(name=Name("https://example.org/episodeofcare", value))


def patient(name: str = "p1", *, at: datetime | None = None, replaced_by: str | None = None, **said: Any) -> PatientStated:
    """A woman born in 1970, alive."""
    facts: dict[str, Any] = {"sex": "female", "birth_year": 1970, "deceased": False, "deceased_on": None} | said
    received = _received("Patient", name, at, facts | {"by": replaced_by}, system=PSEUDONYMS)
    return PatientStated(received, replaced_by=person(replaced_by) if replaced_by else None, **facts)


def episode(name: str = "e1", of: str = "p1", *, at: datetime | None = None, **said: Any) -> EpisodeStated:
    """An active treatment of the iMSR programme since 3 March 2014."""
    facts: dict[str, Any] = {"programme": "imsr", "status": "active", "t0": date(2014, 3, 3), "ended": None} | said
    return EpisodeStated(_received("EpisodeOfCare", name, at, facts | {"of": of}), person(of), **facts)


def consent(name: str = "c1", of: str = "p1", *, at: datetime | None = None, about: str | None = None, **said: Any) -> ConsentStated:
    """Withdrawn from follow-up since 1 June 2014, for all episodes unless `about` names one."""
    facts: dict[str, Any] = {"since": date(2014, 6, 1), "refuses": "collect"} | said
    received = _received("Consent", name, at, facts | {"of": of, "about": about})
    return ConsentStated(received, person(of), episode=named(about) if about else None, **facts)


def answers(name: str = "a1", of: str = "p1", value: int = 50, *, about: str | None = None, **said: Any) -> AnswersStated:
    """A completed VAS pain of noon on the day where tests begin, for the episode that `about` names."""
    facts: dict[str, Any] = {"status": "completed", "authored": NOON, "whole_day": False, "stated_moment": None} | said
    received = _received("QuestionnaireResponse", name, None, facts | {"of": of, "value": value, "about": about})
    given = (AnswerValue("vas-pain", integer=value),)
    stated = named(about) if about else None
    return AnswersStated(received, person(of), "https://example.org/vas", "1.0.0", stated_episode=stated, answers=given, **facts)


def request(submission: Submission, organisation: str = "00000001", **how: Any) -> Request:
    """A plain POST by the first hospital; `how` makes it another verb (M13)."""
    return Request(organisation, submission, **how)


def _received(type_: ResourceType, name: str, at: datetime | None, content: dict[str, Any], *, system: str = "") -> Received:
    body = json.dumps(content, sort_keys=True, default=str).encode()
    system = system or f"https://example.org/{type_.lower()}"
    return Received(type_, Name(system, name), body, hashlib.sha256(body).digest(), at)
