"""Receipts: what each day, Bundle and import came to. About single organisations, so on a laptop only, like data quality."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from beklijf_reporting.domain.receipt import Answers, join
from beklijf_reporting.language import marked as _
from beklijf_reporting.pages.quality import WHY
from beklijf_shared.events import DataQuality, IntakeTally

KINDS = {"day": _("Day"), "bundle": _("Bundle"), "import": _("Import")}
EXPLAINED = {
    **WHY,
    "draft": _("It is still being filled in; it is kept, and not told to scoring."),
    "superseded": _("A newer version of the same answer counts; that one is in the receipt under which it came."),
    "not-yet-scored": _("It is on its way to scoring, or was set aside there."),
    "not-scorable": _("It counts as an answer, and has no score: items are missing."),
    "overtaken": _("Scoring still counts it here, and a newer version is on its way; so it is taken off once."),
}
"""What each standing of an accepted answer means."""
RETRACTED_LAST = ("counted", "not-scorable", "waiting", "off-window", "surplus", "unscheduled", "after-end", "retracted")


@dataclass(frozen=True, slots=True)
class Whole:
    """One receipt with intake's part and the joined answers."""

    tally: IntakeTally
    answers: Answers

    @property
    def kind(self) -> str:
        """What it is the receipt of: a message."""
        return KINDS[self.tally.kind]

    @property
    def is_complete(self) -> bool | None:
        """Whether everything it holds was answered; None where that cannot be said (a day, or a total not yet known)."""
        return None if self.tally.total is None else self.tally.sent == self.tally.total

    @property
    def others(self) -> tuple[tuple[str, int], ...]:
        """Accepted resources that are no answers, by type."""
        return tuple((type_, n) for type_, n in sorted(self.tally.accepted_by_type.items()) if type_ != "QuestionnaireResponse")

    @property
    def lines(self) -> tuple[tuple[str, int, str], ...]:
        """Where the accepted answers stand: code, number, meaning. The numbers add up to the accepted answers."""
        answers = self.answers
        numbers = {**answers.dispositions, "draft": answers.draft, "superseded": answers.superseded}
        order = [*RETRACTED_LAST, "draft", "superseded", "not-yet-scored"]
        numbers["not-yet-scored"] = answers.not_yet_scored
        lines = [(code, numbers[code], EXPLAINED[code]) for code in order]
        return (*lines, ("overtaken", -answers.overtaken, EXPLAINED["overtaken"])) if answers.overtaken else tuple(lines)


def whole(tally: IntakeTally, quality: DataQuality | None) -> Whole:
    """One receipt, from what intake and scoring said of it."""
    answers = join(
        accepted=tally.accepted_by_type.get("QuestionnaireResponse", 0),
        draft=tally.draft,
        superseded=tally.superseded,
        told=tally.told,
        counts={} if quality is None else quality.counts,
        counted_not_scorable=0 if quality is None else quality.counted_not_scorable,
    )
    return Whole(tally, answers)


def wholes(found: Iterable[tuple[IntakeTally, DataQuality | None]]) -> tuple[Whole, ...]:
    """Several receipts, in the order given."""
    return tuple(whole(tally, quality) for tally, quality in found)


def document(receipt: Whole) -> dict[str, Any]:
    """The receipt for machines, with the names that intake gives its own part."""
    tally, answers = receipt.tally, receipt.answers
    return {
        "receipt": tally.receipt,
        "kind": tally.kind,
        "organisation": tally.organisation,
        "day": tally.day,
        "started": tally.started,
        "total": tally.total,
        "complete": receipt.is_complete,
        "sent": tally.sent,
        "accepted": tally.accepted,
        "duplicate": tally.duplicate,
        "duplicate_different": tally.duplicate_different,
        "refused": tally.refused,
        "refused_by_code": dict(sorted(tally.refused_by_code.items())),
        "accepted_by_type": dict(sorted(tally.accepted_by_type.items())),
        "answers": {
            "accepted": answers.accepted,
            "draft": answers.draft,
            "superseded": answers.superseded,
            "not_yet_scored": answers.not_yet_scored,
            "overtaken": answers.overtaken,
            **{name.replace("-", "_"): number for name, number in answers.dispositions.items()},
        },
    }
