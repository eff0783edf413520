"""How far apart snapshots are: close on a quiet machine, far on a busy one."""

from __future__ import annotations

import pytest

from beklijf_cohorts.publisher import pause_seconds


@pytest.mark.parametrize(
    ("took", "processor", "pause"),
    [
        (0.040, 0.040, 0.080),  # the machine is ours
        (0.120, 0.040, 0.720),  # two others want it as well
        (0.600, 0.060, 1.0),
        (0.004, 0.004, 0.02),
        (0.004, 0.0, 0.02),  # shorter than the clock of processors is fine
    ],
)
def test_snapshots_are_the_farther_apart_the_busier_the_machine(took: float, processor: float, pause: float) -> None:
    assert pause_seconds(took, processor) == pytest.approx(pause)
