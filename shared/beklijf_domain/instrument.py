"""An instrument as data: which answers of which Questionnaire give which outcomes (M24, M29, M30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, cast, get_args

from beklijf_domain import item, measure
from beklijf_domain.document import Document
from beklijf_domain.item import Category, Item
from beklijf_domain.measure import Direction, Formula, Measure

__all__ = ["Category", "Direction", "Example", "Formula", "Instrument", "Item", "Measure", "MissingItems", "ReferencePoint", "read"]

MissingItems = Literal["all-required", "by-measure"]
"""What happens when an item is missing (M24). `all-required`: the answer counts as responded, and is not scorable. `by-measure`: only the
measures that need it are missing; the answer is scorable as long as one measure is there."""

NO_INSTRUMENT = "no-instrument"
"""What stands in an instrument's place where no instrument scores a form; no instrument may be called so."""

ReferencePoint = Literal["baseline", "end-of-treatment"]
"""With what an instrument that asks for a change itself asks people to compare. Different points are never pooled."""


MISSING_ANSWER = "-"
"""How an example writes a question that was not answered."""


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: the answers in the order of the items, and what they give, as text. No results: not scorable."""

    answers: tuple[str, ...]
    results: Mapping[str, str] = field(hash=False)
    source: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument at one version of its scoring rule.

    `questionnaire` is the canonical address without version; `scores` lists the versions of it whose answers are comparable
    and pooled (M30): "1" stands for every version 1.x.y, "1.2.0" for that one only. `judged` is the measure that rules judge,
    always the first, and a number; None: nothing of this instrument is judged (M25).
    """

    code: str
    version: str
    title: str
    questionnaire: str
    scores: tuple[str, ...]
    items: tuple[Item, ...]
    measures: tuple[Measure, ...]
    judged: Measure | None
    missing_items: MissingItems
    reference_point: ReferencePoint | None
    recall_period: str
    licence: str
    citation: str
    examples: tuple[Example, ...] = ()
    missing_because: str = ""
    """Where the rule for missing items comes from, in words."""

    def scores_version(self, version: str) -> bool:
        """Whether answers to this version of the Questionnaire are scored and pooled with the others (M30)."""
        return any(version == known or version.startswith(known + ".") for known in self.scores)

    def measure(self, code: str) -> Measure | None:
        """The measure of that code, or None: this instrument lacks it."""
        return next((each for each in self.measures if each.code == code), None)

    @property
    def algorithm(self) -> str:
        """How a result was computed, in words that stay: the formulas, what evaluated an expression, and what happens to missing items."""
        return f"{'+'.join(dict.fromkeys(_formula(each) for each in self.measures))}/{self.missing_items}"

    @property
    def is_expressed(self) -> bool:
        """Whether an expression computes any of its measures."""
        return any(each.expression is not None for each in self.measures)

    def with_measures(self, measures: tuple[Measure, ...]) -> Instrument:
        """The same instrument with these measures in the place of its own, by code and order the same."""
        return replace(self, measures=measures, judged=None if self.judged is None else measures[0])


def read(document: Document) -> Instrument:
    """An instrument from its contract file. Raises ContractError."""
    missing_items = document.table("missing_items")
    items = tuple(item.read(document))
    measures = _measures(document, items)
    result = Instrument(
        code=document.text("code"),
        version=document.text("version"),
        title=document.text("title"),
        questionnaire=document.text("questionnaire"),
        scores=document.texts("scores"),
        items=items,
        measures=measures,
        judged=_judged(document, measures),
        missing_items=cast(MissingItems, missing_items.one_of("rule", get_args(MissingItems))),
        reference_point=_reference_point(document),
        recall_period=document.text("recall_period"),
        licence=document.text("licence"),
        citation=document.text("citation"),
        examples=_examples(document, items, measures),
        missing_because=missing_items.text("source"),
    )
    _check(result, document)
    for part in (missing_items, document):
        part.finish()
    return result


def _formula(measure: Measure) -> str:
    return measure.formula if measure.expression is None else f"{measure.formula} ({measure.expression.engine})"


def _measures(document: Document, items: tuple[Item, ...]) -> tuple[Measure, ...]:
    """Every measure may rest on those before it."""
    known: list[Measure] = []

    def read_next(entry: Document) -> None:
        known.append(measure.read(entry, items, known))

    document.each("measures", read_next)
    return tuple(known)


def _examples(document: Document, items: tuple[Item, ...], measures: tuple[Measure, ...]) -> tuple[Example, ...]:
    """Each says an answer for every item, and results of measures that are there; `score.check_examples` says whether they hold."""
    codes = {each.code for each in measures}

    def read_one(entry: Document) -> Example:
        answers = tuple(entry.text("answers").split())
        results = entry.table("results", optional=True)
        example = Example(answers, MappingProxyType({code: results.text(code) for code in results.names()}), entry.text("source"))
        if len(answers) != len(items):
            given = f"has {len(answers)} answers for {len(items)} items; `{MISSING_ANSWER}` stands for none"
            entry.complain("answers", given, rests=("items",))
        if not set(example.results) <= codes:
            entry.complain("results", "names a measure that is not there", rests=("items", "measures"))
        entry.finish()
        return example

    return tuple(document.each("examples", read_one)) if document.has("examples") else ()


def _judged(document: Document, measures: tuple[Measure, ...]) -> Measure | None:
    """What rules judge comes first among the results, so that nobody has to look for it."""
    code = document.optional_text("judged")
    if code is None:
        return None
    first = measures[0] if measures else None
    if first is None or first.code != code or not first.is_number or first.direction is None:
        said = f"{code!r} is not the first measure, or no number with a better end; only that can be judged"
        document.complain("judged", said, rests=("items", "measures"))
    return first


def _reference_point(document: Document) -> ReferencePoint | None:
    if not document.has("reference_point"):
        return None
    return cast(ReferencePoint, document.one_of("reference_point", get_args(ReferencePoint)))


def _check(instrument: Instrument, document: Document) -> None:
    if instrument.code == NO_INSTRUMENT:
        document.complain("code", "says that there is none")
    if "|" in instrument.questionnaire:
        document.complain("questionnaire", "is written without version; `scores` says which versions")
    if {each.sent_as for each in instrument.measures} & {each.link for each in instrument.items}:
        document.complain("sent_as", "is an item of the instrument itself", rests=("items", "measures"))
    for name, codes in (("items", [each.link for each in instrument.items]), ("measures", [each.code for each in instrument.measures])):
        if len(set(codes)) != len(codes):
            document.complain(name, f"names a {'link' if name == 'items' else 'code'} twice")
