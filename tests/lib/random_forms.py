"""Random Questionnaires with every feature that is checked, and answers to them: most fit, some are spoilt."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.lib.hospital_forms import CORE, SDC, UCUM, coded, extended, filled, form

Json = dict[str, Any]

QUESTIONS = ("boolean", "decimal", "integer", "date", "dateTime", "time", "string", "text", "url", "choice", "choice", "open-choice",
             "quantity", "reference")  # fmt: skip
DEPTH = 3
VALUES: dict[str, list[Any]] = {
    "valueBoolean": [True, False],
    "valueDecimal": [0, 0.5, 1.25, 3, -2],
    "valueInteger": [0, 1, 3, 7, -1],
    "valueDate": ["2014", "2014-03", "2014-03-03", "2013-12-31", "2014-07-01"],
    "valueDateTime": ["2014", "2014-03-03", "2014-03-03T10:00:00Z", "2014-03-03T23:30:00-05:00", "2014-07-01T00:00:00+02:00"],
    "valueTime": ["07:00:00", "09:30:00", "22:00:00", "22:00:00.5"],
    "valueString": ["a", "yes", "3584 CX", "a longer text", "Zoë"],
    "valueUri": ["https://example.org", "urn:x"],
    "valueCoding": [{"code": "a"}, {"code": "b", "display": "B"}, {"system": "https://example.org/s", "code": "a"}, {"code": "z"},
                    {"system": "https://example.org/s", "code": "c"}],
    "valueQuantity": [{"value": 5, "system": UCUM, "code": "kg"}, {"value": 70.5, "system": UCUM, "code": "kg"}, {"value": 5, "unit": "kg"},
                      {"system": UCUM, "code": "kg"}],
    "valueReference": [{"reference": "Practitioner/1"}, {"reference": "Organization/2"}],
}  # fmt: skip
SYSTEM = "https://example.org/s"
CONTAINED: list[Json] = [
    {"resourceType": "ValueSet", "id": "few", "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "a"}, {"code": "b"}]}]}},
    {"resourceType": "ValueSet", "id": "all", "compose": {"include": [{"system": SYSTEM}]}},
    {
        "resourceType": "CodeSystem",
        "id": "codes",
        "url": SYSTEM,
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "c"}]}],
    },
]


class RandomForm:
    """One random Questionnaire, and answers to it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0
        self.questions: list[Json] = []
        items = self.items(DEPTH)
        for one in self.questions:
            if self.chance(3):
                one["enableWhen"] = [self.condition() for _ in range(self.random.randint(1, 2))]
                if len(one["enableWhen"]) > 1 or self.chance(4):
                    one["enableBehavior"] = self.random.choice(["all", "any"])
        self.questionnaire = form("random", *items, contained=CONTAINED)

    def chance(self, of: int) -> bool:
        """True once in so many times."""
        return self.random.randrange(of) == 0

    def items(self, depth: int) -> list[Json]:
        """The items of one place."""
        return [self.item(depth) for _ in range(self.random.randint(1, 4))]

    def item(self, depth: int) -> Json:
        """A group or a question with whatever may be asked of it."""
        self.count += 1
        one: Json = {"linkId": f"q{self.count}", "type": "group" if depth and self.chance(4) else self.random.choice(QUESTIONS)}
        self.questions.append(one)
        if self.chance(3):
            one["text"] = "Text"
        if self.chance(3):
            one["required"] = True
        if self.chance(3):
            one["repeats"] = True
            if self.chance(3):
                one["extension"] = extended(questionnaire_minOccurs__valueInteger=2, questionnaire_maxOccurs__valueInteger=3)
        if one["type"] == "group" or (depth and self.chance(5)):
            one["item"] = self.items(depth - 1)
        if one["type"] != "group":
            self.constrain(one)
        return one

    def constrain(self, one: Json) -> None:
        """What is asked of the values of a question."""
        kind = one["type"]
        more: list[Json] = []
        if kind in ("choice", "open-choice"):
            self.offer(one)
        elif kind in ("integer", "decimal", "quantity") and self.chance(2):
            more += extended(minValue__valueInteger=0, maxValue__valueDecimal=3)
        elif kind in ("date", "dateTime") and self.chance(2):
            more += extended(minValue__valueDate="2014-01-01", maxValue__valueDate="2014-06")
        elif kind == "time" and self.chance(2):
            more += extended(minValue__valueTime="08:00:00", maxValue__valueTime="22:00:00")
        elif kind in ("string", "text", "url") and self.chance(2):
            one["maxLength"] = 7
            more += extended(minLength__valueInteger=2, regex__valueString=r"[0-9]{4} ?[A-Z]{2}|\w+")
        if kind in ("decimal", "quantity") and self.chance(2):
            more += extended(maxDecimalPlaces__valueInteger=1)
        if kind == "quantity" and self.chance(3):
            more = [{"url": CORE + "questionnaire-unitOption", "valueCoding": {"system": UCUM, "code": "kg"}}]
        elif kind == "quantity" and self.chance(3):
            more = [{"url": SDC + "minQuantity", "valueQuantity": {"value": 10, "system": UCUM, "code": "kg"}}]
        if self.chance(6):
            one["readOnly"] = True
            name = plain_names(one)[0]
            one["initial"] = [{name: self.random.choice(VALUES[name])}]
        if more:
            one["extension"] = [*one.get("extension", []), *more]

    def offer(self, one: Json) -> None:
        """Options, or a value set, or neither."""
        match self.random.randrange(5):
            case 0:
                one["answerOption"] = coded("a", "b")
            case 1:
                one["answerOption"] = [*coded("a", "c", system="https://example.org/s"), *coded("b")]
                one["answerOption"][0]["extension"] = [{"url": CORE + "questionnaire-optionExclusive", "valueBoolean": True}]
            case 2 if one["type"] == "choice":
                one["answerOption"] = [{"valueString": "a"}, {"valueInteger": 3}, {"valueDate": "2014-03-03"}, {"valueTime": "07:00:00"}]
            case 3:
                one["answerValueSet"] = self.random.choice(["#few", "#all", "https://example.org/far"])

    def condition(self) -> Json:
        """A condition on any question, itself included."""
        question = self.random.choice(self.questions)
        if question["type"] == "group" or self.chance(4):
            return {"question": question["linkId"], "operator": "exists", "answerBoolean": self.chance(2)}
        name = self.random.choice(plain_names(question))
        operator = self.random.choice(["=", "!=", ">", "<", ">=", "<="])
        return {
            "question": question["linkId"],
            "operator": operator,
            "answer" + name.removeprefix("value"): self.random.choice(VALUES[name]),
        }

    def response(self) -> Json:
        """Answers to this Questionnaire."""
        status = self.random.choice(["completed", "completed", "amended", "in-progress"])
        response = filled(self.questionnaire, *self.filled_in(self.questionnaire), status=status)
        return altered(response, self.random) if self.chance(2) else response

    def filled_in(self, definition: Json) -> list[Json]:
        """The items of one place, most of them answered."""
        found: list[Json] = []
        for one in definition.get("item", ()):
            if not self.chance(4):
                times = self.random.randint(1, 3) if one["type"] == "group" and one.get("repeats") else 1
                found += [self.answered(one) for _ in range(times)]
        return found

    def answered(self, one: Json) -> Json:
        """One item, answered."""
        item: Json = {"linkId": one["linkId"]} | ({"text": one["text"]} if "text" in one and self.chance(2) else {})
        if one["type"] == "group":
            children = self.filled_in(one)
            return item | ({"item": children} if children else {})
        names = plain_check_names(one)
        answers = []
        for _ in range(self.random.randint(1, 3) if one.get("repeats") else 1):
            name = self.random.choice(names)
            offered = [option[name] for option in one.get("answerOption", ()) if name in option]
            answer: Json = {name: self.random.choice(offered if offered and not self.chance(5) else VALUES[name])}
            children = self.filled_in(one)
            answers.append(answer | ({"item": children} if children else {}))
        return item | {"answer": answers}


