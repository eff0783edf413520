"""Figures by name: what is written as columns is read back as rows."""

from __future__ import annotations

import msgspec
import pytest

from beklijf_shared.events import Figure, Missing
from beklijf_shared.figures import ABSENT, SUPPRESSED, Record, cell, figure_of, records

ROWS = (
    Record({"year": "2012", "moment": "t1"}, {"n": 12, "mean": "3.5"}),
    Record({"year": "all", "moment": "t1"}, {"n": Missing(suppressed=True), "mean": Missing(reason="none"), "worst": "0.25"}),
)
FIGURE = figure_of("trajectories", "completed", "n", ROWS)


def test_names_stand_once_and_a_row_is_two_arrays() -> None:
    assert msgspec.json.decode(msgspec.json.encode(FIGURE)) == {
        "name": "trajectories",
        "population": "completed",
        "denominator": "n",
        "strata": ["year", "moment"],
        "columns": ["n", "mean", "worst"],
        "rows": [
            [["2012", "t1"], [12, "3.5", {}]],
            [["all", "t1"], [{"suppressed": True}, {"reason": "none"}, "0.25"]],
        ],
    }


def test_what_was_written_is_read_back() -> None:
    read = msgspec.json.decode(msgspec.json.encode(FIGURE), type=Figure)

    assert read == FIGURE
    assert records(read) == ROWS


def test_a_number_is_found_by_some_of_its_strata() -> None:
    assert cell(FIGURE, {"year": "2012"}, "mean") == "3.5"
    assert cell(FIGURE, {"year": "2012", "moment": "t1"}, "worst") == ABSENT
    assert cell(FIGURE, {"year": "all"}, "n") == Missing(suppressed=True)


def test_a_row_in_which_everything_is_suppressed_travels_without_numbers() -> None:
    hidden = Record({"year": "2012"}, {"n": SUPPRESSED, "mean": SUPPRESSED})
    figure = figure_of("trajectories", "completed", "n", (hidden, Record({"year": "all"}, {"n": 12, "mean": SUPPRESSED})))

    assert msgspec.json.decode(msgspec.json.encode(figure.rows)) == [[["2012"], []], [["all"], [12, {"suppressed": True}]]]
    assert records(figure)[0] == hidden
    assert cell(figure, {"year": "2012"}, "mean") == SUPPRESSED


@pytest.mark.parametrize(
    ("stratum", "column", "said"),
    [
        ({"year": "2013"}, "n", "0 rows"),
        ({"moment": "t1"}, "n", "2 rows"),
        ({"planet": "mars"}, "n", "not by planet"),
        ({"year": "2012"}, "sd", "no column sd"),
    ],
)
def test_what_is_not_there_is_said(stratum: dict[str, str], column: str, said: str) -> None:
    with pytest.raises(LookupError, match=said):
        cell(FIGURE, stratum, column)
