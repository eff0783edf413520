"""The FHIR door over a real socket, on a real database: verbs, headers, senders, Bundles, and how errors look."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import text

from beklijf_intake import app, exchange
from beklijf_intake.settings import Intake
from beklijf_shared import db, http, telemetry
from beklijf_shared.clock import fixed_clock
from beklijf_shared.settings import Settings
from beklijf_shared.status import Status
from beklijf_shared.telemetry import Logger
from tests.integration.intake.conftest import Registry
from tests.lib import builders
from tests.lib.databases import Databases, plain
from tests.lib.located import id_of, place_of
from tests.lib.servers import free_port
from tests.lib.wait import wait_until

NOW = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)
AUTHORED = "2014-03-03T10:00:00+01:00"
FHIR = {"Content-Type": "application/fhir+json"}
OUTCOME = "https://w3id.org/beklijf/fhir/StructureDefinition/entry-outcome"
TOKEN = {"Authorization": "Bearer token-of-the-second-hospital"}


@dataclass
class Door:
    """A running FHIR door with its database."""

    client: httpx.Client
    registry: Registry

    def post(self, resource: dict[str, Any], **headers: str) -> httpx.Response:
        """POST to the resource's own address."""
        return self.client.post(f"/fhir/{resource['resourceType']}", content=json.dumps(resource), headers={**FHIR, **headers})

    def put(self, path: str, resource: dict[str, Any], **headers: str) -> httpx.Response:
        """PUT to an address."""
        return self.client.put(f"/fhir/{path}", content=json.dumps(resource), headers={**FHIR, **headers})

    def bundle(self, kind: str, *resources: dict[str, Any], **headers: str) -> httpx.Response:
        """POST a Bundle of creates."""
        entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in resources]
        content = {"resourceType": "Bundle", "type": kind, "entry": entries}
        return self.client.post("/fhir", content=json.dumps(content), headers={**FHIR, **headers})


@pytest.fixture(scope="module")
def running(databases: Databases) -> Iterator[tuple[str, db.Engine]]:
    """A FHIR door on loopback."""
    url, port = databases("intake"), free_port()
    environment = {
        "BEKLIJF_DATABASE_URL": url,
        "BEKLIJF_PROFILE": "laptop",
        "BEKLIJF_HTTP_PORT": str(port),
        "BEKLIJF_SENDERS": '{"token-of-the-second-hospital": "00000002"}',
    }
    settings = Settings.from_environment("intake", environment)
    stop, status = threading.Event(), Status("intake", "api")
    with db.opened(url) as engine:
        log = Logger("intake", "api")
        door = app.application(settings, Intake.of(settings, environment), engine, fixed_clock(NOW), log)
        server = threading.Thread(target=http.serve, args=(door, settings, status, stop), kwargs={"refusal": exchange.not_a_request})
        server.start()
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(address), because="the FHIR door answers")
        yield address, engine
        stop.set()
        server.join(20)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/fhir/metadata").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def door(running: tuple[str, db.Engine]) -> Iterator[Door]:
    """The door with an empty database."""
    address, engine = running
    registry = Registry(engine)
    registry.empty()
    with httpx.Client(base_url=address, timeout=90) as client:
        yield Door(client, registry)


def code_of(answer: httpx.Response) -> str:
    """The issue code of an OperationOutcome, which every error must be."""
    assert answer.headers["content-type"].startswith("application/fhir+json")
    outcome = answer.json()
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    return str(outcome["issue"][0]["code"])


