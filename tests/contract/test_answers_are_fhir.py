"""What intake answers with over HTTP is FHIR R4, says the HL7 reference validator: Bundles, outcomes, definitions, what was stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from beklijf_shared import db
from tests.contract import hl7
from tests.contract.hl7 import Validator
from tests.integration.intake.test_api import running
from tests.lib import builders, corpus, questionnaires

__all__ = ["running"]

pytestmark = [*(pytest.mark.needs(what) for what in hl7.NEEDS), pytest.mark.timeout(hl7.FIRST_TIME_SECONDS)]
FHIR_JSON = {"Content-Type": "application/fhir+json"}
WHEN = "2014-03-03T10:00:00+01:00"
ENTRIES = 20


@pytest.fixture(scope="module")
def client(running: tuple[str, db.Engine]) -> Iterator[httpx.Client]:
    """A client of the running door."""
    with httpx.Client(base_url=running[0], timeout=30, headers=FHIR_JSON) as client:
        yield client


def sent() -> list[dict[str, Any]]:
    """Of the corpus every so many that answer a Questionnaire that ships, each under a name of its own."""
    shipped = {form["id"] for form in questionnaires.shipped()}
    found = [json.loads(case.line) for case in corpus.cases() if case.form in shipped][::2]
    return [one | {"identifier": builders.named("https://example.org/sent", f"s{n}")} for n, one in enumerate(found)]


def answers(client: httpx.Client) -> Iterator[dict[str, Any]]:
    """Many answers: about resources one by one, to Bundles, to reading and searching."""
    for one in sent():
        yield client.post("/fhir/QuestionnaireResponse/$validate", content=json.dumps(one)).json()
    for kind in ("batch", "transaction"):
        several = sent()
        for group in (several[at : at + ENTRIES] for at in range(0, len(several), ENTRIES)):
            entries = [{"resource": one, "request": {"method": "POST", "url": "QuestionnaireResponse"}} for one in group]
            content = {"resourceType": "Bundle", "type": kind, "entry": entries}
            yield client.post("/fhir", content=json.dumps(content)).json()
    for resource in (builders.patient(), builders.episode(), builders.consent(), builders.vas("v1", 50, authored=WHEN)):
        made = client.post(f"/fhir/{resource['resourceType']}", content=json.dumps(resource), headers={"Prefer": "return=representation"})
        yield made.json()
        yield client.get(httpx.URL(made.headers["location"]).path.split("/_history", maxsplit=1)[0]).json()
    for type_ in ("metadata", "Questionnaire", "PlanDefinition", "StructureDefinition", "CodeSystem", "Patient/no-such-id", "Nothing"):
        yield client.get(f"/fhir/{type_}", params={"_count": 3} if "Definition" in type_ else {}).json()


def test_what_is_answered_is_fhir(client: httpx.Client, validator: Validator) -> None:
    said = list(answers(client))
    kinds = {(one["resourceType"], one.get("type", "")) for one in said if isinstance(one.get("type", ""), str)}

    verdicts = validator.judge([json.dumps(one) for one in said])

    refused = [(one["resourceType"], issue) for one, verdict in zip(said, verdicts, strict=True) for issue in verdict.issues
               if issue.severity in ("error", "fatal")]  # fmt: skip
    assert refused[:5] == []
    assert len([one for one in said if one["resourceType"] == "OperationOutcome"]) > 100
    assert kinds >= {("Bundle", "batch-response"), ("Bundle", "searchset"), ("CapabilityStatement", ""), ("Patient", "")}
