"""A protocol as FHIR: the PlanDefinition of a programme, and the code system of all programmes (M1, M4, M5).

A moment lies a number of calendar months or days after t0 or the end of treatment, and its window is counted in days from there.
FHIR R4 has a place for the first (`relatedAction.offsetDuration`), not for the second, which is our extension `measurement-window`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from beklijf_domain.instrument import Instrument
from beklijf_domain.protocol import Moment, Protocol

RELEASED = "2026-11-22"
START = "episode"
UNITS = "http://unitsofmeasure.org"
Unit = Literal["mo", "d"]
MONTHS: Unit = "mo"
DAYS: Unit = "d"
UNIT_NAMES = {MONTHS: "months", DAYS: "days"}
DUTCH = "nl"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
PLAN_TYPES = "http://terminology.hl7.org/CodeSystem/plan-definition-type"

Resource = dict[str, Any]


class Distance(NamedTuple):
    """How far a moment lies from the day it is counted from; the unit as UCUM writes it."""

    value: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class _Known:
    """What moments refer to: by instrument its title and the canonical of its Questionnaire; the address of our extension; and whether
    the programme speaks Dutch, too."""

    titles: Mapping[str, str]
    forms: Mapping[str, str]
    window: str
    dutch: bool


def plan_definition(protocol: Protocol, instruments: Mapping[str, Instrument], forms: Mapping[str, str], base: str) -> Resource:
    """The protocol as PlanDefinition; `forms` gives the canonical of the Questionnaire of each instrument, by its code."""
    titles = {code: instrument.title for code, instrument in instruments.items()}
    known = _Known(titles, forms, f"{base}/StructureDefinition/measurement-window", DUTCH in protocol.languages)
    return {
        "resourceType": "PlanDefinition",
        "id": protocol.code,
        "language": "en",
        "url": f"{base}/PlanDefinition/{protocol.code}",
        "version": protocol.version,
        "name": _computable(protocol.code),
        **_in_both("title", protocol.title, protocol.titles.get(DUTCH)),
        "type": {"coding": [{"system": PLAN_TYPES, "code": "clinical-protocol"}]},
        "status": "active",
        "experimental": False,
        "date": RELEASED,
        "publisher": "Beklijf",
        **_in_both(
            "description",
            f"What is asked of a patient of the programme {protocol.code}, and when. Days are those of {protocol.time_zone}.",
            f"Wat een patiënt van het programma {protocol.code} gevraagd wordt, en wanneer. Dagen zijn die van {protocol.time_zone}."
            if known.dutch
            else None,
        ),
        "relatedArtifact": [{"type": "citation", "citation": protocol.citation}],
        "action": [
            {
                "id": START,
                **_in_both("title", "Treatment episode", "Behandelepisode" if known.dutch else None),
                **_in_both(
                    "description",
                    "Begins on the date of t0, EpisodeOfCare.period.start; ends with treatment, EpisodeOfCare.period.end.",
                    "Begint op de datum van t0, EpisodeOfCare.period.start; eindigt met de behandeling, EpisodeOfCare.period.end."
                    if known.dutch
                    else None,
                ),
                "action": [_moment(moment, known) for moment in protocol.moments],
            }
        ],
    }


def programmes(protocols: Iterable[Protocol], base: str) -> Resource:
    """The codes of all programmes, as `EpisodeOfCare.type` names them."""
    known = sorted(protocols, key=lambda protocol: protocol.code)
    return {
        "resourceType": "CodeSystem",
        "id": "programme",
        "url": f"{base}/CodeSystem/programme",
        "version": "1.0.0",
        "name": "Programme",
        "title": "Programmes of this registry",
        "status": "active",
        "experimental": False,
        "date": RELEASED,
        "publisher": "Beklijf",
        "description": "The treatment programmes that this registry follows; each has a PlanDefinition of the same id.",
        "caseSensitive": True,
        "content": "complete",
        "count": len(known),
        "concept": [_concept(protocol) for protocol in known],
    }


def _concept(protocol: Protocol) -> Resource:
    called = protocol.titles.get(DUTCH)
    designated = {"designation": [{"language": DUTCH, "value": called}]} if called else {}
    return {"code": protocol.code, "display": protocol.title} | designated


def _in_both(name: str, english: str, dutch: str | None) -> Resource:
    """An element in English, with the Dutch beside it by HL7's extension where there is any."""
    if dutch is None:
        return {name: english}
    said = [{"url": "lang", "valueCode": DUTCH}, {"url": "content", "valueString": dutch}]
    return {name: english, f"_{name}": {"extension": [{"url": TRANSLATION, "extension": said}]}}


