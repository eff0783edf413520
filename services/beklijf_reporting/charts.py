"""Charts: Vega-Lite specifications made from a snapshot's rows, rendered to SVG on the server (no script reaches the reader).

The specification is the chart's source and can be downloaded; the table with the same numbers stands beside it. Nothing is
calculated: the specification has no aggregates and no transforms, and a cell without a number is a gap.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert

from beklijf_reporting import formats
from beklijf_shared.events import CohortSnapshot, Figure, Missing
from beklijf_shared.figures import Record, records

Specification = dict[str, Any]
Key = tuple[tuple[str, str], ...]
Word = Callable[[str, str], str]
"""(stratum, code) -> the reader's word."""

ALL = "all"
APART = ("instrument", "measure", "rule")
"""Strata that the reader looks at one by one, in this order: a block of the page each, with its charts and tables."""
INK, FAINT, ACCENT, BAND, PAPER = "#16262e", "#5b6b73", "#0b5c63", "#bcdcd8", "#ffffff"
SERIES = (
    ("#b4532a", [6, 3]),
    ("#6a4c93", [2, 2]),
    ("#2f6db5", [8, 3, 2, 3]),
    ("#7a6a00", [4, 4]),
    ("#a02c5d", [1, 3]),
    ("#3d7a3a", [10, 2]),
)
"""Colour and dashes of the thin lines: no reader depends on colour alone."""
VERDICTS = (("improved", ACCENT), ("unchanged", "#8fb8b3"), ("deteriorated", "#c2410c"), ("not-evaluable", "#d6b656"))
WITHOUT = (("no-baseline", "#b9a9c9"), ("not-scorable", "#8d7fa6"), ("no-response", "#c9cfd3"), ("awaiting", "#eceff0"))
STATES = (("responded", ACCENT), ("awaiting", "#8fb8b3"), ("no-response", "#c9cfd3"), ("not-due", "#eceff0"), ("ineligible", "#d6b656"))
LASTING = (("sustained", ACCENT), ("late", "#8fb8b3"), ("relapsed", "#c2410c"), ("never", "#c9cfd3"))
KEPT_MAXIMUM = 256
"""Rendered charts kept; one is about 20 kB."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its name in addresses, the figure and block it stands with, its title, the whole of it in words, its specification."""

    name: str
    block: tuple[str, Key]
    title: str
    description: str
    specification: Specification


