"""Receipts as they are shown: whole, adding up while events travel, as a page, as JSON and as FHIR, and to whom."""

from __future__ import annotations

import re

import msgspec
from fhir.resources.R4B import get_fhir_model_class

from beklijf_reporting import app
from beklijf_shared import commands, db
from tests.integration.reporting.conftest import ReadModel
from tests.integration.reporting.test_pages import QUALITY, TALLY, text

HERE = "/receipts/urn:ura:00000001/2020-03-02"
OF_A_DAY = msgspec.structs.replace(QUALITY, receipt="2020-03-02", counts={"counted": 1100, "off-window": 20}, counted_not_scorable=4)


def state_hash(model: ReadModel) -> str:
    with db.transaction(model.engine) as connection:
        return commands.state_hash(connection, app.SERVICE)


def test_a_receipt_adds_up_while_answers_are_on_their_way(model: ReadModel) -> None:
    model.hear(msgspec.structs.replace(TALLY, draft=30, superseded=10, told=1160))
    under_way = model.pages().get(f"{HERE}/receipt.json").json()
    model.hear(OF_A_DAY)

    document = model.pages().get(f"{HERE}/receipt.json").json()
    page = text(model.pages().get(HERE).text)

    assert (under_way["answers"]["accepted"], under_way["answers"]["not_yet_scored"]) == (1200, 1160)
    assert document["sent"] == 1210 == document["accepted"] + document["duplicate"] + document["refused"]
    assert document["answers"] == {
        "accepted": 1200,
        "draft": 30,
        "superseded": 10,
        "not_yet_scored": 40,
        "overtaken": 0,
        "counted": 1096,
        "not_scorable": 4,
        "waiting": 0,
        "off_window": 20,
        "surplus": 0,
        "unscheduled": 0,
        "after_end": 0,
        "retracted": 0,
    }
    assert "Being scored" in page
    assert "Not yet scored 40" in page


def test_what_is_superseded_already_and_still_counted_is_taken_off_once(model: ReadModel) -> None:
    model.hear(msgspec.structs.replace(TALLY, superseded=100, told=1100))
    model.hear(OF_A_DAY)

    answers = model.pages().get(f"{HERE}/receipt.json").json()["answers"]

    assert (answers["not_yet_scored"], answers["overtaken"]) == (0, 20)
    assert answers.pop("accepted") + answers.pop("overtaken") == sum(answers.values()) == 1220
    assert "Counted here still -20" in text(model.pages().get(HERE).text)


def test_a_receipt_is_also_fhir(model: ReadModel) -> None:
    model.hear(TALLY)

    answer = model.pages().get(f"{HERE}/parameters.json")

    assert answer.headers["content-type"] == "application/fhir+json"
    parameters = {one["name"]: one for one in answer.json()["parameter"]}
    assert parameters["sent"] == {"name": "sent", "valueInteger": 1210}
    assert {"name": "not_yet_scored", "valueInteger": 1200} in parameters["answers"]["part"]
    get_fhir_model_class("Parameters").model_validate(answer.json())


def test_receipts_are_listed_newest_first_and_on_a_laptop_only(model: ReadModel) -> None:
    bundle = msgspec.structs.replace(TALLY, receipt="b1", kind="bundle", started="2020-03-02T09:00:00Z", total=2000)
    for one in (bundle, TALLY, msgspec.structs.replace(TALLY, receipt="2020-03-01", day="2020-03-01", started="2020-03-01T09:00:00Z")):
        model.hear(one)

    page = model.pages().get("/receipts").text
    server = model.pages("server")

    assert re.findall(r"<code>(.*?)</code>", page) == ["b1", "2020-03-02", "2020-03-01"]
    assert "1,210 of 2,000 answered" in text(page)
    assert "<code>" not in server.get("/receipts").text
    assert [server.get(f"/receipts/o1/b1{rest}").status_code for rest in ("", "/receipt.json", "/parameters.json")] == [403] * 3
    assert model.pages().get("/receipts/o1/b2").status_code == 404


def test_a_receipt_without_answers_any_more_is_not_part_of_the_state(model: ReadModel) -> None:
    model.hear(TALLY)
    before = state_hash(model)

    model.hear(msgspec.structs.replace(OF_A_DAY, counts={"counted": 0}, counted_not_scorable=0))

    assert state_hash(model) == before
