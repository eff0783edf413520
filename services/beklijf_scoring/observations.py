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
from beklijf_shared.clock import instant_text
from beklijf_shared.events import ResponseAccepted, Result, ScoreComputed

BASE = "https://w3id.org/beklijf/fhir"
URA = "http://fhir.nl/fhir/NamingSystem/ura"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
WITHDRAWN = "entered-in-error"


def observations(scored: Scored, instruments: Mapping[str, Instrument]) -> Iterator[dict[str, Any]]:
    """The Observations of one answer: one for each of its results, and one for each that was told and is no more (entered in error, so
    that nobody is left with a score that was withdrawn); none where it never had a score."""
    instrument = instruments.get(scored.score.instrument)
    for result in scored.score.results:
        yield _observation(scored, result, instrument.measure(result.measure) if instrument else None, _status(scored, result))
    for result in scored.withdrawn:
        yield _observation(scored, result, instrument.measure(result.measure) if instrument else None, WITHDRAWN)


def _status(scored: Scored, result: Result) -> str:
    """Final, until the sender amended the answer or other contracts gave it another value."""
    others = {each for said in scored.former for each in said.results if each.measure == result.measure} - {result}
    return "amended" if others or scored.response.status == "amended" else "final"


def identity(response: str, measure: str) -> str:
    """The id of the Observation of one measure of one answer."""
    return f"{response}.{measure}"


def _observation(scored: Scored, result: Result, measure: Measure | None, status: str) -> dict[str, Any]:
    score, response = scored.score, scored.response
    return {
        "resourceType": "Observation",
        "id": identity(score.response, result.measure),
        "meta": {"versionId": str(scored.version)},
        "status": status,
        "category": [{"coding": [{"system": CATEGORY, "code": "survey"}]}],
        "code": _code(score, result, measure),
        "subject": {"identifier": {"system": f"{BASE}/NamingSystem/subject", "value": score.subject}},
        "effectiveDateTime": response.measured,
        "issued": instant_text(scored.at),
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


def provenance(known: Known, sentences: list[str]) -> dict[str, Any]:
    """The Provenance of a score: from which answers, by which instrument, programme and rules, by which software and when; what stood
    there before; the story as text."""
    score = known.score
    return {
        "resourceType": "Provenance",
        "id": score.response,
        "text": {"status": "generated", "div": _div(sentences)},
        "target": [{"reference": f"Observation/{identity(score.response, each.measure)}"} for each in (*score.results, *known.withdrawn)],
        "recorded": instant_text(max([known.made.at, *(pair.made.at for pair in known.pairs)])),
        "policy": list(_policies(known)),
        "activity": {"text": f"scored by {score.algorithm}"},
        "agent": [{"type": {"text": "software"}, "who": {"display": f"Beklijf {known.made.software or 'of an unknown version'}"}}],
        "entity": [_source(known.response), *_compared(known), *_revisions(known)],
    }


def _policies(known: Known) -> Iterator[str]:
    """The contracts that decided: the instrument, the programme, the rules, and the mapping of a foreign form."""
    score = known.score
    yield f"{BASE}/instrument/{score.instrument}|{score.instrument_version}"
    if known.episode is not None and known.protocol_version is not None:
        yield f"{BASE}/PlanDefinition/{known.episode.programme}|{known.protocol_version}"
    rules = {(verdict.rule, verdict.rule_version) for pair in known.pairs for verdict in pair.said.verdicts}
    yield from (f"{BASE}/rule/{rule}|{version}" for rule, version in sorted(rules))
    if score.mapping:
        yield f"{BASE}/mapping/{score.mapping.replace('@', '|')}"


def _source(response: ResponseAccepted) -> dict[str, Any]:
    form = f"{response.questionnaire}|{response.questionnaire_version}"
    return {"role": "source", "what": {"reference": response.resource, "display": form}}


def _compared(known: Known) -> Iterator[dict[str, Any]]:
    """The answers on the other side of its pairs."""
    sides = {each.response for pair in known.pairs for each in (pair.baseline, pair.follow_up) if each is not None}
    for response in sorted(sides - {known.score.response}):
        yield {"role": "source", "what": {"reference": f"QuestionnaireResponse/{response}"}}


def _revisions(known: Known) -> Iterator[dict[str, Any]]:
    """The scores that stood there before."""
    for former in known.former:
        if isinstance(former.said, ScoreComputed):
            said = ", ".join(f"{each.measure} {result_text(each)}" for each in former.said.results)
            by = f"{former.said.instrument} {former.said.instrument_version}"
            yield {"role": "revision", "what": {"display": f"{said} ({by}), until {instant_text(former.until)}"}}


def _div(sentences: list[str]) -> str:
    escaped = (each.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for each in sentences)
    return '<div xmlns="http://www.w3.org/1999/xhtml">' + "".join(f"<p>{each}</p>" for each in escaped) + "</div>"
