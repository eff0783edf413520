"""The quick lane for answers: most forms are a plain list of choices and whole numbers, and most answers are sent plainly.

What is recognised here is recognised whole, by looking each answer up in a table that was made by the full check itself; what is
not recognised, for whatever reason, is nobody's fault and goes the full way, which alone explains what is wrong. Nothing is
accepted here that the full way would refuse, and nothing is read differently: a property test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import Form
from beklijf_intake.domain.submission import AnswerValue

TOP_ELEMENTS = frozenset(
    ["resourceType", "id", "meta", "identifier", "questionnaire", "status", "subject", "authored", "extension", "item"]
)
"""Of a response that is sent plainly; whoever sends more goes the full way."""
REMEMBERED = 1_000  # answers to one question; a form asks for a hundred at most, and others may go the full way
_OF_FORM = frozenset(["url", "version", "top", "above", "appraisals"])
_OF_PLACE = frozenset(["items", "required", "heeded"])
_OF_ITEM = frozenset(["link", "type", "order", "text", "required", "readers"])
_COMPLETE = ("completed", "amended")
_KEYS = 5  # of one plain item: linkId, answer, valueCoding, system, code

Canonical = Callable[[dict[str, Any]], bytes | None]
"""An item in a response of its own as a digest writes it; None where base R4 does not allow it or it may hold an identifier."""


@dataclass(frozen=True, slots=True)
class Known:
    """One answer that was found right: as it goes on, and its item as canonical JSON."""

    value: AnswerValue
    canonical: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """One plain item: where it stands in the form, its text, and the answers that were found right so far (a coding, or a number)."""

    order: int
    text: str | None
    known: dict[tuple[str, str] | int, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A plain form. `required` are the linkIds that a complete response must answer."""

    form: Form
    questions: Mapping[str, Question]
    required: frozenset[str]
    canonical: Canonical

    def ask(self, link: str, answer: dict[str, Any], key: tuple[str, str] | int) -> Known:
        """What the full check makes of this answer alone, remembered where it is simply right; raises ValueError where it is not."""
        item = {"answer": [answer], "linkId": link}
        problems, answers = check(self.form, {"status": "in-progress", "item": [item]})
        text = self.canonical(item)
        known = self.questions[link].known
        if problems or len(answers) != 1 or text is None or len(known) >= REMEMBERED:
            raise ValueError
        found = known[key] = Known(answers[0], text)
        return found


@dataclass(frozen=True, slots=True)
class Recognised:
    """The items of a response: the answers, the keys counted in their JSON, and their canonical JSON where they hold no free text."""

    answers: tuple[AnswerValue, ...]
    keys: int
    canonical: bytes | None


def table_of(form: Form, canonical: Canonical) -> Table | None:
    """The table of a form, still empty; None where a form is anything but a plain list, also in what later versions of it may ask."""
    items = form.top.items.values()
    if _asks_more(form, _OF_FORM) or _asks_more(form.top, _OF_PLACE) or any(_asks_more(item, _OF_ITEM) for item in items):
        return None
    questions = {item.link: Question(item.order, item.text) for item in items}
    return Table(form, questions, frozenset(item.link for item in form.top.required), canonical)


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
    last, keys, is_bare = -1, 0, True
    for item in items:
        link, given = item["linkId"], item["answer"]
        question = table.questions[link]
        if question.order <= last or type(given) is not list or len(given) != 1 or len(given[0]) != 1:
            return None
        last = question.order
        if len(item) != 2:
            if len(item) != 3 or question.text is None or item["text"] != question.text:
                return None
            keys, is_bare = keys + 1, False
        answer = given[0]
        if "valueCoding" in answer:
            coding = answer["valueCoding"]
            key = coding["system"], coding["code"]
            known = question.known.get(key) or table.ask(link, {"valueCoding": {"system": key[0], "code": key[1]}}, key)
            if len(coding) != 2:
                if len(coding) != 3 or not _is_text(coding["display"]):
                    return None
                keys, is_bare = keys + 1, False
            keys += _KEYS
        else:
            number = answer["valueInteger"]
            if type(number) is not int:
                return None
            known = question.known.get(number) or table.ask(link, answer, number)
            keys += _KEYS - 2
        answers.append(known.value)
        canonical.append(known.canonical)
    if status in _COMPLETE and table.required and not table.required <= {item["linkId"] for item in items}:
        return None
    return Recognised(tuple(answers), keys, b"[" + b",".join(canonical) + b"]" if is_bare else None)


def _is_text(value: Any) -> bool:
    return type(value) is str and bool(value) and not value.isspace()


def _asks_more(thing: Any, handled: frozenset[str]) -> bool:
    return any(getattr(thing, each.name) for each in fields(thing) if each.name not in handled)
