"""Random resources, random queries: what the tables find is what a plain loop over the same resources finds, on whatever pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beklijf_intake import queries
from beklijf_intake.domain.search import cursor, query
from beklijf_intake.domain.search.criteria import Circumstances
from beklijf_intake.domain.submission import ResourceType
from beklijf_intake.store import search as store
from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.lib import builders
from tests.lib.builders import BASE, NAMES, PROGRAMMES, PSEUDONYMS, Resource
from tests.lib.databases import Databases
from tests.lib.desk import request
from tests.lib.plain_search import ZONE, Kept, Pair, search
from tests.lib.reading import ORGANISATION

DATES = [
    "2014-03-03", "2014-03-04", "2014-03-03T09:00:00Z", "2014-03-03T23:30:00Z", "2014-03-30", "2014-10-26T02:30:00+01:00",
    "2014-10-26T02:30:00+02:00", "2015-01-01T00:00:00+01:00", "2015-01-01",
]  # fmt: skip
ASKED_DATES = [*DATES, "2014", "2015", "2014-03", "2014-10", "2014-03-03T10:00", "2014-12-31"]
RECEIVED = ["2020", "2020-03-02", "2020-03-02T12:00:03Z", "2020-03-02T13:00:05+01:00", "2020-03-02T12:00Z"]
PEOPLE = ["p1", "p2", "p3"]
names, people, dates = st.sampled_from(["n1", "n2", "n3", "n4"]), st.sampled_from(PEOPLE), st.sampled_from(DATES)
prefixes = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])

FORMS: list[Callable[..., Resource]] = [builders.vas, builders.qbpds]
answers = st.builds(
    lambda form, name, of, authored, status: form(name, 40, of=of, authored=authored, status=status),
    st.sampled_from(FORMS),
    names,
    people,
    dates,
    st.sampled_from(["in-progress", "stopped", "completed", "amended", "entered-in-error"]),
)
episodes = st.builds(
    lambda name, of, t0, lasts, status: builders.episode(name, of=of, t0=t0[:10], ended="2015-02-01" if lasts else None, status=status),
    names,
    people,
    dates,
    st.booleans(),
    st.sampled_from(["active", "onhold", "finished", "cancelled"]),
)
consents = st.builds(lambda name, of, since: builders.consent(name, of=of, since=since), names, people, dates)
histories = st.lists(st.one_of(answers, answers, answers, episodes, consents, st.builds(builders.patient, people)), max_size=14)


def alternatives(one: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(one, min_size=1, max_size=3).map(",".join)


def dated(texts: list[str]) -> st.SearchStrategy[str]:
    return alternatives(st.builds(str.__add__, prefixes, st.sampled_from(texts)))


def named(kind: str) -> st.SearchStrategy[str]:
    return alternatives(st.builds(str.__add__, st.sampled_from(["", f"{NAMES}{kind}|", "https://elsewhere.example/|"]), names))


IDS = st.sampled_from([f"00000000-0000-7000-8000-{number:012d}" for number in range(1, 12)])
SHARED: dict[str, st.SearchStrategy[str]] = {"_id": alternatives(IDS), "_lastUpdated": dated(RECEIVED)}
OF_PATIENTS: dict[str, st.SearchStrategy[str]] = {
    "patient:identifier": alternatives(people.map(f"{PSEUDONYMS}|".__add__)),
    "patient": alternatives(IDS.map("Patient/".__add__)),
}
ASKED: dict[ResourceType, dict[str, st.SearchStrategy[str]]] = {
    "QuestionnaireResponse": {
        **SHARED,
        **OF_PATIENTS,
        "identifier": named("answer") | st.just(f"{NAMES}answer|"),
        "subject:identifier": OF_PATIENTS["patient:identifier"],
        "questionnaire": alternatives(
            st.sampled_from([f"{BASE}/Questionnaire/{form}" for form in ("vas-pain|1.0.0", "vas-pain", "qbpds|2")])
        ),
        "status": alternatives(st.sampled_from(["completed", "amended", "in-progress", "unheard-of"])),
        "authored": dated(ASKED_DATES),
    },
    "EpisodeOfCare": {
        **SHARED,
        **OF_PATIENTS,
        "identifier": named("episode"),
        "type": alternatives(st.sampled_from(["imsr", f"{PROGRAMMES}|imsr", f"{PROGRAMMES}|", "other", "https://elsewhere.example/|imsr"])),
        "status": alternatives(st.sampled_from(["active", "finished"])),
        "date": dated(ASKED_DATES),
    },
    "Consent": {**SHARED, **OF_PATIENTS, "status": st.just("active"), "date": dated(ASKED_DATES)},
    "Patient": {**SHARED, "identifier": alternatives(people)},
}
SORTS: dict[ResourceType, list[str]] = {
    "QuestionnaireResponse": ["authored"],
    "EpisodeOfCare": ["date"],
    "Consent": ["date"],
    "Patient": [],
}


@st.composite
def asked(draw: st.DrawFn) -> tuple[ResourceType, list[Pair], str, int]:
    """A type, what is asked of it, in which order, and how much at a time."""
    type_: ResourceType = draw(st.sampled_from(["QuestionnaireResponse", "QuestionnaireResponse", "EpisodeOfCare", "Consent", "Patient"]))
    chosen = draw(st.just(SORTS[type_]) | st.lists(st.sampled_from(sorted(ASKED[type_])), max_size=3))  # the date by itself, often
    sort = draw(st.sampled_from(["", "-"])) + draw(st.sampled_from(["_lastUpdated", "_id", *SORTS[type_]]))
    return type_, [(name, draw(ASKED[type_][name])) for name in chosen], sort, draw(st.sampled_from([1, 2, 3, 50]))


def filled(registry: Registry, history: list[Resource]) -> list[Kept]:
    """The registry with these resources, each received a second after the one before; and the same as a plain list."""
    registry.empty()
    registry.ids = type(registry.ids)()
    registry.clock = type(registry.clock)()
    kept: dict[str, Kept] = {}
    for place, resource in enumerate(history):
        now = registry.clock.advance(seconds=1)
        decision = registry.one(request(resource))
        one = kept.setdefault(decision.id, Kept(decision.id))
        if not decision.is_repeat:
            one.versions.append((now, place, json.loads(json.dumps(resource))))
    return list(kept.values())


def found(registry: Registry, type_: ResourceType, pairs: list[Pair], sort: str, count: int) -> tuple[list[str], int | None]:
    """All pages of a search, and the total."""
    at = Circumstances(type_, ORGANISATION, "https://registry.example/fhir/", ZONE, registry.clock())
    what = query.read([*pairs, ("_sort", sort), ("_count", str(count)), ("_total", "accurate")], at, strict=True)
    ids: list[str] = []
    place, total = None, None
    for _ in range(50):
        with db.transaction(registry.engine) as connection:
            page = queries.find(connection, ORGANISATION, what, place, at.now, patients=False)
        ids += [one.resource for one in page.found]
        total = page.total
        if page.following is None:
            return ids, total
        place = cursor.of_text(cursor.to_text(page.following, "q"), "q", by_id=what.order.name == "_id")
    raise AssertionError("the pages do not end")


@pytest.fixture(scope="module")
def shelf(databases: Databases) -> Iterator[Registry]:
    """A registry of its own: Hypothesis empties it itself."""
    with db.opened(databases("intake")) as engine:
        yield Registry(engine)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=histories, queries_=st.lists(asked(), min_size=5, max_size=25), budget=st.sampled_from([2, 3, store.BUDGET]))
def test_the_tables_find_what_a_plain_loop_finds(
    shelf: Registry, history: list[Resource], queries_: list[tuple[ResourceType, list[Pair], str, int]], budget: int
) -> None:
    kept = filled(shelf, history)
    usual: Any = store.BUDGET
    store.BUDGET = budget  # so small that pages come short
    try:
        for type_, pairs, sort, count in queries_:
            expected = search(kept, type_, pairs, sort)
            assert found(shelf, type_, pairs, sort, count) == (expected, len(expected)), (type_, pairs, sort, count)
    finally:
        store.BUDGET = usual


def test_every_prefix_finds_what_the_plain_loop_finds(shelf: Registry) -> None:
    history: list[Resource] = [builders.vas(f"a{number}", 1, authored=date) for number, date in enumerate(DATES)]
    history += [builders.episode(f"e{number}", t0=date[:10]) for number, date in enumerate(DATES)]
    history += [builders.episode(f"ended{number}", t0=date[:10], ended="2015-01-01") for number, date in enumerate(DATES)]
    kept = filled(shelf, history)
    parameters: list[tuple[ResourceType, str, list[str]]] = [
        ("QuestionnaireResponse", "authored", ASKED_DATES),
        ("EpisodeOfCare", "date", ASKED_DATES),
        ("EpisodeOfCare", "_lastUpdated", RECEIVED),
    ]

    for type_, name, texts in parameters:
        for text in (prefix + text for prefix in ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb") for text in texts):
            assert found(shelf, type_, [(name, text)], name, 50)[0] == search(kept, type_, [(name, text)], name), (type_, text)
