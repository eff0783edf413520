"""The words of the pages: titles, column heads and explanations for what snapshots carry as codes.

A code that is not listed here is shown as words (`no_response` becomes "No response"), so a new figure or column never breaks a
page. Names of instruments, moments and rules are not here: they are data, and come from the contracts (`Names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beklijf_reporting import formats

ALL = ("all", "all-years")
"""Values of a stratum that mean "not divided"."""


@dataclass(frozen=True, slots=True)
class About:
    """What a figure is called and how it is to be read."""

    title: str
    lead: str


@dataclass(frozen=True, slots=True)
class Names:
    """Titles of what is data: instrument, moment and rule codes, from the contracts."""

    instruments: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)

    def of(self, stratum: str, code: str) -> str:
        """The reader's word for a value of a stratum."""
        if code in ALL:
            return {"year": "All years", "instrument": "All instruments"}.get(stratum, "All")
        known = {"instrument": self.instruments, "moment": self.moments, "rule": self.rules}.get(stratum, {})
        return known.get(code) or LABELS.get(code) or (formats.words(code).capitalize() if code.islower() and len(code) > 3 else code)


FIGURES: dict[str, About] = {
    "flow": About(
        "Who is in this cohort",
        "From everyone registered to those the figures speak about. Each episode is in exactly one box.",
    ),
    "response": About(
        "Who answered",
        "Of the episodes that are due at a moment, how many answered anything. Awaiting: the window is still open. "
        "Closed windows only: the rate that can no longer change.",
    ),
    "trajectories": About(
        "How scores run",
        "Complete cases: each moment's mean is that of the episodes that answered then, so the means of two moments are not of the same "
        "people. The band is the 95 % confidence interval of the mean. On these scales high is worse.",
    ),
    "mcic": About(
        "For whom it was enough",
        "Each follow-up compared with the same episode's score at the start. Several rules stand side by side because the outcome is a "
        "choice. Whoever did not answer has no verdict: the bounds say what the share would be if none, or all, of them had improved.",
    ),
    "lasting": About(
        "Did it last",
        "Episodes with a verdict both at the end of treatment and in the long term. Sustained: improved then and now. "
        "Relapsed: improved then, not now. Late: not then, but now. Never: neither.",
    ),
    "follow-ups": About(
        "Follow-ups today",
        "Scheduled measurements of episodes that are still followed, by where they stand on the data date.",
    ),
}

LABELS: dict[str, str] = {
    "awaiting": "Awaiting",
    "best": "Best bound",
    "closed-rate": "Rate, closed windows",
    "cohens-d": "SMD",
    "deteriorated": "Worse",
    "due": "Due",
    "eligible": "Eligible",
    "female": "Female",
    "improved": "Improved",
    "ineligible": "Ineligible",
    "instrument": "Instrument",
    "intervals": "95 % CI",
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
    "objected": "Objected",
    "overdue": "Overdue",
    "p": "p",
    "relapsed": "Relapsed",
    "responded": "Responded",
    "rate": "Rate",
    "rule": "Rule",
    "sd": "SD",
    "share": "Share improved",
    "state": "State",
    "sustained": "Sustained",
    "unchanged": "Unchanged",
    "worst": "Worst bound",
    "year": "Treatment year",
}

SHARES = ("rate", "share", "worst", "best", "percent", "proportion")
SCORES = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum", "change", "improvement")


def about(figure: str) -> About:
    """Title and reading aid of a figure; its own name in words where it is not known."""
    return FIGURES.get(figure, About(formats.words(figure).capitalize(), ""))


def label(code: str) -> str:
    """The head of a column or the word for a stratum."""
    return LABELS.get(code.replace("_", "-")) or formats.words(code).capitalize()


def kind(column: str, values: list[object]) -> formats.Kind:
    """How a column's numbers are written: by its name first, else counts where all values are integers."""
    parts = column.replace("_", "-").split("-")
    if any(part in SHARES for part in parts):
        return "share"
    if "p" in parts:
        return "probability"
    if any(part in SCORES for part in parts):
        return "score"
    return "count" if all(isinstance(value, int) for value in values if value is not None) else "ratio"
