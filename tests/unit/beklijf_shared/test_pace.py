"""How long a loop rests: in proportion to its work, never long, and not while there is more."""

from __future__ import annotations

import pytest

from beklijf_shared import pace


@pytest.mark.parametrize(
    ("took", "full", "rest"),
    [(0.004, False, 0.008), (0.0, False, 0.0), (0.5, False, 0.1), (0.5, True, 0.0)],
)
def test_a_loop_rests_twice_as_long_as_it_worked_and_a_tenth_of_a_second_at_most(took: float, full: bool, rest: float) -> None:
    assert pace.rest_seconds(took, full=full) == pytest.approx(rest)
