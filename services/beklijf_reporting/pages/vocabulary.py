"""The words of the pages: titles, column heads and explanations for what snapshots carry as codes.

A code that is not listed here is shown as words (`no_response` becomes "No response"), so a new figure or column never breaks a
page. Names of instruments, moments and rules are not here: they are data, and come from the contracts (`Names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beklijf_reporting import formats

ALL = "all"
"""The value of a stratum that pools the others."""


@dataclass(frozen=True, slots=True)
class About:
    """What a figure is called, in full and in the contents, how it is to be read, and which columns are read first."""

    title: str
    short: str
    lead: str = ""
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Titles of what is data: instrument, moment and rule codes, from the contracts."""

    instruments: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)

    def of(self, stratum: str, code: str) -> str:
        """The reader's word for a value of a stratum."""
        if code == ALL:
            return {"year": "All years", "group": "Everyone"}.get(stratum, "All")
        known = {"instrument": self.instruments, "moment": self.moments, "rule": self.rules}.get(stratum, {})
        return known.get(code) or LABELS.get(code) or (formats.words(code).capitalize() if code.isascii() and len(code) > 4 else code)


FIGURES: dict[str, About] = {
    "flow": About(
        "Who is in this cohort",
        "Cohort",
        "Each episode registered is in exactly one box. The figures below speak about those who completed treatment.",
        ("registered", "completed", "in-treatment", "stopped-early", "objected"),
    ),
    "response": About(
        "Who answered",
        "Response",
        "Of the episodes due at a moment, how many answered anything. Awaiting: the window is still open. "
        "Closed: the window is past, so this rate changes only through late arrivals and corrections.",
        ("responded", "due", "rate", "rate-low", "no-response", "awaiting", "closed", "closed-rate", "closed-rate-low"),
    ),
    "trajectories": About(
        "How scores run",
        "Scores",
        "Complete cases: each mean is that of the episodes that answered at that moment, so the means of two moments are not of the "
        "same people. Responders are those who answered at the last moment. The band is the 95 % confidence interval of the mean.",
        ("n", "mean", "mean-low", "sd", "median", "q1"),
    ),
    "changes": About(
        "How much scores changed",
        "Changes",
        "Follow-up minus start, of the same episode. Below zero is better where high is worse. Complete cases.",
        ("n", "mean", "mean-low", "sd", "median", "q1"),
    ),
    "mcic": About(
        "For whom it was enough",
        "Enough change",
        "Several rules stand side by side, because what counts as enough is a choice. Who did not answer has no verdict: the bounds "
        "say what the share would be if none of them, or all of them, had improved.",
        ("improved", "n", "share", "share-low", "worst", "best"),
    ),
    "lasting": About(
        "Did it last",
        "Lasting",
        "Episodes judged both at the first and at the last follow-up. Sustained: improved both times. Relapsed: only the first time. "
        "Late: only the last time. The share that lasts is taken of those who had improved at first. p: McNemar's exact test.",
        ("sustained", "relapsed", "late", "never", "n", "share", "share-low", "p"),
    ),
    "pairs": About(
        "Where every pair stands",
        "Pairs",
        "A pair is the start and one follow-up of an episode on one instrument. Paired: both have a score, so the rules can judge.",
        ("paired", "no-baseline", "not-scorable", "no-response", "awaiting"),
    ),
    "response-instruments": About(
        "Who answered which instrument",
        "By instrument",
        "A moment that was answered makes each of its instruments due.",
        ("responded", "no-response", "awaiting"),
    ),
    "follow-ups": About(
        "Follow-ups today",
        "Follow-ups",
        "Every scheduled moment of every episode that has come, or will not come any more, by where it stands on the data date.",
        ("total", "due", "overdue", "answered", "missed", "left"),
    ),
}

LABELS: dict[str, str] = {
    "awaiting": "Awaiting",
    "best": "Best bound",
    "closed": "Closed",
    "closed-rate": "Rate of closed",
    "cohort": "Cohort",
    "completed": "Completed",
    "deteriorated": "Worse",
    "due": "Due",
    "eligible": "Eligible",
    "female": "Female",
    "group": "Group",
    "improved": "Improved",
    "ineligible": "Ineligible",
    "instrument": "Instrument",
    "interval": "95 % CI",
    "late": "Late",
    "male": "Male",
    "mean": "Mean",
    "median": "Median",
    "missed": "Missed",
    "moment": "Moment",
    "n": "n",
    "never": "Never",
    "no-baseline": "No start score",
    "no-response": "No response",
    "not-due": "Not due",
    "not-evaluable": "Not evaluable",
    "not-scorable": "Not scorable",
    "non-responders": "Non-responders",
    "not-scheduled": "Not scheduled",
    "objected": "Objected",
    "overdue": "Overdue",
    "p": "p",
    "paired": "Paired",
    "registered": "Registered",
    "responders": "Responders",
    "relapsed": "Relapsed",
    "responded": "Responded",
    "rate": "Rate",
    "rule": "Rule",
    "sd": "SD",
    "share": "Share",
    "state": "State",
    "sustained": "Sustained",
    "unchanged": "Unchanged",
    "worst": "Worst bound",
    "year": "Treatment year",
}

SHARES = ("rate", "share", "worst", "best", "percent", "proportion")
SCORES = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum", "change", "improvement")


ORDER = ("flow", "response", "trajectories", "changes", "mcic", "lasting", "follow-ups", "pairs", "response-instruments")
"""The order of the sections: first what everybody asks, then what explains it; figures that are not known come last."""


def place(figure: str) -> int:
    """Where a figure stands on the page."""
    return ORDER.index(figure) if figure in ORDER else len(ORDER)


def about(figure: str) -> About:
    """Title and reading aid of a figure; its own name in words where it is not known."""
    words = formats.words(figure).capitalize()
    return FIGURES.get(figure, About(words, words))


def label(code: str) -> str:
    """The head of a column or the word for a stratum."""
    return LABELS.get(code) or formats.words(code).capitalize()


def divided_by(strata: tuple[str, ...]) -> str:
    """How a folded table divides what stands above it."""
    words = {"group": "by responders and non-responders", "year": "by treatment year"}
    return " and ".join(words[stratum] for stratum in strata)


def kind(column: str, values: list[object]) -> formats.Kind:
    """How a column's numbers are written: by its name first, else counts where all values are integers."""
    parts = column.split("-")
    if any(part in SHARES for part in parts):
        return "share"
    if "p" in parts:
        return "probability"
    if any(part in SCORES for part in parts):
        return "score"
    return "count" if all(isinstance(value, int) for value in values if value is not None) else "ratio"
