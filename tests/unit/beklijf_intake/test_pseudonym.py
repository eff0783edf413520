"""What leaves in the place of an identifier (contracts/decisions/0010)."""

from __future__ import annotations

import pytest

from beklijf_intake.domain.pseudonym import tie_break

KEY = b"sixteen bytes or"


def test_tie_break_is_a_function_of_key_system_and_value() -> None:
    one = tie_break(KEY, "https://example.org/answer", "17")

    assert one == "85abccf828a4b7ca69c96900b2e6ffa5a9447c2292af31f0599fe274549693ac"  # by another program: openssl dgst -sha256 -hmac
    assert one != tie_break(b"another key, as long", "https://example.org/answer", "17")
    assert one != tie_break(KEY, "https://example.org/answer", "18")


def test_a_key_that_could_be_tried_out_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        tie_break(b"short", "a", "b")
