"""Expressions of instruments made ready: found, checked, and given the form that they look at.

Scoring knows answers, and no form (design, section 3). So the QuestionnaireResponse that an expression sees is put together from the
answers, in the shape of the Questionnaire; what a code counts for comes from the Questionnaire alone, whatever a sender said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from beklijf_domain.document import ContractError
from beklijf_domain.expression import Answered, Expression, NoResult
from beklijf_domain.instrument import Instrument, Item, Measure
from beklijf_shared import fhirpath_subset
from beklijf_shared.fhirpath_subset import WEIGHTS, Refused

Resource = Mapping[str, Any]
Questionnaires = Mapping[tuple[str, str], Resource]

CALCULATED = (
    "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression",
    "http://hl7.org/fhir/StructureDefinition/questionnaire-calculatedExpression",
)
ITEMS_MAXIMUM = 200
"""Items of a form that an expression may look at."""

PARTS_MAXIMUM = 2_000
"""Items and answers of a Questionnaire that an expression may look at through %questionnaire."""


def ready(instrument: Instrument, questionnaires: Questionnaires) -> Instrument:
    """The instrument with its expressions ready to be evaluated; itself where it has none. Raises ContractError with file and key."""
    if not instrument.is_expressed:
        return instrument
    known = {version: each for (url, version), each in questionnaires.items() if url == instrument.questionnaire}
    forms = [each for version, each in sorted(known.items()) if instrument.scores_version(version)]
    if not forms:
        return instrument  # that there is none is said elsewhere
    return instrument.with_measures(tuple(_ready(each, instrument, forms) for each in instrument.measures))


def _ready(measure: Measure, instrument: Instrument, forms: list[Resource]) -> Measure:
    if measure.expression is None:
        return measure
    where = f"instruments/{instrument.code}: {measure.code}: expression"
    try:
        text = _text(measure.expression, forms)
        return replace(measure, expression=_compiled(text, measure.expression, instrument, forms))
    except ValueError as error:
        raise ContractError(f"{where}: {error}") from None


def _text(expression: Expression, forms: list[Resource]) -> str:
    """The expression as it stands in the file, or in every version of the Questionnaire alike."""
    if expression.calculated_by is None:
        return expression.text
    found = {_calculated(form, expression.calculated_by) for form in forms}
    if len(found) > 1:
        raise Refused("is not the same in every version of the Questionnaire that the instrument scores")
    return found.pop()


def _calculated(form: Resource, link: str) -> str:
    item = next((each for each in _items(form) if each["linkId"] == link), None)
    said = [each.get("valueExpression", {}) for each in (item or {}).get("extension", ()) if each["url"] in CALCULATED]
    if len(said) != 1:
        raise Refused(
            f"is to be found at the item {link} of {form['url']}|{form['version']}, which has no (or more than one) calculatedExpression"
        )
    if said[0].get("language") != "text/fhirpath" or not isinstance(said[0].get("expression"), str):
        raise Refused(f"of the item {link} is not written in text/fhirpath")
    return str(said[0]["expression"]).strip()


def _compiled(text: str, expression: Expression, instrument: Instrument, forms: list[Resource]) -> Expression:
    from beklijf_shared import fhirpath  # takes a sixth of a second, which only those pay who have an expression

    fhirpath_subset.check_text(text)
    tree = fhirpath.tree_of(text)
    form = _Form(instrument, forms)
    used = fhirpath_subset.check(tree, form.links)
    if used & {"weight", "ordinal", "extension"}:
        form.check_weights()
    questionnaire = form.questionnaire() if "%questionnaire" in used else {}

    def evaluate(answered: Answered) -> tuple[Fraction, int]:
        return fhirpath.evaluate(tree, form.filled_in(answered), questionnaire)

    return replace(expression, text=text, engine=fhirpath.ENGINE, evaluate=evaluate)


class _Form:
    """The form of one instrument: how answers become a QuestionnaireResponse."""

    def __init__(self, instrument: Instrument, forms: list[Resource]) -> None:
        self._items = {item.link: item for item in instrument.items}
        self._forms = forms
        self._asked = list(_asked(forms[-1].get("item", ()), self._items))
        self.links = frozenset(each["linkId"] for each in _items({"item": self._asked}))
        if len(self.links) > ITEMS_MAXIMUM:
            raise Refused(f"would look at a form of more than {ITEMS_MAXIMUM} items")
        shapes = [list(_shape(_asked(form.get("item", ()), self._items))) for form in forms]
        if any(shape != shapes[0] for shape in shapes):
            raise Refused("would look at forms of different shapes: its Questionnaire has versions that nest their items otherwise")
        for each in _items({"item": self._asked}):
            if each["linkId"] in self._items and each["type"] not in ("choice", "integer"):
                raise Refused(f"would look at the item {each['linkId']}, which is neither a choice nor an integer")
        self._codings = {each["linkId"]: dict(_codings(each)) for each in _items({"item": self._asked})}

    def check_weights(self) -> None:
        """What the Questionnaire says that a code counts for must be there, and be what the instrument says."""
        for form in self._forms:
            asked = {each["linkId"]: each for each in _items(form)}
            for link, item in self._items.items():
                given = {code: _weight(coding) for code, coding in _codings(asked[link])}
                for code, weight in given.items():
                    if weight is None:
                        raise Refused(f"asks for the weight of {code!r} of {link}, and the Questionnaire gives none (itemWeight)")
                    if weight != _worth(item, code):
                        raise Refused(
                            f"asks for the weight of {code!r} of {link}: {weight} in the Questionnaire, {_worth(item, code)} in the file"
                        )

    def questionnaire(self) -> dict[str, Any]:
        """The Questionnaire, of which there must be one."""
        if len(self._forms) > 1:
            raise Refused("looks at %questionnaire, and the instrument scores several versions of it")
        if sum(1 + len(each.get("answerOption", ())) for each in _items(self._forms[0])) > PARTS_MAXIMUM:
            raise Refused(f"looks at %questionnaire, which has more than {PARTS_MAXIMUM} items and answers")
        exact: dict[str, Any] = _exact(dict(self._forms[0]))
        return exact

    def filled_in(self, answered: Answered) -> dict[str, Any]:
        """The QuestionnaireResponse of these answers, in the shape of the form; what was not answered is not there."""
        return {"resourceType": "QuestionnaireResponse", "status": "completed", "item": list(self._filled_in(self._asked, answered))}

    def _filled_in(self, items: Iterable[Resource], answered: Answered) -> Iterator[dict[str, Any]]:
        for item in items:
            link = item["linkId"]
            below = list(self._filled_in(item.get("item", ()), answered))
            if link in answered:
                yield {"linkId": link, "answer": [{**self._value(link, answered[link]), **({"item": below} if below else {})}]}
            elif below:
                yield {"linkId": link, "item": below}

    def _value(self, link: str, answer: int | str) -> dict[str, Any]:
        return {"valueInteger": answer} if isinstance(answer, int) else {"valueCoding": dict(self._codings[link][answer])}


def _items(questionnaire: Resource) -> Iterator[Resource]:
    for item in questionnaire.get("item", ()):
        yield item
        yield from _items(item)


def _asked(items: Iterable[Resource], known: Mapping[str, Item]) -> Iterator[dict[str, Any]]:
    """The items that the instrument scores, and the groups around them."""
    for item in items:
        below = list(_asked(item.get("item", ()), known))
        if item["linkId"] in known or below:
            yield {**item, "item": below}


def _shape(items: Iterable[Resource]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for item in items:
        yield item["linkId"], tuple(_shape(item["item"]))


def _codings(item: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each answer that can be chosen, with what it counts for beside it."""
    for option in item.get("answerOption", ()):
        if "valueCoding" in option:
            coding = {name: option["valueCoding"][name] for name in ("system", "code") if name in option["valueCoding"]}
            extensions = [*option.get("extension", ()), *option["valueCoding"].get("extension", ())]
            weights = [
                {"url": each["url"], "valueDecimal": _decimal(each["valueDecimal"])} for each in extensions if each["url"] in WEIGHTS
            ]
            yield coding["code"], {**coding, "extension": weights}


