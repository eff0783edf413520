"""Tables as CSV: the snapshot's own numbers, unrounded, one line per row of the figure.

A spreadsheet runs what begins like a formula; such text gets an apostrophe in front (numbers are left alone, so a negative
change stays a number).
"""

from __future__ import annotations

import csv
import io

from beklijf_reporting import formats
from beklijf_shared.events import Cell, CohortSnapshot, Figure

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it a spreadsheet guesses the encoding."""


def table(snapshot: CohortSnapshot, figure: Figure) -> str:
    """One figure as CSV (RFC 4180): what it rests on in every line, then strata, then cells."""
    strata = list(dict.fromkeys(name for row in figure.rows for name in row.stratum))
    cells = list(dict.fromkeys(name for row in figure.rows for name in row.cells))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([neutral(head) for head in ["cohort", "data_date", "definition", "population", "denominator", *strata, *cells]])
    facts = [snapshot.cohort, snapshot.data_date, snapshot.definition_hash, figure.population, figure.denominator]
    for row in figure.rows:
        values = [row.stratum.get(name, "") for name in strata] + [plain(row.cells.get(name)) for name in cells]
        writer.writerow([neutral(value) for value in facts + values])
    return BYTE_ORDER_MARK + text.getvalue()


def plain(cell: Cell | None) -> str:
    """A cell's text as it came: the number, "suppressed", or the reason there is none in brackets."""
    if cell is None:
        return ""
    if cell.suppressed:
        return formats.SUPPRESSED
    return str(cell.value) if cell.value is not None else f"({formats.reason(cell.reason)})"


def neutral(text: str) -> str:
    """The text such that no spreadsheet takes it for a formula."""
    if text.startswith(FORMULA_STARTS) and not formats.is_number(text):
        return "'" + text
    return text
