"""The words of the pages: titles, column heads and explanations for what snapshots carry as codes, in the reader's language.

A code that is not listed here is shown as words (`no_response` becomes "No response"), so a new figure or column never breaks a
page. Names of instruments, moments, rules and answers are not here: they are data, and come from the contracts (`Names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from beklijf_reporting import formats
from beklijf_reporting.language import ENGLISH, Language
from beklijf_reporting.language import marked as _

ALL = "all"
"""The value of a stratum that pools the others."""


@dataclass(frozen=True, slots=True)
class About:
    """What a figure is called, in full and in the contents, how it is to be read, and which columns are read first."""

    title: str
    short: str
    lead: str = ""
    first: tuple[str, ...] = ()
    across: tuple[str, str] | None = None
    """A cross-tab: the stratum whose values are the columns, and the cell that stands in them."""


@dataclass(frozen=True, slots=True)
class Names:
    """Every code in the reader's words. `answers`: what is data in both languages (answers, measures), by code and language."""

    instruments: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    language: Language = ENGLISH

    def spoken(self, language: Language) -> Names:
        """The same names in a language."""
        return replace(self, language=language)

    def of(self, stratum: str, code: str) -> str:
        """The reader's word for a value of a stratum."""
        if code == ALL:
            return self.language(POOLED.get(stratum, _("All")))
        if code == "any" and stratum in ("t1", "t4"):
            return self.language(_("All, answered or not"))
        if stratum == "moment":
            return self.moment(code)
        known = {"instrument": self.instruments, "rule": self.rules}.get(stratum, {}).get(code)
        if known:
            return self.language(known)
        if stratum in ANSWERS and code in self.answers:
            return self.answers[code][self.language.code]
        listed = LABELS.get(code)
        return self.language(listed) if listed else formats.words(code).capitalize() if code.isascii() and len(code) > 4 else code

    def moment(self, code: str) -> str:
        """A moment: its code, and what it is called."""
        title = self.moments.get(code)
        return f"{code} {self.language(title)}" if title else LABELS.get(code, code)

    def label(self, code: str) -> str:
        """The head of a column, or the word for a stratum."""
        return self.language(LABELS[code]) if code in LABELS else formats.words(code).capitalize()


