"""Queries read: every parameter that is stated is understood, and what is understood is exactly what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from fhir.resources.R4B import get_fhir_model_class

from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.search import criteria, cursor, parameters, query, subset
from beklijf_intake.domain.search.criteria import Circumstances, Codes, Names, Nothing, Patients, Questionnaires, Statuses, Token
from beklijf_intake.domain.search.cursor import Cursor, Position, View
from beklijf_intake.domain.search.query import Order
from beklijf_intake.domain.submission import Name, ResourceType

NOW = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)
VIEW = View(100, 110, (103, 107), datetime(2020, 3, 2, 11, 0, tzinfo=UTC))
VALUES = {"date": "2014", "token": "abc", "reference": "abc"}


def circumstances(type_: ResourceType = "QuestionnaireResponse") -> Circumstances:
    return Circumstances(type_, "00000001", "https://registry.example/fhir/", ZoneInfo("Europe/Amsterdam"), NOW)


def read(text: str, type_: ResourceType = "QuestionnaireResponse") -> query.Search:
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in text.split("&") if part)]
    return query.read(pairs, circumstances(type_))


@pytest.mark.parametrize("type_", parameters.PARAMETERS)
def test_every_parameter_that_is_stated_is_read(type_: ResourceType) -> None:
    for parameter in parameters.PARAMETERS[type_]:
        found = query.read([(parameter.name, VALUES[parameter.kind])], circumstances(type_), strict=True)

        assert len(found.criteria) == 1
        for modifier in parameter.modifiers:
            value = "http://x|y" if modifier == "identifier" else "abc"
            assert query.read([(f"{parameter.name}:{modifier}", value)], circumstances(type_), strict=True).warnings == ()
    for name in parameters.SORTS[type_]:
        assert query.read([("_sort", f"-{name}")], circumstances(type_)).order == Order(name, descending=True)
    for name in parameters.INCLUDES[type_]:
        assert query.read([("_include", name)], circumstances(type_)).include_patients
    for name in parameters.NAMED_QUERIES.get(type_, ()):
        assert query.read([("_query", name)], circumstances(type_)).waiting


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("identifier=a,https://x|b", Names((Token(None, "a"), Token("https://x", "b")))),
        ("identifier=https://x|", Names((Token("https://x", None),))),
        ("identifier=a\\,b\\|c\\$d\\\\e\\f", Names((Token(None, "a,b|c$d\\e\\f"),))),
        ("identifier=|a", Nothing()),
        ("status=completed,elsewhere|amended", Statuses(("completed",))),
        ("status=elsewhere|amended", Nothing()),
        ("patient:identifier=https://x|p1,https://x|p2", Patients(names=(Name("https://x", "p1"), Name("https://x", "p2")))),
        ("subject=Patient/a-1,b.2", Patients(ids=("a-1", "b.2"))),
        ("subject=https://registry.example/fhir/Patient/a-1", Patients(ids=("a-1",))),
        ("subject=https://elsewhere.example/fhir/Patient/a-1", Nothing()),
        ("subject=Group/a-1", Nothing()),
        ("questionnaire=https://x/q|1,https://x/r", Questionnaires(("https://x/q|1", "https://x/r"))),
        ("_id=a,b", criteria.Ids(("a", "b"))),
    ],
)
def test_criteria(text: str, expected: criteria.Criterion) -> None:
    assert read(text).criteria == (expected,)


def test_criteria_of_episodes() -> None:
    ura = "http://fhir.nl/fhir/NamingSystem/ura"

    assert read("type=https://x|imsr,ndpr", "EpisodeOfCare").criteria == (Codes((Token("https://x", "imsr"), Token(None, "ndpr"))),)
    assert read(f"organization:identifier={ura}|00000001", "EpisodeOfCare").criteria == ()
    assert read(f"organization:identifier={ura}|00000002", "EpisodeOfCare").criteria == (Nothing(),)
    assert read("organization=Organization/1", "EpisodeOfCare").criteria == (Nothing(),)
    assert read("status=http://hl7.org/fhir/episode-of-care-status|", "EpisodeOfCare").criteria == ()


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", Order("_lastUpdated")),
        ("_sort=_id", Order("_id")),
        ("_sort=-authored,-_id", Order("authored", descending=True)),
        ("authored=2014", Order("authored")),  # an index then serves both
        ("authored=2014&_sort=_lastUpdated", Order("_lastUpdated")),
    ],
)
def test_order(text: str, order: Order) -> None:
    assert read(text).order == order


@pytest.mark.parametrize(("text", "count"), [("", 50), ("_count=0", 0), ("_count=7", 7), ("_count=007", 7), ("_count=999999999", 500)])
def test_count(text: str, count: int) -> None:
    assert read(text).count == count


def test_what_had_an_effect_is_kept_and_nothing_else() -> None:
    found = read("_format=json&status=completed&what=ever&_count=5000&_cursor=abc&_pretty=true&patient:identifier=s|v")

    assert found.used == (("status", "completed"), ("_count", "500"), ("patient:identifier", "s|v"))
    assert (found.cursor, len(found.warnings)) == ("abc", 1)
    assert "what" not in found.warnings[0].sentence.partition("Supported")[0]


def test_strict_refuses_what_lenient_leaves_out() -> None:
    with pytest.raises(Refused) as refused:
        query.read([("what", "ever"), ("how", "ever")], circumstances(), strict=True)

    assert [(problem.code, problem.status) for problem in refused.value.problems] == [("not-supported", 400)] * 2


@pytest.mark.parametrize("position", [Position(datetime(2014, 3, 3, 9, 0, 0, 1, tzinfo=UTC), 17), Position("a-1", 2)])
@pytest.mark.parametrize("total", [None, 0, 12])
def test_a_cursor_survives_the_link(position: Position, total: int | None) -> None:
    made = Cursor(VIEW, position, total)

    assert cursor.of_text(cursor.to_text(made, "query"), "query", by_id=isinstance(position.key, str)) == made


def test_a_cursor_is_read_as_strictly_as_anything_that_is_sent() -> None:
    text = cursor.to_text(Cursor(VIEW, Position(NOW, 17), None), "query")
    for wrong, asked, by_id in (
        (text, "other", False),
        (text, "query", True),
        (text[:-4], "query", False),
        ("é", "query", False),
        ("", "query", False),
    ):
        with pytest.raises(Refused):
            cursor.of_text(wrong, asked, by_id=by_id)


@pytest.mark.parametrize("type_", parameters.PARAMETERS)
def test_the_summary_is_what_r4_marks(type_: ResourceType) -> None:
    model = get_fhir_model_class(type_)
    kept = subset.kept(type_, "true", ())
    assert kept is not None

    marked = set(model.summary_elements_sequence())

    elements = set(model.elements_sequence())
    assert {name for name in elements if kept(name)} == marked | ({"id", "meta"} & elements)
    assert kept("_status") == kept("status")
    assert subset.kept(type_, "false", ()) is None
