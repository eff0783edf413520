"""What the demonstration takes for wrong: a receipt, or dispositions, that are not those of the reference cohort."""

from __future__ import annotations

from dataclasses import replace

from beklijf.commands.demo import unmet, wrong_ends, wrong_in_receipt
from beklijf.push import Receipt, Refusal
from beklijf.reference.imsr.cohort import Expected

EXPECTED = Expected(sent=10, accepted=7, duplicate=2, refused=1, answers={"counted": 5, "draft": 1, "waiting": 2})
ON_PURPOSE = Refusal("hospital 2, resource 3", 422, ("The answer must be at most 100.",))


def test_the_first_push_a_repeated_one_and_one_that_goes_on_are_as_expected() -> None:
    receipts = [Receipt(10, 7, 2, [ON_PURPOSE]), Receipt(10, 0, 9, [ON_PURPOSE]), Receipt(10, 4, 5, [ON_PURPOSE])]

    assert [wrong_in_receipt(receipt, EXPECTED) for receipt in receipts] == [[], [], []]


def test_a_refusal_too_many_or_too_few_is_wrong() -> None:
    assert wrong_in_receipt(Receipt(10, 7, 3, []), EXPECTED) == ["0 resources were refused, not 1 (one is impossible on purpose)"]
    assert wrong_in_receipt(Receipt(10, 6, 2, [ON_PURPOSE, ON_PURPOSE]), EXPECTED)[0].startswith("2 resources were refused")


def test_a_repeat_that_counted_as_new_is_wrong() -> None:
    assert wrong_in_receipt(Receipt(10, 8, 1, [ON_PURPOSE]), EXPECTED) == ["1 resources were duplicates, which should be at least 2"]


def test_something_not_sent_is_wrong() -> None:
    assert wrong_in_receipt(Receipt(9, 6, 2, [ON_PURPOSE]), EXPECTED) == ["9 resources were sent, not 10"]


def test_dispositions_are_compared_without_drafts() -> None:
    more = replace(EXPECTED, answers={**EXPECTED.answers, "surplus": 3})

    assert wrong_ends({"counted": 5, "waiting": 2, "surplus": 0}, EXPECTED) == []
    (sentence,) = wrong_ends({"counted": 6, "waiting": 2}, more)
    assert "counted 6 instead of 5, surplus 0 instead of 3" in sentence


def test_each_printed_number_that_is_not_ours_has_a_line() -> None:
    row = {"id": "table1-2012-rate", "source": "Table 1", "printed": "33", "ours": "34", "verdict": "differs"}
    absent = {"id": "text-needed", "source": "Text", "printed": "452", "ours": None, "verdict": "absent"}
    met = [{**row, "verdict": "equal"}, {**row, "verdict": "contradicted"}]

    assert unmet({"results": [*met, row, absent]}) == [
        "table1-2012-rate (Table 1): printed 33, ours 34 (differs)",
        "text-needed (Text): printed 452, ours none (absent)",
    ]
