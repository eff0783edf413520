"""A rule that says when a change matters to a patient (minimal clinically important change), or when a state is acceptable, as named,
versioned data (M25)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, cast, get_args

from beklijf_domain.document import Document
from beklijf_domain.item import LANGUAGES, Category, category

Kind = Literal["relative", "absolute", "both", "either", "state"]
"""`relative`: a share of the baseline; `absolute`: score points; `both`: each of the two must pass; `either`: one of them is enough.
`state`: none of these, but a cut-off of the score itself, whatever it was before (patient acceptable symptom state, PASS)."""

Purpose = Literal["important-change", "measurement-error", "treatment-decision", "acceptable-state"]
"""What it means to pass: the change matters to the patient; it is greater than what repeating the measurement alone gives, which is no
sign that it matters; it says how to go on; or patients call what they have acceptable."""

Operator = Literal[">=", ">"]
StateOperator = Literal["<=", "<", ">=", ">"]

EVERY = "every"
"""In a table of thresholds: the instruments that it does not name."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """How much is enough for one instrument: a share of the baseline, score points, or both (one of them, if `any_of`)."""

    operator: Operator
    relative: Fraction | None = None
    absolute: Fraction | None = None
    any_of: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """One of several shares of the baseline with a meaning of its own; the last has no limit and takes everybody else."""

    category: Category
    operator: Operator
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rule asks of one instrument. Deterioration is the same threshold the other way unless the rule names its own."""

    improvement: Threshold
    deterioration: Threshold
    minimal_baseline: Fraction | None


@dataclass(frozen=True, slots=True)
class Cutoff:
    """From where on a score is an acceptable state: on which side of which score, and whether that score itself belongs to it."""

    operator: StateOperator
    score: Fraction

    @property
    def low_is_better(self) -> bool:
        """Whether the acceptable side is the lower one; it must be that of the instrument."""
        return self.operator in ("<=", "<")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at one version. `planned` names the instruments that it knows and the registry does not have yet."""

    code: str
    version: str
    title: str
    kind: Kind
    population: str
    citation: str
    planned: tuple[str, ...]
    judgements: Mapping[str, Judgement] = field(hash=False)
    purpose: Purpose = "important-change"
    bands: tuple[Band, ...] = ()
    """In the order in which they are tried."""
    programmes: tuple[str, ...] = ()
    """Programmes whose pairs it judges besides those that name it themselves: how a site adds a rule to a programme that ships."""
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The title in every language in which the file has one."""
    cutoffs: Mapping[str, Cutoff] = field(default_factory=dict, hash=False)
    """By instrument; of a rule of states only, which has no judgements."""

    def judgement(self, instrument: str) -> Judgement | None:
        """What the rule asks of this instrument, or None: it says nothing about it."""
        return self.judgements.get(instrument) or self.judgements.get(EVERY)

    @property
    def is_of_states(self) -> bool:
        """Whether it judges a score by itself, and needs no baseline."""
        return self.kind == "state"

    @property
    def instruments(self) -> frozenset[str]:
        """The instruments that it names."""
        return frozenset({*self.judgements, *self.cutoffs} - {EVERY})

    @property
    def name(self) -> str:
        """Code and version: what a verdict says it was judged by."""
        return f"{self.code}@{self.version}"


def read(document: Document) -> Rule:
    """A rule from its contract file. Raises ContractError."""
    kind = cast(Kind, document.one_of("kind", get_args(Kind), decides=True))
    result = _of_states(document) if kind == "state" else _of_changes(document, kind)
    document.finish()
    return result


def _of_states(document: Document) -> Rule:
    """A cut-off for each instrument, and nothing that needs a baseline."""
    operator = cast(StateOperator, document.one_of("operator", get_args(StateOperator)))
    table = document.table("cutoff")
    cutoffs = {code: Cutoff(operator, table.number(code)) for code in table.names()}
    if not cutoffs or EVERY in cutoffs:
        document.complain("cutoff", "must name the instruments: a score of one says nothing about another")
    if document.one_of("purpose", get_args(Purpose)) != "acceptable-state":
        document.complain("purpose", "of a rule of kind `state` is `acceptable-state`")
    return Rule(
        code=document.text("code"),
        version=document.text("version"),
        title=document.text("title"),
        kind="state",
        population=document.text("population"),
        citation=document.text("citation"),
        planned=document.texts("planned", default=()),
        judgements=MappingProxyType({}),
        purpose="acceptable-state",
        programmes=document.texts("programmes", default=()),
        titles=_titles(document),
        cutoffs=MappingProxyType(cutoffs),
    )


