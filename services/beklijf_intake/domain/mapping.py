"""A form of a hospital's own becomes ours, by its mapping: pure, compiled once, and said back in the hospital's own places.

The result is a QuestionnaireResponse to our Questionnaire, in its order and groups, which the very check of our own forms then judges.
What that finds wrong is told of the item that the hospital sent (M5, M24 hold for what comes out).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from beklijf_domain.mapping import FormMapping, ItemMapping
from beklijf_intake.domain.problem import Problem, broken_rule

Resource = Mapping[str, Any]
Answer = dict[str, Any]
Key = tuple[str, str, str]
"""Organisation, address and version of a form (the version empty where none is stated)."""

NUMBERS = ("valueInteger", "valueDecimal")
_PATH = re.compile(r"item\[\d+\](?:\.(?:item|answer)\[\d+\])*")
_NUMBER = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,15})?")
_LINK = re.compile(r"linkId ([^\s]+) ")


@dataclass(frozen=True, slots=True)
class Question:
    """One question of ours, and what of the hospital's becomes an answer to it."""

    item: ItemMapping
    type: str
    options: Mapping[str, Mapping[str, Any]]
    """Our codings by code."""


@dataclass(frozen=True, slots=True)
class Mapper:
    """A compiled mapping. `questions` by the hospital's linkId."""

    mapping: FormMapping
    questions: Mapping[str, Question]
    outline: Sequence[Resource]
    """The items of our Questionnaire, as they are nested."""


