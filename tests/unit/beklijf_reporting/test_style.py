"""The style sheet: contrast that everybody can read (WCAG 2.2 AA), nothing from elsewhere, and a page that prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beklijf_reporting import charts, pages

SHEET = (Path(pages.__file__).parent / "static" / "beklijf.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", SHEET))
TEXT_RATIO = 4.5
LINE_RATIO = 3.0


def luminance(colour: str) -> float:
    """Relative luminance by WCAG."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    """Contrast ratio by WCAG, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_right() -> None:
    assert round(ratio("#ffffff", "#000000"), 6) == 21
    assert round(ratio("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (COLOURS["ink"], COLOURS["paper"]),
        (COLOURS["ink"], COLOURS["accent-soft"]),
        (COLOURS["faint"], COLOURS["paper"]),
        (COLOURS["faint"], COLOURS["card"]),
        (COLOURS["faint"], COLOURS["accent-soft"]),
        (COLOURS["accent"], COLOURS["paper"]),
        (COLOURS["accent"], COLOURS["card"]),
        (COLOURS["warn"], COLOURS["warn-soft"]),
        ("#ffffff", COLOURS["accent"]),
        ("#d7ebe8", COLOURS["accent"]),
        ("#c3d0d4", COLOURS["ink"]),
        ("#66747b", COLOURS["card"]),
    ],
)
def test_text_can_be_read(text: str, ground: str) -> None:
    assert text in SHEET or text == "#ffffff"
    assert ratio(text, ground) >= TEXT_RATIO


@pytest.mark.parametrize("colour", [charts.ACCENT, *(colour for colour, _ in charts.SERIES)])
def test_lines_of_charts_can_be_seen(colour: str) -> None:
    assert ratio(colour, charts.PAPER) >= LINE_RATIO


def test_lines_differ_by_more_than_colour() -> None:
    assert len({tuple(dashes) for _, dashes in charts.SERIES}) == len(charts.SERIES)


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET


def test_a_printed_page_opens_what_is_folded_and_leaves_out_what_cannot_be_clicked() -> None:
    printed = SHEET.partition("@media print")[2]

    assert "details::details-content { content-visibility: visible;" in printed
    assert ".contents, .skip, .download, .button, .site, .tongues { display: none; }" in printed


def test_the_focus_can_be_seen() -> None:
    assert ":focus-visible { outline: 3px solid" in SHEET
