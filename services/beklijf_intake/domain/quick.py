"""The quick lane for answers: most forms are a plain list of choices and whole numbers, and most answers are sent plainly.

What is recognised here is recognised whole, by looking each answer up in a table that was made by the full check itself; what is
not recognised, for whatever reason, is nobody's fault and goes the full way, which alone explains what is wrong. Nothing is
accepted here that the full way would refuse, and nothing is read differently: a property test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import Form, Item
from beklijf_intake.domain.submission import AnswerValue

TOP_ELEMENTS = frozenset(
    ["resourceType", "id", "meta", "identifier", "questionnaire", "status", "subject", "authored", "extension", "item"]
)
"""Of a response that is sent plainly; whoever sends more goes the full way."""
_HANDLED = frozenset(["link", "type", "parent", "text", "required", "repeats", "values", "options", "minimum", "maximum", "any_condition"])
_COMPLETE = ("completed", "amended")
_KEYS = 5  # of one plain item: linkId, answer, valueCoding, system, code


@dataclass(frozen=True, slots=True)
class Known:
    """One answer that may be given: as it goes on, and its item as canonical JSON."""

    value: AnswerValue
    canonical: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """One plain item: where it stands in the form, its text, and the codings that answer it, or the bounds of whole numbers."""

    place: int
    text: str | None
    codings: Mapping[tuple[str, str], Known]
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Table:
    """A plain form. `required` are the linkIds that a complete response must answer."""

    questions: Mapping[str, Question]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Recognised:
    """The items of a response: the answers, the keys counted in their JSON, and their canonical JSON where they hold no free text."""

    answers: tuple[AnswerValue, ...]
    keys: int
    canonical: bytes | None


Canonical = Callable[[Any], bytes]
"""How a digest writes JSON."""


def table_of(form: Form, canonical: Canonical) -> Table | None:
    """The table of a form, made by asking the full check; None where a form is anything but a plain list."""
    questions: dict[str, Question] = {}
    for place, item in enumerate(form.items.values()):
        question = None if form.conditional or not _is_plain(item) else _question(form, item, place, canonical)
        if question is None:
            return None
        questions[item.link] = question
    return Table(questions, frozenset(form.required.get("", ())))


def recognise(items: Any, table: Table, status: str) -> Recognised | None:
    """The items of a response of that status, if every one of them is plain and right; None says nothing about what is wrong."""
    try:
        return _recognised(items, table, status)
    except (AttributeError, KeyError, TypeError, ValueError):  # something else than expected, somewhere: not recognised
        return None


def count_keys(value: Any) -> int:
    """How many keys the objects within have together; raises ValueError for a number: only text is counted as exact here."""
    if type(value) is dict:
        return len(value) + sum([count_keys(child) for child in value.values() if type(child) is not str])
    if type(value) is list:
        return sum([count_keys(child) for child in value])
    if type(value) is str or type(value) is bool:
        return 0
    raise ValueError


def _recognised(items: Any, table: Table, status: str) -> Recognised | None:
    if type(items) is not list or not items:
        return None
    answers: list[AnswerValue] = []
    canonical: list[bytes] = []
    last, keys = -1, 0
    for item in items:
        link, given = item["linkId"], item["answer"]
        question = table.questions[link]
        if question.place <= last or type(given) is not list or len(given) != 1:
            return None
        last = question.place
        if len(item) != 2:
            if len(item) != 3 or question.text is None or item["text"] != question.text:
                return None
            keys += 1
        answer = given[0]
        if len(answer) != 1:
            return None
        if "valueCoding" in answer:
            coding = answer["valueCoding"]
            known = question.codings[coding["system"], coding["code"]]
            if len(coding) != 2:
                if len(coding) != 3 or not _is_text(coding["display"]):
                    return None
                keys += 1
            answers.append(known.value)
            canonical.append(known.canonical)
            keys += _KEYS
        else:
            number = answer["valueInteger"]
            if type(number) is not int or not question.lowest <= number <= question.highest:
                return None
            answers.append(AnswerValue(link, integer=number))
            keys += _KEYS - 2
    if status in _COMPLETE and not table.required <= {one.link for one in answers}:
        return None
    is_bare = len(canonical) * _KEYS == keys
    return Recognised(tuple(answers), keys, b"[" + b",".join(canonical) + b"]" if is_bare else None)


def _is_text(value: Any) -> bool:
    return type(value) is str and bool(value) and not value.isspace()


def _is_plain(item: Item) -> bool:
    """Whether nothing is asked of an item but what this module looks at: also what later versions of Item may ask."""
    others = (getattr(item, each.name) for each in fields(item) if each.name not in _HANDLED)
    return not (any(others) or item.parent or item.repeats) and item.type in ("choice", "integer")


def _question(form: Form, item: Item, place: int, canonical: Canonical) -> Question | None:
    if item.type == "choice":
        codings = {}
        for name, key in item.options:
            if name != "valueCoding" or None in key:
                return None
            known = _asked(form, item.link, {"valueCoding": {"code": key[1], "system": key[0]}}, canonical)
            if known is None:
                return None
            codings[key] = known
        return Question(place, item.text, codings, 0, -1) if codings else None
    lowest, highest = item.minimum, item.maximum
    if type(lowest) is not int or type(highest) is not int or item.options:
        return None
    both = (_asked(form, item.link, {"valueInteger": bound}, canonical) for bound in (lowest, highest))
    return Question(place, item.text, {}, lowest, highest) if all(both) else None


def _asked(form: Form, link: str, answer: dict[str, Any], canonical: Canonical) -> Known | None:
    """What the full check makes of this answer alone; None where it is not simply right."""
    item = {"answer": [answer], "linkId": link}
    problems, answers = check(form, {"status": "in-progress", "item": [item]})
    if problems or len(answers) != 1:
        return None
    return Known(answers[0], canonical(item))
