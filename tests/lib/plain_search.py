"""A plain search: a list, a loop and what FHIR R4 says, written apart from intake's own. Resources are JSON, dates are compared as
stretches of time; no index, no SQL, no cleverness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Resource = dict[str, Any]
Pair = tuple[str, str]

ZONE = ZoneInfo("Europe/Amsterdam")
RANKS = {"in-progress": 0, "stopped": 0, "completed": 1, "amended": 2, "entered-in-error": 3}
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass
class Kept:
    """One resource: its id, when each version was received, and the versions in order of arrival."""

    id: str
    versions: list[tuple[datetime, int, Resource]] = field(default_factory=list)

    @property
    def current(self) -> tuple[datetime, int, Resource]:
        """The version that counts (M11 for answers, M14 for all else): when it was received, its place among all arrivals, and itself."""
        return max(self.versions, key=lambda version: (*_rank(version[2]), version[1]))


def _rank(resource: Resource) -> tuple[Any, ...]:
    if resource["resourceType"] != "QuestionnaireResponse":
        return ()
    whole_day = "T" not in resource["authored"]
    return RANKS[resource["status"]], stretch(resource["authored"])[0], not whole_day


def stretch(text: str) -> tuple[datetime, datetime]:
    """From when up to when a date lasts, as precise as it is written; of those forms that tests use."""
    if "T" in text:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=ZONE)).astimezone(UTC)
        return at, at + (timedelta(seconds=1) if text.count(":") >= 2 + ("+" in text) else timedelta(minutes=1))
    parts = [int(part) for part in text.split("-")]
    year, month, day = [*parts, 1, 1][:3] if len(parts) < 3 else parts
    begin = datetime(year, month if len(parts) > 1 else 1, day if len(parts) > 2 else 1)  # noqa: DTZ001 a day of the calendar
    if len(parts) == 1:
        end = begin.replace(year=year + 1)
    elif len(parts) == 2:
        end = (begin + timedelta(days=32)).replace(day=1)
    else:
        end = begin + timedelta(days=1)
    return begin.replace(tzinfo=ZONE).astimezone(UTC), end.replace(tzinfo=ZONE).astimezone(UTC)


def search(kept: Iterable[Kept], type_: str, pairs: Sequence[Pair], sort: str) -> list[str]:
    """The ids of what fits all these parameters, in this order."""
    patients = {one.id: one.current[2]["identifier"][0] for one in kept if one.current[2]["resourceType"] == "Patient"}
    found = [
        one for one in kept if one.current[2]["resourceType"] == type_ and all(_fits(one, name, value, patients) for name, value in pairs)
    ]
    return [one.id for one in sorted(found, key=_sorted_by(sort.removeprefix("-")), reverse=sort.startswith("-"))]


def _sorted_by(name: str) -> Callable[[Kept], Any]:
    if name == "_id":
        return lambda one: one.id
    if name == "_lastUpdated":
        return lambda one: one.current[:2]
    return lambda one: (_date(one.current[2])[0], one.current[1])


def _date(resource: Resource) -> tuple[datetime, datetime]:
    if "authored" in resource:
        return stretch(resource["authored"])
    if "period" in resource:
        end = resource["period"].get("end")
        return stretch(resource["period"]["start"])[0], stretch(end)[1] if end else FOR_EVER
    return stretch(resource["dateTime"])


def _fits(one: Kept, name: str, value: str, patients: dict[str, Resource]) -> bool:
    return any(_fits_one(one, name, alternative, patients) for alternative in value.split(","))


def _fits_one(one: Kept, name: str, value: str, patients: dict[str, Resource]) -> bool:
    received, _, resource = one.current
    identifier = resource["identifier"][0] if isinstance(resource["identifier"], list) else resource["identifier"]
    of: Any = (resource.get("subject") or resource.get("patient") or {}).get("identifier")
    codings = [coding for concept in resource.get("type", ()) for coding in concept["coding"]]
    rules: dict[str, Callable[[], bool]] = {
        "_id": lambda: one.id == value,
        "_lastUpdated": lambda: _compared(value, (received, received + timedelta(microseconds=1))),
        "authored": lambda: _compared(value, _date(resource)),
        "date": lambda: _compared(value, _date(resource)),
        "identifier": lambda: _token(value, identifier["system"], identifier["value"]),
        "patient:identifier": lambda: of == dict(zip(("system", "value"), value.split("|"), strict=True)),
        "patient": lambda: patients.get(value.removeprefix("Patient/")) == of,
        "status": lambda: resource.get("status") == value,
        "questionnaire": lambda: value in (resource["questionnaire"], resource["questionnaire"].split("|")[0]),
        "type": lambda: any(_token(value, coding["system"], coding["code"]) for coding in codings),
    }
    return rules[name.replace("subject", "patient")]()


def _token(asked: str, system: str, code: str) -> bool:
    if "|" not in asked:
        return asked == code
    wanted_system, wanted_code = asked.split("|")
    return wanted_system == system and wanted_code in (code, "")


def _compared(asked: str, found: tuple[datetime, datetime]) -> bool:
    prefix = asked[:2] if asked[:2].isalpha() else "eq"
    (low, high), (since, until) = stretch(asked.removeprefix(prefix)), found
    contained = low <= since and until <= high
    after, before = until > high, since < low
    if prefix in ("eq", "ne"):
        return contained == (prefix == "eq")
    if prefix in ("gt", "ge"):
        return after or (prefix == "ge" and contained)
    if prefix in ("lt", "le"):
        return before or (prefix == "le" and contained)
    return since >= high if prefix == "sa" else until <= low
