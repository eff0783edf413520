"""The invented cohort: always the same, as rich as promised, and true to the programme's windows."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date

from fhir.resources.R4B import get_fhir_model_class

from beklijf.reference.cohort import generate, ndjson
from beklijf.reference.history import history, spread_over_items, target

SIXTY = list(generate(60))


def test_the_same_on_every_machine() -> None:
    text = b"\n".join(ndjson(resource) for resource in SIXTY)

    assert hashlib.sha256(text).hexdigest() == "2d8e653e3fe3b8663cdb3aa0f2c2adb7dde8db4da4a80ce5b293db1f2b8aa23c"


def test_a_larger_cohort_begins_with_the_smaller_one() -> None:
    assert list(generate(10)) == SIXTY[: len(list(generate(10)))]


def test_another_seed_gives_other_people() -> None:
    assert list(generate(10, seed=7)) != list(generate(10))


def test_sixty_episodes_have_everything_in_them() -> None:
    stories = [history(number, 2012) for number in range(60)]

    assert Counter(story.t0.year for story in stories) == {2012: 15, 2013: 15, 2014: 15, 2015: 15}
    assert {story.leaving for story in stories} == {"following", "withdrawn", "deceased", "objected"}
    assert {story.treatment for story in stories} == {"completed", "stopped-early"}
    assert {story.hospital for story in stories} == {0, 1}
    assert {one["status"] for one in SIXTY if one["resourceType"] == "QuestionnaireResponse"} == {
        "completed",
        "amended",
        "entered-in-error",
    }
    assert len(SIXTY) > len({ndjson(one) for one in SIXTY})


def test_hospitals_share_no_patient_and_nothing_is_lost_between_them() -> None:
    both = list(generate(60, hospital=0)) + list(generate(60, hospital=1))

    assert sorted(map(ndjson, both)) == sorted(map(ndjson, SIXTY))


def test_every_resource_is_sound_fhir() -> None:
    for resource in SIXTY:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_one_answer_cannot_be() -> None:
    values = [item["answer"][0]["valueInteger"] for one in SIXTY for item in one.get("item", ()) if item["linkId"] == "vas-pain"]

    assert [value for value in values if not 0 <= value <= 100] == [120]


def test_targets_follow_the_calendar() -> None:
    assert target(date(2012, 12, 31), "t1") == date(2013, 2, 28)
    assert target(date(2015, 12, 31), "t1") == date(2016, 2, 29)
    assert target(date(2012, 1, 31), "t4") == date(2017, 7, 31)
    assert target(date(2014, 11, 30), "t3") == date(2016, 2, 29)


def test_items_add_up_to_the_score() -> None:
    for score in range(101):
        items = spread_over_items(score, "a name")

        assert sum(items) == score
        assert len(items) == 20
        assert min(items) >= 0
        assert max(items) <= 5
