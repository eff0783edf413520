"""Filling in any Questionnaire by chance but repeatably, as its author meant it: what comes out must be accepted.

Written apart from intake's own checks, from FHIR R4 alone: everything is answered first, then what enableWhen switches off is
taken away, until nothing changes any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.lib.builders import NAMES, PSEUDONYMS, named
from tests.lib.questionnaires import extension

Resource = dict[str, Any]
AUTHORED = "2014-03-03T10:00:00+01:00"
UCUM = "http://unitsofmeasure.org"
PATTERNS = {"[1-9][0-9]{3} ?[A-Z]{2}": ["3511 AB", "9712CP"]}
TEXTS = ["x", "met een fiets", "Zoë", "a\nb", "not today", "50 %"]
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip


def response(form: Resource, name: str, chance: Random, *, share: float = 0.8) -> Resource:
    """A completed QuestionnaireResponse; an item that need not be answered is answered with this chance."""
    items = _items(form, form.get("item", []), chance, share)
    while _pruned(form, items):
        pass
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": named(f"{NAMES}answer", name),
        "questionnaire": f"{form['url']}|{form['version']}",
        "status": "completed",
        "subject": {"identifier": named(PSEUDONYMS, "p1")},
        "authored": AUTHORED,
        **({"item": items} if items else {}),
    }


def questions(items: list[Resource]) -> Iterator[Resource]:
    """Every item of a Questionnaire, parents first."""
    for item in items:
        yield item
        yield from questions(item.get("item", []))


def value(form: Resource, item: Resource, chance: Random) -> Resource:
    """One answer that the item allows: {"valueInteger": 5}."""
    options = [option for option in item.get("answerOption", []) if not extension(option, "questionnaire-optionExclusive")]
    if options:
        option = chance.choice(options)
        return {key: one for key, one in option.items() if key.startswith("value")}
    if "answerValueSet" in item:
        return {"valueCoding": chance.choice(_codes(form, item["answerValueSet"]))}
    return _VALUES[item["type"]](item, chance)


def _items(form: Resource, items: list[Resource], chance: Random, share: float) -> list[Resource]:
    found: list[Resource] = []
    for item in items:
        if item["type"] == "display" or not (item.get("required") or chance.random() < share):
            continue
        if item["type"] == "group":
            for _ in range(_times(item, chance)):
                below = _items(form, item.get("item", []), chance, share)
                if item.get("required") and not below:
                    below = _items(form, item["item"], chance, 1)
                found += [_about(item, chance) | {"item": below}] if below else []
            continue
        answers = []
        for _ in range(_times(item, chance)):
            one = value(form, item, chance)
            if one in answers:
                continue
            below = _items(form, item.get("item", []), chance, share)
            answers.append(one | ({"item": below} if below else {}))
        found.append(_about(item, chance) | {"answer": answers})
    return found


def _about(item: Resource, chance: Random) -> Resource:
    with_text = "text" in item and chance.random() < 0.3
    return {"linkId": item["linkId"]} | ({"text": item["text"]} if with_text else {})


def _times(item: Resource, chance: Random) -> int:
    if not item.get("repeats"):
        return 1
    return chance.randint(extension(item, "questionnaire-minOccurs") or 1, extension(item, "questionnaire-maxOccurs") or 3)


def _codes(form: Resource, canonical: str) -> list[Resource]:
    for held in form.get("contained", []):
        if canonical == "#" + held["id"]:
            if "expansion" in held:
                return [{"system": one["system"], "code": one["code"]} for one in held["expansion"]["contains"]]
            return [{"system": part["system"], "code": one["code"]} for part in held["compose"]["include"] for one in part["concept"]]
    return [{"system": "https://example.org/forms/CodeSystem/not-at-hand", "code": code} for code in ("1", "2")]


def _integer(item: Resource, chance: Random) -> Resource:
    low, high = extension(item, "minValue"), extension(item, "maxValue")
    return {"valueInteger": chance.randint(-3 if low is None else low, 12 if high is None else high)}


def _decimal(item: Resource, chance: Random) -> Resource:
    places = extension(item, "maxDecimalPlaces")
    low, high = extension(item, "minValue"), extension(item, "maxValue")
    number = chance.uniform(0 if low is None else low, 20 if high is None else high)
    if places == 0:
        return {"valueDecimal": round(number)}
    return {"valueDecimal": round(number, min(3 if places is None else places, chance.randint(0, 3)))}


def _string(item: Resource, chance: Random) -> Resource:
    pattern = extension(item, "regex")
    if pattern is not None:
        return {"valueString": chance.choice(PATTERNS[pattern])}
    least = extension(item, "minLength") or 0
    return {"valueString": chance.choice(["beklijf", *TEXTS]).ljust(least, "x")[: item.get("maxLength", 100)].strip()}


def _quantity(item: Resource, chance: Random) -> Resource:
    units = [one["valueCoding"] for one in item.get("extension", []) if one["url"].endswith("questionnaire-unitOption")]
    low, high = extension(item, "sdc-questionnaire-minQuantity"), extension(item, "sdc-questionnaire-maxQuantity")
    bounded = [{"code": low["code"], "display": low["unit"]}] if low else []
    unit = chance.choice(units or bounded or [{"code": "mg", "display": "mg"}, {"code": "kg", "display": "kg"}])
    number = chance.uniform(low["value"] if low else 1, high["value"] if high else 150)
    return {"valueQuantity": {"value": round(number, 1), "unit": unit["display"], "system": UCUM, "code": unit["code"]}}


def _day(item: Resource, chance: Random) -> Resource:
    return {"valueDate": f"{'2014' if extension(item, 'minValue') else chance.choice(['2012', '2014'])}-{chance.randint(1, 12):02}-11"}


def _date_time(item: Resource, chance: Random) -> Resource:
    return {"valueDateTime": f"2014-03-{chance.randint(2, 30):02}T{chance.randint(0, 23):02}:30:00+01:00"}


def _time(item: Resource, chance: Random) -> Resource:
    return {"valueTime": f"{chance.randint(9, 16) if extension(item, 'minValue') else chance.randint(0, 23):02}:30:00"}


_VALUES: dict[str, Callable[[Resource, Random], Resource]] = {
    "boolean": lambda item, chance: {"valueBoolean": chance.random() < 0.7},
    "integer": _integer, "decimal": _decimal, "string": _string, "text": _string, "quantity": _quantity,
    "date": _day, "dateTime": _date_time, "time": _time,
    "url": lambda item, chance: {"valueUri": "https://example.org/" + chance.choice("abc")},
    "attachment": lambda item, chance: {"valueAttachment": {"contentType": "image/png", "data": "AAAA"}},
    "reference": lambda item, chance: {"valueReference": {"type": "Organization", "identifier": named(f"{NAMES}organisation", "o1")}},
}  # fmt: skip


Scopes = list[tuple[set[str], list[Resource]]]
"""From the outside in: the linkIds that the form has below an ancestor, and the items given there."""


def _pruned(form: Resource, items: list[Resource]) -> bool:
    """Takes away one item that is switched off; False when there is none."""
    specs = {item["linkId"]: item for item in questions(form.get("item", []))}
    return _prune(specs, items, [(set(specs), items)])


def _prune(specs: dict[str, Resource], items: list[Resource], scopes: Scopes) -> bool:
    for index, item in enumerate(items):
        spec = specs[item["linkId"]]
        if not _enabled(spec, scopes):
            del items[index]
            return True
        inner = {one["linkId"] for one in questions(spec.get("item", []))}
        for below in [item, *item.get("answer", [])]:
            if "item" in below and _prune(specs, below["item"], [*scopes, (inner, below["item"])]):
                if not below["item"]:
                    del below["item"]
                return True
        if not item.keys() & {"item", "answer"}:
            del items[index]
            return True
    return False


def _enabled(spec: Resource, scopes: Scopes) -> bool:
    met = [_met(condition, scopes) for condition in spec.get("enableWhen", [])]
    return not met or (any(met) if spec.get("enableBehavior") == "any" else all(met))


def _met(condition: Resource, scopes: Scopes) -> bool:
    """Of a question that is asked again and again, the answer nearest to the item counts."""
    nearest = next(items for below, items in reversed(scopes) if condition["question"] in below)
    given = list(_answers(nearest, condition["question"]))
    name, wanted = next((key, one) for key, one in condition.items() if key.startswith("answer"))
    match condition["operator"]:
        case "exists":
            return bool(given) is wanted
        case "=":
            return any(_same(one, wanted) for one in given)
        case "!=":
            return bool(given) and not any(_same(one, wanted) for one in given)
        case operator:
            if name == "answerQuantity":
                return any(ORDERED[operator](one["value"], wanted["value"]) for one in given)
            return any(ORDERED[operator](one, wanted) for one in given)


def _same(one: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return all(one.get(key) == wanted.get(key) for key in ("system", "code", "value"))
    return bool(one == wanted)


def _answers(items: list[Resource], question: str) -> Iterator[Any]:
    for item in items:
        for answer in item.get("answer", []):
            if item["linkId"] == question:
                yield next(one for key, one in answer.items() if key.startswith("value"))
            yield from _answers(answer.get("item", []), question)
        yield from _answers(item.get("item", []), question)
