"""What charts are drawn with: lines with a band, stacked bars, small multiples, and what they share. No number is calculated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from beklijf_reporting import formats
from beklijf_reporting.language import Language
from beklijf_reporting.language import marked as _
from beklijf_shared.events import Missing
from beklijf_shared.figures import Record

Specification = dict[str, Any]
Key = tuple[tuple[str, str], ...]

ALL = "all"
APART = ("instrument", "measure", "rule", "question")
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


class Words(Protocol):
    """The reader's words, as charts need them."""

    @property
    def language(self) -> Language:
        """The language itself."""

    def of(self, stratum: str, code: str) -> str:
        """The word for a value of a stratum."""

    def label(self, code: str) -> str:
        """The word for a cell."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its name in addresses, the figure and block it stands with, its title, the whole of it in words, its specification."""

    name: str
    block: tuple[str, Key]
    title: str
    description: str
    specification: Specification


def lines(figure: str, key: Key, cell: str, title: str, rows: Sequence[Record], by: str, words: Words, axis: Specification) -> list[Chart]:
    """A thick line with its band for everyone, thin lines for the values of one stratum; nothing where nobody has a number."""
    kind: formats.Kind = "score" if cell == "mean" else "share"
    title = words.language(title)
    pooled = [point(row, cell, kind, words) for row in rows if is_pooled(row, by)]
    parts = [point(row, cell, kind, words) | {"of": words.of(by, row.stratum[by])} for row in rows if not is_pooled(row, by)]
    if not any(point["at"] is not None for point in pooled):
        return []
    moments = list(dict.fromkeys(point["moment"] for point in pooled))
    x = {"field": "moment", "type": "ordinal", "sort": moments, "title": None, "axis": {"labelAngle": 0, "labelExpr": TWO_LINES}}
    layers = [_band(pooled), *([_thin(parts)] if parts else []), _thick(pooled), _labels(pooled)]
    for layer in layers:
        layer["encoding"] = {"x": x} | layer["encoding"] | {"y": {"type": "quantitative"} | axis | layer["encoding"]["y"]}
    said = "; ".join(f"{point['moment']} {point['label'] or words.language(_('no number'))}" for point in pooled)
    name = slug(figure, (*key, ("", by)))
    described = f"{about_key(key, words)}{title}. {words.language(_('Everyone'))}: {said}."
    return [Chart(name, (figure, key), title, described, base(title) | {"width": 430, "height": 240, "layer": layers})]


TWO_LINES = "[slice(datum.label, 0, indexof(datum.label, ' ')), slice(datum.label, indexof(datum.label, ' ') + 1)]"
"""The code of a moment over its title; both would not fit beside each other."""


def point(row: Record, cell: str, kind: formats.Kind, words: Words) -> Specification:
    """One point as chart data: the numbers as they came, the label rounded like in the table; None where there is no number."""
    at, low, high = (number(row, name) for name in (cell, f"{cell}-low", f"{cell}-high"))
    label = "" if at is None else formats.shown(row.cells[cell], kind, words.language).text
    return {"moment": words.of("moment", row.stratum["moment"]), "at": at, "low": low, "high": high, "label": label}


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


Shades = tuple[tuple[str, str], ...]


def bars(
    figure: str,
    key: Key,
    title: str,
    rows: Sequence[tuple[Record, Shades]],
    words: Words,
    by: str,
    states: str = "",
    kind: formats.Kind = "count",
) -> list[Chart]:
    """One bar per row, one part per state; a row with a hidden part has no bar, because it would look whole.

    `states` is the stratum whose values the states are; empty where they are cells.
    """
    title = words.language(title)
    parts = [part for row, shades in rows for part in _parts(row, shades, words, by, states, kind)]
    if not parts:
        return []
    names = list(dict.fromkeys(part["bar"] for part in parts))
    shades = list({part["state"]: part["colour"] for part in sorted(parts, key=lambda part: int(part["place"]))}.items())
    scale = {"domain": [state for state, _colour in shades], "range": [colour for _state, colour in shades]}
    there = [state for state, _colour in shades if any(part["state"] == state and part["count"] for part in parts)]
    squares = {"symbolType": "square", "symbolSize": 150, "symbolStrokeWidth": 0}
    legend = {"title": None, "orient": "bottom", "columns": 4, "values": there} | squares
    is_share = kind == "share"
    across = {
        "title": None if is_share else words.language(_("episodes")),
        "axis": {"tickCount": 5} | ({"format": "%"} if is_share else {}),
    }
    encoding = {
        "y": {"field": "bar", "type": "ordinal", "sort": names, "title": None, "axis": {"labelLimit": 150}},
        "x": {"field": "count", "type": "quantitative", "stack": "zero"} | across,
        "color": {"field": "state", "type": "nominal", "scale": scale, "legend": legend},
        "order": {"field": "place", "type": "quantitative"},
    }
    mark = {"type": "bar", "stroke": "#75858c", "strokeWidth": 0.6, "cornerRadius": 1}
    specification = base(title) | {"width": 400, "height": {"step": 42}, "data": {"values": parts}, "mark": mark, "encoding": encoding}
    said = " ".join(f"{bar}: {_said(parts, bar)}." for bar in names)
    return [Chart(slug(figure, (*key, ("", "states"))), (figure, key), title, f"{about_key(key, words)}{title}. {said}", specification)]


