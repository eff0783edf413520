"""Archives over a real socket, on a real database, with the importer's real workers: what each line gets is what a POST of it gets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from beklijf_intake.bulk import importer
from beklijf_shared import db
from tests.integration.intake.conftest import Registry
from tests.lib import builders, importing
from tests.lib.databases import Databases
from tests.lib.file_host import file_host
from tests.lib.importing import Counter, counter, ndjson
from tests.lib.sources import ROOT
from tests.lib.wait import wait_until

pytestmark = pytest.mark.timeout(180)

OTHER = {"Authorization": "Bearer token-of-the-second-hospital"}
FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def running(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with counter(databases("intake"), tmp_path_factory.mktemp("spool")) as made:
        yield made


@pytest.fixture(scope="module")
def idle(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """One whose importer never comes."""
    with counter(databases("intake"), tmp_path_factory.mktemp("idle"), importing=False) as made:
        yield made


def answer(name: str, value: int = 40, **more: Any) -> dict[str, Any]:
    return builders.vas(name, value, of=f"p-{name}", authored="2014-03-03T10:00:00+01:00", **more)


def scan(counter: Counter, sql: str) -> list[Any]:
    with db.transaction(counter.engine) as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def issue(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["issue"][0]["code"]


def test_each_line_is_answered_with_its_number(running: Counter) -> None:
    bad = answer("bad", 120)
    content = ndjson([answer("one"), bad, answer("one"), builders.patient("p-one")])

    address = running.taken(content, file="first.ndjson")

    manifest, lines = running.ended(address), running.lines(address)
    assert manifest["status"] == "complete"
    assert manifest["sums"] == {"sent": 4, "accepted": 2, "duplicate": 1, "refused": 1}
    assert [(one["file"], one["line"], one["status"], one["outcome"]) for one in lines] == [
        ("first.ndjson", 1, 201, "created"),
        ("first.ndjson", 2, 422, "refused"),
        ("first.ndjson", 3, 200, "repeated"),
        ("first.ndjson", 4, 201, "created"),
    ]
    assert running.client.get(f"/fhir/{lines[0]['location']}").status_code == 200
    posted = running.client.post("/fhir/QuestionnaireResponse", json=bad, headers=FHIR)
    assert lines[1]["issues"] == posted.json()


def test_refusals_alone_are_operation_outcomes_that_say_where(running: Counter) -> None:
    address = running.taken(ndjson([answer("good"), answer("worse", 120)]))

    manifest, refusals = running.ended(address), running.lines(address, "refusals")

    assert manifest["error"] == [{"type": "OperationOutcome", "url": f"{address}/refusals", "count": 1}]
    assert [one["resourceType"] for one in refusals] == ["OperationOutcome"]
    said = {one["url"]: one for one in refusals[0]["extension"][0]["extension"]}
    assert (said["file"]["valueString"], said["line"]["valuePositiveInt"], said["status"]["valuePositiveInt"]) == ("archive.ndjson", 2, 422)


def test_its_receipt_says_the_same_and_that_it_is_complete(running: Counter) -> None:
    taken = running.hand_in(ndjson([answer("counted"), answer("counted"), answer("spoilt", 120), builders.patient("p-counted")]))
    running.ended(taken.headers["Content-Location"])

    receipt = running.client.get(taken.headers["Beklijf-Receipt"]).json()

    assert {name: receipt[name] for name in ("sent", "accepted", "duplicate", "refused")} == {
        "sent": 4, "accepted": 2, "duplicate": 1, "refused": 1,
    }  # fmt: skip
    assert (receipt["kind"], receipt["total"]) == ("import", 4)


def test_an_import_has_a_receipt_from_the_moment_it_is_taken(idle: Counter) -> None:
    taken = idle.hand_in(ndjson([answer("soon")]))

    receipt = idle.client.get(taken.headers["Beklijf-Receipt"]).json()

    assert [receipt[name] for name in ("kind", "total", "complete", "sent", "accepted", "refused")] == ["import", None, None, 0, 0, 0]


def test_the_receipt_of_a_cancelled_import_is_complete_with_what_went_in(running: Counter) -> None:
    taken = running.hand_in(ndjson([answer("before"), answer("before-too")]), submission="taken-back", file="1")
    address, receipt = taken.headers["Content-Location"], taken.headers["Beklijf-Receipt"]
    wait_until(lambda: running.client.get(address).json()["sums"]["sent"] == 2, because="the first file is in")

    assert running.client.delete(address).status_code == 202

    assert running.ended(address)["status"] == "cancelled"
    wait_until(lambda: running.client.get(receipt).json()["complete"] is True, because="the receipt is closed")
    assert running.client.get(receipt).json()["total"] == 2


def test_a_bad_line_costs_no_other(running: Counter) -> None:
    """J25, and more of its kind."""
    good = [json.dumps(answer(f"j25-{number}")).encode() for number in range(6)]
    lines = [
        good[0] + b"\r\n", b"\r\n", b"{not json}\n", b"   \n", good[1] + b"\n", b'{"resourceType": "QuestionnaireResponse", "x": "\xff"}\n',
        b'{"resourceType": "' + b"x" * 3_000_000 + b'"}\n', good[2] + b"\n", b"\xef\xbb\xbf" + good[3] + b"\n", b'{"a": 1, "a": 2}\n',
        b"[]\n", json.dumps({"resourceType": "Bundle", "type": "batch"}).encode() + b"\n", good[4] + b"\n", b"\x00\n", good[5],
    ]  # fmt: skip

    address = running.taken(b"".join(lines))

    assert running.ended(address)["sums"] == {"sent": 13, "accepted": 5, "duplicate": 0, "refused": 8}
    said = {one["line"]: (one["status"], one.get("issues", {}).get("issue", [{}])[0].get("code")) for one in running.lines(address)}
    assert said == {
        1: (201, None), 3: (400, "structure"), 5: (201, None), 6: (400, "structure"), 7: (413, "too-long"), 8: (201, None),
        9: (400, "structure"), 10: (400, "structure"), 11: (400, "structure"), 12: (400, "structure"), 13: (201, None),
        14: (400, "structure"), 15: (201, None),
    }  # fmt: skip


def test_nothing_that_was_sent_is_repeated_in_what_is_said(running: Counter) -> None:
    secret = answer("quiet")
    secret["subject"]["identifier"] = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999911120"}
    address = running.taken(ndjson([secret]))
    running.ended(address)

    assert "999911120" not in running.client.get(f"{address}/outcomes").text
    assert scan(running, "SELECT count(*) FROM subject WHERE value = '999911120'") == [(0,)]


def test_the_order_of_lines_is_the_order_of_arrival(running: Counter) -> None:
    """M11: of equal status and `authored`, the later line is the current version; across blocks and workers too."""
    filling = [answer(f"filling-{number}") for number in range(600)]
    versions = [answer("often", value) for value in range(5)]
    content = [line for value in versions for line in (value, *filling[: 600 if value is not versions[-1] else 0])]

    running.ended(running.taken(ndjson(content)))

    found = scan(running, "SELECT v.number, v.body FROM resource AS r JOIN version AS v ON v.resource = r.id WHERE r.value = 'often'")
    assert [json.loads(bytes(body))["item"][0]["answer"][0]["valueInteger"] for _, body in sorted(found)] == [0, 1, 2, 3, 4]


def test_several_files_are_one_submission_and_each_only_once(running: Counter) -> None:
    first, second = ndjson([answer("file-1")]), ndjson([answer("file-2"), answer("file-3")])

    addresses = {
        running.taken(first, submission="years", file="2014.ndjson"),
        running.taken(first, submission="years", file="2014.ndjson"),
        running.taken(second, submission="years", file="2015.ndjson", complete="true"),
    }

    (address,) = addresses
    manifest = running.ended(address)
    assert [(one["name"], one["sent"]) for one in manifest["files"]] == [("2014.ndjson", 1), ("2015.ndjson", 2)]
    assert manifest["sums"]["accepted"] == 3
    assert issue(running.hand_in(ndjson([answer("file-4")]), submission="years", file="2016.ndjson")) == (409, "conflict")


def test_another_content_under_the_same_name_is_a_conflict(idle: Counter) -> None:
    idle.taken(ndjson([answer("a")]), submission="twice", file="x")

    assert issue(idle.hand_in(ndjson([answer("b")]), submission="twice", file="x")) == (409, "conflict")


def test_while_it_waits_it_says_how_far_it_is(idle: Counter) -> None:
    address = idle.taken(ndjson([answer("a")]))

    response = idle.client.get(address)

    assert response.status_code == 202
    assert response.headers["X-Progress"].startswith("0 % of ")
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["sums"] == {"sent": 0, "accepted": 0, "duplicate": 0, "refused": 0}


def test_a_cancelled_import_takes_nothing_more_in(idle: Counter) -> None:
    address = idle.taken(ndjson([answer("never")]))

    assert idle.client.delete(address).status_code == 202
    assert idle.client.delete(address).status_code == 202
    manifest = idle.ended(address)
    assert (manifest["status"], manifest["files"][0]["state"]) == ("cancelled", "cancelled")
    assert not [path for path in idle.spool.iterdir() if path.name.startswith(manifest["import"])]


def test_a_complete_import_cannot_be_cancelled(running: Counter) -> None:
    address = running.taken(ndjson([answer("done")]))
    running.ended(address)

    assert issue(running.client.delete(address)) == (409, "conflict")


def test_another_organisation_sees_nothing_of_it(running: Counter) -> None:
    address = running.taken(ndjson([answer("mine")]))

    for path in ("", "/outcomes", "/refusals"):
        assert issue(running.client.get(f"{address}{path}", headers=OTHER)) == (404, "not-found")
    assert issue(running.client.delete(address, headers=OTHER)) == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"sumbission": "x"}, (400, "not-supported")),
        ({"file": "../etc"}, (400, "value")),
        ({"submission": "x" * 101}, (400, "value")),
        ({"complete": "yes"}, (400, "value")),
        ({"file": "999911120"}, (422, "value")),
    ],
)
def test_a_name_that_is_none_is_refused(idle: Counter, query: dict[str, str], said: tuple[int, str]) -> None:
    assert issue(idle.hand_in(b"{}\n", **query)) == said


def test_an_empty_archive_and_another_media_type_are_refused(idle: Counter) -> None:
    assert issue(idle.hand_in(b"")) == (400, "required")
    assert issue(idle.client.post("/fhir/$import", content=b"{}", headers=FHIR)) == (415, "not-supported")


def test_what_never_fits_and_what_does_not_fit_now_are_told_apart(idle: Counter) -> None:
    large = b" " * (1024 * 1024)
    too_large = idle.client.post("/fhir/$import", content=(large for _ in range(9)), headers=importing.NDJSON)
    idle.taken(large * 5, submission="room", file="one")
    full = idle.hand_in((large for _ in range(5)), submission="room", file="two")

    assert issue(too_large) == (413, "too-long")
    assert (issue(full), int(full.headers["Retry-After"]) > 0) == ((507, "no-store"), True)
    assert not [path for path in idle.spool.iterdir() if path.name.startswith("incoming")]


def test_without_a_place_for_archives_that_is_said(databases: Databases) -> None:
    with counter(databases("intake"), None, importing=False) as made:
        assert issue(made.hand_in(b"{}\n")) == (501, "not-supported")


def parameters(**values: Any) -> dict[str, Any]:
    listed = [{"name": name, **value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": listed}


SUBMITTER = {"valueIdentifier": {"system": "https://example.org/hospital", "value": "one"}}


def submit(counter: Counter, **values: Any) -> httpx.Response:
    given = {"submitter": SUBMITTER, "submissionId": {"valueString": "s1"}} | values
    return counter.client.post("/fhir/$bulk-submit", json=parameters(**given), headers=FHIR)


def test_a_manifest_from_a_host_that_is_not_listed_is_refused(idle: Counter) -> None:
    refused = submit(idle, manifestUrl={"valueUrl": "https://192.168.0.1/m.json"}, fhirBaseUrl={"valueUrl": "https://example.org/fhir"})

    assert issue(refused) == (422, "not-supported")


def test_what_is_not_supported_in_a_submission_is_said_and_not_ignored(idle: Counter) -> None:
    assert issue(submit(idle, fileRequestHeader={"valueString": "x"})) == (422, "not-supported")
    assert issue(submit(idle, submissionStatus={"valueCoding": {"code": "maybe"}})) == (400, "code-invalid")
    assert issue(submit(idle)) == (400, "required")
    assert issue(submit(idle, submissionStatus={"valueCode": "complete"})) == (404, "not-found")


def test_a_manifest_is_fetched_with_its_files_and_one_that_is_not_there_fails_alone(databases: Databases, tmp_path: Path) -> None:
    listed = {"output": [{"url": "/one.ndjson"}, {"url": "gone.ndjson"}, {"url": "https://elsewhere.example/x"}, {"url": "two.ndjson"}]}
    files = {"/m.json": json.dumps(listed).encode(), "/one.ndjson": ndjson([answer("l1")]), "/two.ndjson": ndjson([answer("l2")])}
    with file_host(tmp_path, files) as (url, sources), counter(databases("intake"), tmp_path / "spool", sources=sources) as made:
        base = {"valueUrl": "https://example.org/fhir"}
        taken = submit(made, manifestUrl={"valueUrl": f"{url}/m.json"}, fhirBaseUrl=base, submissionStatus={"valueCode": "complete"})
        asked = {"submitter": SUBMITTER, "submissionId": {"valueString": "s1"}}
        again = made.client.post("/fhir/$bulk-submit-status", json=parameters(**asked), headers=FHIR)
        manifest = made.ended(taken.headers["Content-Location"])

    assert (taken.status_code, again.status_code) == (200, 202)
    assert again.headers["Content-Location"] == taken.headers["Content-Location"]
    assert (manifest["status"], manifest["sums"]["accepted"]) == ("failed", 2)
    assert [one["state"] for one in manifest["files"]] == ["done", "failed", "failed", "done"]
    assert [one["reason"] for one in manifest["failed"]] == [
        "The host answered with status 404.",
        "The host is not one that this registry fetches from (BEKLIJF_IMPORT_SOURCES).",
    ]


def ended_in_order(made: Counter, addresses: dict[str, str]) -> list[str]:
    """The names of these imports, in the order in which they have ended."""
    ids = {address.rpartition("/")[2]: name for name, address in addresses.items()}
    return [ids[id_] for (id_,) in scan(made, "SELECT id FROM import WHERE ended_at IS NOT NULL ORDER BY ended_at")]


def test_a_large_archive_holds_up_nobody_else(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Senders take turns, by blocks; what one of them hands in goes in in its order."""
    monkeypatch.setattr(importer, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(importer, "LOOK_SECONDS", 0.0)
    lines = 6 * 500  # blocks, of which two are worked at side by side
    url, spool = databases("intake"), tmp_path / "spool"
    with counter(url, spool, importing=False) as made:
        large = made.taken(ndjson([answer(f"large-{number}") for number in range(lines)]))
        behind = made.taken(ndjson([answer("behind")]))
        small = made.client.post("/fhir/$import", content=ndjson([answer("small")]), headers={**importing.NDJSON, **OTHER})
    addresses = {"large": large, "behind": behind, "small": small.headers["Content-Location"]}

    with counter(url, spool) as made:
        sums = [made.ended(addresses[name])["sums"] for name in ("large", "behind")]
        outcomes = made.lines(large)

    assert ended_in_order(made, addresses) == ["small", "large", "behind"]
    assert [one["accepted"] for one in sums] == [lines, 1]
    assert [one["line"] for one in outcomes] == list(range(1, lines + 1))


def test_a_slow_host_holds_up_only_who_named_it(databases: Databases, tmp_path: Path) -> None:
    listed, may_go_on = {"output": [{"url": "/slow.ndjson"}]}, threading.Event()
    files = {"/m.json": json.dumps(listed).encode(), "/slow.ndjson": ndjson([answer("slow")])}
    with (
        file_host(tmp_path, files, may_go_on) as (url, sources),
        counter(databases("intake"), tmp_path / "spool", sources=sources) as made,
    ):
        base = {"valueUrl": "https://example.org/fhir"}
        slow = submit(made, manifestUrl={"valueUrl": f"{url}/m.json"}, fhirBaseUrl=base, submissionStatus={"valueCode": "complete"})
        wait_until(lambda: len(scan(made, "SELECT 1 FROM import_file")) == 2, because="the list of files is here")
        behind = made.taken(ndjson([answer("behind")]))
        small = made.client.post("/fhir/$import", content=ndjson([answer("small")]), headers={**importing.NDJSON, **OTHER})
        addresses = {"slow": slow.headers["Content-Location"], "behind": behind, "small": small.headers["Content-Location"]}
        wait_until(lambda: ended_in_order(made, addresses), because="the other sender's archive is in")
        before = ended_in_order(made, addresses)
        may_go_on.set()
        made.ended(behind)

    assert before == ["small"]
    assert ended_in_order(made, addresses) == ["small", "slow", "behind"]


PAGE = ROOT / "contracts/http/INTEGRATORS.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_is_followed_with_curl_only(running: Counter, tmp_path: Path) -> None:
    (tmp_path / "answers-2014.ndjson").write_bytes(ndjson([answer("page-1"), answer("page-2", 120)]))
    script = "".join(BLOCK.findall(PAGE.read_text().split("## Archives in bulk")[1].split("\n## ")[0]))
    given = {"FHIR": str(running.client.base_url.join("/fhir")), "TOKEN": "token-of-the-second-hospital"}

    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, **given}, capture_output=True, text=True, timeout=180, check=False)

    assert done.returncode == 0, done.stderr
    assert '"sums":{"sent":2,"accepted":1,"duplicate":0,"refused":1}' in done.stdout
    assert done.stdout.count('"resourceType":"OperationOutcome"') == 2  # the refusal by itself, and in its line


