"""What a cohort wants to see of categories: how often each was answered, and one question against another at a later moment.

All of it is data of the cohort: no code knows which category is a good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from beklijf_domain.document import Document
from beklijf_domain.instrument import Instrument

Groupings = Mapping[str, tuple[str, ...]]
"""Name -> the codes that it stands for, such as `improved` for three of six."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a cross-tab: the one question of an instrument, at one moment."""

    instrument: str
    moment: str
    groupings: Groupings = field(hash=False)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One question (`rows`) against another at another moment (`columns`), of the episodes in one group (M18)."""

    figure: str
    group: str
    rows: Side
    columns: Side


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each category of each measure was answered. The categories run from the least to the most, the first is none (M29)."""

    figure: str
    instrument: str
    groupings: Mapping[str, Groupings] = field(hash=False)
    """By measure."""


def crossings(document: Document) -> tuple[Crossing, ...]:
    """The cross-tabs that a cohort asks for. Raises ContractError."""
    return tuple(document.each("crossed", _crossing)) if document.has("crossed") else ()


def tallies(document: Document) -> tuple[Tally, ...]:
    """The tallies that a cohort asks for. Raises ContractError."""
    return tuple(document.each("tallied", _tally)) if document.has("tallied") else ()


def content(crossed: tuple[Crossing, ...], tallied: tuple[Tally, ...]) -> dict[str, object]:
    """The same as JSON can hold it, for the hash of a definition."""
    return {
        "crossed": [[each.figure, each.group, _side_content(each.rows), _side_content(each.columns)] for each in crossed],
        "tallied": [
            [each.figure, each.instrument, {measure: _plain(some) for measure, some in each.groupings.items()}] for each in tallied
        ],
    }


def codes_of(instrument: Instrument, measure: str) -> tuple[str, ...]:
    """The categories of a measure in their order; none where it is a number or unknown."""
    found = instrument.measure(measure)
    return () if found is None else tuple(category.code for category in found.categories)


def _crossing(document: Document) -> Crossing:
    group = document.one_of("group", ("all", "responders", "non-responders"))
    result = Crossing(document.text("figure"), group, _side(document, "rows", "row"), _side(document, "columns", "column"))
    if result.rows.moment == result.columns.moment:
        document.complain("columns", "must be at another moment than the rows")
    document.finish()
    return result


def _side(document: Document, key: str, kind: str) -> Side:
    text = document.text(key)
    instrument, at, moment = text.partition("@")
    if not (instrument and at and moment):
        document.fail(key, f"{text!r} is not written as instrument@moment")
    return Side(instrument, moment, _groupings(document.table(f"{kind}_groupings", optional=True)))


def _tally(document: Document) -> Tally:
    groupings = document.table("groupings", optional=True)
    by_measure = {measure: _groupings(groupings.table(measure)) for measure in groupings.names()}
    result = Tally(document.text("figure"), document.text("instrument"), by_measure)
    document.finish()
    return result


def _groupings(document: Document) -> Groupings:
    return {name: document.texts(name) for name in document.names()}


def _side_content(side: Side) -> list[object]:
    return [side.instrument, side.moment, _plain(side.groupings)]


def _plain(groupings: Groupings) -> dict[str, object]:
    return {name: list(codes) for name, codes in groupings.items()}