def _moment(moment: Moment, known: _Known) -> Resource:
    """A moment with what is asked; where its offset hangs on the treatment year (M4), one choice for each year."""
    called = moment.titles.get(DUTCH)
    named = {"id": moment.code, "prefix": moment.code, **_in_both("title", moment.title, called)}
    distance = (
        Distance(moment.days, DAYS) if moment.days is not None else Distance(moment.months, MONTHS) if moment.months is not None else None
    )
    if distance is not None:
        timed = {**_described(moment, distance, known), "relatedAction": [_after(moment, distance, known)]}
        return named | timed | _asked(moment, moment.code, known)
    return named | {
        **_in_both(
            "description",
            "Its distance from t0 hangs on the treatment year, the year of t0; for other years it is not scheduled.",
            "De afstand tot t0 hangt af van het behandeljaar, het jaar van t0; voor andere jaren is het niet gepland."
            if known.dutch
            else None,
        ),
        "selectionBehavior": "at-most-one",
        "action": [
            {
                "id": f"{moment.code}-{year}",
                **_in_both("title", f"{moment.title}, treatment year {year}", f"{called}, behandeljaar {year}" if called else None),
                **_described(moment, Distance(months, MONTHS), known),
                "condition": [_in_year(year)],
                "relatedAction": [_after(moment, Distance(months, MONTHS), known)],
            }
            | _asked(moment, f"{moment.code}-{year}", known)
            for year, months in sorted(moment.months_by_year.items())
        ],
    }


def _asked(moment: Moment, place: str, known: _Known) -> Resource:
    """What is asked at a moment; an instrument that is only planned has a name and no Questionnaire yet."""
    asked = []
    for code in moment.instruments:
        form = {"definitionCanonical": known.forms[code]} if code in known.forms else {}
        asked.append({"id": f"{place}-{code}", "title": known.titles.get(code, code), **form})
    return {"action": asked} if asked else {}


def _after(moment: Moment, distance: Distance, known: _Known) -> Resource:
    window = {"low": _quantity(Distance(-moment.before, DAYS)), "high": _quantity(Distance(moment.after, DAYS))}
    return {
        "extension": [{"url": known.window, "valueRange": window}],
        "actionId": START,
        "relationship": "after-start" if moment.anchor == "start" else "after-end",
        "offsetDuration": _quantity(distance),
    }


def _quantity(distance: Distance) -> Resource:
    return {"value": distance.value, "unit": UNIT_NAMES[distance.unit], "system": UNITS, "code": distance.unit}


def _in_year(year: int) -> Resource:
    expression = f"EpisodeOfCare.period.start.toString().startsWith('{year}')"
    return {"kind": "applicability", "expression": {"language": "text/fhirpath", "expression": expression}}


def _said(moment: Moment, distance: Distance) -> str:
    start = "the date of t0" if moment.anchor == "start" else "the end of treatment"
    window = f"the window is open from {moment.before} days before that day to {moment.after} days after it, both days inside"
    return f"Asked {distance.value} {'calendar months' if distance.unit == MONTHS else 'days'} after {start}; {window}."


def _described(moment: Moment, distance: Distance, known: _Known) -> Resource:
    return _in_both("description", _said(moment, distance), _said_in_dutch(moment, distance) if known.dutch else None)


def _said_in_dutch(moment: Moment, distance: Distance) -> str:
    start = "de datum van t0" if moment.anchor == "start" else "het einde van de behandeling"
    window = f"het venster is open van {moment.before} dagen vóór die dag tot {moment.after} dagen erna, beide dagen inbegrepen"
    return f"Gevraagd {distance.value} {'kalendermaanden' if distance.unit == MONTHS else 'dagen'} na {start}; {window}."


def _computable(code: str) -> str:
    """A name as programs like it: letters and digits, an upper case letter first."""
    return "".join(part[:1].upper() + part[1:] for part in code.replace("_", "-").split("-")) or "Programme"
