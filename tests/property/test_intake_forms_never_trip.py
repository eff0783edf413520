"""Whatever FHIR a site loads as a form: it is compiled or refused in words, and no answer to it raises anything."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from beklijf_intake import fhir, forms
from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import FormNotUsable, compile_form
from tests.lib.hospital_forms import CORE, FILLED, FORMS, SDC
from tests.lib.random_forms import altered

AROUND = forms.surroundings([])
NAMES = sorted(set(FORMS) - {"large"})
VALUES: list[Any] = [
    None, "", "a", 0, -1, 1.5, True, [], {}, [{}], "2014", "2014-03-03T10:00:00Z", "choice", "group", "date", "#few", "exists", "~",
    {"code": "a"}, {"display": "a"}, {"value": 1}, {"reference": "#x"}, [{"valueCoding": {"display": "a"}}], [{"valueInteger": 3}],
    [{"url": CORE + "minValue", "valueInteger": 1}], [{"url": CORE + "minValue", "valueQuantity": {"unit": "kg"}}],
    [{"url": CORE + "regex", "valueString": "["}], [{"url": CORE + "maxSize", "valueString": "x"}], [{"url": CORE + "minLength"}],
    [{"url": CORE + "questionnaire-unitOption", "valueCoding": {}}], [{"url": SDC + "minQuantity", "valueQuantity": {"code": "kg"}}],
    [{"question": "n", "operator": ">", "answerInteger": 3}], [{"question": "has-pain", "operator": "=", "answerQuantity": {"unit": "kg"}}],
    [{"resourceType": "ValueSet", "id": "few", "compose": {"include": [{"valueSet": ["#few"]}]}}],
    [{"resourceType": "ValueSet", "id": "few", "status": "active", "expansion": {"timestamp": "2014", "contains": [{"code": "a"}]}}],
]  # fmt: skip
KEYS = ["extension", "enableWhen", "enableBehavior", "answerOption", "answerValueSet", "type", "required", "repeats", "item", "initial",
        "readOnly", "maxLength", "contained", "valueCoding", "linkId", "operator", "code", "question"]  # fmt: skip


def damaged(whole: Any, random: Random) -> Any:
    """A copy with a few values replaced, removed or added, anywhere."""
    copy = deepcopy(whole)
    for _ in range(random.randint(1, 3)):
        place = copy
        for _ in range(random.randint(0, 7)):
            inner = [one for one in (place.values() if isinstance(place, dict) else place) if isinstance(one, dict | list) and one]
            if not inner:
                break
            place = random.choice(inner)
        if isinstance(place, list):
            place[random.randrange(len(place))] = _like(random.choice(place), random)
        elif random.randrange(3):
            name = random.choice([*place, *KEYS])
            place[name] = _like(place.get(name, []), random)
        else:
            del place[random.choice([*place])]
    return copy


def _like(former: Any, random: Random) -> Any:
    """Another value, mostly of the same kind: what has another kind is no FHIR, and seen as such before."""
    alike = [value for value in VALUES if type(value) is type(former)]
    return deepcopy(random.choice(alike if alike and random.randrange(8) else VALUES))


@settings(max_examples=1_500, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 2**32))
def test_damaged_forms(name: str, seed: int) -> None:
    random = Random(seed)
    questionnaire = damaged(FORMS[name], random)
    if not isinstance(questionnaire.get("url"), str) or not isinstance(questionnaire.get("version"), str):
        return
    if questionnaire.get("resourceType") != "Questionnaire" or fhir.faults(questionnaire):
        event("no FHIR")
        return
    try:
        form = compile_form(questionnaire, AROUND)
    except FormNotUsable:
        event("refused")
        return
    event("compiled")
    for response in (FILLED[name], altered(deepcopy(FILLED[name]), random)):
        check(form, json.loads(json.dumps(response), parse_float=Decimal))
