"""A signed token is written in one way only."""

from __future__ import annotations

import pytest

from beklijf_intake.domain.compact import MAXIMUM_CHARACTERS, NotCompact, Parts, parts_of


def test_header_and_payload_are_decoded() -> None:
    assert parts_of("e30.eyJhIjoxfQ.AAAA") == Parts(b"{}", b'{"a":1}')


@pytest.mark.parametrize(
    "token",
    ["", "e30.e30", "e30.e30.", "e30.e30.AAAA.AAAA", "e30=.e30.AAAA", "e30.e30.AAAA==", "e30.e30.AAAA\n", " e30.e30.AAAA", "e30.e3+.AAAA",
     "e31.e30.AAAA", "e30.e30.A", "e30.e30.AB", "e30.ｅ30.AAAA", "e30.e30." + "A" * MAXIMUM_CHARACTERS],
)  # fmt: skip
def test_every_other_way_is_refused(token: str) -> None:
    with pytest.raises(NotCompact):
        parts_of(token)
