"""A site's own instrument whose total an expression computes: four questions with coded answers, one that is a number, and a group."""

from __future__ import annotations

import json
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from beklijf_domain.document import Document
from beklijf_domain.instrument import Instrument, read
from beklijf_domain.score import Score, scorer
from beklijf_shared.events import Answer
from beklijf_shared.expressions import ready

Json = dict[str, Any]

WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
CALCULATED = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
URL = "https://site.example/fhir/Questionnaire/knee"
CODES = {"never": 0, "sometimes": 1, "often": 2, "always": 4}
CODED = ("knee-1", "knee-2", "knee-3", "knee-4")
NUMBER = "knee-5"
LINKS = (*CODED, NUMBER)
SUM_OF_WEIGHTS = "%resource.item.item.answer.value.ofType(Coding).weight().sum()"

INSTRUMENT = """
code = "knee"
version = "1.0.0"
title = "Knee, of the site's own"
questionnaire = "https://site.example/fhir/Questionnaire/knee"
scores = ["1"]
judged = "total"
recall_period = "one week"
licence = "the site's own"
citation = "for tests"

[[items]]
links = ["knee-1", "knee-2", "knee-3", "knee-4"]
codes = {{ never = 0, sometimes = 1, often = 2, always = 4 }}

[[items]]
links = ["knee-5"]
low = 0
high = 10

[[measures]]
code = "total"
en = "Total"
nl = "Totaal"
formula = "expression"
{expression}
links = [{links}]
low = {low}
high = {high}
scale = {scale}
rounding = "half-up"
direction = "high-is-worse"
{missing}

[missing_items]
rule = "by-measure"
source = "for tests"
{examples}
"""


def questionnaire(version: str = "1.0.0", total: Json | None = None, weights: Json | None = None) -> Json:
    """Its Questionnaire, with the questions in one group; `total`: an item that is calculated; `weights` instead of its own."""
    said = CODES if weights is None else weights
    options = [
        {"extension": [{"url": WEIGHT, "valueDecimal": said[code]}] if code in said else [], "valueCoding": {"system": "s", "code": code}}
        for code in CODES
    ]
    questions = [{"linkId": link, "type": "choice", "answerOption": options} for link in CODED] + [{"linkId": NUMBER, "type": "integer"}]
    items = [{"linkId": "knee", "type": "group", "item": questions}, *([total] if total else [])]
    return {"resourceType": "Questionnaire", "url": URL, "version": version, "status": "active", "item": items}


def calculated(expression: str, link: str = "knee-total", language: str = "text/fhirpath") -> Json:
    """An item that is calculated."""
    said = {"url": CALCULATED, "valueExpression": {"language": language, "expression": expression}}
    return {"linkId": link, "type": "decimal", "extension": [said], "readOnly": True}


def toml(expression: str | None, **said: Any) -> str:
    """The instrument's file. `expression` None: from the item `knee-total`."""
    links = ", ".join(f'"{link}"' for link in said.get("links", CODED))
    missing = "\n".join(f"{name} = {json.dumps(said[name])}" for name in ("missing", "least_answered") if name in said)
    examples = "".join(
        f'\n[[examples]]\nanswers = "{answers}"\nsource = "by hand"\n' + (f'results = {{ total = "{total}" }}\n' if total else "")
        for answers, total in said.get("examples", ())
    )
    line = 'calculated_by = "knee-total"' if expression is None else f"expression = {json.dumps(expression)}"
    ends = {"low": said.get("low", 0), "high": said.get("high", 16), "scale": said.get("scale", 0)}
    return INSTRUMENT.format(expression=line, links=links, missing=missing, examples=examples, **ends)


def site(folder: Path, text: str, *questionnaires: Json) -> Path:
    """A site's folder with the instrument and its Questionnaires (its own, when none is given)."""
    for kind in ("instruments", "fhir"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "instruments" / "knee.toml").write_text(text, encoding="utf-8")
    for number, each in enumerate(questionnaires or (questionnaire(),)):
        (folder / "fhir" / f"Questionnaire-knee-{number}.json").write_text(json.dumps(each), encoding="utf-8")
    return folder


def knee(expression: str | None, *forms: Json, **said: Any) -> Instrument:
    """The instrument as the loader makes it, with its Questionnaires (its own, when none is given)."""
    known = {(each["url"], each["version"]): each for each in forms or (questionnaire(),)}
    data = tomllib.loads(toml(expression and "1", **said))
    if expression is not None:
        data["measures"][0]["expression"] = expression  # some text cannot stand in TOML as it is
    return ready(read(Document("knee.toml", data)), known)


def scored(instrument: Instrument, *answers: str | int | None) -> Score:
    """What these answers are worth, in the order of the items; None: not answered."""
    given = [
        Answer(link=link, integer=answer if isinstance(answer, int) else None, code=answer if isinstance(answer, str) else None)
        for link, answer in zip(LINKS, answers, strict=False)
        if answer is not None
    ]
    return scorer(instrument)(given)


def total(instrument: Instrument, *answers: str | int | None) -> Fraction | str | None:
    """The exact total, or the reason why there is none."""
    score = scored(instrument, *answers)
    return score.values[0].fraction if score.scorable else score.reason
