"""Any order of arrival, any batches, any repeats of one history give one state, equal to a model that is plain dictionaries.

Histories are such that M11 and M14 order their versions without arrival: every record is dated by its sender, no two different
versions of an answer share status and authored. Merges go one way only, so that no order makes a ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_intake.app import SERVICE
from beklijf_intake.domain.register import Request
from beklijf_intake.domain.submission import AnswersStated, ConsentStated, EpisodeStated, PatientStated
from beklijf_shared import commands, db
from tests.integration.intake.conftest import Registry
from tests.lib import stated

PEOPLE = ("p1", "p2", "p3")
HOSPITALS = ("00000001", "00000001", "00000001", "00000002")
RANK = {"in-progress": 0, "stopped": 0, "completed": 1, "amended": 2, "entered-in-error": 3}
RECEIVED = "2020-03-02T12:00:00Z"

people = st.sampled_from(PEOPLE)
days = st.dates(date(2014, 1, 1), date(2016, 12, 31))
instants = st.integers(0, 50).map(lambda hours: datetime(2014, 3, 3, tzinfo=UTC) + timedelta(hours=hours))
stamps = st.integers(0, 10_000).map(lambda minutes: datetime(2018, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@st.composite
def patients(draw: st.DrawFn) -> PatientStated:
    """A patient, perhaps dead, perhaps replaced by one with a greater name."""
    name = draw(people)
    by = draw(st.sampled_from([None, *(one for one in PEOPLE if one > name)]))
    deceased = draw(st.booleans())
    on = draw(st.none() | days) if deceased else None
    sex = draw(st.sampled_from(["female", "male"]))
    return stated.patient(name, at=draw(stamps), replaced_by=by, deceased=deceased, deceased_on=on, sex=sex)


@st.composite
def episodes(draw: st.DrawFn) -> EpisodeStated:
    """An episode of anybody, in any state."""
    status = draw(st.sampled_from(["active", "onhold", "finished", "cancelled", "entered-in-error"]))
    ended = draw(st.none() | days) if status in ("finished", "cancelled") else None
    return stated.episode(draw(st.sampled_from(["e1", "e2"])), draw(people), at=draw(stamps), status=status, t0=draw(days), ended=ended)


@st.composite
def consents(draw: st.DrawFn) -> ConsentStated:
    """A refusal, or none any more, for one episode or all."""
    about, refuses = draw(st.sampled_from([None, "e1", "e2"])), draw(st.sampled_from([None, "collect", "use"]))
    return stated.consent(
        draw(st.sampled_from(["c1", "c2"])), draw(people), at=draw(stamps), about=about, since=draw(days), refuses=refuses
    )


@st.composite
def forms(draw: st.DrawFn) -> AnswersStated:
    """A version of one of two answers."""
    name, about = draw(st.sampled_from(["a1", "a2"])), draw(st.sampled_from([None, "e1", "e2"]))
    status, value = draw(st.sampled_from(list(RANK))), draw(st.integers(0, 100))
    return stated.answers(
        name,
        draw(st.sampled_from(["p1", "p1", "p2"])),
        value,
        about=about,
        status=status,
        authored=draw(instants),
        whole_day=draw(st.booleans()),
    )


def order(request: Request) -> Any:
    """What orders the versions of one resource without arrival."""
    one = request.submission
    if isinstance(one, AnswersStated):
        return request.identity, RANK[one.status], one.authored, not one.whole_day
    return request.identity, one.received.stated_at


@st.composite
def histories(draw: st.DrawFn) -> list[Request]:
    """Requests of two hospitals about three people; every version has a place of its own in the order."""
    one = st.builds(stated.request, patients() | episodes() | consents() | forms() | forms(), st.sampled_from(HOSPITALS))
    return draw(st.lists(one, min_size=12, max_size=30, unique_by=order))


@st.composite
def arrivals(draw: st.DrawFn, history: Sequence[Request]) -> list[list[Request]]:
    """One way in which a history may arrive: shuffled, some of it repeated, cut into batches."""
    again = draw(st.lists(st.sampled_from(history), max_size=6))
    arriving = draw(st.permutations([*history, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(arriving)), max_size=5)))
    return [arriving[start:end] for start, end in zip([0, *cuts], [*cuts, len(arriving)], strict=True) if start < end]


@given(history=histories(), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_order_of_arrival_gives_the_state_of_the_model(registry: Registry, history: list[Request], data: st.DataObject) -> None:
    expected = model(history)

    found = [arrive(registry, data.draw(arrivals(history))) for _ in range(2)]

    assert found[0] == expected
    assert found[1] == expected


@given(history=histories())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_repeating_everything_leaves_the_state_hash(registry: Registry, history: list[Request]) -> None:
    arrive(registry, [history])
    before = state_hash(registry)

    for request in history:
        registry.one(request)

    assert state_hash(registry) == before


@given(history=histories(), data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_writers_of_several_processes_do_not_disturb_each_other(registry: Registry, history: list[Request], data: st.DataObject) -> None:
    arriving = data.draw(st.permutations(history))
    registry.empty()

    with ThreadPoolExecutor(3) as writers:
        verdicts = list(writers.map(lambda request: registry.accept([request])[0], arriving))

    assert all(isinstance(verdict, list) for verdict in verdicts)
    assert look(registry) == model(history)


def state_hash(registry: Registry) -> str:
    """What `python -m beklijf_intake state-hash` prints."""
    with db.transaction(registry.engine) as connection:
        return commands.state_hash(connection, SERVICE)


def arrive(registry: Registry, batches: list[list[Request]]) -> dict[str, Any]:
    """The told state after these batches, in names."""
    registry.empty()
    for batch in batches:
        assert all(isinstance(verdict, list) for verdict in registry.accept(*([request] for request in batch)))
    return look(registry)


def look(registry: Registry) -> dict[str, Any]:
    """The told state, in names."""
    answers = registry.told("response-accepted")
    for answer in answers.values():
        assert len(answer.pop("tie_break")) == 64
    return {"answers": answers, "episodes": registry.told("episode-changed")}


# --- the model: the newest of everything, looked up in dictionaries ---------------------------------------------------------


def model(history: Sequence[Request]) -> dict[str, Any]:
    """What must be told of a history, in names."""
    newest = {request.identity: request for request in sorted(history, key=order)}
    people = {(one.organisation, one.received.name.value): one.submission for one in newest.values() if one.received.type == "Patient"}
    told = {"answers": _model_answers(history, newest, people), "episodes": {}}
    for one in newest.values():
        if isinstance(one.submission, EpisodeStated):
            told["episodes"][f"{one.organisation}/{one.received.name.value}"] = _model_episode(one, newest, people)
    return told


def _path(organisation: str, person: str, people: dict[Any, Any]) -> list[str]:
    by = people[organisation, person].replaced_by if (organisation, person) in people else None
    return [person, *(_path(organisation, by.name.value, people) if by else [])]


def _winter_day(instant: datetime) -> date:
    """The day in Amsterdam; all records here are stated in January."""
    return (instant + timedelta(hours=1)).date()


def _model_answers(history: Sequence[Request], newest: dict[Any, Request], people: dict[Any, Any]) -> dict[str, Any]:
    told = {}
    for identity, one in newest.items():
        answer = one.submission
        if not isinstance(answer, AnswersStated) or RANK[answer.status] == 0:
            continue
        all_versions = [each.submission for each in history if each.identity == identity]
        given = [each.authored for each in all_versions if each.status in ("completed", "amended")]  # type: ignore[union-attr]
        measured = min(given, default=answer.authored)  # a tombstone has only its own, whatever drafts came before it (M12)
        name, about = f"{one.organisation}/{identity.name.value}", answer.stated_episode
        told[name] = {
            "version": 0,
            "response": name,
            "subject": _path(one.organisation, answer.patient.name.value, people)[-1],  # type: ignore[union-attr]
            "organisation": one.organisation,
            "questionnaire": "https://example.org/vas",
            "questionnaire_version": "1.0.0",
            "status": answer.status,
            "measured": measured.isoformat().replace("+00:00", "Z"),
            "received": RECEIVED,
            "stated_episode": f"{one.organisation}/{about.name.value}" if about and about.name else None,
            "stated_moment": None,
            "answers": [{"link": "vas-pain", "integer": answer.answers[0].integer}],
            "resource": name,
            "receipts": [RECEIVED[:10]],
            "mapping": None,
        }
    return told


def _model_episode(one: Request, newest: dict[Any, Request], people: dict[Any, Any]) -> dict[str, Any]:
    episode: Any = one.submission
    path = _path(one.organisation, episode.patient.name.value, people)
    patient = next((people[one.organisation, each] for each in reversed(path) if (one.organisation, each) in people), None)
    use, ends = [], []
    for other in newest.values():
        consent = other.submission
        if isinstance(consent, ConsentStated) and other.organisation == one.organisation and consent.refuses:
            same = _path(one.organisation, consent.patient.name.value, people)[-1] == path[-1]  # type: ignore[union-attr]
            if same and (consent.episode is None or consent.episode.name == one.received.name):
                (use if consent.refuses == "use" else ends).append((consent.since, "withdrawn"))
    if patient and patient.deceased:
        ends.append((patient.deceased_on or _winter_day(patient.received.stated_at), "deceased"))
    since, participation = (min(use)[0], "objected") if use else min(ends, default=(None, "following"))
    ended = episode.ended or _winter_day(episode.received.stated_at) if episode.status in ("finished", "cancelled") else None
    treatments = {"finished": "completed", "cancelled": "stopped-early", "entered-in-error": "entered-in-error"}
    return {
        "version": 0,
        "episode": f"{one.organisation}/{one.received.name.value}",
        "subject": path[-1],
        "organisation": one.organisation,
        "programme": "imsr",
        "t0": episode.t0.isoformat(),
        "sex": patient.sex if patient else "unknown",
        "birth_year": 1970 if patient else None,
        "treatment": treatments.get(episode.status, "in-treatment"),
        "treatment_ended": ended and ended.isoformat(),
        "participation": participation,
        "participation_since": since and since.isoformat(),
        "received": RECEIVED,
    }