FIGURES: dict[str, About] = {
    "flow": About(
        _("Who is in this cohort"),
        _("Cohort"),
        _("Each episode registered is in exactly one box. The figures below speak about those who completed treatment."),
        ("registered", "completed", "in-treatment", "stopped-early", "stopped-early-share", "objected"),
    ),
    "response": About(
        _("Who answered"),
        _("Response"),
        _(
            "Of the episodes due at a moment, how many answered anything. Awaiting: the window is still open. "
            "Closed: the window is past, so this rate changes only through late arrivals and corrections."
        ),
        ("responded", "due", "rate", "rate-low", "no-response", "awaiting", "closed", "closed-rate", "closed-rate-low"),
    ),
    "trajectories": About(
        _("How scores run"),
        _("Scores"),
        _(
            "Complete cases: each mean is that of the episodes that answered at that moment, so the means of two moments are not of the "
            "same people. Responders are those who answered at the last moment. The band is the 95 % confidence interval of the mean."
        ),
        ("n", "mean", "mean-low", "sd", "median", "q1"),
    ),
    "groups": About(
        _("Responders against non-responders"),
        _("Who is missing"),
        _(
            "Whether those who answered at the last moment already differed before. SMD is the difference in units of SD: 0.2 is small, "
            "0.5 is middling. Marked when p < 0.05 (Student, two-sided, not corrected for their number)."
        ),
        ("responders-n", "responders-mean", "non-responders-n", "non-responders-mean", "difference", "smd", "p", "significant", "welch-p"),
    ),
    "between-years": About(
        _("Treatment years against each other"),
        _("Between years"),
        _("One-way analysis of variance: whether the means of the treatment years differ by more than chance allows."),
        ("n", "f", "p", "significant"),
    ),
    "changes": About(
        _("How much scores changed"),
        _("Changes"),
        _("Follow-up minus start, of the same episode. Below zero is better where high is worse. Complete cases."),
        ("n", "mean", "mean-low", "sd", "median", "q1"),
    ),
    "mcic": About(
        _("For whom it was enough"),
        _("Enough change"),
        _(
            "Several rules stand side by side, because what counts as enough is a choice. Who did not answer has no verdict: the bounds "
            "say what the share would be if none of them, or all of them, had improved."
        ),
        ("improved", "n", "share", "share-low", "worst", "best"),
    ),
    "acceptable": About(
        _("Whose state was acceptable"),
        _("Acceptable state"),
        _(
            "The score itself against a cut-off from which on most patients call their state acceptable (PASS), whatever it was before: "
            "somebody may improve and not get there, or be there without having improved. Counted where there is a start score too, "
            "so that n is that of the other rules."
        ),
        ("acceptable", "n", "share", "share-low", "worst", "best"),
    ),
    "lasting": About(
        _("Did it last"),
        _("Lasting"),
        _(
            "Episodes judged both at the first and at the last follow-up. Sustained: improved (or, by a cut-off, acceptable) both times. "
            "Relapsed: only the first time. Late: only the last time. The share that lasts is of those who had improved at first. "
            "p: McNemar's exact test."
        ),
        ("sustained", "relapsed", "late", "never", "n", "share", "share-low", "p", "significant"),
    ),
    "gpe": About(
        _("What people say themselves"),
        _("Own judgement"),
        _(
            "Perceived effect at the end of treatment, since its start (down), against the last moment, since the end (across). "
            "Two different questions, so they are crossed and never pooled. Responders only."
        ),
        across=("t4", "count"),
    ),
    "care-use": About(
        _("Care used before and after"),
        _("Care use"),
        _("Of those who answered the question at that moment. More or less care is not the same as better or worse."),
        ("n",),
        across=("code", "share"),
    ),
    "care-use-change": About(
        _("Who started and who stopped using care"),
        _("Care started, stopped"),
        _("Any use at the start and later, of the same episodes. p: McNemar's exact test on who started against who stopped."),
        ("n", "before", "before-share", "after", "after-share", "started", "stopped", "both", "neither", "p", "significant"),
    ),
    "pairs": About(
        _("Where every pair stands"),
        _("Pairs"),
        _("A pair is the start and one follow-up of an episode on one instrument. Paired: both have a score, so the rules can judge."),
        ("paired", "no-baseline", "not-scorable", "no-response", "awaiting"),
    ),
    "response-instruments": About(
        _("Who answered which instrument"),
        _("By instrument"),
        _("A moment that was answered makes each of its instruments due."),
        ("responded", "no-response", "awaiting"),
    ),
    "response-by-sex": About(
        _("Who answered, by sex"),
        _("By sex"),
        _("Shares are of all those invited in that year, so the shares of women and men who answered add up to the response."),
        ("invited", "invited-share", "responded", "responded-share", "p"),
    ),
    "sample-size": About(
        _("How many answers are needed"),
        _("Sample size"),
        _("For an interval of 95 % that is 4 points wide to either side, among this many episodes. It says nothing about who is missing."),
        ("population", "needed", "responded"),
    ),
    "protocol": About(
        _("When people are asked"),
        _("Moments"),
        _("Months from the start of treatment to each moment. The last survey was held once, so its distance differs by treatment year."),
        ("months",),
    ),
    "follow-ups": About(
        _("Follow-ups today"),
        _("Follow-ups"),
        _("Every scheduled moment of every episode that has come, or will not come any more, by where it stands on the data date."),
        ("total", "due", "overdue", "answered", "missed", "left"),
    ),
}

POOLED = {"year": _("All years"), "group": _("Everyone")}
"""What the value `all` of a stratum is called."""

ANSWERS = ("question", "code", "t1", "t4", "measure")
"""Strata whose values are answers or measures: named by the contracts, in both languages."""

