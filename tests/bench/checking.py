"""What one check of a form costs, in processor time of this process: shipped forms, forms of hospitals, 808 items.

`python -m tests.bench.checking`; nothing else is started.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from beklijf_intake import forms
from beklijf_intake.domain.answers import check
from beklijf_intake.domain.questionnaire import Form, compile_form
from tests.lib import builders
from tests.lib.hospital_forms import FILLED, FORMS
from tests.lib.reading import context

WHEN = "2014-03-03T10:00:00+01:00"
ROUNDS = 7
BUSY_SECONDS = 0.1


def materials() -> Iterator[tuple[str, Form, dict[str, Any]]]:
    """Forms with an answer that fits."""
    for name, response in (("qbpds", builders.qbpds("a", [2] * 20, authored=WHEN)), ("vas-pain", builders.vas("a", 50, authored=WHEN))):
        url, _, version = response["questionnaire"].partition("|")
        yield name, context().forms[url, version], response
    for name, questionnaire in FORMS.items():
        yield name, compile_form(questionnaire, forms.surroundings([])), FILLED[name]


def microseconds(run: Callable[[], object]) -> float:
    """Processor time of one run: the least of a few rounds, as others use the machine too."""
    times = 1
    while (spent := _spent(run, times)) < BUSY_SECONDS:
        times *= 2
    return min(spent, *(_spent(run, times) for _ in range(ROUNDS - 1))) / times * 1e6


def _spent(run: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        run()
    return time.process_time() - began


def main() -> int:
    """Prints one line for each form."""
    for name, form, response in materials():
        spent = microseconds(lambda form=form, response=response: check(form, response))
        sys.stdout.write(f"check of {name}: {spent:.1f} µs of processor time, {len(form.above)} items\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
