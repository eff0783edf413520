"""Charts: Vega-Lite specifications made from a snapshot's rows, rendered to SVG on the server (no script reaches the reader).

The specification is the chart's source and can be downloaded; the table with the same numbers stands beside it. Nothing is
calculated: the specification has no aggregates and no transforms, and a cell without a number is left out.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import vl_convert

from beklijf_reporting import formats
from beklijf_shared.events import CohortSnapshot, Figure, Row

Specification = dict[str, Any]
Word = Callable[[str, str], str]
"""(stratum, code) -> the reader's word."""

ALL_YEARS = ("all", "all-years")
INK, FAINT, ACCENT, BAND, PAPER = "#16262e", "#5b6b73", "#0b5c63", "#bcdcd8", "#ffffff"
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3])
YEARS = ("#b4532a", "#6a4c93", "#2f6db5", "#7a6a00", "#a02c5d", "#3d7a3a")
OUTCOMES = (
    ("improved", "#0b5c63"),
    ("unchanged", "#8fb8b3"),
    ("deteriorated", "#c2410c"),
    ("not-evaluable", "#d6b656"),
    ("no-baseline", "#b9a9c9"),
    ("not-scorable", "#9a8fae"),
    ("no-response", "#c9cfd3"),
    ("awaiting", "#e6e9eb"),
)
"""Every state of a pair that is due (M19), in the order in which they are stacked: what is missing is drawn too."""
KEPT_MAXIMUM = 128
"""Rendered charts kept; one is about 20 kB."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its name in addresses, its title, the whole of it in words, and its specification."""

    name: str
    title: str
    description: str
    specification: Specification


