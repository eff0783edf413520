"""Questionnaires to answer in tests: those that ship, and hand-made ones with everything that trips up software."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from beklijf_intake import forms
from beklijf_intake.domain import questionnaire
from beklijf_intake.domain.reading.context import ReadingContext
from tests.lib import reading
from tests.lib.sources import ROOT

Resource = dict[str, Any]
SHIPPED = ROOT / "contracts/fhir"
HAND_MADE = ROOT / "tests/contract/forms"


@cache
def shipped() -> tuple[Resource, ...]:
    """The Questionnaires in `contracts/fhir`, by name of their file."""
    return _in(SHIPPED)


@cache
def hand_made() -> tuple[Resource, ...]:
    """The ones made for tests, by name of their file."""
    return _in(HAND_MADE)


def all_of_them() -> tuple[Resource, ...]:
    """Every Questionnaire, shipped ones first."""
    return (*shipped(), *hand_made())


@cache
def context() -> ReadingContext:
    """What reading needs to know, with all of these Questionnaires."""
    around = forms.surroundings(json.loads(file.read_text(encoding="utf-8")) for file in sorted(HAND_MADE.glob("*.json")))
    made = {(one["url"], one["version"]): questionnaire.compile_form(one, around) for one in hand_made()}
    return replace(reading.context(), forms={**reading.context().forms, **made})


def extension(item: Resource, name: str) -> Any:
    """The value of the extension whose address ends so, or None."""
    for one in item.get("extension", ()):
        if one["url"].rsplit("/", 1)[1] == name:
            return next((value for key, value in one.items() if key.startswith("value")), None)
    return None


def _in(folder: Path) -> tuple[Resource, ...]:
    return tuple(json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("Questionnaire-*.json")))
