"""The course of the reference cohort through the services in memory: what arrived, what scoring tells of it, the cells of its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date

from beklijf_cohorts import hearing, telling
from beklijf_cohorts.domain import snapshot
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import derive as counted
from beklijf_domain.cohort import Cohort
from beklijf_scoring.domain.derive import Knowledge, Subject
from beklijf_scoring.domain.derive import derive as scored
from beklijf_scoring.telling import episode_scored
from beklijf_shared import events
from tests.lib import received, reference
from tests.lib.builders import QBPDS_LINKS, VAS_LINK, by_code, episode_changed, response_accepted
from tests.lib.subjects import HEARING, KNOWLEDGE

DAY = date(2026, 11, 22)
"""Long after the last window closed (design, section 5)."""

Heard = Mapping[str, Subject]
"""By subject, what scoring knows after it was told everything."""


def episode_event(episode: reference.Episode, patient: received.Resource | None = None) -> events.EpisodeChanged:
    """An episode as intake tells it."""
    about = {} if patient is None else {"sex": patient["gender"], "birth_year": int(patient["birthDate"][:4])}
    facts = {"organisation": episode.organisation, "t0": episode.t0.isoformat(), "treatment": episode.treatment, **about}
    return episode_changed(episode.id, subject=episode.subject, **facts)


def answer_event(answer: reference.Answer, codes: Mapping[str, str] | None) -> events.ResponseAccepted:
    """An answer as intake tells it."""
    links = (VAS_LINK,) if answer.instrument == "vas-pain" else QBPDS_LINKS
    items = tuple(
        events.Answer(link=link, integer=item) if answer.instrument == "vas-pain" else events.Answer(link=link, code=str(item))
        for link, item in zip(links, answer.items, strict=codes is None)
        if item is not None
    )
    return response_accepted(
        answer.id,
        subject=answer.subject,
        instrument=answer.instrument,
        organisation=answer.organisation,
        status=answer.status,
        measured=answer.measured.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        stated_episode=answer.stated_episode,
        stated_moment=answer.stated_moment,
        answers=items if codes is None else by_code(codes),
    )


def heard(arrived: received.Received) -> Heard:
    """Everything that arrived, as scoring hears it."""
    return {
        subject: Subject(
            [HEARING.episode(episode_event(episode, arrived.patients[subject])) for episode in episodes],
            [HEARING.answer(answer_event(answer, arrived.codes.get(answer.id))) for answer in arrived.answers.get(subject, ())],
        )
        for subject, episodes in arrived.episodes.items()
    }


def cells(known: Heard, plan: Plan, knowledge: Knowledge = KNOWLEDGE) -> Counter[str]:
    """What cohorts counts of it."""
    total: Counter[str] = Counter()
    for name, subject in known.items():
        for episode in scored(subject, knowledge).episodes:
            total.update(counted(hearing.facts_of(episode_scored(name, episode)).episode, DAY, plan).cells)
    return total


def taken(plan: Plan, cohort: Cohort, total: Mapping[str, int]) -> events.CohortSnapshot:
    """The snapshot of one cohort of the population."""
    return telling.snapshot(plan, cohort, snapshot.figures(plan, total, cohort.minimum_cell), DAY, None)
