"""Any figure becomes tables: apart by instrument and rule, folded by group and year, nothing left out unsaid."""

from __future__ import annotations

from beklijf_reporting.pages import tables
from beklijf_reporting.pages.vocabulary import Names
from beklijf_shared.events import Cell, Missing
from beklijf_shared.figures import Record
from tests.lib.snapshots import figure, golden, row

NAMES = Names(
    instruments={"vas-pain": "Visual analogue scale, pain"},
    moments={"t0": "Diagnostics", "t4": "Long term"},
    rules={"imsr-30-percent@1.0.0": "At least 30 % better"},
)


def test_the_limits_of_an_interval_are_one_column() -> None:
    section = tables.section(figure(row({"moment": "t4"}, rate="0.404", rate_low="0.382", rate_high="0.427")), NAMES)

    table = section.blocks[0].table
    assert [column.label for column in table.columns] == ["Rate", "95 % CI"]
    assert [cell.text for cell in table.lines[0].cells] == ["40.4 %", "38.2 to 42.7 %"]
    assert table.lines[0].heads == ("t4 Long term",)


def test_an_interval_with_a_hidden_limit_is_hidden() -> None:
    cells: dict[str, Cell] = {"mean-low": "1.5", "mean-high": Missing(suppressed=True)}

    section = tables.section(figure(Record(stratum={"moment": "t4"}, cells=cells)), NAMES)

    assert [cell.text for cell in section.blocks[0].table.lines[0].cells] == ["suppressed"]


def test_instruments_and_rules_stand_apart_and_years_fold_away() -> None:
    rows = [
        row({"group": group, "year": year, "instrument": "vas-pain", "moment": "t4", "rule": "imsr-30-percent@1.0.0"}, n=n)
        for group, year, n in [("all", "2012", 10), ("all", "all", 30), ("responders", "all", 20), ("responders", "2012", 7)]
    ]

    section = tables.section(figure(*rows, name="mcic"), NAMES)

    block = section.blocks[0]
    assert block.title == "Visual analogue scale, pain, At least 30 % better"
    assert [(line.heads, line.cells[0].text) for line in block.table.lines] == [(("t4 Long term",), "30")]
    assert [(table.caption.rpartition(", ")[2], [line.heads for line in table.lines]) for table in block.folded] == [
        ("by responders and non-responders", [("Responders", "t4 Long term")]),
        ("by treatment year", [("2012", "t4 Long term")]),
        ("by responders and non-responders and by treatment year", [("Responders", "2012", "t4 Long term")]),
    ]


def test_a_figure_that_nobody_knows_is_a_table_all_the_same() -> None:
    unknown = figure(row({"planet": "mars"}, green_men=12, odd="1.25"), name="little-green-men")

    section = tables.section(unknown, Names())

    assert section.about.title == "Little green men"
    assert [column.label for column in section.blocks[0].table.columns] == ["Green men", "Odd"]
    assert section.blocks[0].table.heads == ("Planet",)
    assert [cell.text for cell in section.blocks[0].table.lines[0].cells] == ["12", "1.25"]


def test_columns_of_zeros_are_left_out_and_named() -> None:
    section = tables.section(
        figure(row({"moment": "t0"}, responded=0, ineligible=0), row({"moment": "t4"}, responded=3, ineligible=0)), NAMES
    )

    table = section.blocks[0].table
    assert [column.label for column in table.columns] == ["Responded"]
    assert table.all_zero == ("Ineligible",)


def test_a_figure_without_rows_has_no_table() -> None:
    assert tables.section(figure(), NAMES).blocks == ()


def test_rows_of_one_group_stand_together() -> None:
    rows = [row({"year": year, "moment": moment}, n=1) for moment in ("t0", "t4") for year in ("2012", "2013")]

    lines = tables.section(figure(*rows), NAMES).blocks[0].table.lines

    assert [line.heads for line in lines] == [
        ("2012", "t0 Diagnostics"),
        ("2012", "t4 Long term"),
        ("2013", "t0 Diagnostics"),
        ("2013", "t4 Long term"),
    ]
    assert [line.is_repeat for line in lines] == [False, True, False, True]


def test_every_cell_of_every_golden_snapshot_has_words() -> None:
    for name in ("synthetic", "small-cells-suppressed", "no-data-yet"):
        for each in golden(name).figures:
            for block in tables.section(each, NAMES).blocks:
                for table in (block.table, *block.folded):
                    assert all(cell.text.strip() for line in table.lines for cell in line.cells)
