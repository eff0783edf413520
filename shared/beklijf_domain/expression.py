"""A measure that an expression computes instead of a named operation: for a site's own instrument, and slower.

Which language it is written in, and what evaluates it, is not known here: whoever loads the contracts puts in what evaluates it.
What comes out is exact, or it is no score (M24).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, get_args

from beklijf_domain.document import Document

Answered = Mapping[str, int | str]
"""What was answered, by link: the code, or the integer, as it was given."""

WhyNone = Literal["expression-empty", "expression-failed", "expression-too-costly", "expression-outside"]
"""Why an expression gives no score: it found nothing to compute with, it cannot be computed for these answers or does not give one exact
number, it took more steps than are allowed, or what it gives lies outside the stated range."""

WHY_NONE: tuple[WhyNone, ...] = get_args(WhyNone)


class NoResult(Exception):
    """An expression that gives no score for these answers; the message holds no content."""

    def __init__(self, reason: WhyNone) -> None:
        super().__init__(reason)
        self.reason = reason


Evaluate = Callable[[Answered], tuple[Fraction, int]]
"""The number that the expression gives for these answers, exactly, and the steps it took. Raises NoResult."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What computes one measure: its text, or the item of the Questionnaire that carries it.

    `engine` names the library and its version: another version may compute otherwise, so it is part of what a score rests on.
    """

    text: str
    calculated_by: str | None = None
    engine: str = ""
    evaluate: Evaluate | None = field(default=None, compare=False, repr=False)


def read(document: Document) -> Expression:
    """From the table of a measure: `expression` itself, or `calculated_by`, the linkId under which the Questionnaire has it."""
    if document.has("expression") == document.has("calculated_by"):
        document.fail("expression", "is needed, or else `calculated_by`: the item of the Questionnaire that carries it; not both")
    if document.has("expression"):
        return Expression(document.text("expression").strip())
    return Expression("", document.text("calculated_by"))


def value(expression: Expression, answered: Answered, low: Fraction, high: Fraction) -> Fraction:
    """What the expression gives for these answers, within the stated range. Raises NoResult."""
    assert expression.evaluate is not None  # the loader of the contracts put it in
    number, _ = expression.evaluate(answered)
    if not low <= number <= high:
        raise NoResult("expression-outside")
    return number
