"""Scores over HTTP: as FHIR, with the reason why in two languages, and without storing anything; to their own organisation only."""

from __future__ import annotations

import asyncio
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fhir.resources.R4B import get_fhir_model_class
from msgspec.structs import replace

from beklijf_scoring import api, store
from beklijf_scoring.hearing import SOFTWARE
from beklijf_scoring.reader import Readers
from beklijf_scoring.usecases import Scoring
from beklijf_shared import contracts, db
from beklijf_shared.events import Answer, EpisodeScored, McicChanged
from tests.integration.scoring.conftest import Service
from tests.lib.builders import BASE, episode_changed, response_accepted
from tests.lib.clock import HandClock
from tests.lib.databases import Databases
from tests.lib.expressed import CODED, SUM_OF_WEIGHTS, URL, site, toml

BASELINE = response_accepted("r0", 90)
FOLLOW_UP = response_accepted("r1", 60, measured="2014-05-03T09:00:00Z")
VAS = f"{BASE}/Questionnaire/vas-pain"
IMSR = "Interdisciplinary medical specialist rehabilitation (iMSR)"
JUDGED = "imsr-30-percent 1.0.0: {0}, ostelo-2008 1.0.0: {0} (t1)"
TOKEN = {"Authorization": "Bearer token-of-another-hospital"}
READERS = Readers({hashlib.sha256(b"token-of-another-hospital").digest(): "o2"}, "o1")


class Client:
    """Asks the application as a program would."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """One GET."""
        return asyncio.run(self._ask("GET", path, headers, b""))

    def post(self, path: str, body: bytes) -> httpx.Response:
        """One POST."""
        return asyncio.run(self._ask("POST", path, None, body))

    async def _ask(self, method: str, path: str, headers: dict[str, str] | None, body: bytes) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://scoring") as client:
            return await client.request(method, path, headers=headers, content=body)


@pytest.fixture
def client(service: Service) -> Client:
    with db.transaction(service.engine) as connection:
        store.walks.derives_with(connection, SOFTWARE, service.clock())
    return Client(api.application(service.engine, contracts.load(), READERS))


def told(client: Client, path: str) -> Any:
    """What is answered; where it is FHIR, it is FHIR."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == api.FHIR:
        get_fhir_model_class(answer.json()["resourceType"]).model_validate(answer.json())
    return json.loads(answer.text, parse_float=Decimal)


def test_a_verdict_is_traced_to_its_answers_in_sentences(service: Service, client: Client) -> None:
    service.apply(episode_changed(), BASELINE, FOLLOW_UP)

    assert told(client, "/scores/r1/why")["sentences"] == [
        f"The answer to Visual analogue scale, pain ({VAS} version 1.0.0) was completed and measured on 2014-05-03.",
        "Intensity of pain is 60: the only answer (vas-pain = 60).",
        "It was scored by vas-pain version 1.0.0, whose source is: " + contracts.load().instruments["vas-pain"].citation,
        f"So told on 2020-03-02T12:00:01Z by Beklijf {SOFTWARE}.",
        "It belongs to moment t1: its day lies in the window from 2014-04-05 to 2014-06-07, 0 days from the target 2014-05-03.",
        "How it counts: counted.",
        f"Its episode, which began on 2014-03-03, is under version 1.0.0 of the programme {IMSR}.",
        "At t1 the answer r1 of 2014-05-03 is compared with the answer r0 of 2014-03-03.",
        "At least 30 % better than at t0 (1.0.0) at t1: 90 → 60: 33.3 %, needed 30 %; improved, 3 points more than needed.",
        "Ostelo 2008, score points (1.0.0) at t1: 90 → 60: 30 points, needed 15 points; improved, 15 points more than needed.",
        f"What is said of t1 was told on 2020-03-02T12:00:01Z by Beklijf {SOFTWARE}.",
    ]
    assert told(client, "/scores/r1/why?lang=nl")["sentences"][5] == "Hoe het telt: geteld."


def test_what_was_told_before_stays_readable(service: Service, client: Client) -> None:
    service.apply(episode_changed(), BASELINE, FOLLOW_UP)
    service.apply(response_accepted("r0", 70, version=2, status="amended"))

    before = [each for each in told(client, "/scores/r0/why")["sentences"] if each.startswith("Until")]

    assert before == [
        f"Until 2020-03-02T12:00:02Z it said: {JUDGED.format('improved')}. Then it said: {JUDGED.format('unchanged')}.",
        "Until 2020-03-02T12:00:02Z it said: intensity 90 (vas-pain 1.0.0). Then it said: intensity 70 (vas-pain 1.0.0).",
    ]


