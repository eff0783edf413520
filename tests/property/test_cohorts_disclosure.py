"""The attacker: whoever adds and subtracts all that is open gets nothing back that is hidden (M37)."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from beklijf_cohorts.domain.disclosure import Dimension, Line, Protected, Table, block, protect

COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 60), st.just(0))


def tables(draw: st.DrawFn, *sizes: int, about_answers: bool = False) -> Table:
    """A table of any dimensions with all its margins."""
    inner = np.array(draw(st.lists(COUNTS, min_size=int(np.prod(sizes)), max_size=int(np.prod(sizes))))).reshape(sizes)
    for axis in range(len(sizes)):
        inner = np.concatenate([inner, inner.sum(axis=axis, keepdims=True)], axis=axis)
    names = {place: "/".join(place) for place in (tuple(map(str, index)) for index in np.ndindex(inner.shape))}
    dimensions = [
        Dimension(tuple(map(str, range(size))), str(size), about_answers and axis == len(sizes) - 1, axis == len(sizes) - 1)
        for axis, size in enumerate(sizes)
    ]
    return Table(block(dimensions, names), {names[tuple(map(str, index))]: int(inner[index]) for index in np.ndindex(inner.shape)})


@st.composite
def any_tables(draw: st.DrawFn) -> Table:
    sizes = draw(st.sampled_from(((2, 2), (4, 3), (5, 6), (4, 2, 3), (3, 3, 4))))
    return tables(draw, *sizes, about_answers=draw(st.booleans()))


def known_to_all(table: Table, protected: Protected) -> set[str]:
    """The hidden counts that have one possible value, by linear algebra over the reals: apart from how the code looks for them."""
    holes = sorted(protected.hidden)
    rows = []
    for line in table.lines:
        row = [float(name in line.parts) - float(name == line.total) for name in holes]
        if any(row):
            rows.append(row)
    if not rows:
        return set()
    _, values, directions = np.linalg.svd(np.array(rows))
    null_space = directions[int((values > 1e-9).sum()) :]
    free = np.abs(null_space).max(axis=0) > 1e-7 if len(null_space) else np.zeros(len(holes), dtype=bool)
    return {name for name, is_free in zip(holes, free, strict=True) if not is_free}


@settings(max_examples=150, deadline=None)
@given(any_tables(), st.sampled_from((3, 10)))
def test_no_hidden_cell_follows_from_what_is_open(table: Table, k: int) -> None:
    protected = protect([table], k)

    assert known_to_all(table, protected) == set()


@settings(max_examples=150, deadline=None)
@given(any_tables(), st.sampled_from((3, 10)))
def test_everything_small_is_hidden_or_nobody(table: Table, k: int) -> None:
    protected = protect([table], k)

    assert {name for name, count in table.counts.items() if count < k} <= protected.hidden | protected.none
    assert all(holes(line, protected) != 1 for line in table.lines)
    for line in table.lines:
        if line.about_answers and line.total not in protected.hidden | protected.none and holes(line, protected):
            shown = sum(table.counts[part] for part in line.parts if part not in protected.hidden)
            assert shown < table.counts[line.total], "what is left for the holes is not zero"


def holes(line: Line, protected: Protected) -> int:
    return sum(name in protected.hidden for name in (*line.parts, line.total))


@settings(max_examples=50, deadline=None)
@given(any_tables())
def test_protection_is_a_function_of_the_counts(table: Table) -> None:
    assert protect([table], 10) == protect([table], 10)
    assert protect([table], 1).hidden == frozenset()