def test_many_small_archives_at_once_are_all_taken_in(running: Counter) -> None:
    with ThreadPoolExecutor(6) as pool:
        addresses = list(pool.map(lambda number: running.taken(ndjson([answer(f"small-{number}")])), range(12)))

    assert [running.ended(address)["sums"]["accepted"] for address in addresses] == [1] * 12
    wait_until(lambda: not [path for path in running.spool.iterdir() if path.name != ".now"], because="the spool is empty")
    assert len(set(addresses)) == 12


def test_the_same_archive_by_post_by_bundle_and_by_import_is_the_same_state(databases: Databases, tmp_path: Any) -> None:
    """Raw store, events and tallies of the day; ids, instants of receipt, and what came together apart."""
    resources = [
        builders.patient("d1"), builders.episode("d1", of="d1"), builders.vas("d1", 50, of="d1", authored="2014-03-03T10:00:00+01:00"),
        builders.vas("d1", 50, of="d1", authored="2014-03-03T10:00:00+01:00"), builders.vas("d2", 300, of="d1", authored="2014-03-03"),
        builders.vas("d1", 51, of="d1", authored="2014-03-04T10:00:00+01:00", status="amended"), builders.consent("d1", of="d1"),
        builders.patient("d0", link=[{"other": {"identifier": builders.named(builders.PSEUDONYMS, "d1")}, "type": "replaced-by"}]),
        builders.qbpds("d3", 60, of="d0", authored="2014-03-03T11:00:00+01:00", episode="d1", moment="t0"),
        builders.vas("d4", 20, of="d1", authored="2014-05-03T10:00:00+02:00", status="in-progress"),
        builders.vas("d4", 30, of="d1", authored="2014-05-03T10:00:00+02:00"), builders.episode("d9", of="d9", programme="none"),
        builders.vas("d1", 0, of="d1", authored="2014-03-05T10:00:00+01:00", status="entered-in-error"),
    ]  # fmt: skip
    states = []
    for way in ("post", "bundle", "import"):
        with counter(databases("intake"), tmp_path / way) as made:
            send(made, way, resources)
            states.append(state(made))

    assert states[0]["versions"] == 10
    assert states[1] == states[0]
    assert states[2] == states[0]