def test_what_was_told_before_outlives_a_rebuild_and_one_under_another_answer(service: Service, client: Client) -> None:
    """What is told when the service is emptied is kept: nothing may ever say it again. What comes back unchanged was not superseded."""
    service.apply(episode_changed(), BASELINE, FOLLOW_UP)
    service.apply(response_accepted("r0", 89, version=2, status="amended"))
    for _ in range(2):
        service.empty()
        service.apply(FOLLOW_UP)
        service.apply(episode_changed(), response_accepted("r0", 89, version=2, status="amended"))
    rebuilt = [each for each in told(client, "/scores/r0/why")["sentences"] if each.startswith("Until")]

    service.empty()
    service.apply(episode_changed(), response_accepted("r0", 70, version=3, status="amended"), FOLLOW_UP)

    before = [
        f"Until 2020-03-02T12:00:02Z it said: {JUDGED.format('improved')}. Then it said: {JUDGED.format('improved')}.",
        "Until 2020-03-02T12:00:02Z it said: intensity 90 (vas-pain 1.0.0). Then it said: intensity 89 (vas-pain 1.0.0).",
    ]
    assert rebuilt == before
    assert [each for each in told(client, "/scores/r0/why")["sentences"] if each.startswith("Until")] == [
        *before,
        "Until 2020-03-02T12:00:06Z it said: intensity 89 (vas-pain 1.0.0). Then it said: intensity 70 (vas-pain 1.0.0).",
        f"Until 2020-03-02T12:00:07Z it said: {JUDGED.format('improved')}. Then it said: {JUDGED.format('unchanged')}.",
    ]


def test_a_score_is_an_observation_derived_from_its_answer(service: Service, client: Client) -> None:
    service.apply(episode_changed(), BASELINE)

    (entry,) = told(client, "/fhir/Observation?derived-from=QuestionnaireResponse/r0")["entry"]
    found = told(client, f"/fhir/Observation/{entry['resource']['id']}")

    assert found == entry["resource"]
    assert (found["id"], found["status"], found["valueQuantity"]["value"]) == ("r0.intensity", "final", 90)
    assert found["code"]["coding"][-1] == {"system": f"{BASE}/CodeSystem/score", "code": "vas-pain.intensity"}
    assert found["derivedFrom"] == [{"reference": "QuestionnaireResponse/r0"}]
    assert told(client, "/fhir/Provenance/r0")["target"] == [{"reference": "Observation/r0.intensity"}]


def test_an_observation_is_amended_and_withdrawn_and_never_just_gone(service: Service, client: Client) -> None:
    service.apply(episode_changed(), BASELINE, FOLLOW_UP)
    seen = []
    for version, value, status in ((2, 70, "amended"), (3, None, "amended"), (4, 70, "entered-in-error")):
        service.apply(response_accepted("r0", value, version=version, status=status))
        found = told(client, "/fhir/Observation/r0.intensity")
        (entry,) = told(client, "/fhir/Observation?derived-from=r0")["entry"]
        assert entry["resource"] == found
        seen.append((found["status"], found["valueQuantity"]["value"], found["issued"]))

    assert seen == [
        ("amended", 70, "2020-03-02T12:00:02Z"),
        ("entered-in-error", 70, "2020-03-02T12:00:03Z"),
        ("entered-in-error", 70, "2020-03-02T12:00:04Z"),
    ]


def test_a_provenance_names_every_contract_answer_and_former_score(service: Service, client: Client) -> None:
    service.apply(episode_changed(), BASELINE, response_accepted("r1", 50, measured="2014-05-03T09:00:00Z", mapping="ours@1.0.0"))
    service.apply(response_accepted("r1", 60, measured="2014-05-03T09:00:00Z", version=2, status="amended", mapping="ours@1.0.0"))

    found = told(client, "/fhir/Provenance/r1?lang=nl")

    assert found["policy"] == [
        f"{BASE}/instrument/vas-pain|1.0.0",
        f"{BASE}/PlanDefinition/imsr|1.0.0",
        f"{BASE}/rule/imsr-30-percent|1.0.0",
        f"{BASE}/rule/ostelo-2008|1.0.0",
        f"{BASE}/mapping/ours|1.0.0",
    ]
    assert found["entity"] == [
        {"role": "source", "what": {"reference": "QuestionnaireResponse/r1", "display": f"{VAS}|1.0.0"}},
        {"role": "source", "what": {"reference": "QuestionnaireResponse/r0"}},
        {"role": "revision", "what": {"display": "intensity 50 (vas-pain 1.0.0), until 2020-03-02T12:00:02Z"}},
    ]
    assert (found["recorded"], found["agent"][0]["who"]) == ("2020-03-02T12:00:02Z", {"display": f"Beklijf {SOFTWARE}"})
    assert "verteld op 2020-03-02T12:00:02Z" in found["text"]["div"]


