"""How often the gate for the citizen service number is shut on something else: counted, per kind, of ten thousand each.

Only nine digits that stand free can be taken for one. One in eleven of them passes the eleven-test by chance: those are refused on
purpose, and the sender is told where; everything else that looks real passes.
"""

from __future__ import annotations

from random import Random

import pytest

from beklijf_intake.domain import bsn
from tests.lib import real_looking

OF = 10_000
ALARMS = {
    "order numbers of nine digits": 924,
    "UZI numbers in a text": 918,
    "RSIN numbers in a text": 10_000,  # they obey the same test
}


@pytest.mark.parametrize("kind", real_looking.TEXTS)
def test_the_rate_in_texts(kind: str) -> None:
    chance = Random(f"beklijf {kind}")
    texts = [real_looking.TEXTS[kind](chance) for _ in range(OF)]

    assert sum(map(bsn.holds_one, texts)) == ALARMS.get(kind, 0)


@pytest.mark.parametrize("kind", real_looking.IDENTIFIERS)
def test_an_identifier_of_another_system_is_never_taken_for_one(kind: str) -> None:
    system, value = real_looking.IDENTIFIERS[kind]
    chance = Random(f"beklijf {kind}")
    values = [value(chance) for _ in range(OF)]

    assert bsn.find([{"identifier": [{"system": system, "value": one}]} for one in values]) == []
    assert bsn.find([{"ifNoneExist": f"identifier={system}|{one}"} for one in values]) == []


def test_concepts_of_snomed_ct_are_never_taken_for_one() -> None:
    chance = Random("beklijf SNOMED CT")
    codes = [f"{chance.randint(100_000, 999_999)}00{chance.randint(0, 9)}" for _ in range(OF)]

    assert bsn.find([{"system": "http://snomed.info/sct", "code": code} for code in codes]) == []
