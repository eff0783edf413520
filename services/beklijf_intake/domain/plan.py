"""A protocol as FHIR: the PlanDefinition of a programme, and the code system of all programmes (M1, M4, M5).

A moment lies a number of calendar months after t0, and its window is counted in days from there. FHIR R4 has a place for the
first (`relatedAction.offsetDuration`), not for the second, which is our extension `measurement-window`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from beklijf_domain.instrument import Instrument
from beklijf_domain.protocol import Moment, Protocol

RELEASED = "2026-11-22"
START = "episode"
UNITS = "http://unitsofmeasure.org"
PLAN_TYPES = "http://terminology.hl7.org/CodeSystem/plan-definition-type"

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    """What moments refer to: by instrument its title and the canonical of its Questionnaire; and the address of our extension."""

    titles: Mapping[str, str]
    forms: Mapping[str, str]
    window: str


def plan_definition(protocol: Protocol, instruments: Mapping[str, Instrument], forms: Mapping[str, str], base: str) -> Resource:
    """The protocol as PlanDefinition; `forms` gives the canonical of the Questionnaire of each instrument, by its code."""
    titles = {code: instrument.title for code, instrument in instruments.items()}
    known = _Known(titles, forms, f"{base}/StructureDefinition/measurement-window")
    return {
        "resourceType": "PlanDefinition",
        "id": protocol.code,
        "url": f"{base}/PlanDefinition/{protocol.code}",
        "version": protocol.version,
        "name": _computable(protocol.code),
        "title": protocol.title,
        "type": {"coding": [{"system": PLAN_TYPES, "code": "clinical-protocol"}]},
        "status": "active",
        "experimental": False,
        "date": RELEASED,
        "publisher": "Beklijf",
        "description": f"What is asked of a patient of the programme {protocol.code}, and when. Days are those of {protocol.time_zone}.",
        "relatedArtifact": [{"type": "citation", "citation": protocol.citation}],
        "action": [
            {
                "id": START,
                "title": "Treatment episode",
                "description": "Begins on the date of t0, EpisodeOfCare.period.start, from which every moment is counted.",
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
        "concept": [{"code": protocol.code, "display": protocol.title} for protocol in known],
    }


def _moment(moment: Moment, known: _Known) -> Resource:
    """A moment with what is asked; where its offset hangs on the treatment year (M4), one choice for each year."""
    named = {"id": moment.code, "prefix": moment.code, "title": moment.title}
    if moment.months is not None:
        timed = {"description": _said(moment, moment.months), "relatedAction": [_after(moment, moment.months, known)]}
        return named | timed | {"action": list(_asked(moment, moment.code, known))}
    return named | {
        "description": "Its distance from t0 hangs on the treatment year, the year of t0; for other years it is not scheduled.",
        "selectionBehavior": "at-most-one",
        "action": [
            {
                "id": f"{moment.code}-{year}",
                "title": f"{moment.title}, treatment year {year}",
                "description": _said(moment, months),
                "condition": [_in_year(year)],
                "relatedAction": [_after(moment, months, known)],
                "action": list(_asked(moment, f"{moment.code}-{year}", known)),
            }
            for year, months in sorted(moment.months_by_year.items())
        ],
    }


def _asked(moment: Moment, place: str, known: _Known) -> Iterable[Resource]:
    """What is asked at a moment; an instrument that is only planned has a name and no Questionnaire yet."""
    for code in moment.instruments:
        form = {"definitionCanonical": known.forms[code]} if code in known.forms else {}
        yield {"id": f"{place}-{code}", "title": known.titles.get(code, code), **form}


def _after(moment: Moment, months: int, known: _Known) -> Resource:
    window = {"low": _quantity(-moment.before, "d", "days"), "high": _quantity(moment.after, "d", "days")}
    return {
        "extension": [{"url": known.window, "valueRange": window}],
        "actionId": START,
        "relationship": "after-start",
        "offsetDuration": _quantity(months, "mo", "months"),
    }


def _quantity(value: int, code: str, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UNITS, "code": code}


def _in_year(year: int) -> Resource:
    expression = f"EpisodeOfCare.period.start.toString().startsWith('{year}')"
    return {"kind": "applicability", "expression": {"language": "text/fhirpath", "expression": expression}}


def _said(moment: Moment, months: int) -> str:
    window = f"the window is open from {moment.before} days before that day to {moment.after} days after it, both days inside"
    return f"Asked {months} calendar months after the date of t0; {window}."


def _computable(code: str) -> str:
    """A name as programs like it: letters and digits, an upper case letter first."""
    return "".join(part[:1].upper() + part[1:] for part in code.replace("_", "-").split("-")) or "Programme"
