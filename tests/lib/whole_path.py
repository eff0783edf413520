"""The whole path of the reference cohort in one process: what each service's own rules make of it, without database and broker.

Every step calls the services' real functions through their modules, so that a test can move one rule and see what becomes of the
printed numbers. What is remembered between calls is forgotten before each walk.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import count
from typing import cast

from beklijf.reference.cohort import ndjson
from beklijf.reference.imsr import cohort
from beklijf.reference.resources import ORGANISATIONS
from beklijf_cohorts import hearing as cohorts_hearing
from beklijf_cohorts import telling as cohorts_telling
from beklijf_cohorts import usecases as cohorts_usecases
from beklijf_cohorts.domain import derive as cohorts_derive
from beklijf_cohorts.domain import snapshot as cohorts_snapshot
from beklijf_intake import fhir, front_door
from beklijf_intake import usecases as intake_usecases
from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.register import Register, Request
from beklijf_reporting.domain.reproduction import Reproduction
from beklijf_reporting.pages import reproduced
from beklijf_scoring import hearing as scoring_hearing
from beklijf_scoring import telling as scoring_telling
from beklijf_scoring.domain import change as scoring_change
from beklijf_scoring.domain import derive as scoring_derive
from beklijf_shared import contracts, events
from beklijf_shared.db import Connection
from tests.lib import reading

DAY = date(2026, 11, 22)
RULES = intake_usecases.Rules(key=b"k" * 32)
COHORT = "imsr"


@dataclass(frozen=True)
class Walked:
    """What came out at the end: the snapshot, and each printed number beside ours."""

    snapshot: events.CohortSnapshot
    reproduction: Reproduction


@cache
def requests() -> tuple[Request, ...]:
    """Every letter of the reference cohort in order of arrival, read once; the impossible one is refused."""
    found = []
    for letter in cohort.sent():
        organisation, body = ORGANISATIONS[letter.hospital], ndjson(letter.resource)
        try:
            submission = fhir.read(front_door.parse(body), body, replace(reading.context(), organisation=organisation))
        except Refused:
            continue
        found.append(Request(organisation, submission))
    return tuple(found)


def walk() -> Walked:
    """From what was read to the printed numbers, anew, by the rules as they are now."""
    forget()
    shipped = contracts.load()
    snapshot = _counted(_scored(_told(requests()), shipped), shipped)
    study = shipped.studies[shipped.cohorts[COHORT].study or ""]
    return Walked(snapshot, reproduced.held_against(snapshot, study))


def forget() -> None:
    """Empties every cache of ours: what is remembered follows from rules that a test may have moved."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("beklijf_", "beklijf.")):
            for each in list(vars(module).values()):
                if hasattr(each, "cache_clear"):
                    each.cache_clear()


def _told(asked: Sequence[Request]) -> list[events.Event]:
    """Intake: which version counts, whose it is, when it was measured."""
    ids = count()
    register = Register(resources=(), versions={}, subjects={}, now=reading.NOW, make_id=lambda: f"id-{next(ids):06}")
    for request in asked:
        assert not isinstance(register.decide((request,)), Refused)
    nowhere = cast(Connection, None)  # all is in the register, so nothing is looked up
    told = [*intake_usecases._answers(nowhere, register, RULES), *intake_usecases._episodes(register, RULES)]
    return [event for _, event in told]


def _scored(told: Sequence[events.Event], shipped: contracts.Contracts) -> Iterator[events.EpisodeScored]:
    """Scoring: scores, places, competition, verdicts; subject by subject."""
    hearing = scoring_hearing.Hearing(shipped)
    judges = scoring_change.judges(shipped.instruments, shipped.protocols, shipped.rules)
    knowledge = scoring_derive.knowledge_of(shipped.protocols, judges)
    subjects: dict[str, tuple[list[events.EpisodeChanged], list[events.ResponseAccepted]]] = defaultdict(lambda: ([], []))
    for event in told:
        if isinstance(event, events.EpisodeChanged):
            subjects[event.subject][0].append(event)
        elif isinstance(event, events.ResponseAccepted):
            subjects[event.subject][1].append(event)
    for name, (episodes, answers) in subjects.items():
        subject = scoring_derive.Subject([hearing.episode(one) for one in episodes], [hearing.answer(one) for one in answers], ())
        for scored in scoring_derive.derive(subject, knowledge).episodes:
            yield scoring_telling.episode_scored(name, scored)


def _counted(scored: Iterator[events.EpisodeScored], shipped: contracts.Contracts) -> events.CohortSnapshot:
    """Cohorts: cells, counts, figures."""
    definition = shipped.cohorts[COHORT]
    planned = cohorts_usecases.planned(shipped)
    plan = planned.by_population[planned.wanted[COHORT]]
    cells: Counter[str] = Counter()
    for event in scored:
        cells.update(cohorts_derive.derive(cohorts_hearing.facts_of(event).episode, DAY, plan).cells)
    figures = cohorts_snapshot.figures(plan, cells, definition.minimum_cell)
    return cohorts_telling.snapshot(plan, definition, figures, DAY, None)