def test_create_read_update_by_id(door: Door) -> None:
    created = door.post(builders.vas("a1", 40, authored=AUTHORED))
    place = place_of(created)
    read = door.client.get(f"/fhir/{place}")
    amended = builders.vas("a1", 50, authored=AUTHORED, status="amended", id=id_of(created))
    updated = door.put(place, amended, **{"If-Match": 'W/"1"'})
    missed = door.put(place, amended | {"status": "entered-in-error"}, **{"If-Match": 'W/"1"'})

    assert (created.status_code, created.headers["etag"], created.content) == (201, 'W/"1"', b"")
    assert read.json()["meta"] == {"versionId": "1", "lastUpdated": "2020-03-02T12:00:00.000Z"}
    assert (read.json()["item"][0]["answer"], read.headers["etag"]) == ([{"valueInteger": 40}], 'W/"1"')
    assert read.headers["last-modified"] == "Mon, 02 Mar 2020 12:00:00 GMT"
    assert (updated.status_code, updated.headers["etag"]) == (200, 'W/"2"')
    assert (missed.status_code, code_of(missed)) == (412, "conflict")
    assert door.client.get(f"/fhir/{place}").json()["status"] == "amended"


def test_location_names_the_version_that_was_created(door: Door) -> None:
    """R4 (http, create and update): `[base]/[type]/[id]/_history/[vid]`, beside ETag and Last-Modified."""
    created = door.post(builders.vas("a1", 40, authored=AUTHORED))
    door.registry.at(datetime(2020, 3, 2, 13, tzinfo=UTC))
    updated = door.put(place_of(created), builders.vas("a1", 50, authored=AUTHORED, status="amended", id=id_of(created)))
    outranked = door.post(builders.vas("a1", 60, authored=AUTHORED))
    here = f"{door.client.base_url}/fhir/QuestionnaireResponse/{id_of(created)}/_history"

    assert [answer.headers["location"] for answer in (created, updated, outranked)] == [f"{here}/1", f"{here}/2", f"{here}/2"]
    assert [answer.headers["etag"] for answer in (created, updated, outranked)] == ['W/"1"', 'W/"2"', 'W/"2"']
    for answer in (created, updated):
        version = door.client.get(answer.headers["location"])
        assert (version.status_code, version.headers["etag"]) == (200, answer.headers["etag"])
        assert version.headers["last-modified"] == answer.headers["last-modified"]


def test_read_gives_back_what_was_sent_to_the_digit(door: Door) -> None:
    sent = json.dumps(builders.patient("p1", extension=[{"url": "https://example.org/x", "valueDecimal": 7}])).replace(": 7}", ": 1.50}")
    created = door.client.post("/fhir/Patient", content=sent, headers=FHIR)

    read = door.client.get(created.headers["location"])

    assert '"valueDecimal": 1.50' in read.text
    assert read.json()["id"] == id_of(created)


def test_known_identifier_is_an_upsert_and_a_repeat_has_no_effect(door: Door) -> None:
    first = door.post(builders.episode("e1"))
    again = door.post(builders.episode("e1"))
    changed = door.put("EpisodeOfCare?identifier=https://example.org/episode|e1", builders.episode("e1", status="onhold"))
    other = door.put("EpisodeOfCare?identifier=https://example.org/episode|e2", builders.episode("e1"))

    assert [first.status_code, again.status_code, changed.status_code] == [201, 200, 200]
    assert place_of(first) == place_of(again) == place_of(changed)
    assert [first.headers["etag"], again.headers["etag"], changed.headers["etag"]] == ['W/"1"', 'W/"1"', 'W/"2"']
    assert (other.status_code, code_of(other)) == (422, "business-rule")


def test_conditional_create_warns_when_the_body_differs(door: Door) -> None:
    condition = {"If-None-Exist": "identifier=https://example.org/answer|a1"}
    first = door.post(builders.vas("a1", 40, authored=AUTHORED), **condition)
    other = door.post(builders.vas("a1", 41, authored=AUTHORED), **condition)

    assert (first.status_code, other.status_code) == (201, 200)
    assert (other.json()["issue"][0]["severity"], code_of(other)) == ("warning", "duplicate")


def test_version_that_loses_is_stored_and_warned_about(door: Door) -> None:
    door.post(builders.vas("a1", 50, authored="2014-03-03T11:00:00+01:00", status="amended"))

    late = door.post(builders.vas("a1", 40, authored=AUTHORED))

    assert (late.status_code, late.headers["etag"]) == (200, 'W/"1"')
    assert late.json()["issue"][0]["severity"] == "warning"
    assert door.registry.rows("SELECT count(*) FROM version") == [2]


