"""Receipts at the door: each Bundle names its own, a sender reads its own only, and an answer stands in the receipt that counts."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from fhir.resources.R4B import get_fhir_model_class

from beklijf_intake.domain.receipt import Delivery
from beklijf_intake.usecases import Unit
from beklijf_intake.writer import committer
from tests.integration.intake.conftest import RULES, Registry
from tests.integration.intake.test_api import AUTHORED, TOKEN, Door, door, running
from tests.lib import builders
from tests.lib.stated import answers, patient, request

__all__ = ["door", "running"]
ORGANISATION = "00000001"


def receipt_of(door: Door, answer: httpx.Response, **headers: str) -> httpx.Response:
    """The receipt that an answer names."""
    return door.client.get(answer.headers["beklijf-receipt"], headers=headers)


def test_a_bundle_names_its_receipt_and_the_receipt_adds_up(door: Door) -> None:
    draft = builders.vas("a2", 40, authored=AUTHORED, status="in-progress")
    answer = door.bundle(
        "batch", builders.patient(), builders.vas("a1", 40, authored=AUTHORED), draft, builders.vas("a3", 101, authored=AUTHORED)
    )

    receipt = receipt_of(door, answer)

    assert answer.json()["link"] == [{"relation": "describedby", "url": answer.headers["beklijf-receipt"]}]
    assert receipt.headers["content-type"] == "application/json"
    document = receipt.json()
    assert document.pop("receipt") == answer.headers["beklijf-receipt"].rsplit("/", 1)[1]
    assert document == {
        "kind": "bundle",
        "organisation": ORGANISATION,
        "day": "2020-03-02",
        "started": "2020-03-02T12:00:00Z",
        "total": 4,
        "complete": True,
        "sent": 4,
        "accepted": 3,
        "duplicate": 0,
        "duplicate_different": 0,
        "refused": 1,
        "refused_by_code": {"value": 1},
        "accepted_by_type": {"Patient": 1, "QuestionnaireResponse": 2},
        "answers": {"accepted": 2, "draft": 1, "superseded": 0, "told": 1},
    }


def test_a_transaction_has_a_receipt_also_when_it_is_refused(door: Door) -> None:
    kept = door.bundle("transaction", builders.patient(), builders.episode())
    refused = door.bundle("transaction", builders.patient("p2"), builders.episode("e2", status="planned"))

    first, second = receipt_of(door, kept).json(), receipt_of(door, refused).json()

    assert refused.status_code == 422
    assert (first["sent"], first["accepted"], first["complete"]) == (2, 2, True)
    assert (second["sent"], second["accepted"], second["refused"], second["complete"]) == (2, 0, 2, True)


def test_a_day_holds_what_came_singly_and_in_bundles(door: Door) -> None:
    door.post(builders.patient())
    door.post(builders.patient())
    door.bundle("batch", builders.patient("p2"))

    day = door.client.get("/receipts/2020-03-02").json()

    assert (day["kind"], day["total"], day["complete"]) == ("day", None, None)
    assert (day["sent"], day["accepted"], day["duplicate"], day["accepted_by_type"]) == (3, 2, 1, {"Patient": 2})


def test_a_conditional_create_that_differs_has_a_line_of_its_own(door: Door) -> None:
    door.post(builders.patient())
    door.post(builders.patient(gender="male"), **{"If-None-Exist": f"identifier={builders.PSEUDONYMS}|p1"})

    day = door.client.get("/receipts/2020-03-02").json()

    assert (day["duplicate"], day["duplicate_different"]) == (1, 1)


def test_a_sender_sees_its_own_receipts_only(door: Door) -> None:
    answer = door.bundle("batch", builders.patient())

    assert receipt_of(door, answer, **TOKEN).status_code == 404
    assert door.client.get("/receipts/2020-03-02", headers=TOKEN).status_code == 404
    assert door.client.get("/receipts/2020-03-03").status_code == 404


def test_a_receipt_is_also_fhir(door: Door) -> None:
    door.bundle("batch", builders.patient())

    answer = door.client.get("/fhir/$receipt?id=2020-03-02")

    assert answer.headers["content-type"] == "application/fhir+json"
    get_fhir_model_class("Parameters").model_validate(answer.json())
    named = {one["name"]: one for one in answer.json()["parameter"]}
    assert named["sent"] == {"name": "sent", "valueInteger": 1}
    assert named["accepted_by_type"]["part"] == [{"name": "Patient", "valueInteger": 1}]
    assert "total" not in named
    assert door.client.get("/fhir/$receipt").status_code == 400


def counts(registry: Registry, receipt: str) -> dict[str, int]:
    """What a receipt counts besides zeros."""
    (found,) = registry.rows(f"SELECT counts FROM receipt WHERE id = '{receipt}'")
    return {name: n for name, n in found.items() if n}


def test_an_amendment_moves_the_answer_to_its_own_receipt(registry: Registry) -> None:
    commit = committer(registry.engine, registry.clock, registry.ids, RULES)
    first, second = (Delivery(name, "bundle", registry.clock(), 1) for name in ("b1", "b2"))

    commit([Unit(ORGANISATION, (request(answers(value=50)),), delivery=first)])
    before = registry.told("response-accepted")["00000001/a1"]["receipts"]
    registry.at(datetime(2020, 3, 3, 12, tzinfo=UTC))
    commit([Unit(ORGANISATION, (request(answers(value=60, status="amended")),), delivery=second)])

    assert before == ["2020-03-02", "b1"]
    assert registry.told("response-accepted")["00000001/a1"]["receipts"] == ["2020-03-03", "b2"]
    for receipt in ("2020-03-02", "b1"):
        assert counts(registry, receipt) == {"accepted:QuestionnaireResponse": 1, "superseded": 1}
    for receipt in ("2020-03-03", "b2"):
        assert counts(registry, receipt) == {"accepted:QuestionnaireResponse": 1, "told": 1}
    tally = registry.told("intake-tally")["00000001/b1"]
    assert (tally["kind"], tally["total"], tally["superseded"], tally["told"]) == ("bundle", 1, 1, 0)


def test_what_arrives_outranked_is_superseded_at_once(registry: Registry) -> None:
    registry.accept([request(answers(value=60, status="amended"))])
    registry.accept([request(answers(value=50))])

    assert counts(registry, "2020-03-02") == {"accepted:QuestionnaireResponse": 2, "superseded": 1, "told": 1}


def test_the_total_of_an_import_may_be_known_at_its_end(registry: Registry) -> None:
    commit = committer(registry.engine, registry.clock, registry.ids, RULES)
    started = registry.clock()

    commit([Unit(ORGANISATION, (request(patient("p1")),), delivery=Delivery("i1", "import", started))])
    under_way = registry.told("intake-tally")["00000001/i1"]["total"]
    commit([Unit(ORGANISATION, refused=("invalid",), delivery=Delivery("i1", "import", started, total=2))])

    tally = registry.told("intake-tally")["00000001/i1"]
    assert (under_way, tally["kind"], tally["total"], tally["sent"]) == (None, "import", 2, 2)