def plain_names(one: Json) -> list[str]:
    """The value[x] of a type."""
    kind = one["type"]
    return {"text": ["valueString"], "url": ["valueUri"], "choice": ["valueCoding"], "open-choice": ["valueCoding", "valueString"]}.get(
        kind, ["value" + kind[0].upper() + kind[1:]]
    )


def plain_check_names(one: Json) -> list[str]:
    """The value[x] that an item takes, by its options where it has some."""
    return [name for option in one.get("answerOption", ()) for name in option if name.startswith("value")] or plain_names(one)


def altered(response: Json, random: Random) -> Json:
    """The response with a few things done to it that nobody should do."""
    for _ in range(random.randint(1, 3)):
        place = _somewhere(response, random)
        items = place.get("item")
        if not items:
            continue
        one = random.choice(items)
        match random.randrange(9):
            case 0:
                items.remove(one)
                if not items:
                    del place["item"]
            case 1:
                items.append(json_copy(one))
            case 2:
                random.shuffle(items)
            case 3:
                one["linkId"] = random.choice(["q1", "q2", "q3", "nowhere"])
            case 4:
                one["text"] = "Another text"
            case 5:
                name = random.choice([*VALUES])
                one["answer"] = [{name: random.choice(VALUES[name])}]
            case 6:
                one.pop("answer", None)
            case 7:
                one.setdefault("answer", []).append({"_valueString": {"extension": [{"url": "u", "valueCode": "unknown"}]}})
            case _:
                (one.get("answer") or [one])[0]["item"] = [json_copy(random.choice(items))]
    return response


def _somewhere(response: Json, random: Random) -> Json:
    place = response
    for _ in range(random.randrange(4)):
        inner = [one for item in place.get("item", ()) for one in (item, *item.get("answer", ())) if one.get("item")]
        if not inner:
            break
        place = random.choice(inner)
    return place


def json_copy(value: Any) -> Any:
    """A copy that shares nothing."""
    if isinstance(value, dict):
        return {name: json_copy(one) for name, one in value.items()}
    return [json_copy(one) for one in value] if isinstance(value, list) else value