def test_scores_are_found_page_by_page_by_subject_and_by_code(service: Service, client: Client) -> None:
    service.apply(*(response_accepted(f"r{number}", 10 + number, subject=f"s{number}") for number in range(5)))

    pages, path = [], "/fhir/Observation?_count=2"
    while path:
        bundle = told(client, path)
        pages.append([entry["resource"]["id"] for entry in bundle["entry"]])
        path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")

    assert pages == [["r0.intensity", "r1.intensity"], ["r2.intensity", "r3.intensity"], ["r4.intensity"]]
    assert [entry["resource"]["id"] for entry in told(client, "/fhir/Observation?subject:identifier=x|s3")["entry"]] == ["r3.intensity"]
    assert "entry" not in told(client, "/fhir/Observation?code=http://loinc.org|72514-3")


def test_links_and_addresses_of_a_page_are_absolute(service: Service, client: Client) -> None:
    service.apply(*(response_accepted(f"r{number}", 10 + number, subject=f"s{number}") for number in range(2)))

    page = told(client, "/fhir/Observation?_count=1&_format=json&_pretty=true")

    assert page["entry"][0]["fullUrl"] == "http://scoring/fhir/Observation/r0.intensity"
    assert [link["url"].partition("?")[0] for link in page["link"]] == ["http://scoring/fhir/Observation"] * 2
    assert client.get(page["entry"][0]["fullUrl"]).json()["id"] == "r0.intensity"


def test_a_client_that_asks_first_what_is_supported_is_told(client: Client) -> None:
    stated = told(client, "/fhir/metadata")

    assert (stated["fhirVersion"], stated["implementation"]["url"]) == ("4.0.1", "http://scoring/fhir")
    (observation, provenance) = stated["rest"][0]["resource"]
    assert [one["code"] for one in observation["interaction"]] == ["read", "search-type"]
    assert [one["name"] for one in observation["searchParam"]] == ["_id", "derived-from", "subject", "patient", "code"]
    assert provenance["type"] == "Provenance"
    assert [client.get(f"/fhir/Observation?{one['name']}=x").status_code for one in observation["searchParam"]] == [200] * 5


def test_an_address_without_anything_and_a_method_that_is_not_taken_are_outcomes(client: Client) -> None:
    nothing, method = client.get("/fhir/Encounter"), client.post("/fhir/Observation", b"{}")

    assert (nothing.status_code, nothing.json()["issue"][0]["code"]) == (404, "not-found")
    assert "GET /fhir/metadata" in nothing.json()["issue"][0]["diagnostics"]
    assert (method.status_code, method.json()["issue"][0]["code"], method.headers["allow"]) == (405, "not-supported", "GET")


def test_another_hospital_finds_nothing(service: Service, client: Client) -> None:
    service.apply(episode_changed(), BASELINE)

    answers = [client.get(path, headers=TOKEN) for path in ("/scores/r0/why", "/fhir/Provenance/r0", "/fhir/Observation/r0.intensity")]
    found = client.get("/fhir/Observation", headers=TOKEN).json()

    assert [(answer.status_code, answer.json()["issue"][0]["code"]) for answer in answers] == [(404, "not-found")] * 3
    assert "entry" not in found


def test_a_wrong_token_reads_nothing(client: Client) -> None:
    answer = client.get("/scores/r0/why", headers={"Authorization": "Bearer somebody-elses-long-token"})

    assert (answer.status_code, answer.json()["issue"][0]["code"], answer.headers["WWW-Authenticate"]) == (
        401,
        "login",
        'Bearer realm="beklijf"',
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/scores/r0/why?lang=fr", 400, "not-supported"),
        ("/scores/nobody/why", 404, "not-found"),
        ("/fhir/Observation/nobody", 404, "not-found"),
        ("/fhir/Observation/..%2f", 404, "not-found"),
        ("/fhir/Observation?date=2014", 400, "not-supported"),
        ("/fhir/Observation?code=1&code=2", 400, "not-supported"),
        ("/fhir/Observation?_count=0", 400, "value"),
        ("/fhir/Observation?_count=٣", 400, "value"),
        ("/fhir/Observation?page=%FF", 400, "value"),
    ],
)
def test_what_cannot_be_answered_is_said(client: Client, path: str, status: int, code: str) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    if answer.headers["content-type"] == api.FHIR:
        assert answer.json()["issue"][0]["code"] == code


