"""From answers to results (M24, M29): what is worth what, what is missing, and what the instrument does not know."""

from __future__ import annotations

import pytest

from beklijf_domain.document import Document
from beklijf_domain.formula import Value
from beklijf_domain.instrument import read
from beklijf_domain.score import AnswerOutside, Scorer, scorer
from beklijf_shared.events import Answer
from tests.lib.builders import QBPDS_LINKS
from tests.lib.subjects import CONTRACTS

QBPDS = scorer(CONTRACTS.instruments["qbpds"])
VAS = scorer(CONTRACTS.instruments["vas-pain"])
GPE_6 = scorer(CONTRACTS.instruments["gpe-6"])
GPE_3 = scorer(CONTRACTS.instruments["gpe-3"])
CARE_USE = scorer(CONTRACTS.instruments["care-use"])


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


PERCEIVED = [
    (GPE_6, "gpe-6", "completely-recovered"),
    (GPE_6, "gpe-6", "much-better"),
    (GPE_6, "gpe-6", "slightly-better"),
    (GPE_6, "gpe-6", "same"),
    (GPE_6, "gpe-6", "slightly-worse"),
    (GPE_6, "gpe-6", "much-worse"),
    (GPE_3, "gpe-3", "better"),
    (GPE_3, "gpe-3", "same"),
    (GPE_3, "gpe-3", "worse"),
]


@pytest.mark.parametrize(("score", "link", "code"), PERCEIVED)
def test_perceived_effect_is_the_code_as_answered(score: Scorer, link: str, code: str) -> None:
    assert score([Answer(link=link, code=code)]) == (True, None, (Value(link, None, 0, code),))


@pytest.mark.parametrize("score", [GPE_6, GPE_3, CARE_USE])
def test_an_empty_form_of_categories_is_not_scorable(score: Scorer) -> None:
    assert score([]) == (False, "no-answers", ())


CARE = [
    ("care-use-paramedical", ("none", "incidental", "regular")),
    ("care-use-specialist", ("none", "once", "twice", "more-than-twice")),
    ("care-use-imaging", ("no", "yes")),
    ("care-use-medication", ("none", "over-the-counter", "prescription")),
    ("care-use-aids", ("no", "yes")),
]


@pytest.mark.parametrize(("question", "codes"), CARE)
def test_each_question_on_care_is_an_outcome_of_its_own(question: str, codes: tuple[str, ...]) -> None:
    for code in codes:
        assert CARE_USE([Answer(link=question, code=code)]) == (True, None, (Value(question, None, 0, code),))


def test_a_missing_question_on_care_makes_only_that_outcome_missing() -> None:
    last_answers = {"care-use-aids": "yes", "care-use-paramedical": "none", "care-use-imaging": "no", "care-use-specialist": "twice"}

    score = CARE_USE([Answer(link=link, code=code) for link, code in last_answers.items()])

    assert (score.scorable, score.reason) == (True, None)
    assert [(value.measure, value.code) for value in score.values] == [
        ("care-use-paramedical", "none"),
        ("care-use-specialist", "twice"),
        ("care-use-imaging", "no"),
        ("care-use-aids", "yes"),
    ]


def mixed(rule: str) -> Scorer:
    """An instrument with a number that rules judge, another number and a category: nothing of the sort ships yet."""
    categories = [{"code": code, "en": code, "nl": code} for code in ("less", "more")]
    number = {"en": "N", "nl": "N", "formula": "sum", "low": 0, "direction": "high-is-worse"}
    made = dict.fromkeys(("code", "version", "title", "questionnaire", "recall_period", "licence", "citation"), "x") | {
        "scores": ["1"],
        "items": [{"links": ["a", "b", "c"], "low": 0, "high": 3}, {"links": ["d"], "categories": categories}],
        "judged": "main",
        "measures": [
            number | {"code": "main", "links": ["a", "b"], "high": 6},
            number | {"code": "other", "links": ["c"], "high": 3},
            {"code": "use", "en": "U", "nl": "U", "links": ["d"], "formula": "category"},
        ],
        "missing_items": {"rule": rule, "source": "x"},
    }
    return scorer(read(Document("x", made)))


MIXED = [
    ("all-required", "abcd", [("main", 3), ("other", 3), ("use", "more")], None),
    ("all-required", "abc", [], "missing-items"),
    ("by-measure", "abd", [("main", 3), ("use", "more")], None),
    ("by-measure", "ab", [("main", 3)], None),
    ("by-measure", "acd", [], "missing-items"),  # without what rules judge there is no score
    ("by-measure", "", [], "no-answers"),
]


@pytest.mark.parametrize(("rule", "answered", "expected", "reason"), MIXED)
def test_numbers_and_categories_of_one_instrument(rule: str, answered: str, expected: list[tuple[str, object]], reason: str | None) -> None:
    given = {"a": Answer(link="a", integer=1), "b": Answer(link="b", integer=2), "c": Answer(link="c", integer=3)}
    given["d"] = Answer(link="d", code="more")

    score = mixed(rule)([given[link] for link in answered])

    found = [(value.measure, value.code if value.integer is None else value.integer) for value in score.values]
    assert (score.scorable, score.reason, found) == (reason is None, reason, expected)


OUTSIDE = [
    (GPE_6, [Answer(link="gpe-6", code="better")], "answer-out-of-range"),
    (GPE_3, [Answer(link="gpe-3", code="much-better")], "answer-out-of-range"),
    (GPE_3, [Answer(link="gpe-6", code="same")], "answer-unknown-item"),
    (GPE_6, [Answer(link="gpe-6", integer=1)], "answer-wrong-type"),
    (CARE_USE, [Answer(link="care-use-aids", boolean=True)], "answer-wrong-type"),
    (CARE_USE, [Answer(link="care-use-imaging", code="none")], "answer-out-of-range"),
    (CARE_USE, [Answer(link="care-use-aids", code="no"), Answer(link="care-use-aids", code="no")], "answer-repeated"),
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
def test_an_answer_that_the_instrument_does_not_know_is_refused(score: Scorer, answers: list[Answer], reason: str) -> None:
    with pytest.raises(AnswerOutside, match=f"^{reason}$"):
        score(answers)