def _weight(coding: Resource) -> Decimal | None:
    weights = {each["valueDecimal"] for each in coding["extension"]}
    if len(weights) > 1:
        raise Refused(f"asks for the weight of {coding['code']!r}, and the Questionnaire gives two")
    return weights.pop() if weights else None


def _worth(item: Item, code: str) -> int | None:
    if item.codes is None or code not in item.codes or item.categories:
        return None
    answered = item.codes[code]
    return answered if item.worth is None else item.worth[answered]


def _decimal(number: Any) -> Decimal:
    """A number of a JSON file as it was written: its shortest text, never the binary fraction in between."""
    return Decimal(str(number))


def _exact(part: Any) -> Any:
    """The same with every number that is not whole as it was written."""
    if isinstance(part, Mapping):
        return {name: _exact(each) for name, each in part.items()}
    if isinstance(part, list):
        return [_exact(each) for each in part]
    return part if isinstance(part, str | int | bool) or part is None else _decimal(part)


class Tried(NamedTuple):
    """What an expression gave for some answers: how many steps it took at most, the least and the most that came out (None: nothing),
    and the items whose answers never changed it."""

    steps: int
    least: Fraction | None
    most: Fraction | None
    without_effect: tuple[str, ...]


def tried(instrument: Instrument, measure: Measure) -> Tried:
    """Tries the expression of a measure: all items at their first answer, all at their last, and each other answer once beside either."""
    answers = {item.link: _possible(item) for item in instrument.items if item.link in measure.links}
    steps, found, without_effect = 0, [], []
    for link, possible in answers.items():
        gave = set()
        for place in (0, -1):
            ends = {each: known[place] for each, known in answers.items()}
            for answer in possible:
                number, took = _outcome(measure, ends | {link: answer})
                gave.add((place, number))
                steps = max(steps, took)
                found += [] if number is None else [number]
        if len(gave) == 2:
            without_effect.append(link)
    return Tried(steps, min(found, default=None), max(found, default=None), tuple(without_effect))


def _possible(item: Item) -> list[int | str]:
    """All answers, from the one that counts least to the one that counts most; of many numbers the ends and the middle."""
    if item.codes is not None:
        return [code for code, _ in sorted(item.codes.items(), key=lambda pair: pair[1])]
    assert item.low is not None
    assert item.high is not None
    return [item.low, (item.low + item.high) // 2, item.high]


def _outcome(measure: Measure, answered: Answered) -> tuple[Fraction | None, int]:
    assert measure.expression is not None
    assert measure.expression.evaluate is not None
    try:
        return measure.expression.evaluate(answered)
    except NoResult:
        return None, 0