FORM: dict[str, Any] = {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": f"{BASE}/Questionnaire/odi|1.0.0"}


def section(number: int, code: str) -> dict[str, Any]:
    return {"linkId": f"odi-{number:02d}", "answer": [{"valueCoding": {"system": f"{BASE}/CodeSystem/odi-answer", "code": code}}]}


def test_an_answer_is_scored_without_being_stored(service: Service, client: Client) -> None:
    before = service.state_hash()

    answers = [
        client.post(path, json.dumps(FORM | {"item": [section(number, "1") for number in range(1, 10)]}).encode())
        for path in ("/$score", "/fhir/QuestionnaireResponse/$score")
    ]

    assert [answer.json() for answer in answers] == [
        {
            "instrument": "odi",
            "instrument_version": "1.0.0",
            "scorable": True,
            "reason": None,
            "results": [{"measure": "index", "integer": 2000, "scale": 2}],
        }
    ] * 2
    assert service.state_hash() == before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "structure"),
        (b"[]", 400, "structure"),
        (json.dumps({"resourceType": "Patient", "questionnaire": "x"}).encode(), 400, "structure"),
        (json.dumps(FORM | {"questionnaire": f"{BASE}/Questionnaire/odi|2.0.0"}).encode(), 422, "not-found"),
        (json.dumps(FORM | {"questionnaire": f"{BASE}/Questionnaire/odi"}).encode(), 422, "not-found"),
        (json.dumps(FORM | {"item": [section(1, "7")]}).encode(), 422, "value"),
        (json.dumps(FORM | {"item": [section(1, "1"), section(1, "1")]}).encode(), 422, "value"),
        (b" " * (api.BODY_MAXIMUM_BYTES + 1), 413, "too-long"),
    ],
)
def test_an_answer_that_cannot_be_scored_is_refused(client: Client, body: bytes, status: int, code: str) -> None:
    answer = client.post("/$score", body)

    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (status, code)


def test_the_first_sentence_of_a_score_that_is_none_says_so(service: Service, client: Client) -> None:
    service.apply(episode_changed(), response_accepted("r9", None))

    assert "It has no score: nothing was answered." in told(client, "/scores/r9/why")["sentences"]
    assert client.get("/fhir/Provenance/r9").status_code == 404


STATE = """
code = "state"
programmes = ["imsr"]
version = "1.0.0"
title = "VAS of 40 or less"
kind = "state"
purpose = "acceptable-state"
operator = "<="
population = "for tests"
citation = "none"

[cutoff]
vas-pain = 40
"""


def test_whether_a_state_is_acceptable_is_told_without_a_baseline_too(database: Databases, clock: HandClock, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "state.toml").write_text(STATE)
    known = contracts.load(tmp_path)
    with db.opened(database("scoring")) as engine:
        service, client = Service(engine, Scoring(known), clock), Client(api.application(engine, known, READERS))
        service.apply(episode_changed(), FOLLOW_UP)
        alone = told(client, "/scores/r1/why")["sentences"]
        service.apply(response_accepted("r0", 90), response_accepted("r1", 38, measured="2014-05-03T09:00:00Z", version=2))
        with_baseline = told(client, "/scores/r1/why")["sentences"]
        dutch = told(client, "/scores/r1/why?lang=nl")["sentences"]
        (episode,), (pair,) = service.told(EpisodeScored), service.told(McicChanged)

    sentence = "VAS of 40 or less (1.0.0) at t1: 60 is no acceptable state, where <= 40 is needed; 20 points worse than that."
    assert alone[alone.index("At t1 there is no verdict: there is no baseline.") + 1] == sentence
    acceptable = "38 is an acceptable state, where <= 40 is needed; 2 points better than that."
    assert f"VAS of 40 or less (1.0.0) at t1: {acceptable}" in with_baseline
    assert "VAS of 40 or less (1.0.0) op t1: 38 is een aanvaardbare toestand, waar <= 40 nodig is; 2 punten beter dan dat." in dutch
    assert [each.verdict for each in pair.verdicts] == [each.verdict for each in episode.verdicts[0].verdicts]
    assert [each.verdict for each in pair.verdicts] == ["improved", "improved", "acceptable"]


def test_the_expression_and_the_library_are_told_with_the_score(database: Databases, clock: HandClock, tmp_path: Path) -> None:
    example = [("never sometimes often always -", "7")]
    known = contracts.load(site(tmp_path, toml(SUM_OF_WEIGHTS, missing="by-expression", least_answered=1, examples=example)))
    answers = tuple(Answer(link=link, code="always") for link in CODED)
    with db.opened(database("scoring")) as engine:
        service, client = Service(engine, Scoring(known), clock), Client(api.application(engine, known, READERS))
        service.apply(replace(response_accepted("k1"), questionnaire=URL, answers=answers))

        sentences = told(client, "/scores/k1/why")["sentences"]
        provenance = told(client, "/fhir/Provenance/k1")

    formula = f"the expression {SUM_OF_WEIGHTS}, evaluated by fhirpathpy 2.2.4"
    assert sentences[1] == f"Total is 16: {formula} (knee-1 = always, knee-2 = always, knee-3 = always, knee-4 = always)."
    assert provenance["activity"] == {"text": "scored by expression (fhirpathpy 2.2.4)/by-measure"}
    assert SUM_OF_WEIGHTS in provenance["text"]["div"]