@dataclass(slots=True)
class Mapped:
    """What came of one response. `places`: paths of ours to paths of the hospital's, below the resource."""

    response: dict[str, Any]
    problems: list[Problem]
    answered: dict[str, list[tuple[Answer, str]]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def compile_mapping(mapping: FormMapping, questionnaire: Resource) -> Mapper:
    """The mapping with our Questionnaire laid beside it; that it fits was checked when it was loaded."""
    ours = {item["linkId"]: item for item in _all(questionnaire.get("item", ()))}
    questions = {
        each.theirs: Question(each, ours[each.link]["type"], {one["code"]: one for one in _codings(ours[each.link])})
        for each in mapping.items
    }
    return Mapper(mapping, questions, questionnaire.get("item", ()))


def compiled(mappings: Mapping[str, FormMapping], questionnaires: Mapping[tuple[str, str], Resource]) -> dict[Key, Mapper]:
    """Every mapping, under each form of each organisation that it is for."""
    return {
        (organisation, each.questionnaire, version): mapper
        for each in mappings.values()
        for mapper in [compile_mapping(each, questionnaires[each.to])]
        for organisation in each.organisations
        for version in each.versions
    }


def apply(mapper: Mapper, response: Resource) -> Mapped:
    """The response as one to our Questionnaire. Problems are of the hospital's own items; what is missing, our own check finds."""
    mapped = Mapped({}, [])
    for link, element, path in walked(response.get("item", ()), mapper.mapping.ignored):
        question = mapper.questions.get(link)
        if question is None:
            if element.get("answer"):
                sentence = f"This item has an answer, and mapping {mapper.mapping.name} neither maps it nor lists it as ignored."
                mapped.problems.append(broken_rule("invariant", f"{path}.linkId", sentence))
        elif question.item.link in mapped.answered:
            mapped.problems.append(broken_rule("invariant", f"{path}.linkId", "This item is given twice, and its mapping takes it once."))
        else:
            mapped.answered[question.item.link] = list(_answers(mapper, question, element, path, mapped.problems))
    items = list(_placed(mapper.outline, mapped, "item"))
    rest = {name: value for name, value in response.items() if name not in ("questionnaire", "item", "text")}
    mapped.response = {**rest, "questionnaire": "|".join(mapper.mapping.to)} | ({"item": items} if items else {})
    return mapped


def told(mapper: Mapper, mapped: Mapped, problems: Sequence[Problem]) -> list[Problem]:
    """Problems of our own check, said of the hospital's own items."""
    theirs = {question.item.link: link for link, question in mapper.questions.items()}
    return [replace(problem, expression=_back(problem.expression, mapped), sentence=_said(problem, mapper, theirs)) for problem in problems]


def walked(items: Sequence[Resource], ignored: frozenset[str], path: str = "item") -> Iterator[tuple[str, Resource, str]]:
    """Every item, wherever it is nested, with its linkId and path; ignored ones and what is below them are passed over."""
    for index, element in enumerate(items):
        where = f"{path}[{index}]"
        if element["linkId"] in ignored:
            continue
        yield element["linkId"], element, where
        yield from walked(element.get("item", ()), ignored, f"{where}.item")
        for number, answer in enumerate(element.get("answer", ())):
            yield from walked(answer.get("item", ()), ignored, f"{where}.answer[{number}].item")


def texts_of(answer: Resource) -> tuple[str, ...]:
    """How an answer may stand in a value map, the most exact first."""
    for name, value in answer.items():
        if name == "valueCoding":
            return tuple(text for text in (f"{value.get('system', '')}|{value.get('code', '')}", value.get("code")) if text)
        if name == "valueBoolean":
            return ("true" if value else "false",)
        if name == "valueQuantity":
            return (str(value.get("value")),)
        if name.startswith("value"):
            return (str(value).strip(),)
    return ()


def _answers(mapper: Mapper, question: Question, element: Resource, path: str, problems: list[Problem]) -> Iterator[tuple[Answer, str]]:
    for index, answer in enumerate(element.get("answer", ())):
        where = f"{path}.answer[{index}]"
        found = _from_values(question, answer) if question.item.values else _converted(question, answer)
        if isinstance(found, str):
            problems.append(broken_rule("code-invalid", f"{where}.value", f"{found} (mapping {mapper.mapping.name})"))
        else:
            yield found, where


def _from_values(question: Question, answer: Resource) -> Answer | str:
    """By the value map, or why not."""
    for text in texts_of(answer):
        value = question.item.values.get(text)
        if value is not None:
            if isinstance(value, bool):
                return {"valueBoolean": value}
            if isinstance(value, int):
                return {"valueInteger": value}
            return {"valueCoding": dict(question.options[value])} if value in question.options else {"valueString": value}
    return "This answer stands in no line of the value map."


def _converted(question: Question, answer: Resource) -> Answer | str:
    """By its type: numbers by the scale, codings by their code; everything else as it is. Or why not."""
    if question.options:
        code = answer.get("valueCoding", {}).get("code")
        return {"valueCoding": dict(question.options[code])} if code in question.options else "Our form has no option with this code."
    if question.type not in ("integer", "decimal"):
        return {name: value for name, value in answer.items() if name != "item"}
    number = _number(question.item, answer)
    if isinstance(number, str):
        return number
    scaled = number * question.item.scale
    if question.type == "decimal":
        return {"valueDecimal": Decimal(scaled.numerator) / Decimal(scaled.denominator)}
    if scaled.denominator != 1:
        return "In our unit this is no whole number."
    return {"valueInteger": scaled.numerator}


def _number(item: ItemMapping, answer: Resource) -> Fraction | str:
    quantity = answer.get("valueQuantity")
    if quantity is not None:
        if item.unit is not None and item.unit not in (quantity.get("unit"), quantity.get("code")):
            return f"The unit must be {item.unit}."
        return Fraction(quantity["value"]) if quantity.get("value") is not None else "The quantity has no value."
    if item.unit is not None and not any(name in answer for name in NUMBERS):
        return "A number or a quantity is expected."
    for name in NUMBERS:
        if name in answer:
            return Fraction(answer[name])
    text = str(answer.get("valueString", "")).strip()
    return Fraction(text.replace(",", ".")) if _NUMBER.fullmatch(text) else "A number is expected."


def _placed(outline: Sequence[Resource], mapped: Mapped, path: str) -> Iterator[dict[str, Any]]:
    """The items of our form that have answers, in its order and groups; notes where each of them came from."""
    index = 0
    for item in outline:
        where = f"{path}[{index}]"
        answered = mapped.answered.get(item["linkId"], [])
        if item["type"] == "group":
            below = list(_placed(item.get("item", ()), mapped, f"{where}.item"))
            element: dict[str, Any] = {"linkId": item["linkId"], "item": below} if below else {}
        else:
            element = {"linkId": item["linkId"], "answer": [dict(answer) for answer, _ in answered]} if answered else {}
            if answered:
                mapped.places[where] = answered[0][1].rpartition(".answer")[0]
                mapped.places |= {f"{where}.answer[{number}]": theirs for number, (_, theirs) in enumerate(answered)}
                below = list(_placed(item.get("item", ()), mapped, f"{where}.answer[0].item"))
                if below:
                    element["answer"][0]["item"] = below
        if element:
            yield element
            index += 1


def _back(expression: str | None, mapped: Mapped) -> str | None:
    """A path of ours as the hospital's: that of the nearest thing that it sent."""
    found = _PATH.match(expression or "")
    if found is None or expression is None:
        return expression
    path, rest = found[0], expression[found.end() :]
    while path:
        if path in mapped.places:
            return mapped.places[path] + rest
        path, rest = path.rpartition(".")[0], ""
    return "item"


def _said(problem: Problem, mapper: Mapper, theirs: Mapping[str, str]) -> str:
    """The sentence, with the hospital's linkId where it names ours."""
    named = _LINK.search(problem.sentence)
    yours = theirs.get(named[1]) if named else None
    return f"{problem.sentence} In your form it is {yours} (mapping {mapper.mapping.name})." if yours else problem.sentence


def _codings(item: Resource) -> Iterator[dict[str, Any]]:
    for option in item.get("answerOption", ()):
        if "valueCoding" in option:
            yield {name: value for name, value in option["valueCoding"].items() if name in ("system", "code")}


def _all(items: Sequence[Resource]) -> Iterator[Resource]:
    for item in items:
        yield item
        yield from _all(item.get("item", ()))
