"""A study's printed numbers as data: what cannot be compared is refused, with the row's name."""

from __future__ import annotations

import pytest

from beklijf_domain import study
from beklijf_domain.document import ContractError, Document

ROW = {
    "id": "table1-invited",
    "table": "1",
    "path": "response/year=2012/moment=t4/cohort",
    "unit": "number",
    "printed": "433",
    "comparator": "equal",
    "ours": "",
    "reason": "",
    "source": "Table 1",
}


def read(*rows: dict[str, str]) -> study.Study:
    """A study of these rows."""
    return study.read(Document("studies/x/study.toml", {"code": "x", "title": "X", "citation": "Somebody, somewhere"}), rows)


def test_a_row_says_where_ours_is() -> None:
    (row,) = read(ROW).printed

    assert (row.place.figure, dict(row.place.stratum), row.place.cell) == ("response", {"year": "2012", "moment": "t4"}, "cohort")
    assert (row.printed, row.comparator, row.unit) == ("433", "equal", "number")


def test_within_says_how_many_points() -> None:
    (row,) = read(ROW | {"comparator": "within 1.0", "unit": "percent"}).printed

    assert (row.comparator, str(row.points)) == ("within", "1.0")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"unit": "metres"}, "'metres' or 'equal' is not known"),
        ({"comparator": "nearly"}, "'number' or 'nearly' is not known"),
        ({"comparator": "within"}, "only 'within' needs a number of points"),
        ({"comparator": "equal 2"}, "only 'within' needs a number of points"),
        ({"comparator": "less-than", "printed": "yes"}, "'yes' is not a number"),
        ({"comparator": "contradicted", "ours": "4"}, "ours and reason belong to what is contradicted"),
        ({"ours": "4", "reason": "because"}, "ours and reason belong to what is contradicted"),
        ({"path": "response/2012/cohort"}, "is no path"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(change: dict[str, str], problem: str) -> None:
    with pytest.raises(ContractError, match=problem) as refused:
        read(ROW | change)

    assert "table1-invited" in str(refused.value)


def test_an_id_is_there_once() -> None:
    with pytest.raises(ContractError, match="table1-invited: is there twice"):
        read(ROW, ROW)
