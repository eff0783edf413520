"""Data quality: what each organisation sent, and how its answers count. Outside the rule of small cells (M37), so on a laptop only."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from beklijf_reporting import downloads
from beklijf_reporting.language import marked as _
from beklijf_shared.events import DataQuality, IntakeTally

DISPOSITIONS = ("counted", "waiting", "after-end", "off-window", "unscheduled", "surplus", "retracted")
"""Where an answer can be (M8), the one that counts first."""

FLAGS = (
    ("not_scorable", _("Not scorable")),
    ("moment_stated_off_window", _("Moment stated, outside its window")),
    ("episode_of_another_patient", _("Episode stated of another patient")),
)
"""What is remarked besides; an answer may have several remarks."""

WHY = {
    "counted": _("It is in the figures."),
    "waiting": _("No episode is known for it yet, or several fit."),
    "after-end": _("It was given after the episode had ended."),
    "off-window": _("It was given outside every window."),
    "unscheduled": _("The instrument is not asked at that moment."),
    "surplus": _("Another answer to the same question at the same moment counts."),
    "retracted": _("The sender took it back."),
}


@dataclass(frozen=True, slots=True)
class QualityPage:
    """Everything the template needs."""

    tallies: tuple[IntakeTally, ...]
    quality: tuple[DataQuality, ...]
    dispositions: tuple[str, ...] = DISPOSITIONS
    why: tuple[tuple[str, str], ...] = tuple(WHY.items())
    flags: tuple[tuple[str, str], ...] = FLAGS


def page(tallies: Iterable[IntakeTally], quality: Iterable[DataQuality]) -> QualityPage:
    """The page of what was heard."""
    return QualityPage(tuple(tallies), tuple(quality))


def table(which: Literal["received", "answers"], tallies: list[IntakeTally], quality: list[DataQuality]) -> str:
    """One of the two tables as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if which == "received":
        writer.writerow(["day", "organisation", "sent", "accepted", "duplicate", "refused"])
        for tally in tallies:
            writer.writerow([tally.day, downloads.neutral(tally.organisation), tally.sent, tally.accepted, tally.duplicate, tally.refused])
    else:
        flags = [name for name, _words in FLAGS]
        writer.writerow(["organisation", *DISPOSITIONS, *flags])
        for one in quality:
            counts = [one.counts.get(name, 0) for name in DISPOSITIONS]
            writer.writerow([downloads.neutral(one.organisation), *counts, *(getattr(one, name) for name in flags)])
    return downloads.BYTE_ORDER_MARK + text.getvalue()
