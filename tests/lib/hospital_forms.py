"""Questionnaires as hospitals have them, each with a completed form that fits it. Made up here; none is anybody's instrument."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
BASE = "https://hospital.example.org/fhir/Questionnaire/"
UCUM = "http://unitsofmeasure.org"


def item(link: str, kind: str, *inner: Json, **more: Any) -> Json:
    """One item of a Questionnaire."""
    return {"linkId": link, "text": f"Question {link}", "type": kind} | more | ({"item": list(inner)} if inner else {})


def group(link: str, *inner: Json, **more: Any) -> Json:
    """A group of items."""
    return item(link, "group", *inner, **more)


def when(question: str, operator: str, **answer: Any) -> Json:
    """One enableWhen."""
    return {"question": question, "operator": operator} | answer


def coded(*codes: str, system: str | None = None) -> list[Json]:
    """Options that are codings, as most hospitals have them: without a system."""
    return [{"valueCoding": ({"system": system} if system else {}) | {"code": code, "display": code.upper()}} for code in codes]


def extended(**values: Any) -> list[Json]:
    """Core extensions: `minValue__valueInteger=3`."""
    found = []
    for name, value in values.items():
        url, kind = name.split("__")
        found.append({"url": CORE + url.replace("_", "-"), kind: value})
    return found


def form(name: str, *items: Json, **more: Any) -> Json:
    """A Questionnaire."""
    head = {
        "resourceType": "Questionnaire",
        "url": BASE + name,
        "version": "2.1",
        "name": name.title().replace("-", ""),
        "status": "active",
    }
    return head | more | {"item": list(items)}


def given(link: str, *answers: Any, **more: Any) -> Json:
    """One item of a form that was filled in. An answer is a value[x] as dict, a code, or a Python value."""
    return {"linkId": link} | ({"answer": [_answer(one) for one in answers]} if answers else {}) | more


def _answer(value: Any) -> Json:
    if isinstance(value, dict):
        return value
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueInteger": value}
    if isinstance(value, float):
        return {"valueDecimal": value}
    return {"valueCoding": {"code": value}}


def filled(questionnaire: Json, *items: Json, status: str = "completed", value: str = "a1") -> Json:
    """A QuestionnaireResponse to this Questionnaire."""
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "https://hospital.example.org/answers", "value": value},
        "questionnaire": f"{questionnaire['url']}|{questionnaire['version']}",
        "status": status,
        "subject": {"identifier": {"system": "https://registry.example.org/pseudonym", "value": "p1"}},
        "authored": "2014-03-03T10:00:00+01:00",
        "item": list(items),
    }


def kilograms(value: float, code: str = "kg") -> Json:
    """A weight."""
    return {"valueQuantity": {"value": value, "unit": code, "system": UCUM, "code": code}}


PAIN = form(
    "pain-clinic",
    group(
        "complaint",
        item("has-pain", "choice", required=True, answerOption=coded("yes", "no")),
        item(
            "where",
            "choice",
            required=True,
            repeats=True,
            answerOption=coded("back", "neck", "leg"),
            enableWhen=[when("has-pain", "=", answerCoding={"code": "yes"})],
        ),
        item(
            "leg-side",
            "choice",
            required=True,
            answerOption=coded("left", "right", "both"),
            enableWhen=[when("where", "=", answerCoding={"code": "leg"})],
        ),
        item(
            "worst",
            "integer",
            extension=extended(minValue__valueInteger=0, maxValue__valueInteger=10),
            enableWhen=[when("has-pain", "!=", answerCoding={"code": "no"})],
        ),
        item(
            "very-bad",
            "string",
            maxLength=200,
            enableWhen=[when("worst", ">=", answerInteger=8), when("where", "exists", answerBoolean=True)],
            enableBehavior="all",
        ),
        required=True,
    ),
    item("thanks", "display"),
)

MEDICATION = form(
    "medication",
    item("any", "boolean", required=True),
    group(
        "medicine",
        item("name", "string", required=True, maxLength=80),
        item(
            "dose",
            "quantity",
            required=True,
            extension=[
                *extended(questionnaire_unitOption__valueCoding={"system": UCUM, "code": "mg"}),
                {"url": CORE + "questionnaire-unitOption", "valueCoding": {"system": UCUM, "code": "g"}},
            ],
        ),
        item(
            "times", "decimal", extension=extended(minValue__valueDecimal=0.5, maxValue__valueDecimal=12, maxDecimalPlaces__valueInteger=1)
        ),
        item("stopped", "boolean"),
        item(
            "why-stopped",
            "choice",
            required=True,
            answerOption=coded("side-effects", "no-effect"),
            enableWhen=[when("stopped", "=", answerBoolean=True)],
        ),
        repeats=True,
        enableWhen=[when("any", "=", answerBoolean=True)],
    ),
)

COMPLAINTS = form(
    "complaints-by-place",
    item(
        "place",
        "choice",
        item("since", "date", required=True, extension=extended(minValue__valueDate="1950-01-01")),
        item("radiates", "boolean", enableWhen=[when("place", "=", answerCoding={"code": "back"})]),
        group(
            "treated",
            item("by", "open-choice", answerOption=coded("gp", "physio")),
            item("helped", "boolean", enableWhen=[when("by", "exists", answerBoolean=True)]),
        ),
        required=True,
        repeats=True,
        answerOption=coded("back", "neck", "hip"),
    ),
)

WORK = form(
    "work",
    item(
        "job",
        "open-choice",
        answerOption=[*coded("office", "manual", system="https://hospital.example.org/jobs"), {"valueString": "retired"}],
    ),
    item("hours", "choice", answerOption=[{"valueInteger": 0}, {"valueInteger": 20}, {"valueInteger": 40}]),
    item("shift", "choice", answerOption=[{"valueString": "day"}, {"valueString": "night"}]),
    item("starts", "choice", answerOption=[{"valueTime": "07:00:00"}, {"valueTime": "09:00:00"}]),
    item("checked-on", "choice", answerOption=[{"valueDate": "2014-01-01"}, {"valueDate": "2014-07-01"}]),
    item(
        "aids",
        "choice",
        repeats=True,
        answerOption=[
            *coded("chair", "desk"),
            {"valueCoding": {"code": "none"}, "extension": [{"url": CORE + "questionnaire-optionExclusive", "valueBoolean": True}]},
        ],
    ),
    item("any-code", "choice"),
)

LIFESTYLE = form(
    "lifestyle",
    item("smokes", "choice", answerValueSet="#smoking", required=True),
    item("sport", "open-choice", answerValueSet="#sport"),
    item("diagnosis", "choice", answerValueSet="http://hospital.example.org/fhir/ValueSet/far-away"),
    item(
        "per-day",
        "integer",
        required=True,
        enableWhen=[when("smokes", "=", answerCoding={"system": "https://hospital.example.org/smoking", "code": "daily"})],
    ),
    contained=[
        {
            "resourceType": "ValueSet",
            "id": "smoking",
            "status": "active",
            "compose": {"include": [{"system": "https://hospital.example.org/smoking", "concept": [{"code": "never"}, {"code": "daily"}]}]},
        },
        {
            "resourceType": "CodeSystem",
            "id": "sports",
            "url": "https://hospital.example.org/sports",
            "status": "active",
            "content": "complete",
            "concept": [{"code": "ball", "concept": [{"code": "football"}]}, {"code": "swimming"}],
        },
        {
            "resourceType": "ValueSet",
            "id": "sport",
            "status": "active",
            "compose": {"include": [{"system": "https://hospital.example.org/sports"}]},
        },
    ],
)

MEASUREMENTS = form(
    "measurements",
    item("length", "decimal", extension=extended(minValue__valueDecimal=0.3, maxValue__valueDecimal=2.6, maxDecimalPlaces__valueInteger=2)),
    item("steps", "integer", extension=extended(minValue__valueInteger=0)),
    item(
        "weight",
        "quantity",
        extension=[
            {"url": SDC + "minQuantity", "valueQuantity": {"value": 1, "system": UCUM, "code": "kg"}},
            {"url": SDC + "maxQuantity", "valueQuantity": {"value": 400, "system": UCUM, "code": "kg"}},
        ],
    ),
    item("born", "date", extension=extended(minValue__valueDate="1900-01-01", maxValue__valueDate="2014-12-31")),
    item(
        "seen",
        "dateTime",
        extension=extended(minValue__valueDateTime="2014-01-01T00:00:00Z", maxValue__valueDateTime="2014-12-31T23:59:59Z"),
    ),
    item("to-bed", "time", extension=extended(minValue__valueTime="18:00:00")),
    item("postcode", "string", maxLength=7, extension=extended(regex__valueString=r"[1-9][0-9]{3} ?[A-Z]{2}", minLength__valueInteger=6)),
    item("remarks", "text", maxLength=40),
)

DOCUMENTS = form(
    "documents",
    item("letter", "attachment", extension=extended(mimeType__valueCode="application/pdf", maxSize__valueDecimal=0.001)),
    item("by", "reference", extension=extended(questionnaire_referenceResource__valueCode="Practitioner")),
    item("site", "url"),
    item("kind", "string", readOnly=True, initial=[{"valueString": "letter"}]),
    item("source", "string", initial=[{"valueString": "portal"}], extension=extended(questionnaire_hidden__valueBoolean=True)),
    item(
        "computed",
        "integer",
        readOnly=True,
        extension=[{"url": SDC + "calculatedExpression", "valueExpression": {"language": "text/fhirpath", "expression": "1 + 1"}}],
    ),
)

CONDITIONS = form(
    "conditions",
    item("n", "integer"),
    item("d", "date"),
    item("t", "time"),
    item("q", "quantity"),
    item("s", "string"),
    item("over", "boolean", enableWhen=[when("n", ">", answerInteger=3)]),
    item("after", "boolean", enableWhen=[when("d", ">", answerDate="2014-01-01")]),
    item("late", "boolean", enableWhen=[when("t", ">=", answerTime="22:00:00")]),
    item("heavy", "boolean", enableWhen=[when("q", ">", answerQuantity={"value": 90, "system": UCUM, "code": "kg"})]),
    item("said", "boolean", enableWhen=[when("s", "=", answerString="yes")]),
    item("either", "boolean", enableWhen=[when("n", "<", answerInteger=0), when("s", "exists", answerBoolean=False)], enableBehavior="any"),
    item("chain-1", "boolean", enableWhen=[when("over", "=", answerBoolean=True)]),
    item("chain-2", "boolean", enableWhen=[when("chain-1", "=", answerBoolean=True)]),
    item("chain-3", "boolean", required=True, enableWhen=[when("chain-2", "=", answerBoolean=True)]),
)


def large(sections: int = 8, questions: int = 100) -> Json:
    """Sections of questions, of which every other rests on the one before it: 808 items unless said otherwise."""
    return form("large", *(group(f"s{section}", *_section(section, questions)) for section in range(sections)))


def _section(section: int, questions: int) -> list[Json]:
    found = []
    for number in range(questions):
        link = f"s{section}.{number}"
        before = {"enableWhen": [when(f"s{section}.{number - 1}", "!=", answerCoding={"code": "c"})]} if number % 2 else {}
        found.append(item(link, "choice", required=number % 5 == 0, answerOption=coded(*"abcd"), **before))
    return found


def large_filled(questionnaire: Json) -> Json:
    """Every question of a large form answered."""
    return filled(
        questionnaire, *(given(one["linkId"], item=[given(each["linkId"], "a") for each in one["item"]]) for one in questionnaire["item"])
    )


LARGE = large()

FORMS: dict[str, Json] = {
    "pain": PAIN,
    "medication": MEDICATION,
    "complaints": COMPLAINTS,
    "work": WORK,
    "lifestyle": LIFESTYLE,
    "measurements": MEASUREMENTS,
    "documents": DOCUMENTS,
    "conditions": CONDITIONS,
    "large": LARGE,
}

FILLED: dict[str, Json] = {
    "pain": filled(
        PAIN,
        given(
            "complaint",
            item=[
                given("has-pain", "yes"),
                given("where", "back", "leg"),
                given("leg-side", "both"),
                given("worst", 9),
                given("very-bad", {"valueString": "at night"}),
            ],
        ),
    ),
    "medication": filled(
        MEDICATION,
        given("any", True),
        given(
            "medicine",
            item=[
                given("name", {"valueString": "A"}),
                given("dose", kilograms(500, "mg")),
                given("times", 1.5),
                given("stopped", True),
                given("why-stopped", "no-effect"),
            ],
        ),
        given("medicine", item=[given("name", {"valueString": "B"}), given("dose", kilograms(1, "g")), given("stopped", False)]),
    ),
    "complaints": filled(
        COMPLAINTS,
        given(
            "place",
            {
                "valueCoding": {"code": "back"},
                "item": [
                    given("since", {"valueDate": "2012-05"}),
                    given("radiates", True),
                    given("treated", item=[given("by", {"valueString": "a healer"}), given("helped", False)]),
                ],
            },
            {"valueCoding": {"code": "neck"}, "item": [given("since", {"valueDate": "2013-01-31"})]},
        ),
    ),
    "work": filled(
        WORK,
        given("job", {"valueCoding": {"system": "https://hospital.example.org/jobs", "code": "office"}}),
        given("hours", 40),
        given("shift", {"valueString": "day"}),
        given("starts", {"valueTime": "09:00:00"}),
        given("checked-on", {"valueDate": "2014-07-01"}),
        given("aids", "chair", "desk"),
        given("any-code", {"valueCoding": {"system": "https://hospital.example.org/x", "code": "y"}}),
    ),
    "lifestyle": filled(
        LIFESTYLE,
        given("smokes", {"valueCoding": {"system": "https://hospital.example.org/smoking", "code": "daily"}}),
        given("sport", {"valueCoding": {"system": "https://hospital.example.org/sports", "code": "football"}}),
        given("diagnosis", {"valueCoding": {"system": "https://hospital.example.org/d", "code": "x"}}),
        given("per-day", 10),
    ),
    "measurements": filled(
        MEASUREMENTS,
        given("length", 1.75),
        given("steps", 5000),
        given("weight", kilograms(81.5)),
        given("born", {"valueDate": "1961-02-28"}),
        given("seen", {"valueDateTime": "2014-03-03T09:30:00+01:00"}),
        given("to-bed", {"valueTime": "22:30:00"}),
        given("postcode", {"valueString": "3584 CX"}),
        given("remarks", {"valueString": "none"}),
    ),
    "documents": filled(
        DOCUMENTS,
        given("letter", {"valueAttachment": {"contentType": "application/pdf", "data": "JVBERi0xLjQK"}}),
        given("by", {"valueReference": {"reference": "Practitioner/1"}}),
        given("site", {"valueUri": "https://hospital.example.org"}),
        given("kind", {"valueString": "letter"}),
        given("source", {"valueString": "portal"}),
        given("computed", 2),
    ),
    "conditions": filled(
        CONDITIONS,
        given("n", 4),
        given("d", {"valueDate": "2014-01-02"}),
        given("t", {"valueTime": "22:00:00"}),
        given("q", kilograms(90.5)),
        given("s", {"valueString": "yes"}),
        *(given(link, True) for link in ("over", "after", "late", "heavy", "said", "chain-1", "chain-2", "chain-3")),
    ),
    "large": large_filled(LARGE),
}
