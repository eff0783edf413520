"""Scores as FHIR R4: one Observation for each result, and a Provenance that says what it was made from.

Shaped after HL7 PCO (`pco-prom-score-observation`: category survey, derivedFrom the QuestionnaireResponse), without claiming
conformance. Codes of public terminologies only where the instrument's contract has them; ours beside them in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from beklijf_domain.instrument import Instrument, Measure
from beklijf_scoring.effect import result_text
from beklijf_scoring.queries import Known, Scored
from beklijf_scoring.why import SOFTWARE
from beklijf_shared.events import ResponseAccepted, Result, ScoreComputed

BASE = "https://w3id.org/beklijf/fhir"
URA = "http://fhir.nl/fhir/NamingSystem/ura"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
STATUS = {"completed": "final", "amended": "amended", "entered-in-error": "entered-in-error"}


def observations(scored: Scored, instruments: Mapping[str, Instrument]) -> Iterator[dict[str, Any]]:
    """The Observations of one answer: one for each of its results, none where it has no score."""
    instrument = instruments.get(scored.score.instrument)
    for result in scored.score.results:
        yield _observation(scored, result, instrument.measure(result.measure) if instrument else None)


def identity(response: str, measure: str) -> str:
    """The id of the Observation of one measure of one answer."""
    return f"{response}.{measure}"


def _observation(scored: Scored, result: Result, measure: Measure | None) -> dict[str, Any]:
    score, response = scored.score, scored.response
    return {
        "resourceType": "Observation",
        "id": identity(score.response, result.measure),
        "meta": {"versionId": str(scored.version)},
        "status": STATUS[response.status],
        "category": [{"coding": [{"system": CATEGORY, "code": "survey"}]}],
        "code": _code(score, result, measure),
        "subject": {"identifier": {"system": f"{BASE}/NamingSystem/subject", "value": score.subject}},
        "effectiveDateTime": response.measured,
        "issued": response.received,
        "performer": [{"identifier": {"system": URA, "value": score.organisation}}],
        **_value(result, measure),
        "method": {"text": f"{score.instrument} {score.instrument_version}, {score.algorithm}"},
        "derivedFrom": [{"reference": f"QuestionnaireResponse/{score.response}"}],
    }


def _code(score: ScoreComputed, result: Result, measure: Measure | None) -> dict[str, Any]:
    own = {"system": f"{BASE}/CodeSystem/score", "code": f"{score.instrument}.{result.measure}"}
    verified = [{"system": each.system, "code": each.code} for each in measure.codings] if measure else []
    return {"coding": [*verified, own], "text": measure.labels["en"] if measure else result.measure}


def _value(result: Result, measure: Measure | None) -> dict[str, Any]:
    """A number as a quantity of score points, with its decimals; a category by its code."""
    if result.code is None:
        text = result_text(result)
        return {"valueQuantity": {"value": Decimal(text), "unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}}
    label = next((each.labels["en"] for each in measure.categories if each.code == result.code), None) if measure else None
    return {"valueCodeableConcept": {"coding": [{"code": result.code}], "text": label or result.code}}


def provenance(known: Known, targets: list[str], sentences: list[str]) -> dict[str, Any]:
    """The Provenance of a score: from which answers, by which instrument, protocol and rules, by which software; the story as text."""
    score, response = known.score, known.response
    policies = [f"{BASE}/instrument/{score.instrument}|{score.instrument_version}"]
    rules = {(verdict.rule, verdict.rule_version) for pair in known.pairs for verdict in pair.verdicts}
    policies += [f"{BASE}/rule/{rule}|{version}" for rule, version in sorted(rules)]
    policies += [f"{BASE}/mapping/{score.mapping.replace('@', '|')}"] if score.mapping else []
    return {
        "resourceType": "Provenance",
        "id": score.response,
        "text": {"status": "generated", "div": _div(sentences)},
        "target": [{"reference": target} for target in targets],
        "recorded": response.received,
        "policy": policies,
        "activity": {"text": f"scored by {score.algorithm}"},
        "agent": [{"type": {"text": "software"}, "who": {"display": f"Beklijf {SOFTWARE}"}}],
        "entity": [_source(response)],
    }


def _source(response: ResponseAccepted) -> dict[str, Any]:
    form = f"{response.questionnaire}|{response.questionnaire_version}"
    return {"role": "source", "what": {"reference": response.resource, "display": form}}


def _div(sentences: list[str]) -> str:
    escaped = (each.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for each in sentences)
    return '<div xmlns="http://www.w3.org/1999/xhtml">' + "".join(f"<p>{each}</p>" for each in escaped) + "</div>"
