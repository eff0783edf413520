"""One receipt whole: intake's part joined with how scoring counts its answers, so that it adds up while events travel.

    accepted + overtaken = draft + superseded + not_yet_scored + (the eight ways in which scoring counts an answer)

Scoring hears of an answer after intake has accepted it, and reporting hears of both in no particular order. So intake may have told more
than scoring has counted (`not_yet_scored`), or scoring may still count what intake knows to be superseded (`overtaken`); both are 0 when
nothing travels, except for answers that scoring had to set aside. This is the only sum that reporting makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DISPOSITIONS = ("counted", "not-scorable", "waiting", "off-window", "surplus", "unscheduled", "after-end", "retracted")
"""How scoring counts an answer (M8). Of the counted ones, those without a score stand apart here, so that each answer stands once."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The accepted answers of one receipt; `dispositions` has all of DISPOSITIONS."""

    accepted: int
    draft: int
    superseded: int
    not_yet_scored: int
    overtaken: int
    dispositions: Mapping[str, int]

    @property
    def adds_up(self) -> bool:
        """Whether each accepted answer stands somewhere, and only once."""
        standing = self.draft + self.superseded + self.not_yet_scored + sum(self.dispositions.values())
        return self.accepted + self.overtaken == standing

    @property
    def is_settled(self) -> bool:
        """Whether nothing travels any more."""
        return self.not_yet_scored == 0 and self.overtaken == 0


def join(*, accepted: int, draft: int, superseded: int, told: int, counts: Mapping[str, int], counted_not_scorable: int) -> Answers:
    """Intake's part (the first four) with scoring's: `counts` by disposition, as far as it was told."""
    dispositions = {name: counts.get(name, 0) for name in DISPOSITIONS}
    dispositions["counted"] -= counted_not_scorable
    dispositions["not-scorable"] = counted_not_scorable
    under_way = told - sum(dispositions.values())
    return Answers(accepted, draft, superseded, max(under_way, 0), max(-under_way, 0), dispositions)
