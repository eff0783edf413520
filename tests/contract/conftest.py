"""The HL7 reference validator, started once for all tests that ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.hl7 import Validator


@pytest.fixture(scope="session")
def validator() -> Iterator[Validator]:
    """The running validator."""
    running = Validator()
    yield running
    running.close()
