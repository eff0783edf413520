"""Does a QuestionnaireResponse fit its Questionnaire? Checks and reads the answers in one walk.

A completed or amended form must answer what is required; a form in progress, stopped or retracted need not. Everything else
holds for all of them. Codes and numbers come out; text stays in the raw resource.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from beklijf_intake.domain.problem import Problem, broken_rule, joined, malformed, warning
from beklijf_intake.domain.questionnaire import CODE_LIMIT_CHARACTERS, Condition, Form, Item, comparable, option_key
from beklijf_intake.domain.submission import AnswerValue

Problems = list[Problem]
_COMPLETE = ("completed", "amended")


def check(form: Form, response: dict[str, Any]) -> tuple[Problems, tuple[AnswerValue, ...]]:
    """Problems (warnings among them; expressions start below the resource) and the coded and numeric answers in their order."""
    walk = _Walk(form, complete=response["status"] in _COMPLETE, disabled=_disabled(form, response) if form.conditional else frozenset())
    found = walk.items(response.get("item", ()), "") or []
    if walk.other_texts:
        sentence = f"The text of {walk.other_texts} item(s) differs from the Questionnaire's. The linkIds decide."
        found = [*found, warning("value", "item", sentence)]
    return found, tuple(walk.answers)


class _Walk:
    """One pass over the items. Each method returns None while all is well, else problems relative to what it was given."""

    __slots__ = ("answers", "complete", "disabled", "form", "other_texts")

    def __init__(self, form: Form, *, complete: bool, disabled: frozenset[str]) -> None:
        self.form = form
        self.complete = complete
        self.disabled = disabled
        self.other_texts = 0
        self.answers: list[AnswerValue] = []

    def items(self, items: Sequence[dict[str, Any]], parent: str) -> Problems | None:
        """The items at one place: those below `parent`, empty for the top."""
        found: Problems | None = None
        seen: set[str] = set()
        known = self.form.items
        for index, item in enumerate(items):
            link = item["linkId"]
            spec = known.get(link)
            if spec is None or spec.parent != parent or (link in seen and not (spec.type == "group" and spec.repeats)):
                bad: Problems | None = [_misplaced(spec, parent)]
            else:
                bad = self.item(item, spec)
            seen.add(link)
            if bad:
                found = _add(found, f"item[{index}]", bad)
        if self.complete and parent in self.form.required:
            for link in self.form.required[parent]:
                if link not in self.disabled and not any(item["linkId"] == link and _is_answered(item, known[link]) for item in items):
                    sentence = f"The item with linkId {link} is required in a completed form. Send it, or send the form as in-progress."
                    found = _add(found, "item", [broken_rule("required", "", sentence)])
        return found

    def item(self, item: dict[str, Any], spec: Item) -> Problems | None:
        """One item that stands where it should."""
        if spec.text is not None and item.get("text", spec.text) != spec.text:
            self.other_texts += 1
        answers = item.get("answer")
        children = item.get("item")
        if spec.link in self.disabled and (answers or children):
            return [broken_rule("invariant", "", "This item is not enabled (enableWhen): given the other answers it must not be answered.")]
        if answers and children:
            return [
                malformed(
                    "invariant", "", "An item has answers or items, not both; the items of a question stand under its answer (qrs-1)."
                )
            ]
        if not spec.values:
            if answers:
                return [broken_rule("invariant", "answer", f"An item of type {spec.type} takes no answer.")]
            return self.items(children or (), spec.link) if children or self.complete else None
        if children:
            return [broken_rule("invariant", "item", "The items of a question stand under its answer.")]
        if not answers:
            return None
        found: Problems | None = None
        for index, answer in enumerate(answers):
            bad = self.answer(answer, spec)
            if bad:
                found = _add(found, f"answer[{index}]", bad)
        if len(answers) > 1 and not spec.repeats:
            found = _add(found, "answer", [broken_rule("invariant", "", "This item takes one answer.")])
        return found

    def answer(self, answer: dict[str, Any], spec: Item) -> Problems | None:
        """One answer and the items beneath it."""
        for name in spec.values:
            if name in answer:
                bad = _complaint(name, answer[name], spec)
                if bad:
                    return [bad]
                self.keep(name, answer[name], spec.link)
                break
        else:
            if not any(name.startswith("_value") for name in answer):  # there, but with a reason why it is not known
                return [broken_rule("value", "value", f"An item of type {spec.type} is answered with {' or '.join(spec.values)}.")]
        children = answer.get("item")
        if children or (self.complete and spec.link in self.form.required):
            return self.items(children or (), spec.link)
        return None

    def keep(self, name: str, value: Any, link: str) -> None:
        """Codes and numbers go on; text, dates and attachments stay in the raw resource."""
        if name == "valueCoding":
            if "code" in value:
                self.answers.append(AnswerValue(link, code=value["code"]))
        elif name == "valueInteger":
            self.answers.append(AnswerValue(link, integer=value))
        elif name == "valueDecimal":
            self.answers.append(AnswerValue(link, decimal=format(Decimal(value), "f")))
        elif name == "valueBoolean":
            self.answers.append(AnswerValue(link, boolean=value))


def _misplaced(spec: Item | None, parent: str) -> Problem:
    if spec is None:
        return broken_rule("invariant", "linkId", "The Questionnaire has no item with this linkId.")
    if spec.parent != parent:
        place = f"below the item {spec.parent}" if spec.parent else "at the top of the form"
        return broken_rule("invariant", "linkId", f"The Questionnaire has this item in another place: {place}.")
    return broken_rule("invariant", "linkId", "This item is given twice. Several answers to a repeating question stand under one item.")


def _is_answered(item: dict[str, Any], spec: Item) -> bool:
    return not spec.values or any(name in answer for answer in item.get("answer", ()) for name in spec.values)


def _complaint(name: str, value: Any, spec: Item) -> Problem | None:
    """Whether one value is among the options and within the bounds."""
    if spec.options and option_key(name, value) not in spec.options and not (spec.type == "open-choice" and name == "valueString"):
        if spec.type != "open-choice":
            return broken_rule("code-invalid", "value", "The Questionnaire does not offer this answer (system and code must both match).")
        if len(value.get("code", "")) > CODE_LIMIT_CHARACTERS:
            return broken_rule("too-long", "value.code", f"A code may have {CODE_LIMIT_CHARACTERS} characters.")
    if spec.minimum is not None and value < spec.minimum:
        return broken_rule("value", "value", f"The answer must be at least {spec.minimum}.")
    if spec.maximum is not None and value > spec.maximum:
        return broken_rule("value", "value", f"The answer must be at most {spec.maximum}.")
    if spec.max_length is not None and type(value) is str and len(value) > spec.max_length:
        return broken_rule("too-long", "value", f"The answer may have {spec.max_length} characters.")
    if spec.max_places is not None and type(value) is Decimal and -int(value.as_tuple().exponent) > spec.max_places:
        return broken_rule("value", "value", f"The answer may have {spec.max_places} digits after the decimal point.")
    if spec.type == "attachment" and str(value.get("contentType", "")).startswith("image/svg"):
        return broken_rule("not-supported", "value.contentType", "SVG images can hold scripts and are not accepted.")
    return None


def _disabled(form: Form, response: dict[str, Any]) -> frozenset[str]:
    """The items that enableWhen switches off, those below them included (a Questionnaire lists parents first)."""
    given: dict[str, list[Any]] = {}
    _collect(form, response.get("item", ()), given)
    off: set[str] = set()
    for item in form.items.values():
        met = [_is_met(condition, given.get(condition.question, [])) for condition in item.conditions]
        if item.parent in off or (met and not (any(met) if item.any_condition else all(met))):
            off.add(item.link)
    return frozenset(off)


def _collect(form: Form, items: Sequence[dict[str, Any]], given: dict[str, list[Any]]) -> None:
    for item in items:
        spec = form.items.get(item["linkId"])
        for answer in item.get("answer", ()):
            for name in spec.values if spec else ():
                if name in answer:
                    given.setdefault(item["linkId"], []).append(comparable(name, answer[name]))
            _collect(form, answer.get("item", ()), given)
        _collect(form, item.get("item", ()), given)


def _is_met(condition: Condition, given: list[Any]) -> bool:
    wanted = condition.answer
    match condition.operator:
        case "exists":
            return bool(given) is wanted
        case "=":
            return wanted in given
        case "!=":
            return wanted not in given
        case ">":
            return any(value > wanted for value in _like(wanted, given))
        case "<":
            return any(value < wanted for value in _like(wanted, given))
        case ">=":
            return any(value >= wanted for value in _like(wanted, given))
        case "<=":
            return any(value <= wanted for value in _like(wanted, given))


def _like(wanted: Any, given: list[Any]) -> list[Any]:
    """The answers that have an order with this one: numbers with numbers, dates and texts with their like."""
    kinds = (str,) if type(wanted) is str else (int, Decimal)
    return [value for value in given if type(value) in kinds] if type(wanted) in (int, Decimal, str) else []


def _add(found: Problems | None, prefix: str, bad: Problems) -> Problems:
    found = [] if found is None else found
    found.extend(Problem(p.severity, p.code, joined(prefix, p.expression), p.sentence, p.status) for p in bad)
    return found
