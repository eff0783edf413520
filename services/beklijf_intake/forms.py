"""The Questionnaires of this site as compiled forms, with everything at hand that they rest on.

Patterns (regex) are run by RE2, whose time grows with the length of the text and nothing else: no answer can keep a process busy.
What RE2 does not know (looking ahead, looking back at a group) is told when the form is loaded, and is not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import re2

from beklijf_intake import fhir
from beklijf_intake.domain.form.extensions import Unchecked
from beklijf_intake.domain.form.terminology import Around
from beklijf_intake.domain.questionnaire import Form, FormNotUsable, compile_form
from beklijf_shared.contracts import Contracts
from beklijf_shared.telemetry import Log, Logger

Canonical = tuple[str, str]
"""Address and version of a Questionnaire."""

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20  # bytes for one pattern


def compiled(known: Contracts) -> dict[Canonical, Form]:
    """Every Questionnaire of this site. Raises FormNotUsable."""
    around = surroundings(known.resources)
    for url, version in known.questionnaires:
        faults = fhir.faults(known.questionnaires[url, version])
        if faults:
            raise FormNotUsable(f"{url}|{version}: {faults[0]}")
    return {
        canonical: compile_form(questionnaire, around, known.instrument_of(*canonical))
        for canonical, questionnaire in known.questionnaires.items()
    }


def say(forms: Mapping[Canonical, Form], log: Logger) -> None:
    """Logs once for each form how much of it is not checked; `questionnaire check` and `questionnaire show` say it in words."""
    for (url, version), form in forms.items():
        if form.unchecked:
            log.event(Log.FORM_NOT_WHOLE, contract=f"{url}|{version}", count=len(form.unchecked))


def surroundings(resources: Iterable[Mapping[str, Any]]) -> Around:
    """The value sets and code systems at hand, by `url|version`, and by `url` where only one has it."""
    given = list(resources)
    return Around(_by_canonical("ValueSet", given), _by_canonical("CodeSystem", given), pattern)


def pattern(text: str) -> Callable[[str], bool]:
    """Whether a whole text fits this regular expression, in time linear in its length. Raises ValueError."""
    try:
        whole = re2.compile(text, _OPTIONS).fullmatch
    except re2.error as error:
        raise ValueError(f"RE2 does not know it ({_said(error)})") from None
    return lambda value: whole(value) is not None


def not_at_hand(form: Form) -> Iterator[tuple[str, Unchecked]]:
    """The value sets that a form names and that are not here, with the linkId of the item."""
    return ((link, note) for link, note in form.unchecked if note.part in ("answerValueSet", "unitValueSet"))


def _said(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode() if isinstance(told, bytes) else str(told)


def _by_canonical(kind: str, resources: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    several: set[str] = set()
    for resource in resources:
        if resource["resourceType"] == kind:
            url = resource["url"]
            several |= {url} & found.keys()
            found[url] = found[f"{url}|{resource.get('version', '')}"] = resource
    return {name: resource for name, resource in found.items() if name not in several}
