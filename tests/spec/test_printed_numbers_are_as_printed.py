"""The printed numbers, from a copy of the article's tables that is the test's own: whoever changes what ours is held against is noticed.

`contracts/studies/imsr/printed.csv` is data, and `make demo` and the page believe it. This copy was typed off the article apart from it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beklijf_shared import contracts

HERE = Path(__file__).parent / "as_printed"
INSTRUMENTS = {"age_years": "age", "vas": "vas-pain", "qbpds": "qbpds"}
GROUPS = {"responder": "responders", "nonresponder": "non-responders", "resp": "responders", "nonresp": "non-responders"}
MONTHS = {"0": "t0", "2": "t1", "5": "t2", "14": "t3", "15": "t3"}

Printed = tuple[str, str, str]
"""Table, path, text."""


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table1() -> Iterator[Printed]:
    for row in rows("table1_response_by_year"):
        at = f"year={row['year']}/moment=t4"
        yield "1", f"response/{at}/cohort", row["invited_n"]
        yield "1", f"response/{at}/responded", row["responded_n"]
        yield "1", f"response/{at}/rate", row["responded_pct_printed"]
        for sex in ("female", "male"):
            yield "1", f"response-by-sex/{at}/sex={sex}/invited-share", row[f"invited_{sex}_pct"]
            answered = row.get(f"responded_{sex}_pct") or row[f"responded_{sex}_pct_printed"]
            yield "1", f"response-by-sex/{at}/sex={sex}/responded-share", answered


def table2() -> Iterator[Printed]:
    for row in rows("table2_responders_vs_nonresponders"):
        measure, _, moment = row["measure"].rpartition("_") if row["measure"] != "age_years" else ("age_years", "", "t0")
        instrument = INSTRUMENTS[measure]
        yield "2", f"groups/year={row['year']}/instrument={instrument}/moment={moment}/significant", row["printed_significant"]
        for short in ("resp", "nonresp"):
            at = f"trajectories/group={GROUPS[short]}/year={row['year']}/instrument={instrument}/moment={moment}"
            cells = ("mean", "sd") if instrument == "age" else ("n", "mean", "sd")  # for age the n are those of the groups
            for cell in cells:
                yield "2", f"{at}/{cell}", row[f"{short}_{cell}"]


def table4() -> Iterator[Printed]:
    for row in rows("table4_means"):
        at = f"group={GROUPS[row['group']]}/year={row['year']}/instrument={INSTRUMENTS[row['instrument']]}"
        moment = MONTHS.get(row["months_since_t0"], "t4")
        for cell in ("n", "mean", "sd"):
            yield "4", f"trajectories/{at}/moment={moment}/{cell}", row[cell]


def table5() -> Iterator[Printed]:
    columns = {"total": "all", "y2012": "2012", "y2013": "2013", "y2014": "2014", "y2015": "2015"}
    for row in rows("table5_gpe"):
        for column, year in columns.items():
            yield "5", f"gpe/year={year}/t1={row['gpe6_end_of_treatment']}/t4={row['gpe3_long_term']}/count".replace("_", "-"), row[column]
    for row in rows("table5_gpe6_marginals"):
        for column, year in columns.items():
            yield "5", f"gpe/year={year}/t1={row['gpe6_end_of_treatment']}/t4=any/count".replace("_", "-"), row[column]


@pytest.mark.parametrize(("table", "count"), [(table1, 28), (table2, 132), (table4, 216), (table5, 120)], ids=["1", "2", "4", "5"])
def test_what_we_are_held_against_is_what_was_printed(table: Callable[[], Iterator[Printed]], count: int) -> None:
    expected = list(table())
    with (contracts.shipped_folder() / "studies" / "imsr" / "printed.csv").open(encoding="utf-8", newline="") as file:
        held = {(row["table"], row["path"]): row["printed"] for row in csv.DictReader(file)}

    differing = [(where, path, text, held.get((where, path))) for where, path, text in expected if held.get((where, path)) != text]

    assert differing == []
    assert len(expected) == count