class Renderer:
    """Renders specifications once per snapshot version, one at a time: the converter holds one JavaScript engine."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def svg(self, snapshot: CohortSnapshot, chart: Chart) -> str:
        """The chart as SVG text."""
        place = (snapshot.cohort, snapshot.version, chart.name)
        with self._lock:
            if place not in self._kept:
                self._kept[place] = render(chart.specification)
                while len(self._kept) > KEPT_MAXIMUM:
                    self._kept.popitem(last=False)
            return self._kept[place]


def render(specification: Specification) -> str:
    """SVG without scripts and inline styles, readable by screen readers as one image; nothing is fetched from anywhere."""
    return vl_convert.vegalite_to_svg(specification, allowed_base_urls=[]).replace("<svg ", '<svg role="img" ', 1)


def of(figure: Figure, word: Word) -> list[Chart]:
    """The charts of a figure; none for a figure that no chart is known for, or that holds too little to draw."""
    maker = {"response": _response, "trajectories": _trajectories, "mcic": _mcic}.get(figure.name)
    return maker(figure, word) if maker else []


# --- one maker per figure -------------------------------------------------------------------------------------------------


def _trajectories(figure: Figure, word: Word) -> list[Chart]:
    """Per instrument the mean of all years with its band, and the treatment years as thin lines."""
    charts = []
    for key, rows in _groups(figure.rows, ("instrument", "population", "group")):
        title = f"{_words(key, word)}: mean per moment, with 95 % confidence band"
        charts += _line(slug(figure.name, key), title, "mean", rows, word, {"title": "mean score", "scale": {"zero": True}})
    return charts


def _response(figure: Figure, word: Word) -> list[Chart]:
    """The response rate per moment: all years with its interval, and the treatment years as thin lines."""
    title = "Answered, of the episodes due, with 95 % confidence band"
    return _line(figure.name, title, "rate", figure.rows, word, {"title": None, "scale": {"domain": [0, 1]}, "axis": {"format": "%"}})


def _mcic(figure: Figure, word: Word) -> list[Chart]:
    """Per instrument and rule every due episode by what became of it, answered or not."""
    charts = []
    for key, rows in _groups(figure.rows, ("instrument", "rule", "population", "group")):
        parts = [part for row in rows if _is_whole(row) for part in _outcomes(row, word)]
        if parts:
            title = f"{_words(key, word)}: what became of every episode due"
            charts.append(Chart(slug(figure.name, key), title, f"{title}. {_outcomes_in_words(parts)}", _stacked(title, parts)))
    return charts


# --- lines with a band ----------------------------------------------------------------------------------------------------


def _line(name: str, title: str, cell: str, rows: Sequence[Row], word: Word, y: Specification) -> list[Chart]:
    whole = [_point(row, cell, word) for row in rows if _is_whole(row)]
    divided = [_point(row, cell, word) | {"year": row.stratum["year"]} for row in rows if not _is_whole(row)]
    if not any(point["at"] is not None for point in whole):
        return []
    moments = list(dict.fromkeys(word("moment", row.stratum["moment"]) for row in rows))
    x = {"field": "moment", "type": "ordinal", "sort": moments, "title": None, "axis": {"labelAngle": 0, "labelLimit": 96}}
    years = list(dict.fromkeys(point["year"] for point in divided))
    layers = [_band(whole), *([_years(divided, years)] if divided else []), _main(whole), _labels(whole)]
    for layer in layers:
        layer["encoding"] = {"x": x} | layer["encoding"] | {"y": {"type": "quantitative"} | y | layer["encoding"]["y"]}
    specification = _base(title) | {"width": 440, "height": 240, "layer": layers}
    said = "; ".join(f"{point['moment']} {point['label'] or 'not shown'}" for point in whole)
    return [Chart(name, title, f"{title}. All years: {said}.", specification)]


def _point(row: Row, cell: str, word: Word) -> Specification:
    """One point as chart data: the numbers as they came, the label rounded like in the table; None where there is no number."""
    value = row.cells[cell].value if cell in row.cells else None
    label = "" if value is None else formats.shown(row.cells[cell], "share" if cell == "rate" else "score").text
    low, high = (_number(row, f"{cell}_{limit}") for limit in ("low", "high"))
    return {"moment": word("moment", row.stratum["moment"]), "at": _number(row, cell), "low": low, "high": high, "label": label}


def _band(points: Sequence[Specification]) -> Specification:
    mark = {"type": "area", "color": BAND, "opacity": 0.8}
    return {"data": {"values": points}, "mark": mark, "encoding": {"y": {"field": "low"}, "y2": {"field": "high"}}}


def _years(points: Sequence[Specification], years: Sequence[str]) -> Specification:
    """Thin lines, told apart by colour and by dashes, so that no reader depends on colour."""
    legend = {"title": "Treatment year", "orient": "bottom", "symbolType": "stroke", "columns": 4}
    colour = {"field": "year", "type": "nominal", "sort": years, "scale": {"domain": years, "range": YEARS}, "legend": legend}
    dash = {"field": "year", "type": "nominal", "sort": years, "legend": legend, "scale": {"domain": years, "range": DASHES}}
    encoding = {"y": {"field": "at"}, "color": colour, "strokeDash": dash}
    return {"data": {"values": points}, "mark": {"type": "line", "strokeWidth": 1.4}, "encoding": encoding}


def _main(points: Sequence[Specification]) -> Specification:
    mark = {"type": "line", "color": ACCENT, "strokeWidth": 3, "point": {"filled": True, "size": 60, "color": ACCENT}}
    return {"data": {"values": points}, "mark": mark, "encoding": {"y": {"field": "at"}}}


def _labels(points: Sequence[Specification]) -> Specification:
    mark = {"type": "text", "dy": -14, "color": INK, "fontSize": 13, "fontWeight": "bold", "stroke": None}
    return {"data": {"values": points}, "mark": mark, "encoding": {"y": {"field": "at"}, "text": {"field": "label"}}}


# --- stacked bars ---------------------------------------------------------------------------------------------------------


def _outcomes(row: Row, word: Word) -> list[Specification]:
    """The parts of one bar; none where a part is hidden, because a bar without it would look whole."""
    known = [(place, code) for place, (code, _) in enumerate(OUTCOMES) if code in row.cells]
    if any(_number(row, code) is None for _, code in known):
        return []
    moment = word("moment", row.stratum["moment"])
    return [{"moment": moment, "outcome": word("cell", code), "place": place, "count": row.cells[code].value} for place, code in known]


def _stacked(title: str, parts: Sequence[Specification]) -> Specification:
    present = {part["place"]: part["outcome"] for part in parts}
    order = sorted(present)
    scale = {"domain": [present[place] for place in order], "range": [OUTCOMES[place][1] for place in order]}
    legend = {"title": None, "orient": "bottom", "columns": 4, "symbolType": "square", "symbolSize": 160}
    moments = list(dict.fromkeys(part["moment"] for part in parts))
    encoding = {
        "y": {"field": "moment", "type": "ordinal", "sort": moments, "title": None, "axis": {"labelLimit": 120}},
        "x": {"field": "count", "type": "quantitative", "title": "episodes due", "stack": "zero", "axis": {"tickCount": 5}},
        "color": {"field": "outcome", "type": "nominal", "scale": scale, "legend": legend},
        "order": {"field": "place", "type": "quantitative"},
    }
    mark = {"type": "bar", "stroke": PAPER, "strokeWidth": 1}
    return _base(title) | {"width": 400, "height": {"step": 36}, "data": {"values": parts}, "mark": mark, "encoding": encoding}


def _outcomes_in_words(parts: Sequence[Specification]) -> str:
    bars: dict[str, list[str]] = {}
    for part in parts:
        bars.setdefault(part["moment"], []).append(f"{part['outcome'].lower()} {part['count']}")
    return " ".join(f"{moment}: {', '.join(said)}." for moment, said in bars.items())


# --- shared by all --------------------------------------------------------------------------------------------------------


def _base(title: str) -> Specification:
    axis = {"labelColor": INK, "titleColor": FAINT, "titleFontWeight": "normal", "gridColor": "#e3e8ea", "domainColor": "#8a979d"}
    sizes = {"labelFontSize": 13, "titleFontSize": 13}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "description": title,
        "background": PAPER,
        "padding": 6,
        "config": {
            "font": "Helvetica, Arial, sans-serif",
            "view": {"stroke": None},
            "axis": axis | sizes | {"tickColor": "#8a979d"},
            "legend": {"labelColor": INK, "titleColor": FAINT, "titleFontWeight": "normal"} | sizes,
        },
    }


def _groups(rows: Iterable[Row], strata: Sequence[str]) -> list[tuple[tuple[tuple[str, str], ...], list[Row]]]:
    """Rows by their values of some strata, in the order in which they first appear."""
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple((stratum, row.stratum[stratum]) for stratum in strata if stratum in row.stratum), []).append(row)
    return [(key, group) for key, group in groups.items() if all("moment" in row.stratum for row in group)]


def _is_whole(row: Row) -> bool:
    return row.stratum.get("year", ALL_YEARS[0]) in ALL_YEARS


def _number(row: Row, cell: str) -> float | None:
    """The cell as a number to draw, None where there is none; drawing is the only use of a float."""
    found = row.cells.get(cell)
    return float(found.value) if found is not None and found.value is not None and formats.is_number(found.value) else None


def _words(key: Iterable[tuple[str, str]], word: Word) -> str:
    return ", ".join(word(stratum, code) for stratum, code in key) or "All"


def slug(figure: str, key: Iterable[tuple[str, str]]) -> str:
    """The chart's name in addresses: letters, digits and hyphens only."""
    parts = [figure, *(code for _, code in key)]
    return "-".join("".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in part) for part in parts)


def by_name(figures: Iterable[Figure], word: Word) -> Mapping[str, Chart]:
    """All charts of some figures by their names."""
    return {chart.name: chart for figure in figures for chart in of(figure, word)}
