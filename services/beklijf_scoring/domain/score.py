"""From the answers of one form to its score (M24): done once, when the answer arrives or its rule changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from beklijf_domain.instrument import Instrument, Item
from beklijf_scoring.domain.facts import Value


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
    """The scoring function of one instrument, its items looked up beforehand."""
    items = {item.link: item for item in instrument.items}

    def score(answers: Iterable[Given]) -> Score:
        """The score, or why there is none. Raises AnswerOutside for an answer that the instrument does not know."""
        numbers: dict[str, int] = {}
        for answer in answers:
            item = items.get(answer.link)
            if item is None:
                raise AnswerOutside("answer-unknown-item")
            if answer.link in numbers:
                raise AnswerOutside("answer-repeated")
            numbers[answer.link] = number_of(item, answer)
        if len(numbers) < len(items):  # the rule `all-required`, the only one there is
            return MISSING if numbers else EMPTY
        # `sum` and `value` are one: an instrument with the formula `value` has exactly one item
        return Score(True, None, (Value(instrument.measure, sum(numbers.values()), instrument.scale, None),))

    return score


def number_of(item: Item, answer: Given) -> int:
    """What one answer counts for: the value of its code, or the integer itself if it lies in the item's range."""
    if item.codes is not None:
        if answer.code is None:
            raise AnswerOutside("answer-wrong-type")
        if answer.code not in item.codes:
            raise AnswerOutside("answer-out-of-range")
        return item.codes[answer.code]
    if answer.integer is None:
        raise AnswerOutside("answer-wrong-type")
    if (item.low is not None and answer.integer < item.low) or (item.high is not None and answer.integer > item.high):
        raise AnswerOutside("answer-out-of-range")
    return answer.integer
