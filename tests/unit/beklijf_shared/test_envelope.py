"""Whatever stands in a record, it is read or undecodable with a reason: were it an error of another kind, it would come again for ever."""

from __future__ import annotations

import pytest

from beklijf_shared import envelope
from tests.lib.poison import BAD, changed, record


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_says_why_and_nothing_of_its_content(case: str) -> None:
    given, reason = BAD[case]

    with pytest.raises(envelope.Undecodable) as raised:
        envelope.decode(given)

    assert str(raised.value) == reason


def test_the_greatest_version_that_a_bigint_holds_is_read() -> None:
    assert envelope.decode(record(changed(b'"version":1', b'"version":9223372036854775807'))).version == 9223372036854775807
