"""A Questionnaire's check written as plainly as possible: it reads the Questionnaire anew, looks everything up, and remembers nothing.

It shares no code with intake's compiled check and says the same problems: severity, code, and where. What it does not know is what
the generated Questionnaires do not have (totals of instruments, units by value set, filters of value sets).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Json = dict[str, Any]
Said = tuple[str, str, str]
"""Severity, code, expression."""

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
TYPES = {
    "boolean": ["valueBoolean"], "decimal": ["valueDecimal"], "integer": ["valueInteger"], "date": ["valueDate"],
    "dateTime": ["valueDateTime"], "time": ["valueTime"], "string": ["valueString"], "text": ["valueString"], "url": ["valueUri"],
    "choice": ["valueCoding"], "open-choice": ["valueCoding", "valueString"], "attachment": ["valueAttachment"],
    "reference": ["valueReference"],    "quantity": ["valueQuantity"], "group": [], "display": [],
}  # fmt: skip
KINDS = {"date": "day", "dateTime": "day", "integer": "number", "decimal": "number", "string": "text", "text": "text", "url": "text"}
ORDERED = ("number", "day", "time", "text", "quantity")


def check(questionnaire: Json, response: Json) -> list[Said]:
    """All problems, in no particular order."""
    return sorted(_Check(questionnaire, response).problems())


class _Check:
    def __init__(self, questionnaire: Json, response: Json) -> None:
        self.questionnaire = questionnaire
        self.response = response
        self.complete = response["status"] in ("completed", "amended")
        self.definitions: dict[str, Json] = {}
        self.parents: dict[str, str] = {}
        self._define(questionnaire, "")
        self.given: list[tuple[str, tuple[int, ...], str, Any]] = []  # linkId, repetitions around it, kind and value of an answer
        self._collect(questionnaire, response, ())
        self.texts = self.disordered = 0

    def _define(self, parent: Json, name: str) -> None:
        for one in parent.get("item", ()):
            self.definitions[one["linkId"]] = one
            self.parents[one["linkId"]] = name
            self._define(one, one["linkId"])

    def _collect(self, definition: Json, element: Json, around: tuple[int, ...]) -> None:
        children = {one["linkId"]: one for one in definition.get("item", ())}
        for one in element.get("item", ()):
            known = children.get(one["linkId"])
            if known is None:
                continue
            repeating = known.get("repeats") and "item" in known
            if known["type"] == "group":
                self._collect(known, one, (*around, id(one)) if repeating else around)
            for answer in one.get("answer", ()) if known["type"] != "group" else ():
                within = (*around, id(answer)) if repeating else around
                for name in value_names(known, self.questionnaire):
                    if name in answer:
                        self.given.append((one["linkId"], within, *comparable(name, answer[name])))
                self._collect(known, answer, within)

    # which items are switched off

    def containers(self, link: str) -> list[str]:
        """The repeating items around an item, outermost first."""
        found = []
        above = self.parents[link]
        while above:
            if self.definitions[above].get("repeats"):
                found.append(above)
            above = self.parents[above]
        return found[::-1]

    def decidable(self, link: str) -> list[Json]:
        """The conditions of an item; none if one of them cannot be decided."""
        item = self.definitions[link]
        conditions: list[Json] = item.get("enableWhen", [])
        if len(conditions) > 1 and item.get("enableBehavior") not in ("all", "any"):
            return []
        return conditions if all(self.can_decide(one) for one in conditions) else []

    def can_decide(self, condition: Json) -> bool:
        question = self.definitions.get(condition["question"])
        name = next(name for name in condition if name.startswith("answer"))
        if question is None:
            return False
        if condition["operator"] == "exists":
            return name == "answerBoolean"
        kind = comparable(name.replace("answer", "value"), condition[name])[0]
        if question["type"] not in ("choice", "open-choice") and kind != KINDS.get(question["type"], question["type"]):
            return False
        return condition["operator"] in ("=", "!=") or kind in ORDERED

    def governors(self, link: str) -> list[str]:
        """The item and what stands above it, as far as it has conditions, innermost first."""
        found = []
        while link:
            if self.decidable(link):
                found.append(link)
            link = self.parents[link]
        return found

    def rests_on(self, link: str) -> set[str]:
        names = [self.parents[link], *(one["question"] for one in self.decidable(link))]
        return {governors[0] for name in names if name and (governors := self.governors(name))}

    def is_tangled(self, link: str) -> bool:
        reached: set[str] = set()
        waiting = self.rests_on(link)
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting |= self.rests_on(one)
        return link in reached

    def is_off(self, link: str, around: tuple[int, ...]) -> bool:
        """Whether an item, or one above it, is switched off."""
        governors = self.governors(link)
        if not governors:
            return False
        first, above = governors[0], governors[1:]
        if not self.is_met(first, around):
            return True
        return bool(above) and not (self.is_tangled(first) and self.is_tangled(above[0])) and self.is_off(above[0], around)

    def is_met(self, link: str, around: tuple[int, ...]) -> bool:
        results = [self.holds(one, link, around) for one in self.decidable(link)]
        return any(results) if self.definitions[link].get("enableBehavior") == "any" else all(results)

    def holds(self, condition: Json, link: str, around: tuple[int, ...]) -> bool:
        question = condition["question"]
        mine, theirs = self.containers(link), [*self.containers(question)]
        if question in mine:
            theirs.append(question)
        shared = 0
        while shared < min(len(mine), len(theirs)) and mine[shared] == theirs[shared]:
            shared += 1
        values = [
            (kind, value)
            for name, within, kind, value in self.given
            if name == question and within[:shared] == around[:shared] and (self.is_tangled(link) or not self.is_off(name, within))
        ]
        name = next(name for name in condition if name.startswith("answer"))
        if condition["operator"] == "exists":
            return bool(values) is condition[name]
        kind, wanted = comparable(name.replace("answer", "value"), condition[name])
        if condition["operator"] == "!=":
            return not any(compare(kind, given, wanted, "=") for one, given in values if one == kind)
        return any(compare(kind, given, wanted, condition["operator"]) for one, given in values if one == kind)

    # what is wrong

    def problems(self) -> Iterator[Said]:
        yield from self.place(self.questionnaire, self.response, "", ())
        if self.texts:
            yield "warning", "value", "item"
        if self.disordered:
            yield "warning", "structure", "item"

    def place(self, definition: Json, element: Json, where: str, around: tuple[int, ...]) -> Iterator[Said]:
        children = {one["linkId"]: one for one in definition.get("item", ())}
        order = [*children]
        items = element.get("item", [])
        last, seen = -1, set()
        for index, one in enumerate(items):
            here, link = f"{where}item[{index}]", one["linkId"]
            if link not in children:
                yield "error", "invariant", f"{here}.linkId"
                continue
            if link in seen and not (children[link]["type"] == "group" and children[link].get("repeats")):
                yield "error", "invariant", f"{here}.linkId"
                continue
            self.disordered += order.index(link) < last
            last = order.index(link)
            seen.add(link)
            yield from self.item(children[link], one, here, around)
        for known in children.values():
            given = {index: one for index, one in enumerate(items) if one["linkId"] == known["linkId"]}
            yield from self.missing(known, given, where, around)

    def missing(self, known: Json, given: dict[int, Json], where: str, around: tuple[int, ...]) -> Iterator[Said]:
        """What a place lacks of one item, or has too often; `given` are those there, by their place."""
        link, items = known["linkId"], [*given.values()]
        if self.decidable(link) and self.is_off(link, around):
            return
        free = "enableWhen" in known and not self.decidable(link)
        answered = any(self.is_answered(known, one) for one in items)
        if self.complete and known.get("required") and known["type"] != "display" and not free and not answered:
            yield "error", "required", f"{where}item[{min(given)}]" if given else f"{where}item"
        if known["type"] == "group":
            yield from self.occurrences(known, sum("item" in one for one in items), f"{where}item")

    def occurrences(self, known: Json, count: int, where: str) -> Iterator[Said]:
        least, most = extension(known, CORE + "questionnaire-minOccurs"), extension(known, CORE + "questionnaire-maxOccurs")
        if count and most is not None and count > most:
            yield "error", "invariant", where
        elif count and self.complete and least is not None and count < least:
            yield "error", "required", where

    def is_answered(self, known: Json, item: Json) -> bool:
        if known["type"] in ("group", "display"):
            return "item" in item
        return any(name.startswith("value") for answer in item.get("answer", ()) for name in answer)

    def item(self, known: Json, item: Json, here: str, around: tuple[int, ...]) -> Iterator[Said]:
        answers, children, kind = item.get("answer"), item.get("item"), known["type"]
        self.texts += "text" in known and item.get("text", known["text"]) != known["text"]
        if answers and children:
            yield "error", "invariant", here
        elif not answers and not children:
            return
        elif self.decidable(known["linkId"]) and self.is_off(known["linkId"], around):
            yield "error", "invariant", here
        elif kind == "group" and children:
            yield from self.place(known, item, f"{here}.", (*around, id(item)) if known.get("repeats") else around)
        elif kind in ("group", "display") and answers:
            yield "error", "invariant", f"{here}.answer"
        elif children:
            yield "error", "invariant", f"{here}.item"
        else:
            yield from self.answers(known, answers or [], here, around)

    def answers(self, known: Json, answers: list[Json], here: str, around: tuple[int, ...]) -> Iterator[Said]:
        for index, answer in enumerate(answers):
            repeating = known.get("repeats") and "item" in known
            yield from self.answer(known, answer, f"{here}.answer[{index}]", (*around, id(answer)) if repeating else around)
        names = value_names(known, self.questionnaire)
        values = [(name, answer[name]) for answer in answers for name in names if name in answer]
        alone = [one for one in known.get("answerOption", ()) if extension(one, CORE + "questionnaire-optionExclusive")]
        exclusive = [(name, key(name, one[name])) for one in alone for name in names if name in one]
        if len(answers) > 1 and (not known.get("repeats") or any((name, key(name, value)) in exclusive for name, value in values)):
            yield "error", "invariant", f"{here}.answer"
        if known.get("repeats"):
            yield from self.occurrences(known, len(answers), f"{here}.answer")
        initial = [(name, one[name]) for one in known.get("initial", ()) for name in one]
        if known.get("readOnly") and initial and [comparable(*one) for one in values] != [comparable(*one) for one in initial]:
            yield "warning", "value", f"{here}.answer"

    def answer(self, known: Json, answer: Json, here: str, around: tuple[int, ...]) -> Iterator[Said]:
        name = next((name for name in answer if name in value_names(known, self.questionnaire)), None)
        if name is None and not any(one == f"_{wanted}" for one in answer for wanted in value_names(known, self.questionnaire)):
            yield "error", "value", f"{here}.value"
            return
        problem = value_problem(known, name, answer[name], self.questionnaire) if name else None
        if problem:
            yield problem[0], problem[1], f"{here}.{problem[2]}"
        if problem and problem[0] == "error":
            return
        if "item" in known:
            yield from self.place(known, answer, f"{here}.", around)
        elif "item" in answer:
            yield "error", "invariant", f"{here}.item[0].linkId"


def value_names(known: Json, questionnaire: Json) -> list[str]:
    """The value[x] that an item takes."""
    listed = list(dict.fromkeys(name for option in known.get("answerOption", ()) for name in option if name.startswith("value")))
    if known["type"] == "choice" and listed:
        return listed
    return list(dict.fromkeys([*listed, *TYPES[known["type"]]])) if known["type"] == "open-choice" else TYPES[known["type"]]


def value_problem(known: Json, name: str, value: Any, questionnaire: Json) -> tuple[str, str, str] | None:
    """The first thing that is wrong with a value: severity, code, where."""
    if known["type"] in ("choice", "open-choice") and not (known["type"] == "open-choice" and name == "valueString"):
        return option_problem(known, name, value, questionnaire)
    bounds = bound_problem(known, name, value)
    if name in ("valueString", "valueUri"):
        return bounds or text_problem(known, value)
    if bounds and bounds[0] == "error":
        return bounds
    number = value.get("value") if name == "valueQuantity" else value
    places = extension(known, CORE + "maxDecimalPlaces")
    if places is not None and type(number) is Decimal and len(format(number, "f").partition(".")[2]) > places:
        return "error", "value", "value"
    units = [(one.get("system"), one.get("code")) for _, one in values(known, CORE + "questionnaire-unitOption")]
    return ("error", "code-invalid", "value") if name == "valueQuantity" and units and unit(value) not in units else bounds


def bound_problem(known: Json, name: str, value: Any) -> tuple[str, str, str] | None:
    """Below the least or above the most; else a remark if that could not be said."""
    remark = None
    number = value.get("value") if name == "valueQuantity" else value
    for part, operator in (("minValue", "<"), ("maxValue", ">")):
        for bound_name, bound in values(known, CORE + part, SDC + f"{part[:3]}Quantity"):
            if bound_name == "valueQuantity" and unit(value) != unit(bound):
                remark = "warning", "value", "value"
                continue
            if name == "valueQuantity":
                kind, given, wanted = "number", number, bound["value"] if bound_name == "valueQuantity" else bound
            else:
                (kind, given), wanted = comparable(name, value), comparable(bound_name, bound)[1]
            if given is not None and compare(kind, given, wanted, operator):
                return "error", "value", "value"
    return remark


def option_problem(known: Json, name: str, value: Any, questionnaire: Json) -> tuple[str, str, str] | None:
    options = [(one, key(one, option[one])) for option in known.get("answerOption", ()) for one in option if one.startswith("value")]
    if not options and "answerValueSet" in known:
        codes = codes_of(known["answerValueSet"], questionnaire)
        if codes is None:
            return "warning", "code-invalid", "value"
        options = [("valueCoding", code) for code in codes]
    return ("error", "code-invalid", "value") if options and (name, key(name, value)) not in options else None


def codes_of(canonical: str, questionnaire: Json) -> list[tuple[Any, Any]] | None:
    """The codes of a contained value set; None if it is not at hand."""
    contained = {f"#{one['id']}": one for one in questionnaire.get("contained", ())}
    if canonical not in contained:
        return None
    found: list[tuple[Any, Any]] = []
    for include in contained[canonical]["compose"]["include"]:
        systems = [one for one in contained.values() if one.get("url") == include["system"]]
        waiting = list(include["concept"] if "concept" in include else systems[0]["concept"])
        while waiting:
            concept = waiting.pop()
            found.append((include["system"], concept["code"]))
            waiting.extend(concept.get("concept", ()))
    return found


def text_problem(known: Json, value: str) -> tuple[str, str, str] | None:
    if "maxLength" in known and len(value) > known["maxLength"]:
        return "error", "too-long", "value"
    least, pattern = extension(known, CORE + "minLength"), extension(known, CORE + "regex")
    if least is not None and len(value) < least:
        return "error", "value", "value"
    return ("error", "value", "value") if pattern is not None and not re.fullmatch(pattern, value, re.ASCII) else None


def values(known: Json, *urls: str) -> list[tuple[str, Any]]:
    """The values of extensions."""
    return [(name, one[name]) for one in known.get("extension", ()) if one["url"] in urls for name in one if name.startswith("value")]


def extension(known: Json, url: str) -> Any:
    """The value of the first such extension, or None."""
    return next((value for _, value in values(known, url)), None)


def key(name: str, value: Any) -> Any:
    """What makes two options the same."""
    if name == "valueCoding":
        return value.get("system"), value.get("code")
    return value.get("reference") if name == "valueReference" else value


def unit(quantity: Json) -> tuple[Any, Any]:
    return quantity.get("system"), quantity.get("code") or quantity.get("unit")


def comparable(name: str, value: Any) -> tuple[str, Any]:
    """A value with its kind."""
    match name:
        case "valueInteger" | "valueDecimal":
            return "number", Decimal(str(value))
        case "valueDate" | "valueDateTime":
            return "day", value
        case "valueString" | "valueUri":
            return "text", value
        case "valueCoding":
            return "coding", (value.get("system"), value.get("code"))
        case "valueQuantity":
            return "quantity", (unit(value), value.get("value"))
        case "valueReference":
            return "reference", value.get("reference")
    return name.removeprefix("value").lower(), value


def compare(kind: str, given: Any, wanted: Any, operator: str) -> bool:
    """Whether one value stands so to another of its kind."""
    if kind == "coding" and wanted[0] is None:
        given, wanted = given[1], wanted[1]
    if kind == "quantity" and operator != "=":
        if given[0] != wanted[0] or given[1] is None or wanted[1] is None:
            return False
        given, wanted = given[1], wanted[1]
    if kind == "day":
        given, wanted = days(given, wanted, exact=operator == "=")
    match operator:
        case "=":
            return bool(given == wanted)
        case "<":
            return bool(given < wanted)
        case ">":
            return bool(given > wanted)
        case "<=":
            return bool(given <= wanted)
    return bool(given >= wanted)


def days(given: str, wanted: str, *, exact: bool) -> tuple[Any, Any]:
    """Two dates or instants with the same precision, that of the coarser one, unless they must be equal exactly."""
    if "T" in given and "T" in wanted:
        return datetime.fromisoformat(given), datetime.fromisoformat(wanted)
    if exact:
        return given, wanted
    one, other = (datetime.fromisoformat(text).astimezone(UTC).date().isoformat() if "T" in text else text for text in (given, wanted))
    size = min(len(one), len(other))
    return one[:size], other[:size]