def send(made: Counter, way: str, resources: list[dict[str, Any]]) -> None:
    if way == "post":
        for one in resources:
            made.client.post(f"/fhir/{one['resourceType']}", json=one, headers=FHIR)
    elif way == "bundle":
        entries = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in resources]
        content = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        assert made.client.post("/fhir", json=content, headers=FHIR).status_code == 200
    else:
        made.ended(made.taken(ndjson(resources)))


RAW = """
SELECT r.type, r.value, r.current, r.latest, s.value AS subject, v.number, v.status, v.authored, encode(v.digest, 'hex'),
  convert_from(v.body, 'UTF8')::jsonb::text
FROM resource AS r JOIN version AS v ON v.resource = r.id LEFT JOIN subject AS s ON s.id = r.subject ORDER BY r.type, r.value, v.number
"""


def state(made: Counter) -> dict[str, Any]:
    registry = Registry(made.engine)
    rows = registry.rows(RAW)
    told = {topic: list(registry.told(topic).values()) for topic in ("response-accepted", "episode-changed", "intake-tally")}
    told["intake-tally"] = [event for event in told["intake-tally"] if event["kind"] == "day"]  # a Bundle and an import have one more
    for event in [event for events in told.values() for event in events]:
        for name in ("received", "receipts", "started", "version"):
            event.pop(name, None)
    return {"versions": len(rows), "rows": rows, "told": {topic: sorted(map(json.dumps, events)) for topic, events in told.items()}}