def _parts(row: Record, shades: Shades, words: Words, by: str, states: str, kind: formats.Kind) -> list[Specification]:
    known = [(place, state, colour) for place, (state, colour) in enumerate(shades) if state in row.cells]
    if not known or any(number(row, state) is None for _place, state, _colour in known):
        return []
    bar = words.of(by, row.stratum[by])
    return [
        {
            "bar": bar,
            "state": words.of(states, state) if states else words.label(state),
            "place": place,
            "colour": colour,
            "count": number(row, state),
            "label": formats.shown(row.cells[state], kind, words.language).text,
        }
        for place, state, colour in known
    ]


def _said(parts: Sequence[Specification], bar: str) -> str:
    return ", ".join(f"{part['state'].lower()} {part['label']}" for part in parts if part["bar"] == bar)


def multiples(figure: str, key: Key, title: str, rows: Sequence[Record], words: Words) -> list[Chart]:
    """One small picture per treatment year on one scale: the groups as lines, each with its band."""
    title = words.language(title)
    apart_ = [row for row in rows if not is_pooled(row, "year") and not is_pooled(row, "group")]
    points = [
        point(row, "mean", "score", words)
        | {"code": row.stratum["moment"], "of": words.of("group", row.stratum["group"]), "year": row.stratum["year"]}
        for row in apart_
    ]
    points = [one for one in points if one["at"] is not None]
    if len({one["year"] for one in points}) < 2:
        return []
    names = list(dict.fromkeys(one["of"] for one in points))
    looks = [SERIES[place % len(SERIES)] for place in range(len(names))]
    range_ = {"domain": names, "range": [colour for colour, _dashes in looks]}
    dashes = {"domain": names, "range": [dashes for _colour, dashes in looks]}
    legend = {"title": None, "orient": "bottom", "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolSize": 500, "symbolOpacity": 1}
    x = {"field": "code", "type": "ordinal", "title": None, "axis": {"labelAngle": 0}}
    colour = {"field": "of", "type": "nominal", "sort": names, "scale": range_, "legend": legend}
    dash = {"field": "of", "type": "nominal", "sort": names, "scale": dashes, "legend": legend}
    y = {"type": "quantitative", "title": words.language(_("mean score")), "axis": {"tickCount": 4}}
    band = {
        "mark": {"type": "area", "opacity": 0.16},
        "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour},
    }
    line = {
        "mark": {"type": "line", "strokeWidth": 2.2, "point": {"size": 34, "filled": True}},
        "encoding": {"x": x, "y": y | {"field": "at"}, "color": colour, "strokeDash": dash},
    }
    facet = {
        "field": "year",
        "type": "ordinal",
        "title": None,
        "header": {"labelFontSize": 14, "labelFontWeight": "bold", "labelColor": INK},
    }
    small = {"width": 192, "height": 120, "layer": [band, line]}
    specification = base(title) | {"data": {"values": points}, "facet": facet, "columns": 2, "spec": small}
    said = "; ".join(f"{one['year']} {one['of'].lower()} {one['code']} {one['label']}" for one in points)
    described = f"{about_key(key, words)}{title}. {said}."
    return [Chart(slug(figure, (*key, ("", "multiples"))), (figure, key), title, described, specification)]


