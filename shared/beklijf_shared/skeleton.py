"""A Questionnaire for an instrument, made from its contract: everything but the wording, which a licence may forbid us to have.

Every item gets a neutral text ("Item 3 of 20"), or the name of the measure that it alone makes up; a site writes its own text over it
and keeps the linkIds, the types and the codes, which is what `contracts` checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beklijf_domain.instrument import Category, Instrument, Item

BASE = "https://w3id.org/beklijf/fhir"
STRUCTURE = "http://hl7.org/fhir/StructureDefinition"
NOT_INCLUDED = "licensed text not included"


def resources(instrument: Instrument, *, date: str, publisher: str) -> Iterator[dict[str, Any]]:
    """The Questionnaire, and the CodeSystem of its answers where it has any of its own. `date`: of publication, YYYY-MM-DD."""
    about = {"status": "active", "experimental": False, "date": date, "publisher": publisher}
    yield _questionnaire(instrument, about)
    concepts = list(_concepts(instrument))
    if concepts:
        yield _code_system(instrument, about, concepts)


def name_of(title: str, ending: str = "") -> str:
    """A title as a name that machines can use: letters and digits only."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in title).split()
    return "".join(word[:1].upper() + word[1:] for word in words) + ending


def _questionnaire(instrument: Instrument, about: dict[str, Any]) -> dict[str, Any]:
    count = f"{len(instrument.items)} item{'s' if len(instrument.items) > 1 else ''}"
    return {
        "resourceType": "Questionnaire",
        "id": instrument.code,
        "language": "en",
        "url": instrument.questionnaire,
        "version": instrument.version,
        "name": name_of(instrument.title),
        "title": instrument.title,
        **{key: about[key] for key in ("status", "experimental")},
        "subjectType": ["Patient"],
        **{key: about[key] for key in ("date", "publisher")},
        "description": f"{instrument.title}: {count}, none required, because partial forms are accepted.",
        "copyright": instrument.licence,
        "item": [_item(instrument, item, place) for place, item in enumerate(instrument.items, start=1)],
    }


def _item(instrument: Instrument, item: Item, place: int) -> dict[str, Any]:
    alone = next((each for each in instrument.measures if each.links == (item.link,) and item.categories == each.categories), None)
    text: dict[str, Any] = {"text": f"Item {place} of {len(instrument.items)} ({NOT_INCLUDED})"}
    if alone is not None:
        text = {"text": alone.labels["en"], "_text": _translation(alone.labels["nl"])}
    if item.codes is None:
        bounds = [
            {"url": f"{STRUCTURE}/minValue", "valueInteger": item.low},
            {"url": f"{STRUCTURE}/maxValue", "valueInteger": item.high},
        ]
        return {"extension": bounds, "linkId": item.link, **text, "type": "integer", "required": False, "repeats": False}
    options = [_option(instrument, item, code) for code in item.codes]
    return {"linkId": item.link, **text, "type": "choice", "required": False, "repeats": False, "answerOption": options}


def _option(instrument: Instrument, item: Item, code: str) -> dict[str, Any]:
    """An answer. Its weight stands beside it where it is worth something: what is trusted is the instrument's, not what a sender says."""
    category = next((each for each in item.categories if each.code == code), None)
    coding: dict[str, Any] = {"system": _system(instrument), "code": code, "display": category.labels["en"] if category else _display(code)}
    if category:
        return {"valueCoding": {**coding, "_display": _translation(category.labels["nl"])}}
    assert item.codes is not None  # it has this code
    answered = item.codes[code]
    weight = answered if item.worth is None else item.worth[answered]
    return {"extension": [{"url": f"{STRUCTURE}/itemWeight", "valueDecimal": weight}], "valueCoding": coding}


def _code_system(instrument: Instrument, about: dict[str, Any], concepts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "id": f"{instrument.code}-answer",
        "language": "en",
        "url": _system(instrument),
        "version": instrument.version,
        "name": name_of(instrument.title, "Answer"),
        "title": f"Answers of {instrument.title}",
        **about,
        "description": "The answers; which of them a question offers, and in which order, its Questionnaire says.",
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def _concepts(instrument: Instrument) -> Iterator[dict[str, Any]]:
    found: dict[str, Category | None] = {}
    for item in instrument.items:
        for code in item.codes or ():
            found.setdefault(code, next((each for each in item.categories if each.code == code), None))
    for code, category in found.items():
        if category is None:
            yield {"code": code, "display": _display(code)}
        else:
            designation = [{"language": "nl", "value": category.labels["nl"]}]
            yield {"code": code, "display": category.labels["en"], "designation": designation}


def _display(code: str) -> str:
    return f"Level {code}" if code.isdigit() else code.replace("-", " ").capitalize()


def _system(instrument: Instrument) -> str:
    base = instrument.questionnaire.rpartition("/Questionnaire/")[0] or BASE
    return f"{base}/CodeSystem/{instrument.code}-answer"


def _translation(text: str) -> dict[str, Any]:
    parts = [{"url": "lang", "valueCode": "nl"}, {"url": "content", "valueString": text}]
    return {"extension": [{"url": f"{STRUCTURE}/translation", "extension": parts}]}
