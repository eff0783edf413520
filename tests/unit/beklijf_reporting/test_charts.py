"""Charts say what the rows say, draw gaps for what is hidden, and carry nothing that a browser would run."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from beklijf_reporting import charts
from beklijf_reporting.charts import Chart, Renderer
from beklijf_reporting.language import ENGLISH
from beklijf_shared.events import Missing
from beklijf_shared.figures import Record
from tests.lib.snapshots import figure, golden, row


class Codes:
    """Codes as they are: tests read them better."""

    language = ENGLISH

    def of(self, stratum: str, code: str) -> str:
        """A value of a stratum."""
        return code

    def label(self, code: str) -> str:
        """A cell."""
        return code


CODES = Codes()


def drawn(name: str = "synthetic") -> dict[str, Chart]:
    """The charts of a golden snapshot."""
    return dict(charts.by_name(golden(name).figures, CODES))


def test_a_snapshot_has_its_charts_by_name() -> None:
    assert list(drawn()) == [
        "response-year",
        "response-states",
        "trajectories-vas-pain-intensity-group",
        "trajectories-vas-pain-intensity-year",
        "mcic-vas-pain-imsr-30-percent-1-0-0-year",
        "mcic-vas-pain-imsr-30-percent-1-0-0-states",
        "mcic-vas-pain-ostelo-2008-1-0-0-year",
        "mcic-vas-pain-ostelo-2008-1-0-0-states",
        "lasting-vas-pain-imsr-30-percent-1-0-0-states",
        "lasting-vas-pain-ostelo-2008-1-0-0-states",
    ]


def test_the_band_is_the_interval_of_the_row_and_the_label_its_rounding() -> None:
    rows = [row({"year": "all", "moment": "t0"}, mean="45.25", mean_low="44.5", mean_high="46", n=9)]

    (chart,) = charts.by_name([figure(*rows, name="trajectories")], CODES).values()

    band, thick, labels = chart.specification["layer"]
    assert band["data"]["values"] == [{"moment": "t0", "at": 45.25, "low": 44.5, "high": 46.0, "label": "45.3"}]
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert thick["encoding"]["y"]["field"] == "at"
    assert labels["encoding"]["text"]["field"] == "label"
    assert chart.description == "Mean score: everyone, and by treatment year. Everyone: t0 45.3."


def test_a_hidden_mean_is_a_gap_and_said_to_have_no_number() -> None:
    seen = row({"year": "all", "moment": "t0"}, mean="45.25", mean_low="44.5", mean_high="46")
    hidden = Record(stratum={"year": "all", "moment": "t1"}, cells={name: Missing(suppressed=True) for name in seen.cells})

    (chart,) = charts.by_name([figure(seen, hidden, name="trajectories")], CODES).values()

    assert [point["at"] for point in chart.specification["layer"][1]["data"]["values"]] == [45.25, None]
    assert chart.description.endswith("Everyone: t0 45.3; t1 no number.")


def test_a_bar_with_a_hidden_part_is_not_drawn() -> None:
    whole = row({"year": "all", "moment": "t0"}, responded=40, awaiting=0, no_response=3)
    hidden = Record(stratum={"year": "all", "moment": "t1"}, cells={**whole.cells, "no-response": Missing(suppressed=True)})

    chart = charts.by_name([figure(whole, hidden)], CODES)["response-states"]

    assert {part["bar"] for part in chart.specification["data"]["values"]} == {"t0"}
    assert chart.description == "Every episode of the cohort. t0: responded 40, awaiting 0, no-response 3."


def test_who_has_no_verdict_is_drawn_beside_who_has() -> None:
    chart = drawn()["mcic-vas-pain-imsr-30-percent-1-0-0-states"]

    states = [part["state"] for part in chart.specification["data"]["values"] if part["bar"] == "t4"]

    assert states == ["improved", "unchanged", "deteriorated", "not-evaluable", "no-baseline", "not-scorable", "no-response", "awaiting"]


def test_nothing_hidden_reaches_a_chart() -> None:
    for chart in drawn("small-cells-suppressed").values():
        assert "suppressed" not in json.dumps(chart.specification)


def test_a_specification_calculates_nothing() -> None:
    for chart in drawn().values():
        assert "aggregate" not in json.dumps(chart.specification)
        assert "transform" not in json.dumps(chart.specification)


@pytest.fixture(scope="module")
def svg() -> str:
    return charts.render(drawn()["trajectories-vas-pain-intensity-group"].specification, ENGLISH)


def test_the_picture_is_svg_with_a_role_and_without_style_or_script(svg: str) -> None:
    root = ET.fromstring(svg)

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert all(not element.tag.endswith(("}script", "}style", "}foreignObject", "}image")) for element in root.iter())
    assert all(not name.startswith("on") and name != "style" for element in root.iter() for name in element.attrib)


def test_a_hostile_title_stays_text() -> None:
    hostile = row({"year": "all", "moment": '<script>alert("1")</script>'}, mean="1", mean_low="0", mean_high="2")
    (chart,) = charts.by_name([figure(hostile, name="trajectories")], CODES).values()

    root = ET.fromstring(charts.render(chart.specification, ENGLISH))

    assert all(not element.tag.endswith("}script") for element in root.iter())


def test_a_chart_is_rendered_once_per_version(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Any] = []
    monkeypatch.setattr(charts, "render", lambda specification, language: rendered.append(specification) or "<svg/>")
    renderer = Renderer()
    chart = drawn()["response-year"]

    for version in ("1", "1", "2", "2"):
        renderer.svg(("imsr", version, chart.name), lambda: chart, ENGLISH)

    assert len(rendered) == 2
