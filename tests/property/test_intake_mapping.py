"""However a hospital's form names, orders, nests and codes its items: by its mapping it reads as the very answers sent in our own form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_domain.mapping import FormMapping, ItemMapping
from beklijf_intake import fhir, front_door
from beklijf_intake.domain.mapping import compiled
from beklijf_intake.domain.submission import AnswersStated
from beklijf_shared import contracts
from tests.lib.builders import BASE, PSEUDONYMS
from tests.lib.reading import ORGANISATION, context

KNOWN = contracts.load()
FORMS = [(url, version) for url, version in sorted(KNOWN.questionnaires) if url.startswith(BASE)]
THEIRS = "https://ehr.example/forms/any"


def read(items: list[dict[str, Any]], canonical: str, mapping: FormMapping | None = None) -> AnswersStated:
    """What intake reads of these items, sent as an answer to this form."""
    resource = {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "https://ehr.example/answers", "value": "a1"},
        "questionnaire": canonical,
        "status": "in-progress",
        "subject": {"identifier": {"system": PSEUDONYMS, "value": "p1"}},
        "authored": "2014-03-03T10:00:00+01:00",
        **({"item": items} if items else {}),
    }
    body = json.dumps(resource).encode()
    at = context() if mapping is None else replace(context(), mappings=compiled({mapping.code: mapping}, KNOWN.questionnaires))
    found = fhir.read(front_door.parse(body), body, at)
    assert isinstance(found, AnswersStated)
    return found


def questions(items: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The questions of a form that are choices or whole numbers, at the top."""
    return [item for item in items if item["type"] in ("choice", "integer") and "enableWhen" not in item]


def limits(item: Mapping[str, Any]) -> tuple[int, int]:
    """The least and the greatest number that an item takes."""
    said = {one["url"].rpartition("/")[2]: one.get("valueInteger") for one in item.get("extension", ())}
    return int(said.get("minValue") or 0), int(said.get("maxValue") or 10)


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[str, str], list[dict[str, Any]], list[dict[str, Any]], FormMapping]:
    """One of our forms, answers in it, the same as a hospital sends them, and the mapping between."""
    form = draw(st.sampled_from(FORMS))
    ours, theirs, mapped = [], [], []
    for number, item in enumerate(questions(list(KNOWN.questionnaires[form]["item"]))):
        options = [one["valueCoding"] for one in item.get("answerOption", ())]
        link, scale, values = f"Q{number}", draw(st.sampled_from((Fraction(1), Fraction(10)))), {}
        if item["type"] == "integer":
            low, high = limits(item)
            sent = draw(st.integers(-(-low // int(scale)), high // int(scale)))
            mine: dict[str, Any] = {"valueInteger": sent * int(scale)}
            his = draw(st.sampled_from(({"valueInteger": sent}, {"valueString": str(sent)}, {"valueQuantity": {"value": sent}})))
        else:
            values = {str(position): one["code"] for position, one in enumerate(options)}
            position = draw(st.integers(0, len(options) - 1))
            mine = {"valueCoding": {name: options[position][name] for name in ("system", "code")}}
            coding = {"valueCoding": {"system": "https://ehr.example/codes", "code": str(position), "display": "whatever"}}
            his, scale = draw(st.sampled_from((coding, {"valueInteger": position}, {"valueString": str(position)}))), Fraction(1)
        mapped.append(ItemMapping(item["linkId"], link, scale, None, values))
        if draw(st.integers(0, 4)):
            ours.append({"linkId": item["linkId"], "answer": [mine]})
            theirs.append({"linkId": link, "text": "of their own", "answer": [his]})
    theirs = list(draw(st.permutations(theirs)))
    cut = draw(st.integers(0, len(theirs)))
    if theirs[cut:]:
        theirs[cut:] = [{"linkId": "page-2", "item": theirs[cut:]}]
    theirs.insert(0, {"linkId": "remarks", "answer": [{"valueString": "tired"}]})
    mapping = FormMapping("any", "1", (ORGANISATION,), THEIRS, ("1",), form, None, tuple(mapped), frozenset(("remarks",)))
    return form, ours, theirs, mapping


@given(case=cases())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mapped_form_reads_as_ours(case: tuple[tuple[str, str], list[dict[str, Any]], list[dict[str, Any]], FormMapping]) -> None:
    form, ours, theirs, mapping = case

    direct, mapped = read(ours, "|".join(form)), read(theirs, f"{THEIRS}|1", mapping)

    assert mapped.answers == direct.answers
    assert (mapped.questionnaire, mapped.questionnaire_version) == (direct.questionnaire, direct.questionnaire_version) == form
    assert (mapped.mapping, direct.mapping) == ("any@1", None)
    assert mapped.received.warnings == ()
