"""Figures of a few episodes, by hand; and what a snapshot may weigh and show."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from typing import Any

import pytest

from beklijf_cohorts import hearing, telling
from beklijf_cohorts.domain import snapshot
from beklijf_cohorts.domain.cells import Plan
from beklijf_cohorts.domain.derive import derive
from beklijf_cohorts.domain.disclosure import DoesNotAddUp
from beklijf_cohorts.settings import SNAPSHOT_MAXIMUM_BYTES
from beklijf_shared.events import EpisodeScored, encode
from tests.lib.scored import INSTRUMENTS, MOMENTS, history, scored

DAY = date(2020, 3, 2)
T0, T1, T4 = ("t0", "vas-pain"), ("t1", "vas-pain"), ("t4", "vas-pain")
RULE = "imsr-30-percent@1.0.0"
NO_COUNTS = ("sum", "squares", "scale", "margin-percent", "years", "needed")
"""Integers that are not numbers of episodes."""


def cells(plan: Plan, episodes: list[EpisodeScored], day: date = DAY) -> Counter[str]:
    total: Counter[str] = Counter()
    for event in episodes:
        total.update(derive(hearing.facts_of(event).episode, day, plan).cells)
    return total


def row(figures: tuple[snapshot.ShownFigure, ...], name: str, **stratum: str) -> dict[str, Any]:
    (found,) = (row for figure in figures if figure.name == name for row in figure.rows if stratum.items() <= row.stratum.items())
    return {cell: "suppressed" if shown.suppressed else shown.reason or shown.value for cell, shown in found.cells.items()}


@pytest.fixture(scope="module")
def few(plan: Plan) -> tuple[snapshot.ShownFigure, ...]:
    """Four episodes of 2014, one of 2015."""
    episodes = [
        scored("a", {T0: 50, T1: 30, T4: 20}),
        scored("b", {T0: 60, T1: 60, T4: 30}),
        scored("c", {T0: 0, T1: 10}),
        scored("d", {T0: 80}),
        scored("e", {T0: 40, T1: 20, T4: 40}, t0="2015-03-03"),
    ]
    return snapshot.figures(plan, cells(plan, episodes), 1)


def test_response(few: tuple[snapshot.ShownFigure, ...]) -> None:
    found = row(few, "response", year="2014", moment="t4")

    assert (found["cohort"], found["responded"], found["no-response"], found["due"], found["closed"]) == (4, 2, 2, 4, 4)
    assert (found["rate"], found["rate-low"], found["rate-high"]) == ("0.5", "0.15003898915215", "0.84996101084785")


def test_trajectories(few: tuple[snapshot.ShownFigure, ...]) -> None:
    everyone = row(few, "trajectories", group="all", year="all", instrument="vas-pain", moment="t0")
    silent = row(few, "trajectories", group="non-responders", year="2014", instrument="vas-pain", moment="t0")

    assert (everyone["n"], everyone["sum"], everyone["squares"], everyone["mean"]) == (5, 230, 14100, "46")
    assert (everyone["sd"], everyone["median"]) == ("29.6647939483827", "50")
    assert (silent["n"], silent["mean"], silent["q1"]) == (2, "40", "20")


def test_changes(few: tuple[snapshot.ShownFigure, ...]) -> None:
    found = row(few, "changes", group="responders", year="all", instrument="vas-pain", moment="t4")

    assert (found["n"], found["sum"], found["mean"]) == (3, -60, "-20")


def test_pairs(few: tuple[snapshot.ShownFigure, ...]) -> None:
    found = row(few, "pairs", year="2014", instrument="vas-pain", moment="t1")

    assert (found["episodes"], found["paired"], found["no-response"]) == (4, 3, 1)


def test_mcic_and_its_bounds(few: tuple[snapshot.ShownFigure, ...]) -> None:
    found = row(few, "mcic", group="all", year="2014", instrument="vas-pain", moment="t1", rule=RULE)

    assert (found["n"], found["improved"], found["unchanged"], found["not-evaluable"]) == (3, 1, 1, 1)
    assert found["share"] == "0.5"
    assert (found["worst"], found["best"]) == ("0.333333333333333", "0.666666666666667"), "d has no verdict; c could have none"


def test_m28_a_known_baseline_of_zero_is_in_no_bound_of_a_relative_rule(plan: Plan) -> None:
    figures = snapshot.figures(plan, cells(plan, [scored("a", {T0: 50, T1: 30}), scored("z", {T0: 0})]), 1)

    relative = row(figures, "mcic", group="all", year="all", instrument="vas-pain", moment="t1", rule=RULE)
    absolute = row(figures, "mcic", group="all", year="all", instrument="vas-pain", moment="t1", rule="ostelo-2008@1.0.0")
    assert (relative["worst"], relative["best"]) == ("1", "1")
    assert (absolute["worst"], absolute["best"]) == ("0.5", "1")


def test_lasting(few: tuple[snapshot.ShownFigure, ...]) -> None:
    for group in ("all", "responders"):
        found = row(few, "lasting", group=group, year="all", instrument="vas-pain", rule=RULE)

        assert [found[how] for how in ("n", "sustained", "relapsed", "late", "never")] == [3, 1, 1, 1, 0]
        assert (found["share"], found["p"], found["significant"]) == ("0.5", "1", "no")


def test_nobody_at_all_is_none_everywhere(plan: Plan) -> None:
    figures = snapshot.figures(plan, Counter(), 1)

    assert row(figures, "flow", year="all")["registered"] == 0
    assert row(figures, "response", year="all", moment="t4")["rate"] == "none"
    assert [figure.name for figure in figures if not figure.rows] == [
        "response-by-sex",
        "trajectories",
        "groups",
        "between-years",
        "changes",
        "pairs",
        "mcic",
        "lasting",
        "gpe",
        "care-use",
        "care-use-change",
    ]


def test_cells_that_contradict_each_other_give_no_snapshot(plan: Plan) -> None:
    broken = cells(plan, [scored("a", {T0: 50})])
    broken["m|2014|t1|awaiting"] += 1

    with pytest.raises(DoesNotAddUp):
        snapshot.figures(plan, broken, 1)


@pytest.mark.parametrize("k", [1, 10])
def test_a_snapshot_of_the_size_of_the_study_fits_in_one_message(plan: Plan, k: int) -> None:
    rnd = random.Random(7)
    episodes = [
        scored(
            f"e{number}",
            {(moment, instrument): rnd.randrange(101) for moment in MOMENTS for instrument in INSTRUMENTS if rnd.random() < 0.8},
            t0=f"{rnd.choice((2012, 2013, 2014, 2015))}-0{rnd.randrange(1, 10)}-1{rnd.randrange(10)}",
        )
        for number in range(1814)
    ]

    body = encode(telling.snapshot(plan, plan.cohort, snapshot.figures(plan, cells(plan, episodes), k), DAY, 0))

    assert len(body) < SNAPSHOT_MAXIMUM_BYTES


@pytest.mark.parametrize("seed", range(4))
def test_no_number_below_k_and_nothing_derived_from_one_is_shown(plan: Plan, seed: int) -> None:
    rnd = random.Random(seed)
    total = cells(plan, [history(rnd, f"e{number}") for number in range(rnd.choice((8, 60, 300)))], date(2016, 6, 1))

    figures = snapshot.figures(plan, total, 10)

    shown = [(figure.name, row.stratum, name, cell) for figure in figures for row in figure.rows for name, cell in row.cells.items()]
    counts = [entry for entry in shown if isinstance(entry[3].value, int) and entry[0] != "protocol" and entry[2] not in NO_COUNTS]
    assert [entry for entry in counts if int(entry[3].value or 0) < 10] == []
    for figure in figures:
        for each in figure.rows:
            n = each.cells.get("n")
            if n is not None and n.suppressed:
                assert all(cell.suppressed for name, cell in each.cells.items() if name in ("mean", "sd", "sum", "share", "p", "median"))
