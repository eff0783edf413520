"""From the answers of one form to its results (M24, M29): done once, when the answer arrives or its rule changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple, Protocol

from beklijf_domain.formula import Value, operation, value_of
from beklijf_domain.instrument import Instrument, Item


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

MISSING = Score(False, "missing-items", ())
EMPTY = Score(False, "no-answers", ())


def scorer(instrument: Instrument) -> Scorer:
    """The scoring function of one instrument, its items and measures looked up beforehand."""
    items = {item.link: item for item in instrument.items}
    operations = [(measure, operation(measure, instrument)) for measure in instrument.measures]
    needed = len(items) if instrument.missing_items == "all-required" else 1
    judged = None if instrument.judged is None else instrument.judged.code

    def score(answers: Iterable[Given]) -> Score:
        """The results, or why there are none. Raises AnswerOutside for an answer that the instrument does not know."""
        worth: dict[str, int] = {}
        for answer in answers:
            item = items.get(answer.link)
            if item is None:
                raise AnswerOutside("answer-unknown-item")
            if answer.link in worth:
                raise AnswerOutside("answer-repeated")
            worth[answer.link] = number_of(item, answer)
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
