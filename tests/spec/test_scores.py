"""From answers to a score (M24): what is worth what, what is missing, and what the instrument does not know."""

from __future__ import annotations

import pytest

from beklijf_scoring.domain.score import AnswerOutside, scorer
from beklijf_shared.events import Answer
from tests.lib.builders import QBPDS_LINKS
from tests.lib.subjects import CONTRACTS

QBPDS = scorer(CONTRACTS.instruments["qbpds"])
VAS = scorer(CONTRACTS.instruments["vas-pain"])


def codes(*values: int) -> list[Answer]:
    return [Answer(link=link, code=str(value)) for link, value in zip(QBPDS_LINKS, values, strict=False)]


@pytest.mark.parametrize(
    ("values", "total"),
    [([0] * 20, 0), ([5] * 20, 100), ([1] * 20, 20), ([0, 1, 2, 3, 4, 5] * 3 + [5, 5], 55)],
)
def test_qbpds_is_the_sum_of_twenty_items(values: list[int], total: int) -> None:
    score = QBPDS(codes(*values))

    assert (score.scorable, score.reason, score.values[0].measure, score.values[0].integer) == (True, None, "total", total)


@pytest.mark.parametrize(("answered", "reason"), [(19, "missing-items"), (1, "missing-items"), (0, "no-answers")])
def test_a_partial_or_empty_qbpds_is_not_scorable(answered: int, reason: str) -> None:
    score = QBPDS(codes(*[3] * answered))

    assert (score.scorable, score.reason, score.values) == (False, reason, ())


@pytest.mark.parametrize("value", [0, 1, 99, 100])
def test_vas_is_its_only_answer(value: int) -> None:
    assert VAS([Answer(link="vas-pain", integer=value)]).values[0].integer == value


def test_an_empty_vas_is_not_scorable() -> None:
    assert VAS([]).reason == "no-answers"


OUTSIDE = [
    (VAS, [Answer(link="vas-pain", integer=-1)], "answer-out-of-range"),
    (VAS, [Answer(link="vas-pain", integer=101)], "answer-out-of-range"),
    (VAS, [Answer(link="vas-pain", decimal="12.5")], "answer-wrong-type"),
    (VAS, [Answer(link="vas-pain", code="5")], "answer-wrong-type"),
    (VAS, [Answer(link="vas-pain", integer=5), Answer(link="vas-pain", integer=5)], "answer-repeated"),
    (VAS, [Answer(link="other", integer=5)], "answer-unknown-item"),
    (QBPDS, [Answer(link="qbpds-01", code="6")], "answer-out-of-range"),
    (QBPDS, [Answer(link="qbpds-01", integer=3)], "answer-wrong-type"),
    (QBPDS, [Answer(link="qbpds-21", code="3")], "answer-unknown-item"),
]


@pytest.mark.parametrize(("score", "answers", "reason"), OUTSIDE)
def test_an_answer_that_the_instrument_does_not_know_is_refused(score: object, answers: list[Answer], reason: str) -> None:
    with pytest.raises(AnswerOutside, match=f"^{reason}$"):
        score(answers)
