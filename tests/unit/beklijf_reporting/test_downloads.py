"""CSV carries the snapshot's own numbers, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from beklijf_reporting import downloads
from beklijf_shared.events import Cell, Missing
from beklijf_shared.figures import Record
from tests.lib.snapshots import figure, golden, row


def read(text: str) -> list[dict[str, str]]:
    """The lines of a CSV by column."""
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_numbers_are_not_rounded_and_say_what_they_rest_on() -> None:
    snapshot = golden()
    rate = row({"year": "all", "moment": "t4"}, rate="0.404630650496141", responded=734)

    lines = read(downloads.table(snapshot, figure(rate)))

    assert lines == [
        {
            "cohort": "imsr",
            "data_date": "2026-11-22",
            "definition": snapshot.definition_hash,
            "population": "completed",
            "denominator": "due",
            "year": "all",
            "moment": "t4",
            "rate": "0.404630650496141",
            "responded": "734",
        }
    ]


def test_what_is_no_number_is_a_word() -> None:
    cells: dict[str, Cell] = {"n": Missing(suppressed=True), "sd": Missing(reason="fewer-than-two"), "mean": "-3.5"}

    lines = read(downloads.table(golden(), figure(Record(stratum={"year": "2012"}, cells=cells))))

    assert (lines[0]["n"], lines[0]["sd"], lines[0]["mean"]) == ("suppressed", "(fewer than two)", "-3.5")


@pytest.mark.parametrize("evil", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "|x", "%x"])
def test_nothing_begins_like_a_formula(evil: str) -> None:
    snapshot = msgspec.structs.replace(golden(), definition_hash=evil)

    lines = read(downloads.table(snapshot, figure(row({evil: evil}, n=1), name="flow")))

    assert lines[0]["definition"] == f"'{evil}"
    assert lines[0][f"'{evil}"] == f"'{evil}"


def test_a_cell_that_a_row_does_not_have_is_empty() -> None:
    lines = read(downloads.table(golden(), figure(row({"year": "2012"}, n=1), row({"year": "2013"}, m=2))))

    assert [(line["n"], line["m"]) for line in lines] == [("1", ""), ("", "2")]
