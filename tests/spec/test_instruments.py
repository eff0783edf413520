"""Every shipped instrument: its published vectors, kept here a second time, and what must hold for all answers (M24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beklijf_domain.document import Document
from beklijf_domain.formula import Value
from beklijf_domain.instrument import Example, Instrument, Item, read
from beklijf_domain.score import scorer, worked, wrong_examples
from beklijf_scoring.domain.change import judge_of
from beklijf_shared.events import Answer
from tests.lib.subjects import CONTRACTS

INSTRUMENTS = CONTRACTS.instruments
SHIPPED = """barriers-facilitators care-use eq-5d-5l exercise-dose gpe-3 gpe-6 gpe-dv hads kngf-risk-profile kngf-treatment-profile nprs-1w
nprs-24h odi pcs-catastrophizing promis-gh psk qbpds rmdq-24 sbst tsk-17 vas-pain""".split()


def results(code: str, answers: str) -> dict[str, str]:
    return worked(INSTRUMENTS[code], Example(tuple(answers.split()), {}, ""))


def test_these_are_shipped_each_with_a_worked_example_and_a_licence() -> None:
    assert sorted(INSTRUMENTS) == SHIPPED
    assert [code for code, each in INSTRUMENTS.items() if not (each.examples and each.licence and each.citation)] == []


VECTORS = [
    ("eq-5d-5l", "1 1 1 1 1 -", "index", "1"),
    ("eq-5d-5l", "2 1 1 1 1 -", "index", "0.918"),  # Versteegh 2016: five vectors of two independent implementations
    ("eq-5d-5l", "5 5 5 1 1 -", "index", "0.39"),
    ("eq-5d-5l", "4 4 4 4 4 -", "index", "-0.289"),
    ("eq-5d-5l", "5 5 5 5 5 -", "index", "-0.446"),
    ("eq-5d-5l", "5 4 - 2 1 -", "profile", "54921"),
    ("odi", "5 5 5 1 0 0 0 0 0 -", "index", "35.56"),  # 16 of 45
    ("odi", "1 1 1 1 1 1 1 0 0 -", "index", "15.56"),  # 7 of 45
    ("promis-gh", "1 1 1 1 1 1 1 1 1 10", "physical-health", "16.2"),
    ("promis-gh", "5 5 5 5 5 5 5 5 5 0", "physical-health", "67.7"),
    ("promis-gh", "5 5 5 5 5 5 5 5 5 0", "mental-health", "67.6"),
    ("promis-gh", "3 3 3 3 3 3 3 3 3 3", "physical-health", "42.3"),  # a pain of 3 counts 4: 13
    ("promis-gh", "3 3 3 3 3 3 3 3 3 4", "physical-health", "39.8"),  # a pain of 4 counts 3: 12
    ("sbst", "agree agree agree disagree disagree disagree disagree disagree not-at-all", "risk-group", "low"),
    ("sbst", "agree disagree disagree disagree agree agree agree disagree slightly", "risk-group", "medium"),
    ("sbst", "disagree disagree disagree disagree agree agree agree agree moderately", "risk-group", "high"),
    ("sbst", "disagree disagree disagree disagree agree agree agree disagree very-much", "risk-group", "high"),
    ("sbst", "agree agree agree disagree disagree disagree disagree disagree extremely", "risk-group", "medium"),
    ("hads", "1 0 1 0 1 0 1 0 1 0 1 0 1 0", "anxiety-group", "normal"),
    ("hads", "2 0 1 0 1 0 1 0 1 0 1 0 1 0", "anxiety-group", "borderline"),
    ("hads", "2 0 2 0 2 0 2 0 1 0 1 0 1 0", "anxiety-group", "case"),
    ("tsk-17", "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 3", "total", "37"),
    ("tsk-17", "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 3", "level", "low"),
    ("tsk-17", "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2", "level", "high"),
    ("psk", "10 10 9 - -", "mean", "9.67"),
]


@pytest.mark.parametrize(("code", "answers", "measure", "expected"), VECTORS)
def test_a_published_vector_comes_out(code: str, answers: str, measure: str, expected: str) -> None:
    assert results(code, answers)[measure] == expected


PROMIS = {  # UCLA derivation of the summary scores, raw 4 to 20
    "physical-health": "16.2 19.9 23.5 26.7 29.6 32.4 34.9 37.4 39.8 42.3 44.9 47.7 50.8 54.1 57.7 61.9 67.7",
    "mental-health": "21.1 25.1 28.4 31.3 33.8 36.3 38.8 41.1 43.5 45.8 48.3 50.8 53.3 56.0 59.0 62.5 67.6",
}


@pytest.mark.parametrize("measure", PROMIS)
def test_the_tables_of_promis_are_the_published_ones(measure: str) -> None:
    found = INSTRUMENTS["promis-gh"].measure(measure)
    assert found is not None

    assert [found.table[Fraction(raw)] for raw in range(4, 21)] == [Fraction(text) for text in PROMIS[measure].split()]


def changed(code: str, measure: str, **facts: Any) -> Instrument:
    """The instrument with another rule for missing items, as a site may write it."""
    items = [{"links": [item.link for item in INSTRUMENTS[code].items], "codes": dict(INSTRUMENTS[code].items[0].codes or {})}]
    found = INSTRUMENTS[code].measure(measure)
    assert found is not None
    stated = {
        "code": measure, "en": "T", "nl": "T", "formula": found.formula, "low": found.low, "high": found.high, "direction": "high-is-worse"
    }  # fmt: skip
    about = dict.fromkeys(("code", "title", "questionnaire", "recall_period", "licence", "citation"), "x")
    missing = {"rule": "by-measure", "source": "x"}
    tables = {"items": items, "measures": [stated | facts], "missing_items": missing}
    return read(Document("site", {**about, "version": "1", "scores": ["1"], **tables}))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, {}),  # reject: 8 yes, 8 no and 8 unanswered give nothing
        ({"missing": "as-zero", "least_answered": 1}, {"total": "8"}),  # the paper form: unticked is no
        ({"missing": "prorated", "least_answered": 16, "rounding": "half-up"}, {"total": "12"}),  # 24 x 8 of 16
        ({"missing": "prorated", "least_answered": 17, "rounding": "half-up"}, {}),
    ],
)
def test_the_three_readings_of_a_missing_statement(choice: Mapping[str, Any], expected: Mapping[str, str]) -> None:
    answers = ("yes",) * 8 + ("no",) * 8 + ("-",) * 8

    assert worked(changed("rmdq-24", "total", **choice), Example(answers, {}, "")) == expected


def test_what_has_no_end_is_rounded_for_show_and_judged_as_it_is() -> None:
    odi = INSTRUMENTS["odi"]
    (before,), (after,) = (odi_values("5 5 0 0 0 0 0 0 0 -"), odi_values("5 2 0 0 0 0 0 0 0 -"))

    change = judge_of(odi, [CONTRACTS.rules["imsr-30-percent"], CONTRACTS.rules["ostelo-2008"]])(before, after)

    assert (before, after) == (Value("index", 2222, 2, None, "200/9"), Value("index", 1556, 2, None, "140/9"))
    assert change.difference == "-6.67"  # of the exact values; of the rounded ones it would be -6.66
    assert [(each.verdict, each.margin) for each in change.verdicts] == [("improved", "0"), ("unchanged", "-3.33")]


def odi_values(answers: str) -> tuple[Value, ...]:
    written = zip(INSTRUMENTS["odi"].items, answers.split(), strict=True)
    return scorer(INSTRUMENTS["odi"])([Answer(link=item.link, code=code) for item, code in written if code != "-"]).values


def test_an_example_that_does_not_come_out_is_noticed() -> None:
    facts = {"code": "index", "en": "I", "nl": "I", "formula": "value", "low": 0, "high": 10, "direction": "high-is-worse"}
    about = dict.fromkeys(("code", "title", "questionnaire", "recall_period", "licence", "citation"), "x")
    examples = [
        {"answers": "7", "source": "x", "results": {"index": "8"}},
        {"answers": "7", "source": "x"},
        {"answers": "11", "source": "x", "results": {"index": "11"}},
    ]
    tables = {
        "items": [{"links": ["a"], "low": 0, "high": 10}],
        "measures": [facts],
        "missing_items": {"rule": "all-required", "source": "x"},
    }

    made = read(Document("site", {**about, "version": "1", "scores": ["1"], **tables, "examples": examples}))

    assert wrong_examples(made) == [
        "examples[1]: index is 7, not 8",
        "examples[2]: is scorable, though no result is written",
        "examples[3]: has an answer that cannot be given",
    ]


# What must hold for all answers ------------------------------------------------------------------


def given_answers(items: Sequence[Item], chosen: Sequence[int | None]) -> list[Answer]:
    """One answer per item: the n-th that can be given, or none."""
    found = []
    for item, place in zip(items, chosen, strict=True):
        if place is None:
            continue
        if item.codes is not None:
            codes = list(item.codes)
            found.append(Answer(link=item.link, code=codes[place % len(codes)]))
        else:
            assert item.low is not None
            assert item.high is not None
            found.append(Answer(link=item.link, integer=item.low + place % (item.high - item.low + 1)))
    return found


PLACES = st.integers(0, 240)


@pytest.mark.parametrize("code", SHIPPED)
@settings(max_examples=30)
@given(data=st.data())
def test_every_result_lies_in_its_range_and_missing_items_never_add_one(code: str, data: st.DataObject) -> None:
    instrument = INSTRUMENTS[code]
    number = len(instrument.items)
    whole = data.draw(st.lists(PLACES, min_size=number, max_size=number))
    gone = data.draw(st.lists(st.booleans(), min_size=number, max_size=number))

    full = scorer(instrument)(given_answers(instrument.items, whole))
    part = scorer(instrument)(given_answers(instrument.items, [None if away else place for place, away in zip(whole, gone, strict=True)]))

    for value in (*full.values, *part.values):
        measure = instrument.measure(value.measure)
        assert measure is not None
        if value.integer is not None:
            assert measure.low <= value.integer <= measure.high
        elif measure.categories:
            assert value.code in {category.code for category in measure.categories}
    assert full.scorable
    assert {value.measure for value in part.values} <= {value.measure for value in full.values}


READ_OTHERWISE = {  # instruments with every rule for missing items that there is
    "as-zero": {"missing": "as-zero", "least_answered": 1},
    "prorated": {"missing": "prorated", "least_answered": 16, "rounding": "half-up"},
}


@pytest.mark.parametrize("code", [*SHIPPED, *READ_OTHERWISE])
@settings(max_examples=30)
@given(data=st.data())
def test_missing_items_never_improve_a_score_silently(code: str, data: st.DataObject) -> None:
    """A measure whose items are all there is what it was. Else there is none, unless its file says how; and then it is no better than
    the best that the missing answers could have made it."""
    instrument = INSTRUMENTS[code] if code in SHIPPED else changed("rmdq-24", "total", **READ_OTHERWISE[code])
    number = len(instrument.items)
    whole = data.draw(st.lists(PLACES, min_size=number, max_size=number))
    gone = {instrument.items[place].link for place in data.draw(st.sets(st.integers(0, number - 1), max_size=3))}
    full = given_answers(instrument.items, whole)
    part = [answer for answer in full if answer.link not in gone]
    items = {item.link: item for item in instrument.items}
    best = {each: completed(part, [items[link] for link in gone], instrument, highest=each) for each in (True, False)}

    before, after = ({value.measure: value for value in scorer(instrument)(each).values} for each in (full, part))

    for measure in instrument.measures:
        if measure.of or not measure.is_number or measure.code not in after:
            continue
        if not gone & set(measure.links):
            assert after[measure.code] == before[measure.code]
            continue
        assert measure.missing != "none"
        assert best[False][measure.code].fraction <= after[measure.code].fraction <= best[True][measure.code].fraction


def completed(part: list[Answer], missing: list[Item], instrument: Instrument, *, highest: bool) -> dict[str, Value]:
    """The results if every missing item had been answered by what is worth most, or least."""
    added = []
    for item in missing:
        places = range(len(item.codes)) if item.codes is not None else range((item.high or 0) - (item.low or 0) + 1)
        options = [given_answers([item], [place])[0] for place in places]
        added.append((max if highest else min)(options, key=lambda answer, item=item: results_of(item, answer)))  # type: ignore[misc]
    return {value.measure: value for value in scorer(instrument)([*part, *added]).values}


@pytest.mark.parametrize(
    "code", [code for code in SHIPPED if any(each.is_number and each.direction for each in INSTRUMENTS[code].measures)]
)
@settings(max_examples=30)
@given(data=st.data())
def test_a_measure_moves_one_way_with_what_its_items_are_worth(code: str, data: st.DataObject) -> None:
    instrument = INSTRUMENTS[code]
    answers = data.draw(st.lists(PLACES, min_size=len(instrument.items), max_size=len(instrument.items)))
    place = data.draw(st.integers(0, len(instrument.items) - 1))
    other = [*answers[:place], data.draw(PLACES), *answers[place + 1 :]]
    item = instrument.items[place]

    before, after = (scorer(instrument)(given_answers(instrument.items, each)).values for each in (answers, other))
    worth = [results_of(item, given_answers([item], [each[place]])[0]) for each in (answers, other)]

    for first, second in zip(before, after, strict=True):
        measure = instrument.measure(first.measure)
        assert measure is not None
        if first.integer is not None and measure.formula != "weighted-sum" and worth[0] <= worth[1]:
            assert first.fraction <= second.fraction
        if measure.formula == "weighted-sum" and worth[0] <= worth[1]:  # weights of the Dutch tariff are decrements
            assert first.fraction >= second.fraction


def results_of(item: Item, answer: Answer) -> int:
    answered = item.codes[str(answer.code)] if item.codes is not None else int(answer.integer or 0)
    return answered if item.worth is None else item.worth[answered]
