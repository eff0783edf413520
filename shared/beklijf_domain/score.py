"""From the answers of one form to its results (M24, M29): done once, when the answer arrives or its rule changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple, Protocol

from beklijf_domain import expression
from beklijf_domain.exact import exact_text, scaled
from beklijf_domain.expression import NoResult
from beklijf_domain.formula import Value, operation, value_of
from beklijf_domain.instrument import MISSING_ANSWER, Example, Instrument, Item, Measure


class Given(Protocol):
    """One answered question as it comes in; exactly one of the values is set."""

    @property
    def link(self) -> str: ...
    @property
    def integer(self) -> int | None: ...
    @property
    def code(self) -> str | None: ...


class AnswerOutside(ValueError):
    """An answer that the instrument does not know. The message is a code of a closed list and holds no content."""


class Score(NamedTuple):
    """What one form is worth. Not scorable = answered, yet without a score (M24); `reason` then says why."""

    scorable: bool
    reason: str | None
    values: tuple[Value, ...]


Scorer = Callable[[Iterable[Given]], Score]

LONGEST_RANGE = 256
"""Integers of an item that are looked up; longer ranges are compared."""

MISSING = Score(False, "missing-items", ())
EMPTY = Score(False, "no-answers", ())


def scorer(instrument: Instrument) -> Scorer:
    """The scoring function of one instrument, its items and measures looked up beforehand."""
    items = {item.link: item for item in instrument.items}
    known = _known(instrument.items)
    needed = len(items) if instrument.missing_items == "all-required" else 1
    if instrument.is_expressed:
        return _expressed(instrument, items, needed)
    operations = [(measure, operation(measure, instrument)) for measure in instrument.measures]
    judged = None if instrument.judged is None else instrument.judged.code

    def score(answers: Iterable[Given]) -> Score:
        """The results, or why there are none. Raises AnswerOutside for an answer that the instrument does not know."""
        given = list(answers)
        try:
            worth = {answer.link: known[answer.link, answer.integer, answer.code] for answer in given}
        except KeyError:
            worth = {}
        if len(worth) != len(given):  # something is unusual: go through it one by one, and say what
            worth = _worth(items, given)
        if len(worth) < needed:
            return MISSING if worth else EMPTY
        results: dict[str, Fraction | int | str] = {}
        values = []
        for measure, compute in operations:
            result = compute(worth, results)
            if result is not None:
                results[measure.code] = result
                values.append(value_of(measure, result))
        if not values or judged not in (None, values[0].measure):  # without what rules judge, the rest is no score
            return MISSING
        return Score(True, None, tuple(values))

    return score


def _known(items: Iterable[Item]) -> dict[tuple[str, int | None, str | None], int]:
    """What every answer is worth that can be given, by link, integer and code: one look instead of four questions for each item. Ranges
    that are too long are left out."""
    known: dict[tuple[str, int | None, str | None], int] = {}
    for item in items:
        if item.codes is not None:
            said = [_Written(item.link, None, code) for code in item.codes]
        elif item.low is not None and item.high is not None and item.high - item.low < LONGEST_RANGE:
            said = [_Written(item.link, number, None) for number in range(item.low, item.high + 1)]
        else:
            continue
        known.update({(answer.link, answer.integer, answer.code): number_of(item, answer) for answer in said})
    return known


def _worth(items: Mapping[str, Item], answers: Iterable[Given]) -> dict[str, int]:
    """What each answer is worth, by link. Raises AnswerOutside."""
    worth: dict[str, int] = {}
    for answer in answers:
        item = items.get(answer.link)
        if item is None:
            raise AnswerOutside("answer-unknown-item")
        if answer.link in worth:
            raise AnswerOutside("answer-repeated")
        worth[answer.link] = number_of(item, answer)
    return worth


def _expressed(instrument: Instrument, items: Mapping[str, Item], needed: int) -> Scorer:
    """The same for an instrument with expressions: they see the answers as they were given, and say why they give no score."""
    operations = [(measure, None if measure.expression else operation(measure, instrument)) for measure in instrument.measures]
    judged = None if instrument.judged is None else instrument.judged.code

    def score(answers: Iterable[Given]) -> Score:
        known = list(answers)
        worth = _worth(items, known)
        if len(worth) < needed:
            return MISSING if worth else EMPTY
        results: dict[str, Fraction | int | str] = {}
        values, why_none = [], MISSING
        for measure, compute in operations:
            try:
                result = _by_expression(measure, known) if compute is None else compute(worth, results)
            except NoResult as error:
                why_none, result = Score(False, error.reason, ()), None
            if result is not None:
                results[measure.code] = result
                values.append(value_of(measure, result))
        return Score(True, None, tuple(values)) if values and judged in (None, values[0].measure) else why_none

    return score


def _by_expression(measure: Measure, answers: Iterable[Given]) -> Fraction | None:
    """What the expression of a measure gives; None when too few of its items were answered. Raises NoResult."""
    assert measure.expression is not None
    said = {each.link: each.integer if each.code is None else each.code for each in answers if each.link in measure.links}
    known = {link: answer for link, answer in said.items() if answer is not None}
    if len(known) < measure.least_answered:
        return None
    return expression.value(measure.expression, known, scaled(measure.low, measure.scale), scaled(measure.high, measure.scale))


def number_of(item: Item, answer: Given) -> int:
    """What one answer is worth: the value of its code (the place of a category), or the integer itself if it lies in the range."""
    if item.codes is not None:
        if answer.code is None:
            raise AnswerOutside("answer-wrong-type")
        if answer.code not in item.codes:
            raise AnswerOutside("answer-out-of-range")
        answered = item.codes[answer.code]
    else:
        if answer.integer is None:
            raise AnswerOutside("answer-wrong-type")
        if (item.low is not None and answer.integer < item.low) or (item.high is not None and answer.integer > item.high):
            raise AnswerOutside("answer-out-of-range")
        answered = answer.integer
    return answered if item.worth is None else item.worth[answered]


class _Written(NamedTuple):
    """An answer as an example writes it."""

    link: str
    integer: int | None
    code: str | None


def given(instrument: Instrument, example: Example) -> list[Given]:
    """The answers of an example. Raises ValueError for what is no number where one is asked."""
    return [
        _Written(item.link, None if item.codes is not None else int(answer), answer if item.codes is not None else None)
        for item, answer in zip(instrument.items, example.answers, strict=True)
        if answer != MISSING_ANSWER
    ]


def worked(instrument: Instrument, example: Example) -> dict[str, str]:
    """What an example's answers give, as text by measure; empty: not scorable. Raises AnswerOutside or ValueError for answers that
    nobody can give."""
    return {value.measure: text_of(value) for value in scorer(instrument)(given(instrument, example)).values}


def wrong_examples(instrument: Instrument) -> list[str]:
    """The worked examples that do not come out as written, each in one line; what an example does not name may be anything."""
    found = []
    for number, example in enumerate(instrument.examples, start=1):
        try:
            results = worked(instrument, example)
        except ValueError:
            found.append(f"examples[{number}]: has an answer that cannot be given")
            continue
        if not example.results and results:
            found.append(f"examples[{number}]: is scorable, though no result is written")
        for code, written in example.results.items():
            if results.get(code) != written:
                found.append(f"examples[{number}]: {code} is {results.get(code, 'missing')}, not {written}")
    return found


def text_of(value: Value) -> str:
    """A value as text: all decimals of its scale cut off where they are zeros, or the code."""
    return value.code if value.code is not None else exact_text(scaled(value.integer or 0, value.scale))
