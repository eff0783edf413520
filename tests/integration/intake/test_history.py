"""Reading what was received in the course of time: one version, all of a resource, all of a type; and only what is new to the reader."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from tests.integration.intake.test_api import TOKEN, Door, code_of, door, running
from tests.lib import builders

__all__ = ["door", "running"]


def history(door: Door, path: str, **headers: str) -> dict[str, Any]:
    """The Bundle that a history is answered with, which must be a FHIR Bundle."""
    answer = door.client.get(path if path.startswith("http") else f"/fhir/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    get_fhir_model_class("Bundle").model_validate(found)
    assert found["type"] == "history"
    return found


def versions(found: dict[str, Any]) -> list[tuple[str, int]]:
    """Names and answers, in order."""
    resources = [entry["resource"] for entry in found.get("entry", ())]
    return [(one["identifier"]["value"], one["item"][0]["answer"][0]["valueInteger"]) for one in resources]


def following(found: dict[str, Any]) -> str | None:
    """The address of the next page."""
    return next((one["url"] for one in found["link"] if one["relation"] == "next"), None)


@pytest.fixture
def filled(door: Door) -> Door:
    """An answer with three versions, of which the last one was outranked on arrival; and another answer between them."""
    door.post(builders.vas("a1", 1, authored="2014-03-03"))
    door.post(builders.vas("a1", 2, authored="2014-03-04", status="amended"))
    door.post(builders.vas("a2", 9, authored="2014-03-03"))
    door.post(builders.vas("a1", 3, authored="2014-03-05"))
    return door


def id_of(door: Door, name: str) -> str:
    return str(door.registry.rows(f"SELECT id FROM resource WHERE value = '{name}'")[0])


def test_each_version_can_be_read_as_it_came(filled: Door) -> None:
    id_ = id_of(filled, "a1")
    read = [filled.client.get(f"/fhir/QuestionnaireResponse/{id_}/_history/{number}") for number in (1, 2, 3)]

    assert [one.json()["item"][0]["answer"][0]["valueInteger"] for one in read] == [1, 2, 3]
    assert [one.headers["etag"] for one in read] == ['W/"1"', 'W/"2"', 'W/"3"']
    assert [one.json()["meta"]["versionId"] for one in read] == ["1", "2", "3"]
    for number in ("0", "4", "01", "+1", "abc", "99999999999999"):
        missing = filled.client.get(f"/fhir/QuestionnaireResponse/{id_}/_history/{number}")
        assert (missing.status_code, code_of(missing)) == (404, "not-found")
    for path, headers in ((f"QuestionnaireResponse/{id_}", TOKEN), (f"Patient/{id_}", {})):
        assert filled.client.get(f"/fhir/{path}/_history/1", headers=headers).status_code == 404
        assert filled.client.get(f"/fhir/{path}/_history", headers=headers).status_code == 404


def test_the_history_of_a_resource_is_newest_first(filled: Door) -> None:
    id_ = id_of(filled, "a1")
    found = history(filled, f"QuestionnaireResponse/{id_}/_history")
    paged = history(filled, f"QuestionnaireResponse/{id_}/_history?_count=2")
    rest = history(filled, str(following(paged)))

    assert versions(found) == [("a1", 3), ("a1", 2), ("a1", 1)]
    assert following(found) is None
    assert [entry["request"] for entry in found["entry"]] == [
        {"method": "PUT", "url": f"QuestionnaireResponse/{id_}"},
        {"method": "PUT", "url": f"QuestionnaireResponse/{id_}"},
        {"method": "POST", "url": "QuestionnaireResponse"},
    ]
    assert found["entry"][0]["response"] == {"status": "200 OK", "etag": 'W/"3"', "lastModified": "2020-03-02T12:00:00.000Z"}
    assert (versions(paged), versions(rest), following(rest)) == ([("a1", 3), ("a1", 2)], [("a1", 1)], None)
    assert parse_qsl(urlsplit(str(following(paged))).query)[0] == ("_count", "2")


def test_the_history_of_a_type_goes_through_all_of_it(filled: Door) -> None:
    seen: list[tuple[str, int]] = []
    address = "QuestionnaireResponse/_history?_count=1"
    while address:
        page = history(filled, address)
        if len(seen) == 1:
            filled.post(builders.vas("a3", 7, authored="2014-03-03"))  # what comes meanwhile belongs to the next history
        seen += versions(page)
        address = str(following(page) or "")

    assert seen == [("a1", 3), ("a2", 9), ("a1", 2), ("a1", 1)]
    assert versions(history(filled, "QuestionnaireResponse/_history"))[0] == ("a3", 7)
    assert versions(history(filled, "QuestionnaireResponse/_history", **TOKEN)) == []
    assert "meta" in history(filled, "Patient/_history")


def test_since_leaves_out_what_was_received_before(filled: Door) -> None:
    for since, number in (("2020-03-02T12:00:00Z", 4), ("2020-03-02T13:00:00%2B01:00", 4), ("2020-03-02T12:00:01Z", 0)):
        assert len(versions(history(filled, f"QuestionnaireResponse/_history?_since={since}"))) == number
        assert len(versions(history(filled, f"QuestionnaireResponse/{id_of(filled, 'a2')}/_history?_since={since}"))) == number // 4


@pytest.mark.parametrize("query", ["_since=yesterday", "_count=-1", "_count=1e3", "_cursor=abc", "_since=", "&".join(["_count=1"] * 200)])
def test_what_a_history_cannot_be_asked(filled: Door, query: str) -> None:
    answer = filled.client.get(f"/fhir/QuestionnaireResponse/_history?{query}")

    assert answer.status_code == 400
    assert code_of(answer) in ("value", "too-costly")


def test_what_a_history_does_not_know_is_left_out_or_refused(filled: Door) -> None:
    assert len(history(filled, "QuestionnaireResponse/_history?_at=2020")["entry"]) == 4
    strict = filled.client.get("/fhir/QuestionnaireResponse/_history?_at=2020", headers={"Prefer": "handling=strict"})
    assert (strict.status_code, code_of(strict)) == (400, "not-supported")


def test_a_cursor_of_another_history_is_refused(filled: Door) -> None:
    address = str(following(history(filled, "QuestionnaireResponse/_history?_count=1")))
    elsewhere = f"/fhir/QuestionnaireResponse/{id_of(filled, 'a1')}/_history?{urlsplit(address).query}"

    assert code_of(filled.client.get(elsewhere)) == "value"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": 'W/"2"'}, 304),
        ({"If-None-Match": '"2"'}, 304),
        ({"If-None-Match": 'W/"1", W/"2"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": 'W/"1"'}, 200),
        ({"If-None-Match": "nonsense"}, 200),
        ({"If-Modified-Since": "Mon, 02 Mar 2020 12:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Mon, 02 Mar 2020 11:59:59 GMT"}, 200),
        ({"If-Modified-Since": "some day"}, 200),
        ({"If-None-Match": 'W/"1"', "If-Modified-Since": "Mon, 02 Mar 2020 12:00:00 GMT"}, 200),
    ],
)
def test_what_the_reader_has_is_not_sent_again(filled: Door, headers: dict[str, str], status: int) -> None:
    answer: httpx.Response = filled.client.get(f"/fhir/QuestionnaireResponse/{id_of(filled, 'a1')}", headers=headers)

    assert (answer.status_code, answer.headers["etag"]) == (status, 'W/"2"')
    assert (answer.content == b"") == (status == 304)
