"""Totals that a sender's form calculates itself: recomputed by the instrument's own formula, and ours is kept (M24)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from beklijf_domain.instrument import Instrument
from beklijf_domain.score import AnswerOutside, Scorer, scorer
from beklijf_intake.domain.form.extensions import SDC, Element, Notes, extension
from beklijf_intake.domain.submission import AnswerValue

_EXPRESSION = SDC + "sdc-questionnaire-calculatedExpression"
_OLD_EXPRESSION = "http://hl7.org/fhir/StructureDefinition/questionnaire-calculatedExpression"


class Total(NamedTuple):
    """One measure that senders may send along: in which item, and how it is recomputed from the other answers."""

    link: str
    measure: str
    score: Scorer
    scored: frozenset[str]
    """The items that the instrument asks."""

    def of(self, answers: Iterable[AnswerValue]) -> Decimal | None:
        """The measure as the instrument computes it; None where it gives none."""
        try:
            values = self.score([answer for answer in answers if answer.link in self.scored]).values
        except AnswerOutside:
            return None
        found = next((value for value in values if value.measure == self.measure), None)
        return None if found is None or found.integer is None else Decimal(found.integer).scaleb(-found.scale)


def total_of(item: Element, instrument: Instrument | None, notes: Notes) -> Total | None:
    """How the total in this item is recomputed, if an instrument says that it is one of its measures; notes what is not recomputed."""
    measures = () if instrument is None else instrument.measures
    measure = next((one for one in measures if one.sent_as == item["linkId"]), None)
    if instrument is not None and measure is not None and item["type"] in ("integer", "decimal"):
        notes.checked.append(f"total (recomputed by {instrument.code})")
        return Total(item["linkId"], measure.code, scorer(instrument), frozenset(one.link for one in instrument.items))
    if extension(item, _EXPRESSION, _OLD_EXPRESSION) is not None:
        notes.lacks("calculatedExpression", "the expression (FHIRPath) is not evaluated: what is sent is kept as it came")
    return None


def differing(totals: Iterable[Total], answers: Iterable[AnswerValue]) -> Iterator[tuple[str, bool]]:
    """The items whose total differs from ours: (linkId, whether ours could be computed)."""
    given = list(answers)
    for total in totals:
        sent = [answer for answer in given if answer.link == total.link]
        ours = total.of(given) if sent else None
        for answer in sent:
            number = Decimal(answer.decimal) if answer.decimal is not None else answer.integer
            if ours is None or number != ours:
                yield total.link, ours is not None
