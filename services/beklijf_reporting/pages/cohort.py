"""What the page of one cohort shows, put together from its snapshot: headline numbers, sections, charts. Looked up, never calculated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from beklijf_reporting import charts, formats
from beklijf_reporting.charts import Chart
from beklijf_reporting.pages import tables, vocabulary
from beklijf_reporting.pages.tables import Block, Section
from beklijf_reporting.pages.vocabulary import Names
from beklijf_shared.events import CohortSnapshot, Figure, Row


@dataclass(frozen=True, slots=True)
class Headline:
    """One number a reader takes away, with what it is a share of."""

    label: str
    number: str
    of: str
    state: str


@dataclass(frozen=True, slots=True)
class CohortPage:
    """Everything the template needs."""

    snapshot: CohortSnapshot
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    charts: Mapping[str, Chart]
    data_date: str
    data_time: str

    def chart_of(self, section: Section, block: Block) -> Chart | None:
        """The chart that stands beside a block's table, or None."""
        return self.charts.get(charts.slug(section.name, block.about))

    @property
    def hides_small_cells(self) -> bool:
        """Whether k hides anything at all (M37): every cell of one episode or more is shown at k = 1."""
        return self.snapshot.minimum_cell > 1


def page(snapshot: CohortSnapshot, names: Names, zone: ZoneInfo) -> CohortPage:
    """The page of a snapshot."""
    return CohortPage(
        snapshot=snapshot,
        headlines=tuple(headlines(snapshot, names)),
        sections=tuple(tables.section(figure, names) for figure in snapshot.figures),
        charts=charts.by_name(snapshot.figures, word(names)),
        data_date=formats.day(snapshot.data_date),
        data_time=formats.instant(snapshot.data_time, zone) if snapshot.data_time else "no data yet",
    )


def word(names: Names) -> charts.Word:
    """The reader's words for charts."""
    return lambda stratum, code: vocabulary.label(code) if stratum == "cell" else names.of(stratum, code)


def headlines(snapshot: CohortSnapshot, names: Names) -> list[Headline]:
    """The response in the long term and, under the first rule, for whom it was enough then; only what the snapshot holds."""
    figures = {figure.name: figure for figure in snapshot.figures}
    found = []
    for row in _last_moment(figures.get("response")):
        moment = names.of("moment", row.stratum.get("moment", ""))
        found.append(_headline(f"answered at {moment}", row, "rate", ("responded", "due")))
    for row in _last_moment(figures.get("mcic")):
        if row.stratum.get("rule") == (snapshot.rules[0] if snapshot.rules else None):
            label = f"improved at {row.stratum.get('moment', '')}: {names.of('instrument', row.stratum.get('instrument', ''))}"
            found.append(_headline(label, row, "share", ("improved", "n")))
    return found


def _headline(label: str, row: Row, cell: str, of: tuple[str, str]) -> Headline:
    """One cell with the words "part of whole" under it."""
    number = formats.shown(row.cells.get(cell, tables.ABSENT), "share")
    part, whole = (formats.shown(row.cells.get(name, tables.ABSENT), "count").text for name in of)
    return Headline(label, number.text, f"{part} of {whole} episodes", number.state)


def _last_moment(figure: Figure | None) -> list[Row]:
    """The rows of all years at the last moment that the figure has."""
    whole = [row for row in figure.rows if row.stratum.get("year", "all") in vocabulary.ALL] if figure else []
    last = whole[-1].stratum.get("moment") if whole else None
    return [row for row in whole if row.stratum.get("moment") == last]
