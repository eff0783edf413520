"""A form of the site's own, from its folder to the answer over HTTP: accepted with what must be said, refused with the element."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from beklijf_intake.senders.registrar import Wish
from tests.integration.intake.conftest import Registry
from tests.lib import server_door
from tests.lib.databases import Databases
from tests.lib.hospital_forms import FILLED, LIFESTYLE, given
from tests.lib.senders import curve, public
from tests.lib.server_door import ServerDoor
from tests.lib.site_forms import add_to

Issues = list[tuple[str, str, str]]


@dataclass
class Site:
    """A registry that knows the form, and two senders of one organisation."""

    door: ServerDoor

    def post(self, resource: dict[str, Any], sender: str = "hospital-one") -> tuple[int, Issues]:
        """The status, and what was said."""
        headers = self.door.as_sender(sender, curve(7))
        answer = self.door.client.post("/fhir/QuestionnaireResponse", content=json.dumps(resource), headers=headers)
        issues = answer.json()["issue"] if answer.content else []
        return answer.status_code, [(issue["severity"], issue["code"], issue["expression"][0]) for issue in issues]


@pytest.fixture(scope="module")
def site(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The second sender is known to leave the version out."""
    folder = add_to(tmp_path_factory.mktemp("site"), LIFESTYLE)
    with server_door.opened(databases("intake"), BEKLIJF_CONTRACTS=str(folder)) as door:
        for name, unversioned in (("hospital-one", "refuse"), ("hospital-two", "only-known")):
            door.register(name, "00000001", public(curve(7)), Wish(unversioned=unversioned))
        yield Site(door)


NOT_CHECKED = ("warning", "code-invalid", "QuestionnaireResponse.item[2].answer[0].value")


def test_an_answer_is_accepted_and_what_was_not_checked_is_said(site: Site) -> None:
    assert site.post(FILLED["lifestyle"]) == (201, [NOT_CHECKED])

    (told,) = Registry(site.door.engine).told("response-accepted").values()
    assert (told["questionnaire"], told["questionnaire_version"]) == (LIFESTYLE["url"], "2.1")
    assert told["answers"] == [
        {"link": "smokes", "code": "daily"},
        {"link": "sport", "code": "football"},
        {"link": "diagnosis", "code": "x"},
        {"link": "per-day", "integer": 10},
    ]


def test_what_does_not_fit_is_refused_by_its_element(site: Site) -> None:
    answers = [given("smokes", {"valueCoding": {"code": "daily"}}), given("per-day", 10)]

    assert site.post(FILLED["lifestyle"] | {"item": answers}) == (
        422,
        [
            ("error", "code-invalid", "QuestionnaireResponse.item[0].answer[0].value"),
            ("error", "invariant", "QuestionnaireResponse.item[1]"),
        ],
    )


def test_without_a_version_it_is_refused_unless_that_is_arranged(site: Site) -> None:
    named = ("business-rule", "QuestionnaireResponse.questionnaire")
    response = FILLED["lifestyle"] | {"questionnaire": LIFESTYLE["url"]}
    response["identifier"] = {"system": "https://hospital.example.org/answers", "value": "without-version"}

    assert site.post(response) == (422, [("error", *named)])
    assert site.post(response, "hospital-two") == (201, [("warning", *named), NOT_CHECKED])
