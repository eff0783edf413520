"""The start page: every cohort with the numbers one asks for first, and what has been heard from which service."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from beklijf_reporting import formats
from beklijf_reporting.charts import is_pooled
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages import cohort, reproduced
from beklijf_reporting.pages.cohort import Headline
from beklijf_reporting.pages.vocabulary import Names
from beklijf_reporting.store import Held
from beklijf_shared import topics
from beklijf_shared.contracts import Contracts
from beklijf_shared.events import CohortSnapshot
from beklijf_shared.figures import ABSENT, records

TOTALS = (("flow", "registered"), ("flow", "completed"), ("follow-ups", "answered"), ("follow-ups", "overdue"))
SAID_BY = (
    (topics.INTAKE_TALLY, _("Intake"), _("receipts of days, Bundles and imports")),
    (topics.DATA_QUALITY, _("Scoring"), _("organisations and receipts whose answers were placed and scored")),
    (topics.COHORT_SNAPSHOT, _("Cohorts"), _("cohorts with figures")),
    (topics.FOLLOW_UP_DUE, _("Cohorts"), _("scheduled measurements followed")),
)
"""What reporting is told: the topic, by which service, and what one of its entities is."""


@dataclass(frozen=True, slots=True)
class Card:
    """One cohort. `reproduced`: how many printed numbers are met, and of how many; None where it has no study."""

    snapshot: CohortSnapshot
    data_date: str
    data_time: str
    totals: tuple[tuple[str, formats.Shown], ...]
    headlines: tuple[Headline, ...]
    reproduced: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard on one topic."""

    service: str
    what: str
    topic: str
    number: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """Everything the template needs."""

    cards: tuple[Card, ...]
    heard: tuple[Heard, ...]


def page(snapshots: list[CohortSnapshot], held: list[Held], known: Contracts, names: Names, zone: ZoneInfo) -> StartPage:
    """The start page of what is held."""
    numbers = {each.topic: each.entities for each in held}
    said = names.language
    heard = [Heard(said(by), said(what), topic.name, formats.count(numbers.get(topic.name, 0), said)) for topic, by, what in SAID_BY]
    return StartPage(tuple(_card(snapshot, known, names, zone) for snapshot in snapshots), tuple(heard))


def _card(snapshot: CohortSnapshot, known: Contracts, names: Names, zone: ZoneInfo) -> Card:
    definition = known.cohorts.get(snapshot.cohort)
    study = known.studies[definition.study] if definition is not None and definition.study else None
    reproduction = None if study is None else reproduced.held_against(snapshot, study)
    return Card(
        snapshot=snapshot,
        data_date=formats.day(snapshot.data_date, names.language),
        data_time=cohort.data_time(snapshot, names, zone),
        totals=tuple(_totals(snapshot, names)),
        headlines=tuple(cohort.headlines(snapshot, names)[:2]),
        reproduced=None if reproduction is None else (reproduction.met, reproduction.total),
    )


def _totals(snapshot: CohortSnapshot, names: Names) -> list[tuple[str, formats.Shown]]:
    """Counts over all years, as far as the snapshot has them; for what has moments, those of the last."""
    found = []
    figures = {figure.name: figure for figure in snapshot.figures}
    for name, cell in TOTALS:
        rows = [row for row in records(figures[name]) if is_pooled(row, "year")] if name in figures else []
        if rows:
            shown = formats.shown(rows[-1].cells.get(cell, ABSENT), "count", names.language)
            moment = rows[-1].stratum.get("moment")
            found.append((f"{names.label(cell)}, {moment}" if moment else names.label(cell), shown))
    return found