def differences(figure: str, key: Key, title: str, rows: Sequence[Record], words: Words) -> list[Chart]:
    """Standardised differences as points around zero: filled where they are significant."""
    title = words.language(title)
    points = []
    for row in rows:
        at = number(row, "smd")
        if at is not None:
            marked = row.cells.get("significant") == "yes"
            year = words.of("year", row.stratum.get("year") or ALL)
            said = formats.shown(row.cells["smd"], "ratio", words.language).text
            points.append(
                {"what": words.of("moment", row.stratum.get("moment", "")), "year": year, "at": at, "marked": marked, "label": said}
            )
    if not points:
        return []
    whats, years = (list(dict.fromkeys(one[name] for one in points)) for name in ("what", "year"))
    shapes = {"domain": years, "range": ["circle", "square", "triangle-up", "diamond", "cross"][: len(years)]}
    colours = {
        "domain": years,
        "range": [colour for colour, _dashes in SERIES[: len(years) - 1]] + [ACCENT] if len(years) > 1 else [ACCENT],
    }
    legend = {"title": None, "orient": "bottom", "columns": 5, "symbolSize": 110}
    of = {"field": "year", "type": "nominal", "sort": years, "legend": legend}
    encoding = {
        "y": {"field": "what", "type": "ordinal", "sort": whats, "title": None, "axis": {"labelLimit": 230, "grid": True}},
        "x": {"field": "at", "type": "quantitative", "title": "SMD", "scale": {"domain": [-0.6, 0.6]}, "axis": {"tickCount": 7}},
        "shape": of | {"scale": shapes},
        "color": of | {"scale": colours},
        "fillOpacity": {"field": "marked", "type": "nominal", "scale": {"domain": [False, True], "range": [0.0, 1.0]}, "legend": None},
    }
    dots = {"mark": {"type": "point", "size": 95, "strokeWidth": 1.8, "filled": False}, "encoding": encoding}
    dots["encoding"] = encoding | {"fill": of | {"scale": colours, "legend": None}}
    zero = {
        "data": {"values": [{"at": 0}]},
        "mark": {"type": "rule", "color": INK},
        "encoding": {"x": {"field": "at", "type": "quantitative"}},
    }
    specification = base(title) | {"width": 330, "height": {"step": 34}, "data": {"values": points}, "layer": [zero, dots]}
    said = "; ".join(f"{one['what']} {one['year']} {one['label']}" for one in points)
    return [
        Chart(slug(figure, (*key, ("", "differences"))), (figure, key), title, f"{about_key(key, words)}{title}. {said}.", specification)
    ]


def timeline(name: str, title: str, spans: Sequence[Specification], words: Words) -> Chart:
    """Spans of days, a row per treatment year, with a stroke at each target."""
    title = words.language(title)
    moments = list(dict.fromkeys(span["moment"] for span in spans))
    colours = {"domain": moments, "range": [ACCENT, "#b4532a", "#6a4c93", "#2f6db5", "#7a6a00"][: len(moments)]}
    legend = {"title": None, "orient": "bottom", "columns": 3, "symbolType": "square", "symbolSize": 150, "symbolStrokeWidth": 0}
    y = {"field": "year", "type": "ordinal", "title": None}
    colour = {"field": "moment", "type": "nominal", "sort": moments, "scale": colours, "legend": legend}
    opens = {"field": "opens", "type": "temporal", "title": None, "scale": {"nice": "year"}, "axis": {"format": "%Y", "tickCount": "year"}}
    layers = [
        {
            "mark": {"type": "bar", "height": 16, "opacity": 0.8},
            "encoding": {"y": y, "x": opens, "x2": {"field": "closes"}, "color": colour},
        },
        {"mark": {"type": "tick", "color": INK, "thickness": 2, "size": 24}, "encoding": {"y": y, "x": opens | {"field": "target"}}},
        {
            "mark": {"type": "text", "dy": -19, "color": INK, "fontSize": 12},
            "encoding": {"y": y, "x": opens | {"field": "target"}, "text": {"field": "code"}},
        },
    ]
    specification = base(title) | {"width": 780, "height": {"step": 52}, "data": {"values": list(spans)}, "layer": layers}
    said = "; ".join(f"{span['year']} {span['code']} {span['opens']} / {span['closes']}" for span in spans)
    return Chart(name, ("windows", ()), title, f"{title}. {said}.", specification)


def apart(rows: Iterable[Record]) -> list[tuple[Key, list[Record]]]:
    """Rows by the strata that are read one by one, in the order in which they first appear."""
    groups: dict[Key, list[Record]] = {}
    for row in rows:
        groups.setdefault(tuple((stratum, row.stratum[stratum]) for stratum in APART if row.stratum.get(stratum)), []).append(row)
    return list(groups.items())


def is_pooled(row: Record, *strata: str) -> bool:
    """Whether a row pools all values of these strata."""
    return all((row.stratum.get(stratum) or ALL) == ALL for stratum in strata)


def slug(figure: str, key: Iterable[tuple[str, str]]) -> str:
    """A name for addresses and files: letters, digits and hyphens only."""
    parts = [figure, *(code for _, code in key)]
    return "-".join("".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in part) for part in parts)


def about_key(key: Key, words: Words) -> str:
    """What a block is about, to begin a description with."""
    return "".join(f"{words.of(stratum, code)}. " for stratum, code in key if stratum != "measure")


def about(row: Record, *strata: str) -> tuple[str, ...]:
    return tuple(row.stratum.get(stratum, "") for stratum in strata)


def number(row: Record, cell: str) -> float | None:
    """The cell as a number to draw, None where there is none; drawing is the only use of a float."""
    found = row.cells.get(cell)
    return float(found) if found is not None and not isinstance(found, Missing) and formats.is_number(found) else None


def base(title: str) -> Specification:
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
