"""What the page of one cohort shows, put together from its snapshot: headline numbers, sections, charts. Looked up, never calculated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from beklijf_reporting import charts, formats
from beklijf_reporting.charts import Chart
from beklijf_reporting.formats import Shown
from beklijf_reporting.language import Language
from beklijf_reporting.language import marked as _
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
class Step:
    """One box of the flow diagram, and the boxes beside it: those who left, or are missing, at this step."""

    kind: str
    label: str
    number: Shown
    note: str
    aside: tuple[tuple[str, Shown], ...]


@dataclass(frozen=True, slots=True)
class CohortPage:
    """Everything the template needs."""

    snapshot: CohortSnapshot
    headlines: tuple[Headline, ...]
    flow: tuple[Step, ...]
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
        flow=tuple(flow(snapshot, names)),
        sections=tuple(tables.section(figure, names) for figure in figures),
        charts=charts.by_name(snapshot.figures, names),
        data_date=formats.day(snapshot.data_date, names.language),
        data_time=data_time(snapshot, names, zone),
    )


def flow(snapshot: CohortSnapshot, names: Names) -> list[Step]:
    """The flow diagram: from registered to completed, then who answered at every moment; a number that is 0 is no box."""
    figures = {figure.name: figure for figure in snapshot.figures}
    said = names.language

    def box(row: Record, cell: str) -> Shown:
        return formats.shown(row.cells.get(cell, ABSENT), "count", said)

    def aside(row: Record, cells: tuple[str, ...]) -> tuple[tuple[str, Shown], ...]:
        return tuple((names.label(cell), box(row, cell)) for cell in cells if row.cells.get(cell, 0) != 0)

    steps = []
    for row in _pooled(figures.get("flow")):
        steps.append(Step("first", names.label("registered"), box(row, "registered"), "", aside(row, LEFT)))
        steps.append(Step("whole", names.label("completed"), box(row, "completed"), "", ()))
    for row in _pooled(figures.get("response")) if steps else ():
        rate = formats.shown(row.cells.get("rate", ABSENT), "share", said).text
        note = said(_("answered, {rate} of {due} due"), rate=rate, due=box(row, "due").text)
        steps.append(Step("moment", names.of("moment", row.stratum["moment"]), box(row, "responded"), note, aside(row, MISSED)))
    return steps


LEFT = ("in-treatment", "stopped-early", "objected", "entered-in-error")
MISSED = ("no-response", "awaiting", "not-due", "ineligible", "not-scheduled")


def data_time(snapshot: CohortSnapshot, names: Names, zone: ZoneInfo) -> str:
    """When the newest data were received, in words."""
    return formats.instant(snapshot.data_time, zone, names.language) if snapshot.data_time else names.language(_("no data yet"))


def headlines(snapshot: CohortSnapshot, names: Names) -> list[Headline]:
    """The response at the last moment and, under the first rule, for whom it was enough then; only what the snapshot holds."""
    figures = {figure.name: figure for figure in snapshot.figures}
    rule = snapshot.rules[0] if snapshot.rules else ""
    said = names.language
    found = []
    for row in _last_moment(figures.get("response")):
        moment = names.of("moment", row.stratum["moment"])
        of = said(_("{responded} of {due} episodes due"), responded=_count(row, "responded", said), due=_count(row, "due", said))
        found.append(_headline(said(_("answered at {moment}"), moment=moment), row, "rate", of, said))
    for row in _last_moment(figures.get("mcic")):
        if row.stratum.get("rule") in (rule, rule.partition("@")[0]):
            instrument = names.of("instrument", row.stratum.get("instrument", ""))
            low, high = (formats.shown(row.cells.get(bound, ABSENT), "share", said).text for bound in ("worst", "best"))
            improved, n = _count(row, "improved", said), _count(row, "n", said)
            of = said(_("{improved} of {n} judged; bounds {low} to {high}"), improved=improved, n=n, low=low, high=high)
            label = said(_("improved at {moment}: {instrument}"), moment=row.stratum["moment"], instrument=instrument)
            found.append(_headline(label, row, "share", of, said))
    return found


def _headline(label: str, row: Record, cell: str, of: str, language: Language) -> Headline:
    number = formats.shown(row.cells.get(cell, ABSENT), "share", language)
    return Headline(label, number.text, of if number.state == "number" else number.title, number.state)


def _count(row: Record, cell: str, language: Language) -> str:
    return formats.shown(row.cells.get(cell, ABSENT), "count", language).text


def _pooled(figure: Figure | None) -> list[Record]:
    return [row for row in records(figure) if charts.is_pooled(row, "year", "group")] if figure else []


def _last_moment(figure: Figure | None) -> list[Record]:
    """The rows that pool years and groups at the last moment; figures run in the order of the moments."""
    pooled = [row for row in _pooled(figure) if "moment" in row.stratum]
    return [row for row in pooled if row.stratum["moment"] == pooled[-1].stratum["moment"]]