@pytest.mark.parametrize(
    ("wanted", "kind"), [("minimal", None), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome")], ids=str
)
def test_prefer_says_what_comes_back(door: Door, wanted: str, kind: str | None) -> None:
    answer = door.post(builders.patient(), Prefer=f"return={wanted}")

    assert answer.status_code == 201
    assert (answer.json()["resourceType"] if answer.content else None) == kind


def test_sender_sees_its_own_organisation_only(door: Door) -> None:
    mine = f"/fhir/{place_of(door.post(builders.vas('a1', 40, authored=AUTHORED)))}"

    theirs = door.client.get(mine, headers=TOKEN)
    unknown = door.client.get("/fhir/QuestionnaireResponse/01890000-0000-7000-8000-000000000000", headers=TOKEN)

    assert (theirs.status_code, theirs.content) == (404, unknown.content)
    assert sorted(theirs.headers) == sorted(unknown.headers)
    assert door.client.get(mine, headers={"Authorization": "Bearer nobody"}).status_code == 401


def test_another_organisation_in_the_body_is_refused(door: Door) -> None:
    other = {"managingOrganization": {"identifier": {"system": builders.URA, "value": "00000002"}}}

    answer = door.post(builders.episode("e1", **other))

    assert answer.status_code == 422
    assert door.post(builders.episode("e1", **other), **TOKEN).status_code == 201


def test_batch_takes_what_it_can(door: Door) -> None:
    answer = door.bundle("batch", builders.patient(), builders.patient("p2", gender="woman"), builders.episode())

    bundle = answer.json()
    assert (answer.status_code, bundle["type"]) == (200, "batch-response")
    assert [entry["response"]["status"] for entry in bundle["entry"]] == ["201 Created", "400", "201 Created"]
    assert bundle["entry"][0]["response"]["extension"] == [{"url": OUTCOME, "valueCode": "created"}]
    assert bundle["entry"][1]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[1].resource.gender"]
    get_fhir_model_class("Bundle").model_validate(bundle)
    tally = door.registry.told("intake-tally")["00000001/2020-03-02"]
    assert (tally["sent"], tally["accepted"], tally["refused"]) == (3, 2, 1)


def test_an_entry_says_whether_it_had_an_effect(door: Door) -> None:
    door.bundle("batch", builders.patient())

    answer = door.bundle("batch", builders.patient(), builders.patient(gender="male"))

    responses = [entry["response"] for entry in answer.json()["entry"]]
    assert [response["status"] for response in responses] == ["200 OK", "200 OK"]
    assert [response["extension"] for response in responses] == [
        [{"url": OUTCOME, "valueCode": "repeated"}],
        [{"url": OUTCOME, "valueCode": "updated"}],
    ]


def test_transaction_is_all_or_nothing(door: Door) -> None:
    refused = door.bundle("transaction", builders.patient(), builders.patient("p2", gender="woman"))
    literal = builders.vas("a1", 40, authored=AUTHORED) | {"subject": {"reference": "Patient/unknown"}}
    unknown = door.bundle("transaction", builders.patient(), literal)
    nothing = door.registry.rows("SELECT count(*) FROM resource")
    taken = door.bundle("transaction", builders.patient(), builders.episode(), builders.vas("a1", 40, authored=AUTHORED, episode="e1"))

    assert (refused.status_code, refused.json()["resourceType"]) == (400, "OperationOutcome")
    assert (unknown.status_code, code_of(unknown)) == (422, "not-found")
    assert unknown.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1].resource")
    assert nothing == [0]
    assert (taken.status_code, taken.json()["type"]) == (200, "transaction-response")
    assert [entry["response"]["etag"] for entry in taken.json()["entry"]] == ['W/"1"'] * 3


