"""Pushing: what counts as what, what is repeated, what travels together, and in which order things about one patient arrive."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from beklijf import push as pushing
from beklijf.push import Item, PushFailedError, Receipt, Refusal, items_of, push
from beklijf.token import Held

Answer = tuple[int, dict[str, str], dict[str, Any]]
CREATED: Answer = (201, {}, {})
ISSUE = {"severity": "error", "code": "value", "diagnostics": "120 is above 100", "expression": ["QuestionnaireResponse.item[0]"]}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [ISSUE]}


BELOW = {**OUTCOME, "issue": [{**ISSUE, "expression": ["Bundle.entry[3].resource.item[0]"]}]}
EXTENSION = "https://w3id.org/beklijf/fhir/StructureDefinition/entry-outcome"


def batch_response(*entries: dict[str, Any]) -> Answer:
    return 200, {}, {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": entry} for entry in entries]}


class Hospital(ThreadingHTTPServer):
    """The other end, which says what the test tells it to say, in this order; then `201` for ever, for each entry of a batch."""

    daemon_threads = True

    def __init__(self, says: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Listener)
        self.says, self.heard, self.lock = list(says), list[tuple[str, bytes, str | None]](), threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/fhir"


class Listener(BaseHTTPRequestHandler):
    """One request to it."""

    protocol_version = "HTTP/1.1"
    server: Hospital

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.heard.append((self.path, body, self.headers.get("Authorization")))
            status, headers, answer = self.server.says.pop(0) if self.server.says else self.created(body)
        text = json.dumps(answer).encode()
        if status == 0:  # as if the wire had been cut after the request was read
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    @staticmethod
    def created(body: bytes) -> Answer:
        entries = json.loads(body).get("entry")
        return CREATED if entries is None else batch_response(*[{"status": "201 Created"}] * len(entries))

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def hospital(*says: Answer) -> Iterator[Hospital]:
    with Hospital(list(says)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def answers(value: str, patient: str = "p-1") -> Item:
    resource = {"resourceType": "QuestionnaireResponse", "subject": {"identifier": {"value": patient}}, "id": value}
    return Item(value, json.dumps(resource).encode())


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "BATCH_ENTRIES", 1)


@pytest.mark.usefixtures("one_by_one")
def test_created_is_accepted_and_ok_is_duplicate() -> None:
    with hospital(CREATED, (200, {}, {})) as server:
        receipt = push([answers("a"), answers("b")], server.url)

    assert (receipt.sent, receipt.accepted, receipt.duplicate, receipt.refused) == (2, 1, 1, 0)


@pytest.mark.usefixtures("one_by_one")
def test_an_update_is_accepted_although_its_status_is_ok() -> None:
    with hospital((200, {"Beklijf-Outcome": "updated"}, {}), (200, {"Beklijf-Outcome": "repeated"}, {})) as server:
        receipt = push([answers("a"), answers("b")], server.url)

    assert (receipt.accepted, receipt.duplicate) == (1, 1)


def test_a_refusal_names_the_element_and_the_place() -> None:
    with hospital((422, {}, OUTCOME)) as server:
        receipt = push([answers("line 7")], server.url)

    assert receipt == Receipt(sent=1, refusals=[Refusal("line 7", 422, ("QuestionnaireResponse.item[0]: 120 is above 100",))])


def test_a_bundle_counts_once_per_entry() -> None:
    response = {
        "resourceType": "Bundle",
        "entry": [
            {"response": {"status": "201 Created"}},
            {"response": {"status": "200"}},
            {"response": {"status": "422", "outcome": OUTCOME}},
        ],
    }
    with hospital((200, {}, response)) as server:
        receipt = push([Item("b.json", b'{"resourceType": "Bundle"}')], server.url)

    assert server.heard[0][0] == "/fhir"
    assert (receipt.sent, receipt.accepted, receipt.duplicate, receipt.refused) == (3, 1, 1, 1)
    assert receipt.refusals[0].place == "b.json entry 2"


def test_what_is_about_one_patient_travels_together_and_each_is_counted_by_itself() -> None:
    said = batch_response(
        {"status": "201 Created"},
        {"status": "200 OK", "extension": [{"url": EXTENSION, "valueCode": "updated"}]},
        {"status": "200 OK", "extension": [{"url": EXTENSION, "valueCode": "repeated"}]},
        {"status": "422", "outcome": BELOW},
    )
    with hospital(said) as server:
        receipt = push([answers("a"), answers("b"), answers("c"), answers("line 7")], server.url)

    ((path, body, _),) = server.heard
    assert path == "/fhir"
    assert json.loads(body)["entry"][0] == {
        "resource": json.loads(answers("a").body),
        "request": {"method": "POST", "url": "QuestionnaireResponse"},
    }
    assert receipt == Receipt(4, 2, 1, [Refusal("line 7", 422, ("QuestionnaireResponse.item[0]: 120 is above 100",))])


def test_a_batch_holds_as_many_as_intake_stores_at_once() -> None:
    with hospital() as server:
        receipt = push([answers(str(number)) for number in range(450)], server.url)

    assert [len(json.loads(body)["entry"]) for _, body, _ in server.heard] == [200, 200, 50]
    assert receipt.accepted == 450


def test_a_batch_that_is_refused_whole_is_sent_one_by_one() -> None:
    with hospital((400, {}, OUTCOME), CREATED, (422, {}, OUTCOME)) as server:
        receipt = push([answers("a"), answers("b"), answers("c")], server.url)

    assert [body for _, body, _ in server.heard[1:]] == [answers(name).body for name in "abc"]
    assert (receipt.sent, receipt.accepted, [refusal.place for refusal in receipt.refusals]) == (3, 2, ["b"])


def test_an_answer_that_leaves_entries_out_ends_the_push() -> None:
    with hospital(batch_response({"status": "201 Created"})) as server, pytest.raises(PushFailedError, match="1 of 2 entries"):
        push([answers("a"), answers("b")], server.url)


def test_a_wrong_token_ends_the_push_of_a_batch() -> None:
    with hospital((401, {}, OUTCOME)) as server, pytest.raises(PushFailedError, match="intake answered 401"):
        push([answers("a"), answers("b")], server.url, auth=Held("wrong"))

    assert len(server.heard) == 1


def test_what_has_a_type_that_can_be_no_address_travels_alone() -> None:
    strange = Item("strange", b'{"resourceType": "a/b", "subject": {"identifier": {"value": "p-1"}}}')
    with hospital(CREATED, (404, {}, OUTCOME)) as server, pytest.raises(PushFailedError):
        push([answers("a"), strange, answers("b")], server.url)

    assert server.heard[0][1] == answers("a").body
    assert server.heard[1][1] == strange.body


def test_progress_is_told_of_every_item_once() -> None:
    seen: list[int] = []
    with hospital() as server:
        push([answers("a"), Item("no resource", b"{"), answers("b", "p-2")], server.url, progress=seen.append)

    assert sum(seen) == 3


def test_what_is_no_resource_is_refused_without_being_sent() -> None:
    with hospital() as server:
        receipt = push([Item("x:1", b"{"), Item("x:2", b"[]"), Item("x:3", b"{}")], server.url)

    assert server.heard == []
    assert [refusal.place for refusal in receipt.refusals] == ["x:1", "x:2", "x:3"]


def test_a_cut_connection_is_repeated_with_the_same_bytes() -> None:
    with hospital((0, {}, {}), (0, {}, {})) as server:
        receipt = push([answers("a")], server.url)

    assert [body for _, body, _ in server.heard] == [answers("a").body] * 3
    assert receipt.accepted == 1


def test_retry_after_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with hospital((503, {"Retry-After": "7"}, {}), (429, {}, {})) as server:
        receipt = push([answers("a")], server.url)

    assert pauses == [7.0, 0.2]
    assert (receipt.sent, receipt.accepted) == (1, 1)


def test_a_wrong_token_ends_the_push() -> None:
    with hospital((401, {}, OUTCOME)) as server, pytest.raises(PushFailedError, match="intake answered 401"):
        push([answers("a")], server.url, auth=Held("wrong"))

    assert server.heard[0][2] == "Bearer wrong"


def test_nobody_there_ends_the_push(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "GIVE_UP_SECONDS", 0.2)

    with pytest.raises(PushFailedError, match="ConnectError"):
        push([answers("a")], "http://127.0.0.1:9")


def test_what_is_about_one_patient_arrives_in_the_order_of_the_file() -> None:
    items = [answers(f"{patient}-{number}", f"p-{patient}") for number in range(20) for patient in range(8)]
    with hospital() as server:
        push(items, server.url)

    arrived = [entry["resource"]["id"] for _, body, _ in server.heard for entry in json.loads(body)["entry"]]
    assert len(arrived) == 160
    for patient in range(8):
        assert [one for one in arrived if one.startswith(f"{patient}-")] == [f"{patient}-{number}" for number in range(20)]


def test_ndjson_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "some.ndjson"
    file.write_bytes(b'{"a": 1}\n\n{"b": 2}\n')

    assert list(items_of(file)) == [Item("some.ndjson:1", b'{"a": 1}'), Item("some.ndjson:3", b'{"b": 2}')]


def test_json_is_one_resource(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_bytes(b'{\n"a": 1}')

    assert list(items_of(file)) == [Item("one.json", b'{\n"a": 1}')]