class Renderer:
    """Renders specifications once per snapshot version, one at a time: the converter holds one JavaScript engine."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def svg(self, snapshot: CohortSnapshot, name: str, make: Callable[[], Chart]) -> str:
        """A chart of a snapshot as SVG text; it is made only when it is not kept. What `make` raises is passed on."""
        place = (snapshot.cohort, snapshot.version, name)
        with self._lock:
            if place not in self._kept:
                self._kept[place] = render(make().specification)
                while len(self._kept) > KEPT_MAXIMUM:
                    self._kept.popitem(last=False)
            return self._kept[place]


def render(specification: Specification) -> str:
    """SVG without scripts and inline styles, one image to screen readers; nothing is fetched from anywhere."""
    return vl_convert.vegalite_to_svg(specification, allowed_base_urls=[]).replace("<svg ", '<svg role="img" ', 1)


def by_name(figures: Iterable[Figure], word: Word) -> Mapping[str, Chart]:
    """All charts of a snapshot by their names, in the order in which they stand on the page."""
    rows = {figure.name: records(figure) for figure in figures}
    charts = [
        *_response(rows.get("response", ()), word),
        *_trajectories(rows.get("trajectories", ()), word),
        *_mcic(rows.get("mcic", ()), rows.get("pairs", ()), word),
        *_lasting(rows.get("lasting", ()), word),
    ]
    return {chart.name: chart for chart in charts}


# --- one maker per figure -------------------------------------------------------------------------------------------------


def _response(rows: Sequence[Record], word: Word) -> list[Chart]:
    """The rate per moment with its interval, the years as thin lines; and what became of everyone."""
    axis = {"title": None, "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    return [
        *_lines("response", (), "rate", "Answered, of the episodes due: everyone, and by treatment year", rows, "year", word, axis),
        *_bars("response", (), "Every episode of the cohort", [(row, STATES) for row in rows if is_pooled(row, "year")], word, "moment"),
    ]


def _trajectories(rows: Sequence[Record], word: Word) -> list[Chart]:
    """Per instrument the mean with its band: against the groups, and against the treatment years."""
    charts = []
    axis = {"title": "mean score", "scale": {"zero": True}, "axis": {"tickCount": 5}}
    for key, block in apart(rows):
        groups = [row for row in block if is_pooled(row, "year")]
        years = [row for row in block if is_pooled(row, "group")]
        if not all(is_pooled(row, "group") for row in groups):
            charts += _lines(
                "trajectories", key, "mean", "Mean score: everyone, responders and non-responders", groups, "group", word, axis
            )
        charts += _lines("trajectories", key, "mean", "Mean score: everyone, and by treatment year", years, "year", word, axis)
    return charts


def _mcic(rows: Sequence[Record], pairs: Sequence[Record], word: Word) -> list[Chart]:
    """Per instrument and rule the share improved with its interval; and what became of every episode due, judged or not."""
    charts = []
    axis = {"title": None, "scale": {"domain": [0, 1]}, "axis": {"format": "%", "tickCount": 5}}
    missing = {_about(row, "instrument", "moment"): row for row in pairs if is_pooled(row, "year", "group")}
    for key, block in apart(rows):
        shown = [row for row in block if is_pooled(row, "group")]
        charts += _lines("mcic", key, "share", "Improved, of those judged: everyone, and by treatment year", shown, "year", word, axis)
        pooled = [row for row in shown if is_pooled(row, "year")]
        merged = [(_merged(row, missing.get(_about(row, "instrument", "moment"))), VERDICTS + WITHOUT) for row in pooled]
        charts += _bars("mcic", key, "Every episode due, judged or not", merged, word, "moment")
    return charts


def _lasting(rows: Sequence[Record], word: Word) -> list[Chart]:
    """Per instrument and rule the four courses, by treatment year and of all years."""
    return [
        chart
        for key, block in apart(rows)
        for chart in _bars("lasting", key, "Judged at the first and the last follow-up", [(row, LASTING) for row in block], word, "year")
    ]


def _merged(judged: Record, pair: Record | None) -> Record:
    """Verdicts with the states of the pairs that have none: two figures of one population, side by side."""
    return Record(stratum=judged.stratum, cells={**(pair.cells if pair else {}), **judged.cells})


# --- lines with a band ----------------------------------------------------------------------------------------------------


def _lines(figure: str, key: Key, cell: str, title: str, rows: Sequence[Record], by: str, word: Word, axis: Specification) -> list[Chart]:
    """A thick line with its band for everyone, thin lines for the values of one stratum; nothing where nobody has a number."""
    kind: formats.Kind = "score" if cell == "mean" else "share"
    pooled = [_point(row, cell, kind, word) for row in rows if is_pooled(row, by)]
    parts = [_point(row, cell, kind, word) | {"of": word(by, row.stratum[by])} for row in rows if not is_pooled(row, by)]
    if not any(point["at"] is not None for point in pooled):
        return []
    moments = list(dict.fromkeys(point["moment"] for point in pooled))
    x = {"field": "moment", "type": "ordinal", "sort": moments, "title": None, "axis": {"labelAngle": 0, "labelExpr": TWO_LINES}}
    layers = [_band(pooled), *([_thin(parts)] if parts else []), _thick(pooled), _labels(pooled)]
    for layer in layers:
        layer["encoding"] = {"x": x} | layer["encoding"] | {"y": {"type": "quantitative"} | axis | layer["encoding"]["y"]}
    said = "; ".join(f"{point['moment']} {point['label'] or 'no number'}" for point in pooled)
    name = slug(figure, (*key, ("", by)))
    described = f"{_words(key, word)}{title}. Everyone: {said}."
    return [Chart(name, (figure, key), title, described, _base(title) | {"width": 430, "height": 240, "layer": layers})]


TWO_LINES = "[slice(datum.label, 0, indexof(datum.label, ' ')), slice(datum.label, indexof(datum.label, ' ') + 1)]"
"""The code of a moment over its title; both would not fit beside each other."""


def _point(row: Record, cell: str, kind: formats.Kind, word: Word) -> Specification:
    """One point as chart data: the numbers as they came, the label rounded like in the table; None where there is no number."""
    at, low, high = (_number(row, name) for name in (cell, f"{cell}-low", f"{cell}-high"))
    label = "" if at is None else formats.shown(row.cells[cell], kind).text
    return {"moment": word("moment", row.stratum["moment"]), "at": at, "low": low, "high": high, "label": label}


def _band(points: Sequence[Specification]) -> Specification:
    mark = {"type": "area", "color": BAND, "opacity": 0.85}
    return {"data": {"values": points}, "mark": mark, "encoding": {"y": {"field": "low"}, "y2": {"field": "high"}}}


def _thin(points: Sequence[Specification]) -> Specification:
    """Thin lines, told apart by colour and by dashes."""
    names = list(dict.fromkeys(point["of"] for point in points))
    looks = [SERIES[place % len(SERIES)] for place in range(len(names))]
    legend = {"title": None, "orient": "bottom", "symbolType": "stroke", "symbolStrokeWidth": 2.5, "symbolSize": 500, "columns": 4}
    of = {"field": "of", "type": "nominal", "sort": names, "legend": legend}
    colour = of | {"scale": {"domain": names, "range": [colour for colour, _ in looks]}}
    dash = of | {"scale": {"domain": names, "range": [dashes for _, dashes in looks]}}
    encoding = {"y": {"field": "at"}, "color": colour, "strokeDash": dash}
    return {"data": {"values": points}, "mark": {"type": "line", "strokeWidth": 1.6}, "encoding": encoding}


def _thick(points: Sequence[Specification]) -> Specification:
    mark = {"type": "line", "color": ACCENT, "strokeWidth": 3, "point": {"filled": True, "size": 60, "color": ACCENT}}
    return {"data": {"values": points}, "mark": mark, "encoding": {"y": {"field": "at"}}}


def _labels(points: Sequence[Specification]) -> Specification:
    mark = {"type": "text", "dy": -15, "color": INK, "fontSize": 13, "fontWeight": "bold"}
    return {"data": {"values": points}, "mark": mark, "encoding": {"y": {"field": "at"}, "text": {"field": "label"}}}


# --- stacked bars ---------------------------------------------------------------------------------------------------------

Shades = tuple[tuple[str, str], ...]


def _bars(figure: str, key: Key, title: str, rows: Sequence[tuple[Record, Shades]], word: Word, by: str) -> list[Chart]:
    """One bar per row, one part per state; a row with a hidden part has no bar, because it would look whole."""
    parts = [part for row, shades in rows for part in _parts(row, shades, word, by)]
    if not parts:
        return []
    bars = list(dict.fromkeys(part["bar"] for part in parts))
    shades = list({part["state"]: part["colour"] for part in sorted(parts, key=lambda part: int(part["place"]))}.items())
    scale = {"domain": [state for state, _ in shades], "range": [colour for _, colour in shades]}
    legend = {"title": None, "orient": "bottom", "columns": 4, "symbolType": "square", "symbolSize": 150, "symbolStrokeWidth": 0}
    encoding = {
        "y": {"field": "bar", "type": "ordinal", "sort": bars, "title": None, "axis": {"labelLimit": 150}},
        "x": {"field": "count", "type": "quantitative", "title": "episodes", "stack": "zero", "axis": {"tickCount": 5}},
        "color": {"field": "state", "type": "nominal", "scale": scale, "legend": legend},
        "order": {"field": "place", "type": "quantitative"},
    }
    mark = {"type": "bar", "stroke": PAPER, "strokeWidth": 1, "cornerRadius": 1}
    specification = _base(title) | {"width": 400, "height": {"step": 42}, "data": {"values": parts}, "mark": mark, "encoding": encoding}
    said = " ".join(f"{bar}: {_said(parts, bar)}." for bar in bars)
    return [Chart(slug(figure, (*key, ("", "states"))), (figure, key), title, f"{_words(key, word)}{title}. {said}", specification)]


def _parts(row: Record, shades: Shades, word: Word, by: str) -> list[Specification]:
    known = [(place, state, colour) for place, (state, colour) in enumerate(shades) if state in row.cells]
    if not known or any(_number(row, state) is None for _, state, _ in known):
        return []
    bar = word(by, row.stratum[by])
    return [
        {"bar": bar, "state": word("cell", state), "place": place, "colour": colour, "count": row.cells[state]}
        for place, state, colour in known
    ]


def _said(parts: Sequence[Specification], bar: str) -> str:
    return ", ".join(f"{part['state'].lower()} {part['count']}" for part in parts if part["bar"] == bar)


# --- shared by all --------------------------------------------------------------------------------------------------------


def apart(rows: Iterable[Record]) -> list[tuple[Key, list[Record]]]:
    """Rows by the strata that are read one by one, in the order in which they first appear."""
    groups: dict[Key, list[Record]] = {}
    for row in rows:
        groups.setdefault(tuple((stratum, row.stratum[stratum]) for stratum in APART if stratum in row.stratum), []).append(row)
    return list(groups.items())


def is_pooled(row: Record, *strata: str) -> bool:
    """Whether a row pools all values of these strata."""
    return all(row.stratum.get(stratum, ALL) == ALL for stratum in strata)


def slug(figure: str, key: Iterable[tuple[str, str]]) -> str:
    """A name for addresses and files: letters, digits and hyphens only."""
    parts = [figure, *(code for _, code in key)]
    return "-".join("".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in part) for part in parts)


def _words(key: Key, word: Word) -> str:
    """What a block is about, to begin a description with."""
    return "".join(f"{word(stratum, code)}. " for stratum, code in key if stratum != "measure")


def _about(row: Record, *strata: str) -> tuple[str, ...]:
    return tuple(row.stratum.get(stratum, "") for stratum in strata)


def _number(row: Record, cell: str) -> float | None:
    """The cell as a number to draw, None where there is none; drawing is the only use of a float."""
    found = row.cells.get(cell)
    return float(found) if found is not None and not isinstance(found, Missing) and formats.is_number(found) else None


def _base(title: str) -> Specification:
    axis = {"labelColor": INK, "titleColor": FAINT, "titleFontWeight": "normal", "gridColor": "#e3e8ea", "domainColor": "#8a979d"}
    sizes = {"labelFontSize": 13, "titleFontSize": 13}
    legend = {"labelColor": INK, "labelLimit": 220} | sizes
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "description": title,
        "background": PAPER,
        "padding": 6,
        "config": {
            "font": "Helvetica, Arial, sans-serif",
            "view": {"stroke": None},
            "axis": axis | sizes | {"tickColor": "#8a979d"},
            "legend": legend,
        },
    }
