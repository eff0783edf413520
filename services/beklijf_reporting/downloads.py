"""Tables as CSV: the snapshot's own numbers, unrounded, one line per row of the figure.

A spreadsheet runs what begins like a formula; such text gets an apostrophe in front (numbers are left alone, so a negative
change stays a number).
"""

from __future__ import annotations

import csv
import io

from beklijf_reporting import formats
from beklijf_shared.events import Cell, CohortSnapshot, Figure, Missing
from beklijf_shared.figures import records

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it a spreadsheet guesses the encoding."""


def table(snapshot: CohortSnapshot, figure: Figure) -> str:
    """One figure as CSV (RFC 4180): what it rests on in every line, then strata, then cells."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heads = ["cohort", "data_date", "definition", "population", "denominator", *figure.strata, *figure.columns]
    writer.writerow([neutral(head) for head in heads])
    facts = [snapshot.cohort, snapshot.data_date, snapshot.definition_hash, figure.population, figure.denominator]
    for row in records(figure):
        values = [*row.stratum.values(), *(plain(row.cells.get(name)) for name in figure.columns)]
        writer.writerow([neutral(value) for value in facts + values])
    return BYTE_ORDER_MARK + text.getvalue()


def plain(cell: Cell | None) -> str:
    """A cell's text as it came: the number, "suppressed", or the reason there is none in brackets."""
    if cell is None:
        return ""
    if isinstance(cell, Missing):
        return formats.SUPPRESSED if cell.suppressed else f"({formats.reason(cell.reason)})"
    return str(cell)


def neutral(text: str) -> str:
    """The text such that no spreadsheet takes it for a formula."""
    if text.startswith(FORMULA_STARTS) and not formats.is_number(text):
        return "'" + text
    return text
