"""One maker of charts per figure: which rows of it become which lines and bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from beklijf_domain.protocol import Protocol
from beklijf_reporting.charts import drawing
from beklijf_reporting.charts.drawing import ACCENT, Chart, Words, about, apart, bars, differences, is_pooled, lines, multiples, slug
from beklijf_reporting.language import marked as _
from beklijf_shared.events import Cell, Figure
from beklijf_shared.figures import Record, records

VERDICTS = (("improved", ACCENT), ("unchanged", "#8fb8b3"), ("deteriorated", "#c2410c"), ("not-evaluable", "#d6b656"))
STATES_REACHED = (("acceptable", ACCENT), ("not-acceptable", "#8fb8b3"))
WITHOUT = (("no-baseline", "#b9a9c9"), ("not-scorable", "#8d7fa6"), ("no-response", "#c9cfd3"), ("awaiting", "#eceff0"))
STATES = (("responded", ACCENT), ("awaiting", "#8fb8b3"), ("no-response", "#c9cfd3"), ("not-due", "#eceff0"), ("ineligible", "#d6b656"))
LASTING = (("sustained", ACCENT), ("late", "#8fb8b3"), ("relapsed", "#c2410c"), ("never", "#c9cfd3"))


def by_name(figures: Iterable[Figure], words: Words) -> Mapping[str, Chart]:
    """All charts of a snapshot by their names, in the order in which they stand on the page."""
    rows = {figure.name: records(figure) for figure in figures}
    charts = [
        *_response(rows.get("response", ()), words),
        *_trajectories(rows.get("trajectories", ()), words),
        *_mcic(rows.get("mcic", ()), rows.get("pairs", ()), words),
        *_acceptable(rows.get("acceptable", ()), rows.get("pairs", ()), words),
        *_groups(rows.get("groups", ()), words),
        *_lasting(rows.get("lasting", ()), words),
        *_gpe(rows.get("gpe", ()), words),
        *_care_use(rows.get("care-use", ()), words),
    ]
    return {chart.name: chart for chart in charts}


def _response(rows: Sequence[Record], words: Words) -> list[Chart]:
    """The rate per moment with its interval, the years as thin lines; and what became of everyone."""
    axis = {"title": None, "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    return [
        *lines("response", (), "rate", _("Answered, of the episodes due: everyone, and by treatment year"), rows, "year", words, axis),
        *bars("response", (), _("Every episode of the cohort"), [(row, STATES) for row in rows if is_pooled(row, "year")], words, "moment"),
    ]


def _trajectories(rows: Sequence[Record], words: Words) -> list[Chart]:
    """Per instrument the mean with its band: against the groups, and against the treatment years."""
    charts = []
    axis = {"title": words.language(_("mean score")), "scale": {"zero": True}, "axis": {"tickCount": 5}}
    many = len({row.stratum["moment"] for row in rows}) > 1
    for key, block in apart(rows):
        if many and len({row.stratum["moment"] for row in block}) == 1:
            continue  # measured once, such as age: there is no course to draw
        groups = [row for row in block if is_pooled(row, "year")]
        years = [row for row in block if is_pooled(row, "group")]
        if not all(is_pooled(row, "group") for row in groups):
            charts += lines(
                "trajectories", key, "mean", _("Mean score: everyone, responders and non-responders"), groups, "group", words, axis
            )
            charts += multiples("trajectories", key, _("Mean score per treatment year, with its 95 % interval"), block, words)
        if not any(chart.name.endswith("-multiples") and chart.block[1] == key for chart in charts):
            charts += lines("trajectories", key, "mean", _("Mean score: everyone, and by treatment year"), years, "year", words, axis)
    return charts


def _mcic(rows: Sequence[Record], pairs: Sequence[Record], words: Words) -> list[Chart]:
    """Per instrument and rule the share improved with its interval; and what became of every episode due, judged or not."""
    charts = []
    axis = {"title": None, "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    missing = {about(row, "instrument", "moment"): row for row in pairs if is_pooled(row, "year", "group")}
    for key, block in apart(rows):
        shown = [row for row in block if is_pooled(row, "group")]
        charts += lines("mcic", key, "share", _("Improved, of those judged: everyone, and by treatment year"), shown, "year", words, axis)
        pooled = [row for row in shown if is_pooled(row, "year")]
        merged = [(_merged(row, missing.get(about(row, "instrument", "moment"))), VERDICTS + WITHOUT) for row in pooled]
        charts += bars("mcic", key, _("Every episode due, judged or not"), merged, words, "moment")
    return charts


def _acceptable(rows: Sequence[Record], pairs: Sequence[Record], words: Words) -> list[Chart]:
    """Per instrument and rule the share in an acceptable state with its interval; and what became of every episode due."""
    charts = []
    axis = {"title": None, "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    missing = {about(row, "instrument", "moment"): row for row in pairs if is_pooled(row, "year", "group")}
    for key, block in apart(rows):
        shown = [row for row in block if is_pooled(row, "group")]
        title = _("In an acceptable state, of those who answered: everyone, and by treatment year")
        charts += lines("acceptable", key, "share", title, shown, "year", words, axis)
        pooled = [row for row in shown if is_pooled(row, "year")]
        merged = [(_merged(row, missing.get(about(row, "instrument", "moment"))), STATES_REACHED + WITHOUT) for row in pooled]
        charts += bars("acceptable", key, _("Every episode due, judged or not"), merged, words, "moment")
    return charts


def _lasting(rows: Sequence[Record], words: Words) -> list[Chart]:
    """Per instrument and rule the four courses, by treatment year and of all years."""
    return [
        chart
        for key, block in apart(rows)
        for shown in [[(row, LASTING) for row in block if is_pooled(row, "group")]]
        for chart in bars("lasting", key, _("Judged at the first and the last follow-up"), shown, words, "year")
    ]


def _groups(rows: Sequence[Record], words: Words) -> list[Chart]:
    """How far responders and non-responders lay apart, in units of SD: one row per instrument and moment, one point per year."""
    title = _("Non-responders less responders, in units of SD; filled where significant")
    return [chart for key, block in apart(rows) for chart in differences("groups", key, title, block, words)]


def _gpe(rows: Sequence[Record], words: Words) -> list[Chart]:
    """What people said at the last moment, by what they had said at the end of treatment."""
    shades = dict(zip(("better", "same", "worse"), (ACCENT, "#8fb8b3", "#c2410c"), strict=True))
    merged: dict[str, dict[str, Cell]] = {}
    for row in rows:
        t1, t4 = row.stratum.get("t1", ""), row.stratum.get("t4", "")
        if is_pooled(row, "year") and t4 in shades and t1 not in SUMMED and "count" in row.cells:
            merged.setdefault(t1, {})[t4] = row.cells["count"]
    shown = [(Record({"t1": t1}, cells), tuple(shades.items())) for t1, cells in merged.items()]
    return bars("gpe", (), _("At the last moment, by the answer at the end of treatment"), shown, words, "t1", "t4")


SUMMED = ("", "all", "any", "improved", "not-improved", "holds", "once-or-twice", "not-answered")
"""Values of a stratum that add others up, or none of them; drawn with the others they would count twice."""


def _care_use(rows: Sequence[Record], words: Words) -> list[Chart]:
    """Per question what was used before and at the last moment, of those who answered it."""
    charts = []
    for key, block in apart(rows):
        merged: dict[str, dict[str, Cell]] = {}
        for row in block:
            if is_pooled(row, "year", "group") and row.stratum["code"] not in SUMMED:
                merged.setdefault(row.stratum["moment"], {})[row.stratum["code"]] = row.cells["share"]
        codes = list(dict.fromkeys(code for cells in merged.values() for code in cells))
        shades = tuple(zip(codes, SHADES, strict=False))
        shown = [(Record({"moment": moment}, cells), shades) for moment, cells in merged.items()]
        charts += bars("care-use", key, _("Of those who answered, before and at the last moment"), shown, words, "moment", "code", "share")
    return charts


SHADES = ("#dfe8e7", "#9cc4bf", "#3f8a88", "#0b3f45")
"""From the least to the most."""


def windows(programme: Protocol, words: Words) -> Chart:
    """When each moment can be answered, for an episode that began in the middle of each treatment year (M1); its treatment ends two
    months later where moments are counted from that end."""
    bars_, middle = [], (7, 1)
    for year in programme.years:
        for code, window in programme.windows(date(year, *middle), date(year, middle[0] + 2, middle[1])).items():
            days = {"opens": window.opens.isoformat(), "closes": window.closes.isoformat(), "target": window.target.isoformat()}
            bars_.append({"year": str(year), "moment": words.of("moment", code), "code": code, **days})
    title = _("Windows of an episode that began on 1 July, by treatment year")
    return drawing.timeline(slug("windows", [("", programme.code)]), title, bars_, words)


def _merged(judged: Record, pair: Record | None) -> Record:
    """Verdicts with the states of the pairs that have none: two figures of one population, side by side."""
    return Record(stratum=judged.stratum, cells={**(pair.cells if pair else {}), **judged.cells})