LABELS: dict[str, str] = {
    "acceptable": _("Acceptable"),
    "accepted": _("Accepted"),
    "after": _("After"),
    "age": _("Age in years"),
    "after-share": _("Share after"),
    "after-end": _("After the end of the episode"),
    "any": _("Any"),
    "answered": _("Answered"),
    "awaiting": _("Awaiting"),
    "before": _("Before"),
    "before-share": _("Share before"),
    "best": _("Best bound"),
    "both": _("Both times"),
    "business-rule": _("Business rule"),
    "care-use": _("Care use"),
    "change": _("Change"),
    "chi-squared": "χ²",
    "closed": _("Closed"),
    "closed-rate": _("Rate of closed"),
    "code": _("Answer"),
    "code-invalid": _("Unknown code"),
    "cohort": _("Cohort"),
    "completed": _("Completed"),
    "conflict": _("Conflict"),
    "count": _("Number"),
    "counted": _("Counted"),
    "deteriorated": _("Worse"),
    "df": _("Degrees of freedom"),
    "difference": _("Difference"),
    "df-between": _("Degrees of freedom, between"),
    "df-within": _("Degrees of freedom, within"),
    "draft": _("Draft"),
    "due": _("Due"),
    "eligible": _("Eligible"),
    "f": "F",
    "female": _("Women"),
    "group": _("Group"),
    "holds": _("Better or the same"),
    "improved": _("Improved"),
    "in-treatment": _("In treatment"),
    "ineligible": _("Ineligible"),
    "instrument": _("Instrument"),
    "interval": _("95 % CI"),
    "invalid": _("Invalid"),
    "invariant": _("Outside its range"),
    "invited": _("Invited"),
    "invited-share": _("Of all invited"),
    "late": _("Late"),
    "least-expected": _("Least expected count"),
    "left": _("Left"),
    "male": _("Men"),
    "mann-whitney-p": _("p (Mann–Whitney)"),
    "margin": _("Margin"),
    "margin-percent": _("Margin, points"),
    "mean": _("Mean"),
    "median": _("Median"),
    "missed": _("Missed"),
    "moment": _("Moment"),
    "months": _("Months"),
    "n": "n",
    "neither": _("Neither time"),
    "needed": _("Needed"),
    "never": _("Never"),
    "no-baseline": _("No start score"),
    "no-response": _("No response"),
    "non-responders": _("Non-responders"),
    "non-responders-mean": _("Mean of non-responders"),
    "non-responders-n": _("n of non-responders"),
    "non-responders-sd": _("SD of non-responders"),
    "not-answered": _("Not answered"),
    "not-due": _("Not due"),
    "not-evaluable": _("Not evaluable"),
    "not-found": _("Not known here"),
    "not-acceptable": _("Not acceptable"),
    "not-improved": _("Not improved"),
    "not-responded": _("Not answered"),
    "not-scheduled": _("Not scheduled"),
    "not-scorable": _("Not scorable"),
    "not-yet-scored": _("Not yet scored"),
    "objected": _("Objected"),
    "off-window": _("Outside every window"),
    "once-or-twice": _("Once or twice"),
    "other": _("Other"),
    "overtaken": _("Counted here still"),
    "overdue": _("Overdue"),
    "p": "p",
    "paired": _("Paired"),
    "population": _("Population"),
    "quartiles": _("Quartiles"),
    "question": _("Question"),
    "rate": _("Rate"),
    "reached": _("Reached"),
    "registered": _("Registered"),
    "relapsed": _("Relapsed"),
    "required": _("Something is missing"),
    "responded": _("Responded"),
    "responded-share": _("Answered, of all invited"),
    "responders": _("Responders"),
    "responders-mean": _("Mean of responders"),
    "responders-n": _("n of responders"),
    "responders-sd": _("SD of responders"),
    "retracted": _("Retracted"),
    "rule": _("Rule"),
    "sd": "SD",
    "sex": _("Sex"),
    "share": _("Share"),
    "significant": _("Significant"),
    "smd": "SMD",
    "started": _("Started"),
    "state": _("State"),
    "stopped": _("Stopped"),
    "stopped-early": _("Stopped early"),
    "stopped-early-share": _("Share that stopped early"),
    "structure": _("Structure"),
    "superseded": _("Superseded"),
    "surplus": _("Second answer"),
    "sustained": _("Sustained"),
    "t": "t",
    "t1": _("At the end of treatment"),
    "t4": _("At the last moment"),
    "total": _("Total"),
    "unchanged": _("Unchanged"),
    "unknown": _("Unknown"),
    "unscheduled": _("Not asked at that moment"),
    "value": _("Value not allowed"),
    "waiting": _("Waiting for its episode"),
    "welch-df": _("Degrees of freedom (Welch)"),
    "welch-p": _("p (Welch)"),
    "welch-t": "t (Welch)",
    "worst": _("Worst bound"),
    "year": _("Treatment year"),
    "years": _("Treatment years"),
}

SHARES = ("rate", "share", "worst", "best", "proportion")
SCORES = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum", "change", "improvement", "difference")


ORDER = (
    *("flow", "response", "trajectories", "groups", "mcic", "acceptable", "lasting", "gpe", "care-use", "care-use-change", "follow-ups"),
    *("changes", "between-years", "pairs", "response-instruments", "response-by-sex", "sample-size", "protocol"),
)
"""The order of the sections: first what everybody asks, then what explains it; figures that are not known come last."""


def place(figure: str) -> int:
    """Where a figure stands on the page."""
    return ORDER.index(figure) if figure in ORDER else len(ORDER)


def about(figure: str, language: Language = ENGLISH) -> About:
    """Title and reading aid of a figure; its own name in words where it is not known."""
    words = formats.words(figure).capitalize()
    known = FIGURES.get(figure, About(words, words))
    return About(language(known.title), language(known.short), language(known.lead) if known.lead else "", known.first, known.across)


def divided_by(strata: tuple[str, ...]) -> str:
    """How a folded table divides what stands above it: a message."""
    return DIVISIONS.get(strata, _("divided"))


DIVISIONS = {
    ("group",): _("by responders and non-responders"),
    ("year",): _("by treatment year"),
    ("group", "year"): _("by responders and non-responders and by treatment year"),
}


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
