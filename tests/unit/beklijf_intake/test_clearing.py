"""Local identifiers taken out of what was sent: which, wherever they stand, and what is left alone."""

from __future__ import annotations

import pytest

from beklijf_intake.domain.clearing import Clearing
from beklijf_intake.domain.pseudonym import pseudonym
from beklijf_intake.domain.submission import Name

LOCAL, OURS = "https://hospital.example/number", "https://registry.example/pseudonym"
CLEARING = Clearing(frozenset({LOCAL}), OURS)
NUMBER = Name(LOCAL, "7531594")


def stands_for(name: Name) -> str:
    """A pseudonym that can be read."""
    return f"of-{name.value[-2:]}"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"identifier": [{"system": LOCAL, "value": "7531594"}]}, {"identifier": [{"system": OURS, "value": "of-94"}]}),
        ({"subject": {"identifier": {"use": "usual", "system": LOCAL, "value": "7531594"}}},
         {"subject": {"identifier": {"use": "usual", "system": OURS, "value": "of-94"}}}),
        ({"url": f"Patient?identifier={LOCAL}|7531594"}, {"url": f"Patient?identifier={OURS}|of-94"}),
        ({"url": "Patient?identifier=https%3A%2F%2Fhospital.example%2Fnumber%7C7531594"}, {"url": f"Patient?identifier={OURS}|of-94"}),
        ({"ifNoneExist": f"identifier={LOCAL}|7531594"}, {"ifNoneExist": f"identifier={OURS}|of-94"}),
        ({"reference": f"Patient?identifier={LOCAL}|7531594"}, {"reference": f"Patient?identifier={OURS}|of-94"}),
        ({"contained": [{"extension": [{"valueIdentifier": {"system": LOCAL, "value": "7531594"}}]}]},
         {"contained": [{"extension": [{"valueIdentifier": {"system": OURS, "value": "of-94"}}]}]}),
    ],
)  # fmt: skip
def test_it_is_found_wherever_an_identifier_may_stand(sent: dict[str, object], kept: dict[str, object]) -> None:
    assert CLEARING.names(sent) == {NUMBER}
    assert CLEARING.cleared(sent, stands_for) == kept


@pytest.mark.parametrize(
    "sent",
    [
        {"identifier": [{"system": "https://elsewhere.example", "value": "7531594"}]},
        {"identifier": [{"value": "7531594"}]},
        {"identifier": [{"system": LOCAL}]},
        {"url": "Patient/7531594"},
        {"reference": "urn:uuid:7531594"},
        {"valueString": f"identifier={LOCAL}|7531594"},
        {"system": LOCAL, "value": 7531594},
    ],
)
def test_what_is_no_identifier_of_these_is_left_alone(sent: dict[str, object]) -> None:
    assert CLEARING.names(sent) == set()
    assert CLEARING.cleared(sent, stands_for) == sent


def test_a_search_may_list_several() -> None:
    pairs = [("identifier", f"x|y,{LOCAL}|1,{LOCAL}|2"), ("_count", "5")]

    assert CLEARING.names_in(pairs) == {Name(LOCAL, "1"), Name(LOCAL, "2")}
    assert CLEARING.pairs(pairs, stands_for) == [("identifier", f"x|y,{OURS}|of-1,{OURS}|of-2"), ("_count", "5")]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"text": {"div": "<div>7531594</div>"}}, ["text.div"]),
        ({"item": [{"answer": [{"valueInteger": 7531594}]}]}, ["item[0].answer[0].valueInteger"]),
        ({"id": "p-7531594"}, ["id"]),
        ({"id": "17531594"}, []),
        ({"id": "x7531594y"}, []),
    ],
)
def test_what_is_left_over_is_said_by_its_place(value: dict[str, object], where: list[str]) -> None:
    assert [problem.expression for problem in CLEARING.left_over(value, {NUMBER})] == where


def test_a_short_value_is_not_looked_for() -> None:
    assert CLEARING.left_over({"authored": "2014-03-03"}, {Name(LOCAL, "2014")}) == []


def test_a_pseudonym_is_of_its_key_organisation_system_and_value() -> None:
    key = b"a key that is for tests only...."
    made = {
        pseudonym(key, "k1", "12345678", LOCAL, "1"),
        pseudonym(key, "k1", "87654321", LOCAL, "1"),
        pseudonym(key, "k1", "12345678", "another", "1"),
        pseudonym(key, "k1", "12345678", LOCAL, "2"),
        pseudonym(b"another key that is for tests...", "k2", "12345678", LOCAL, "1"),
    }

    assert len(made) == 5
    assert all(one.partition(".")[0] in {"k1", "k2"} and len(one) == 67 for one in made)
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonym(b"short", "k1", "12345678", LOCAL, "1")
