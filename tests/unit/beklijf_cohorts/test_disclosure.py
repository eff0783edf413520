"""What is hidden for k = 10, by hand (M37)."""

from __future__ import annotations

import pytest

from beklijf_cohorts.domain.disclosure import Dimension, DoesNotAddUp, Line, Table, block, derivable, protect


def table(rows: dict[str, tuple[int, ...]], columns: str, *, about_answers: bool = False, virtual: str = "") -> Table:
    """Years by columns, with margins; a count's name is year and column."""
    years, names = tuple(rows), (*columns, "T")
    counts = {f"{year}{column}": value for year, values in rows.items() for column, value in zip(columns, values, strict=True)}
    counts |= {f"all{column}": sum(counts[f"{year}{column}"] for year in years) for column in columns}
    counts |= {f"{year}T": sum(counts[f"{year}{column}"] for column in columns) for year in (*years, "all")}
    places = {(year, column): f"{year}{column}" for year in (*years, "all") for column in names}
    dimensions = (Dimension(years, "all"), Dimension(tuple(columns), "T", about_answers, denominator=True))
    return Table(block(dimensions, places), counts, frozenset(f"{year}{column}" for year in (*years, "all") for column in virtual))


def test_k_of_one_hides_nothing() -> None:
    assert protect([table({"12": (0, 3)}, "ab")], 1).hidden == frozenset()


def test_nothing_small_hides_nothing() -> None:
    assert protect([table({"12": (20, 30), "13": (40, 10)}, "ab")], 10).hidden == frozenset()


def test_one_small_cell_takes_three_more_with_it() -> None:
    hidden = protect([table({"12": (3, 30, 40), "13": (50, 60, 70), "14": (80, 90, 99)}, "abc")], 10).hidden

    assert hidden == {"12a", "12b", "13a", "13b"}, "the smallest beside it in its row and in its column, and where those cross"


def test_the_first_is_taken_on_ties() -> None:
    hidden = protect([table({"12": (3, 30, 30), "13": (40, 40, 40)}, "abc")], 10).hidden

    assert hidden == {"12a", "12b", "13a", "13b"}


def test_zero_is_small_but_nobody_in_the_denominator_is_none() -> None:
    protected = protect([table({"12": (0, 40, 40), "13": (20, 30, 40), "14": (0, 0, 0)}, "abc")], 10)

    assert {"12a", "13a"} <= protected.hidden
    assert protected.none == {"14a", "14b", "14c", "14T"}


def test_of_answers_the_complement_is_protected_too() -> None:
    of_answers = protect([table({"12": (45, 3), "13": (50, 50)}, "ab", about_answers=True)], 10).hidden
    of_response = protect([table({"12": (45, 0), "13": (50, 50)}, "ab")], 10).hidden

    assert {"12a", "12b"} <= of_answers
    assert {"12a", "12b"} <= of_response, "one hole takes the other in a table of two"


def test_holes_that_can_only_be_zero_take_one_more() -> None:
    hidden = protect([table({"12": (40, 30, 0, 0), "13": (40, 30, 20, 20)}, "abcd", about_answers=True)], 10).hidden

    assert {"12b", "12c", "12d"} <= hidden


def test_a_count_that_is_never_shown_is_protected_when_small_and_nothing_when_zero() -> None:
    small = protect([table({"12": (40, 30, 3), "13": (40, 30, 20)}, "abn", virtual="n")], 10).hidden
    zero = protect([table({"12": (40, 30, 0), "13": (40, 30, 0)}, "abn", virtual="n")], 10).hidden

    assert "12b" in small
    assert zero == frozenset()


def test_a_count_that_stands_in_two_tables_is_hidden_in_both() -> None:
    first = Table((Line(("x", "y"), "s"),), {"x": 4, "y": 40, "s": 44})
    second = Table((Line(("y", "z", "w"), "t"),), {"y": 40, "z": 50, "w": 60, "t": 150})

    assert protect([first, second], 10).hidden == {"x", "y", "z"}


def test_lines_that_give_back_a_hole_only_together_are_seen() -> None:
    lines = (Line(("a", "b"), "s"), Line(("a", "b", "c"), "t"))

    assert derivable(lines, {"a", "b", "c"}) == {"c"}


def test_counts_that_contradict_each_other_are_not_published() -> None:
    with pytest.raises(DoesNotAddUp):
        protect([Table((Line(("a", "b"), "t"),), {"a": 1, "b": 2, "t": 4})], 1)
