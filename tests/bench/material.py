"""What the measurements push: answers of twenty items, about 3 kB each, of patients who are all different."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.bench import load
from tests.lib import builders, reference
from tests.lib.builders import Resource


def patients(first: int, count: int) -> Iterator[Resource]:
    """Patients and their episodes, treated in 2012 to 2015."""
    for number in range(first, first + count):
        yield builders.patient(f"b{number}", born=str(1940 + number % 50))
        yield builders.episode(f"b{number}", of=f"b{number}", t0=t0_of(number), status="finished", ended="2016-01-04")


def answers(first: int, count: int) -> Iterator[Resource]:
    """One QBPDS at t0 and at each follow-up for each of these patients: five answers a patient."""
    for number in range(first, first + count):
        for moment, (_, target, _) in reference.windows(reference.date.fromisoformat(t0_of(number))).items():
            value = (number * 7 + len(moment) * 13 + int(moment[1]) * 29) % 101
            yield builders.qbpds(f"b{number}-{moment}", value, of=f"b{number}", authored=f"{target}T12:00:00+01:00")


def t0_of(number: int) -> str:
    """The day on which a patient began."""
    return f"{2012 + number % 4}-{1 + number % 12:02d}-{1 + number % 28:02d}"


def body(resource: Resource) -> bytes:
    """A resource as it goes over the wire."""
    return json.dumps(resource, separators=(",", ":")).encode()


def requests(resources: Iterator[Resource]) -> list[bytes]:
    """Whole HTTP requests, made beforehand."""
    return [load.post(f"/fhir/{resource['resourceType']}", body(resource)) for resource in resources]
