"""The quick lane for answers: most forms are a plain list of choices and whole numbers, and most answers are sent plainly.

What is recognised here is recognised whole, by looking each answer up in a table that was made by the full check itself; what is
not recognised, for whatever reason, is nobody's fault and goes the full way, which alone explains what is wrong. Nothing is
accepted here that the full way would refuse, and nothing is read differently: a property test holds both against each other.
"""

from __future__ import annotations

import json
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
TEXTS_REMEMBERED = 5_000
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
    """A plain form. `required` are the linkIds that a complete response must answer.

    `texts` are items as they were sent, byte by byte but for their outer brackets, that were found right before.
    """

    form: Form
    questions: Mapping[str, Question]
    required: frozenset[str]
    canonical: Canonical
    texts: dict[bytes, tuple[int, str, Known]] = field(default_factory=dict)

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

    found: tuple[tuple[int, str, Known], ...]
    keys: int
    is_bare: bool

    @property
    def answers(self) -> tuple[AnswerValue, ...]:
        """What goes on."""
        return tuple([known.value for _, _, known in self.found])

    @property
    def canonical(self) -> bytes | None:
        """The list of items as a digest writes it, where it is known without writing it anew."""
        return b"[" + b",".join([known.canonical for _, _, known in self.found]) + b"]" if self.is_bare else None


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


def recognise_texts(texts: list[bytes], table: Table, status: str) -> Recognised | None:
    """The items of a response, if each was sent before in exactly these bytes and found right, and they stand in order."""
    known, last, found = table.texts, -1, []
    for text in texts:
        one = known.get(text)
        if one is None or one[0] <= last:
            return None
        last = one[0]
        found.append(one)
    if status in _COMPLETE and table.required and not table.required <= {link for _, link, _ in found}:
        return None
    return Recognised(tuple(found), 0, is_bare=True)


def remember(texts: list[bytes], items: list[Any], recognised: Recognised, table: Table) -> None:
    """Keeps the texts of items that were found right, each of which says by itself what the item says; without free text they are few."""
    if not recognised.is_bare or len(texts) != len(items):
        return
    for text, item, found in zip(texts, items, recognised.found, strict=True):
        if len(table.texts) < TEXTS_REMEMBERED and text not in table.texts and _says(text, item):
            table.texts[text] = found


def _says(text: bytes, item: Any) -> bool:
    try:
        return bool(json.loads(b"{" + text + b"}") == item)
    except ValueError:
        return False


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
    found: list[tuple[int, str, Known]] = []
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
        found.append((last, link, known))
    if status in _COMPLETE and table.required and not table.required <= {link for _, link, _ in found}:
        return None
    return Recognised(tuple(found), keys, is_bare)


def _is_text(value: Any) -> bool:
    return type(value) is str and bool(value) and not value.isspace()


def _asks_more(thing: Any, handled: frozenset[str]) -> bool:
    return any(getattr(thing, each.name) for each in fields(thing) if each.name not in handled)