def test_parallel_posts_of_one_identifier_make_one_resource_and_one_event(door: Door) -> None:
    resource = builders.vas("a1", 40, authored=AUTHORED)

    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda _: door.post(resource), range(32)))

    assert sorted(answer.status_code for answer in answers) == [200] * 31 + [201]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert door.registry.rows("SELECT count(*) FROM version") == [1]
    assert door.registry.rows("SELECT version FROM told WHERE topic = 'beklijf.response-accepted.v1'") == [1]


def test_two_hundred_leaves_only_after_the_commit(door: Door) -> None:
    with db.transaction(door.registry.engine) as connection:
        connection.execute(text("CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$"))
        connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON version DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW WHEN (NEW.status = 'amended') EXECUTE FUNCTION fail()"
            )
        )
    try:
        failed = door.post(builders.vas("a1", 40, authored=AUTHORED, status="amended"))
        taken = door.post(builders.vas("a2", 40, authored=AUTHORED))
    finally:
        with db.transaction(door.registry.engine) as connection:
            connection.execute(text("DROP FUNCTION fail CASCADE"))

    assert (failed.status_code, code_of(failed)) == (500, "exception")
    assert taken.status_code == 201
    assert door.registry.rows("SELECT value FROM resource") == ["a2"]


def test_a_culprit_does_not_take_the_others_of_its_shared_commit_along(door: Door) -> None:
    with db.transaction(door.registry.engine) as connection:
        connection.execute(text("ALTER TABLE version ADD CONSTRAINT no_drafts CHECK (status <> 'stopped')"))
    resources = [builders.vas(f"a{n}", 40, authored=AUTHORED, status="stopped" if n == 7 else "completed") for n in range(20)]
    try:
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(door.post, resources))
    finally:
        with db.transaction(door.registry.engine) as connection:
            connection.execute(text("ALTER TABLE version DROP CONSTRAINT no_drafts"))

    assert [answer.status_code for answer in answers] == [500 if n == 7 else 201 for n in range(20)]
    assert len(door.registry.rows("SELECT id FROM resource")) == 19


def test_database_away_is_said_and_passes(door: Door, databases: Databases) -> None:
    name = door.registry.engine.url.database
    with psycopg.connect(plain(databases("intake")), autocommit=True) as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        away = door.post(builders.patient())
        unread = door.client.get("/fhir/Patient/1")
        refused = door.post(builders.patient(gender="woman"))
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
    back = door.post(builders.patient())

    assert [answer.status_code for answer in (away, unread, refused, back)] == [503, 503, 400, 201]
    assert (code_of(away), away.headers["retry-after"]) == ("transient", "2")


def test_answers_by_code_are_accepted_and_a_code_that_is_not_offered_is_refused(door: Door) -> None:
    partial = builders.coded("care-use", "c1", {"care-use-imaging": "yes", "care-use-aids": "no"}, authored=AUTHORED)

    answers = [
        door.post(builders.coded("gpe-6", "g1", {"gpe-6": "slightly-better"}, authored=AUTHORED)),
        door.post(partial),
        door.post(builders.coded("gpe-3", "g2", {}, authored=AUTHORED)),
        door.post(builders.coded("gpe-3", "g3", {"gpe-3": "much-better"}, authored=AUTHORED)),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 422]
    assert code_of(answers[3]) == "code-invalid"
    assert {name: one["answers"] for name, one in door.registry.told("response-accepted").items()} == {
        "00000001/g1": [{"link": "gpe-6", "code": "slightly-better"}],
        "00000001/c1": [{"link": "care-use-imaging", "code": "yes"}, {"link": "care-use-aids", "code": "no"}],
        "00000001/g2": [],
    }


def test_the_door_says_at_start_which_instruments_it_lacks(running: tuple[str, db.Engine], capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"BEKLIJF_DATABASE_URL": "unused", "BEKLIJF_PROFILE": "laptop"}
    settings = Settings.from_environment("intake", environment)
    telemetry.configure()

    app.application(settings, Intake.of(settings, environment), running[1], fixed_clock(NOW), Logger("intake", "api"))

    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (said["event_code"], said["contract"], said["count"]) == ("instruments_planned", "rules/comi-2009", 1)
