"""The iMSR population, and episodes as cohorts sees them."""

from __future__ import annotations

import pytest

from beklijf_cohorts import usecases
from beklijf_cohorts.domain.cells import Plan
from beklijf_shared import contracts


@pytest.fixture(scope="session")
def plan() -> Plan:
    """What the shipped contracts ask to be counted."""
    (only,) = usecases.planned(contracts.load()).by_population.values()
    return only
