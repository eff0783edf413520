"""From what was derived to what is told: follow-ups by difference (M39), and the snapshot of a cohort."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import DERIVATION, Derivation, FollowUp
from beklijf_cohorts.domain.snapshot import Shown, ShownFigure
from beklijf_domain.cohort import Cohort
from beklijf_domain.states import FollowUpState
from beklijf_shared import topics
from beklijf_shared.clock import instant_text
from beklijf_shared.events import Cell, CohortSnapshot, Event, Figure, FollowUpDue, Missing
from beklijf_shared.figures import Record, figure_of
from beklijf_shared.topics import Topic

_DECODER = msgspec.json.Decoder(FollowUpDue)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def follow_ups(
    cohorts: Iterable[Cohort], episode: str, organisation: str, old: Derivation, new: Derivation
) -> Iterator[tuple[Topic, Event]]:
    """What is to be told of one episode: each follow-up that differs; one that is gone is told as not due, as it was told before."""
    before = {follow_up.moment: follow_up for follow_up in old.follow_ups}
    now = {follow_up.moment: follow_up for follow_up in new.follow_ups}
    differing = [(follow_up, follow_up.state) for moment, follow_up in now.items() if before.get(moment) != follow_up]
    gone = [(follow_up, NOT_DUE) for moment, follow_up in before.items() if moment not in now]
    for cohort in cohorts:
        for follow_up, state in (*differing, *gone) if cohort.worklist else ():
            yield topics.FOLLOW_UP_DUE, _follow_up(cohort.code, episode, organisation, follow_up, state)


NOT_DUE: FollowUpState = "not-due"


def _follow_up(cohort: str, episode: str, organisation: str, follow_up: FollowUp, state: FollowUpState) -> FollowUpDue:
    return FollowUpDue(
        version=0,
        episode=episode,
        cohort=cohort,
        organisation=organisation,
        moment=follow_up.moment,
        opens=follow_up.window.opens.isoformat(),
        target=follow_up.window.target.isoformat(),
        closes=follow_up.window.closes.isoformat(),
        state=state,
    )


def absent(plan: Plan, cohorts: Iterable[Cohort], episode: str, new: Derivation) -> Iterator[str]:
    """The names of the follow-ups that an episode does not have: if one was told before anything of it was stored, it is gone."""
    there = {follow_up.moment for follow_up in new.follow_ups}
    for cohort in (each for each in cohorts if each.worklist):
        yield from (f"{cohort.code}/{episode}/{moment.code}" for moment in plan.protocol.moments if moment.code not in there)


def no_longer_due(bodies: Iterable[bytes]) -> Iterator[tuple[Topic, Event]]:
    """Follow-ups that were told, told again as not due (M39)."""
    for body in bodies:
        yield topics.FOLLOW_UP_DUE, msgspec.structs.replace(_DECODER.decode(body), state=NOT_DUE)


def is_not_due(topic: str, body: bytes) -> bool:
    """Whether a told state says only that an earlier one no longer holds (M39): it depends on what happened on the way."""
    return topic == topics.FOLLOW_UP_DUE.name and b'"state":"not-due"' in body


def snapshot(plan: Plan, cohort: Cohort, figures: Iterable[ShownFigure], day: date, received: int | None) -> CohortSnapshot:
    """The figures of a cohort of this population as an event; `received` in microseconds since 1970."""
    return CohortSnapshot(
        version=0,
        cohort=cohort.code,
        title=cohort.title,
        programme=cohort.programme,
        protocol_version=cohort.protocol_version,
        definition_hash=cohort.definition_hash,
        derivation=DERIVATION,
        minimum_cell=cohort.minimum_cell,
        data_date=day.isoformat(),
        data_time=None if received is None else instant_text(EPOCH + timedelta(microseconds=received)),
        rules=cohort.rules,
        instruments=plan.instrument_versions,
        figures=tuple(_figure(figure) for figure in figures),
    )


def _figure(figure: ShownFigure) -> Figure:
    rows = (Record(row.stratum, {name: _cell(shown) for name, shown in row.cells.items()}) for row in figure.rows)
    return figure_of(figure.name, figure.population, figure.denominator, rows)


def _cell(shown: Shown) -> Cell:
    return Missing(suppressed=shown.suppressed, reason=shown.reason) if shown.value is None else shown.value
