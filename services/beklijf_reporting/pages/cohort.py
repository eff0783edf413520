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
from beklijf_shared.events import CohortSnapshot, Figure
from beklijf_shared.figures import ABSENT, Record, records


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

    def charts_of(self, section: Section, block: Block) -> list[Chart]:
        """The charts that stand with a block's table."""
        return [chart for chart in self.charts.values() if chart.block == (section.name, block.key)]

    @property
    def hides_small_cells(self) -> bool:
        """Whether k hides anything at all (M37): every cell of one episode or more is shown at k = 1."""
        return self.snapshot.minimum_cell > 1


def page(snapshot: CohortSnapshot, names: Names, zone: ZoneInfo) -> CohortPage:
    """The page of a snapshot."""
    figures = sorted(snapshot.figures, key=lambda figure: vocabulary.place(figure.name))
    return CohortPage(
        snapshot=snapshot,
        headlines=tuple(headlines(snapshot, names)),
        sections=tuple(tables.section(figure, names) for figure in figures),
        charts=charts.by_name(snapshot.figures, word(names)),
        data_date=formats.day(snapshot.data_date),
        data_time=formats.instant(snapshot.data_time, zone) if snapshot.data_time else "no data yet",
    )


def word(names: Names) -> charts.Word:
    """The reader's words for charts."""
    return lambda stratum, code: vocabulary.label(code) if stratum == "cell" else names.of(stratum, code)


def headlines(snapshot: CohortSnapshot, names: Names) -> list[Headline]:
    """The response at the last moment and, under the first rule, for whom it was enough then; only what the snapshot holds."""
    figures = {figure.name: figure for figure in snapshot.figures}
    rule = snapshot.rules[0] if snapshot.rules else ""
    found = []
    for row in _last_moment(figures.get("response")):
        moment = row.stratum["moment"]
        responded, due = _count(row, "responded"), _count(row, "due")
        found.append(_headline(f"answered at {names.of('moment', moment)}", row, "rate", f"{responded} of {due} episodes due"))
    for row in _last_moment(figures.get("mcic")):
        if row.stratum.get("rule") in (rule, rule.partition("@")[0]):
            instrument = names.of("instrument", row.stratum.get("instrument", ""))
            bounds = " to ".join(formats.shown(row.cells.get(bound, ABSENT), "share").text for bound in ("worst", "best"))
            of = f"{_count(row, 'improved')} of {_count(row, 'n')} judged; bounds {bounds}"
            found.append(_headline(f"improved at {row.stratum['moment']}: {instrument}", row, "share", of))
    return found


def _headline(label: str, row: Record, cell: str, of: str) -> Headline:
    number = formats.shown(row.cells.get(cell, ABSENT), "share")
    return Headline(label, number.text, of if number.state == "number" else number.title, number.state)


def _count(row: Record, cell: str) -> str:
    return formats.shown(row.cells.get(cell, ABSENT), "count").text


def _last_moment(figure: Figure | None) -> list[Record]:
    """The rows that pool years and groups at the last moment; figures run in the order of the moments."""
    rows = records(figure) if figure else ()
    pooled = [row for row in rows if "moment" in row.stratum and charts.is_pooled(row, "year", "group")]
    return [row for row in pooled if row.stratum["moment"] == pooled[-1].stratum["moment"]]
