"""Accepting on a real database: verbs, repeats, who is who, and what is told (M3, M10 to M15)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import event

from beklijf_intake.domain.problem import Refused
from beklijf_intake.domain.submission import Reference
from tests.integration.intake.conftest import Registry
from tests.lib import stated
from tests.lib.stated import answers, consent, episode, patient, request


def test_new_answer_is_stored_as_it_came_and_told(registry: Registry) -> None:
    submission = answers("a1", value=42, about="e1")

    decision = registry.one(request(submission))

    assert (decision.outcome, decision.number) == ("created", 1)
    assert [bytes(body) for body in registry.rows("SELECT body FROM version")] == [submission.received.body]
    told = registry.told("response-accepted")["00000001/a1"]
    assert told["answers"] == [{"link": "vas-pain", "integer": 42}]
    assert (told["subject"], told["stated_episode"], told["measured"]) == ("p1", "00000001/e1", "2020-03-02T12:00:00Z")
    assert len(registry.rows("SELECT id FROM outbox")) == 2  # the answer and the tally


def test_repeat_has_no_effect(registry: Registry) -> None:
    first = registry.one(request(answers()))

    again = registry.one(request(answers()))

    assert (again.outcome, again.id, again.number) == ("repeated", first.id, 1)
    assert registry.rows("SELECT count(*) FROM version") == [1]
    assert registry.rows("SELECT version FROM told WHERE topic = 'beklijf.response-accepted.v1'") == [1]


def test_same_identifier_of_two_hospitals_is_two_answers_of_one_subject(registry: Registry) -> None:
    registry.one(request(answers("a1", value=1)))
    registry.one(request(answers("a1", value=2), "00000002"))

    told = registry.told("response-accepted")

    assert {name: (one["subject"], one["answers"][0]["integer"]) for name, one in told.items()} == {
        "00000001/a1": ("p1", 1),
        "00000002/a1": ("p1", 2),
    }
    assert registry.rows("SELECT count(*) FROM subject") == [1]


def test_amendment_that_came_first_is_not_undone_by_its_original(registry: Registry) -> None:
    registry.one(request(answers(value=60, status="amended", authored=datetime(2020, 3, 1, 9, tzinfo=UTC))))

    late = registry.one(request(answers(value=50, authored=datetime(2020, 2, 1, 9, tzinfo=UTC))))

    assert (late.outcome, late.number) == ("outranked", 1)
    told = registry.told("response-accepted")["00000001/a1"]
    assert (told["answers"][0]["integer"], told["status"], told["measured"]) == (60, "amended", "2020-02-01T09:00:00Z")


def test_drafts_are_told_to_nobody(registry: Registry) -> None:
    registry.one(request(answers(status="in-progress")))

    nothing = registry.told("response-accepted")
    registry.one(request(answers(status="completed")))

    assert nothing == {}
    assert registry.told("response-accepted")["00000001/a1"]["status"] == "completed"


def test_retraction_of_an_unknown_answer_is_a_tombstone(registry: Registry) -> None:
    registry.one(request(answers(status="entered-in-error")))

    registry.one(request(answers(status="completed")))

    assert registry.told("response-accepted")["00000001/a1"]["status"] == "entered-in-error"


def test_an_answer_names_its_episode_before_it_came(registry: Registry) -> None:
    registry.one(request(answers(about="e1")))

    decision = registry.one(request(episode("e1")))

    assert decision.outcome == "created"
    assert registry.rows("SELECT entity FROM told WHERE topic = 'beklijf.episode-changed.v1'") == [decision.id]
    assert registry.told("response-accepted")["00000001/a1"]["stated_episode"] == "00000001/e1"


def test_facts_of_an_episode_come_from_patient_and_consent(registry: Registry) -> None:
    registry.accept([request(episode())], [request(patient(sex="male", birth_year=1950))], [request(consent())])

    told = registry.told("episode-changed")["00000001/e1"]

    assert (told["sex"], told["birth_year"], told["treatment"]) == ("male", 1950, "in-treatment")
    assert (told["participation"], told["participation_since"]) == ("withdrawn", "2014-06-01")


def test_older_statement_of_an_episode_does_not_win(registry: Registry) -> None:
    registry.one(request(episode(at=datetime(2020, 1, 2, tzinfo=UTC), status="finished", ended=date(2014, 5, 1))))

    older = registry.one(request(episode(at=datetime(2020, 1, 1, tzinfo=UTC))))

    assert older.outcome == "outranked"
    assert [problem.severity for problem in older.warnings] == ["warning"]
    assert registry.told("episode-changed")["00000001/e1"]["treatment_ended"] == "2014-05-01"


def test_going_back_to_earlier_content_is_a_new_version(registry: Registry) -> None:
    for status in ("active", "onhold", "active"):
        registry.one(request(episode(status=status)))
        registry.clock.advance(seconds=1)

    repeated = registry.one(request(episode(status="active")))

    assert (repeated.outcome, repeated.number) == ("repeated", 3)


def test_merge_moves_answers_and_episodes_and_is_undone(registry: Registry) -> None:
    registry.accept([request(answers(of="p1"))], [request(episode(of="p1"))], [request(patient("p2", sex="male"))])

    registry.one(request(patient("p1", at=datetime(2020, 1, 1, tzinfo=UTC), replaced_by="p2")))
    merged = registry.told("response-accepted")["00000001/a1"]["subject"], registry.told("episode-changed")["00000001/e1"]
    registry.one(request(patient("p1", at=datetime(2020, 1, 2, tzinfo=UTC))))
    parted = registry.told("response-accepted")["00000001/a1"]["subject"], registry.told("episode-changed")["00000001/e1"]

    assert (merged[0], merged[1]["subject"], merged[1]["sex"]) == ("p2", "p2", "male")
    assert (parted[0], parted[1]["subject"], parted[1]["sex"]) == ("p1", "p1", "female")


def test_merge_of_one_hospital_leaves_the_other_alone(registry: Registry) -> None:
    registry.accept([request(answers())], [request(answers(), "00000002")])

    registry.one(request(patient("p1", replaced_by="p2")))

    told = registry.told("response-accepted")
    assert (told["00000001/a1"]["subject"], told["00000002/a1"]["subject"]) == ("p2", "p1")


def test_ring_of_replacements_is_refused(registry: Registry) -> None:
    registry.one(request(patient("p1", replaced_by="p2")))
    registry.one(request(patient("p2", replaced_by="p3")))

    verdict = registry.accept([request(patient("p3", replaced_by="p1"))])[0]

    assert isinstance(verdict, Refused)
    assert (verdict.status, verdict.problems[0].code) == (422, "business-rule")


def test_update_of_unknown_mentioned_and_foreign_ids_is_not_found(registry: Registry) -> None:
    own = registry.one(request(answers(about="e1")))
    mentioned = registry.rows("SELECT id FROM resource WHERE type = 'EpisodeOfCare'")[0]
    asked = [
        request(episode(), resource_id="unknown"),
        request(episode(), resource_id=mentioned),
        request(answers(value=3), "00000002", resource_id=own.id),
    ]

    verdicts = registry.accept(*([one] for one in asked))

    assert [verdict.status for verdict in verdicts if isinstance(verdict, Refused)] == [404, 404, 404]


def test_update_cannot_change_the_identifier(registry: Registry) -> None:
    own = registry.one(request(answers("a1")))

    verdict = registry.accept([request(answers("a2"), resource_id=own.id)])[0]

    assert isinstance(verdict, Refused)
    assert verdict.status == 422


def test_if_match_names_the_current_version(registry: Registry) -> None:
    own = registry.one(request(answers(value=1)))

    missed = registry.accept([request(answers(value=2, status="amended"), resource_id=own.id, if_match=7)])[0]
    met = registry.one(request(answers(value=2, status="amended"), resource_id=own.id, if_match=1))

    assert isinstance(missed, Refused)
    assert (missed.status, met.outcome, met.number) == (412, "updated", 2)


def test_conditional_create_ignores_the_body_and_warns_when_it_differs(registry: Registry) -> None:
    registry.one(request(answers(value=1)))

    same = registry.one(request(answers(value=1), if_none_exist=True))
    other = registry.one(request(answers(value=2), if_none_exist=True))

    assert (same.outcome, same.warnings) == ("ignored", ())
    assert (other.outcome, len(other.warnings)) == ("ignored", 1)
    assert registry.rows("SELECT count(*) FROM version") == [1]


def test_literal_reference_to_what_is_not_held_is_refused(registry: Registry) -> None:
    held = registry.one(request(patient("p1")))

    known = registry.one(request(_about(answers("a2"), held.id)))
    asked = request(_about(answers("a3"), "unknown")), request(_about(answers("a3"), held.id), "00000002")
    unknown, foreign = registry.accept(*([one] for one in asked))

    assert known.outcome == "created"
    for refused in (unknown, foreign):
        assert isinstance(refused, Refused)
        assert (refused.status, refused.problems[0].code) == (422, "not-found")


def test_transaction_takes_effect_whole_or_not_at_all(registry: Registry) -> None:
    bad = request(episode("e9"), resource_id="unknown")

    verdicts = registry.accept([request(answers("a1")), request(patient("p1")), bad], [request(answers("a2", of="p2"))])

    assert isinstance(verdicts[0], Refused)
    assert isinstance(verdicts[1], list)
    assert registry.rows("SELECT value FROM resource") == ["a2"]
    assert registry.rows("SELECT value FROM subject") == ["p2"]


def test_tally_counts_every_resource_once(registry: Registry) -> None:
    registry.accept([request(answers("a1"))], [request(answers("a1"))], [request(answers("a2"), resource_id="unknown")])
    registry.accept([request(answers("a1"))])

    tally = registry.told("intake-tally")["00000001/2020-03-02"]

    assert (tally["sent"], tally["accepted"], tally["duplicate"], tally["refused"]) == (4, 1, 2, 1)
    assert tally["refused_by_code"] == {"not-found": 1}


def test_number_of_statements_does_not_grow_with_the_batch(registry: Registry) -> None:
    counted: list[str] = []
    event.listen(registry.engine, "before_cursor_execute", lambda *arguments: counted.append(arguments[2]))
    one, many = _mixed(range(1)), _mixed(range(1, 201))

    registry.accept(*one)
    few = len(counted)
    registry.accept(*many)

    assert len(many) == 800
    assert len(counted) - few == few
    assert few <= 15


def _mixed(numbers: range) -> list[list[stated.Request]]:
    """New patients, episodes and answers, and a merge, for each number."""
    units = []
    for number in numbers:
        name = f"n{number}"
        units.append([request(answers(name, of=name, about=name))])
        units.append([request(patient(name))])
        units.append([request(episode(name, of=name))])
        units.append([request(patient(f"{name}-old", replaced_by=name))])
    return units


def _about(submission: stated.AnswersStated, patient_id: str) -> stated.AnswersStated:
    return stated.AnswersStated(
        submission.received,
        Reference(resource_id=patient_id),
        submission.questionnaire,
        submission.questionnaire_version,
        submission.status,
        submission.authored,
        submission.whole_day,
        submission.stated_episode,
        submission.stated_moment,
        submission.answers,
    )