def _titles(document: Document) -> Mapping[str, str]:
    keys = {each: "title" if each == "en" else each for each in LANGUAGES}
    return MappingProxyType({each: document.text(key) for each, key in keys.items() if document.has(key)})


def _of_changes(document: Document, kind: Kind) -> Rule:
    """A threshold for each instrument, either way."""
    improvement = _thresholds(document, kind)
    deterioration = improvement
    if document.has("deterioration"):
        own = document.table("deterioration")
        deterioration = _thresholds(own, kind)
        own.finish()
        if set(deterioration) != set(improvement):
            said = "must name the same instruments as the rule itself"
            document.complain("deterioration", said, rests=("relative", "absolute"))
            deterioration = improvement
    minimal = document.table("minimal_baseline", optional=True)
    judgements = _judgements(improvement, deterioration, {code: minimal.number(code) for code in minimal.names()})
    if judgements is None:
        document.complain("minimal_baseline", "names an instrument of which the rule says nothing", rests=("relative", "absolute"))
    purpose = cast(Purpose, document.one_of("purpose", get_args(Purpose))) if document.has("purpose") else "important-change"
    if purpose == "acceptable-state":
        document.complain("purpose", "`acceptable-state` is what a rule of kind `state` says; a change is none")
    return Rule(
        code=document.text("code"),
        version=document.text("version"),
        title=document.text("title"),
        kind=kind,
        population=document.text("population"),
        citation=document.text("citation"),
        planned=document.texts("planned", default=()),
        judgements=MappingProxyType(judgements or {}),
        purpose=purpose,
        programmes=document.texts("programmes", default=()),
        titles=_titles(document),
        bands=tuple(_bands(document)) if document.has("bands") else (),
    )


def _bands(document: Document) -> Iterator[Band]:
    """Falling shares of the baseline, then whoever reaches none of them."""
    entries = document.tables("bands")
    before: Fraction | None = None
    for number, entry in enumerate(entries, start=1):
        last = number == len(entries)
        operator = cast(Operator, entry.one_of("operator", get_args(Operator))) if not last else ">="
        share = entry.number("share") if not last else None
        if share is not None and before is not None and share >= before:
            entry.complain("share", "must be less than that of the band before")
        before = share
        yield Band(category(entry), operator, share)


def _judgements(
    improvement: Mapping[str, Threshold], deterioration: Mapping[str, Threshold], baselines: Mapping[str, Fraction]
) -> dict[str, Judgement] | None:
    """One judgement per instrument that any table names; None when a minimum is set for one that has no threshold."""
    named = {*improvement, *(baselines if EVERY in improvement else set(baselines) - {EVERY})}
    if not named - {EVERY} <= set(improvement) and EVERY not in improvement:
        return None
    return {
        code: Judgement(
            improvement[code if code in improvement else EVERY],
            deterioration[code if code in deterioration else EVERY],
            baselines.get(code, baselines.get(EVERY)),
        )
        for code in sorted(named)
    }


def _thresholds(document: Document, kind: Kind) -> dict[str, Threshold]:
    """One threshold per instrument; the tables that the kind needs must be there, the others must not."""
    operator = cast(Operator, document.one_of("operator", get_args(Operator)))
    relative = _numbers(document, "relative", needed=kind != "absolute")
    absolute = _numbers(document, "absolute", needed=kind != "relative")
    codes = set(relative) | set(absolute)
    if kind in ("both", "either"):
        for code in codes - {EVERY}:
            relative.setdefault(code, relative.get(EVERY, Fraction(0)))
            absolute.setdefault(code, absolute.get(EVERY, Fraction(0)))
        codes = {code for code in codes if relative.get(code) and absolute.get(code)}
    if not codes:
        document.complain(kind, "names no instrument", rests=("relative", "absolute"))
    return {code: Threshold(operator, relative.get(code), absolute.get(code), kind == "either") for code in sorted(codes)}


def _numbers(document: Document, key: str, *, needed: bool) -> dict[str, Fraction]:
    if not needed:
        return {}
    table = document.table(key)
    numbers = {code: table.number(code) for code in table.names()}
    for code, number in numbers.items():
        if number <= 0:
            table.misread(code, "must be greater than zero")
    return numbers
