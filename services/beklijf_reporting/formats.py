"""How numbers and words stand on a page, in the reader's language: the only place where a figure's text is changed.

Rounding is half up on exact decimal text (M35), never on floats. A percentage is the same digits with the point moved.
A cell without a number is a word: "suppressed" (M37) or the reason there is none (M34); never 0, never blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from beklijf_domain import exact
from beklijf_reporting.language import ENGLISH, Language
from beklijf_reporting.language import marked as _
from beklijf_shared.events import Cell, Missing

Kind = Literal["count", "score", "share", "probability", "ratio", "text"]

MINUS = "\N{MINUS SIGN}"
SUPPRESSED = _("suppressed")
WITHOUT_NUMBER = _("none")
WHY_SUPPRESSED = _("too few episodes to show without saying something about one of them")
YES_NO = (_("yes"), _("no"))
"""Cells that are words; they come as they are from the figures."""
DECIMALS: dict[Kind, int] = {"score": 1, "share": 1, "probability": 3, "ratio": 2}
SMALLEST_PROBABILITY = Decimal("0.001")
REASONS = {
    "none": _("nobody to count"),
    "needs-two": _("fewer than two"),
    "no-variance": _("all values are equal"),
    "no-discordant-pairs": _("nobody changed sides"),
    "not-applicable": _("not part of this row"),
}
"""Why there is no number (M34), in words; a reason that is not listed is shown as it came."""
ALPHA = Decimal("0.05")
"""A difference is marked when p is below this, exactly (M31)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One cell as a reader sees it: the words, and what kind of words they are (for the style sheet)."""

    text: str
    state: Literal["number", "suppressed", "none", "text"]
    title: str = ""


def rounded(decimal_text: str, places: int) -> str:
    """Decimal text cut half up to so many decimals, thousands apart: `1234.56` at 1 is `1,234.6`; no negative zero."""
    return format(Decimal(exact.cut_decimals(decimal_text, places)), ",f")


def percentage(share_text: str, places: int = DECIMALS["share"]) -> str:
    """A share between 0 and 1 as a percentage: `0.4046` is `40.5`."""
    return rounded(str(Decimal(share_text).scaleb(2)), places)


def probability(decimal_text: str) -> str:
    """A p-value: three decimals, or `< 0.001`."""
    if Decimal(decimal_text) < SMALLEST_PROBABILITY:
        return "< 0.001"
    return rounded(decimal_text, DECIMALS["probability"])


def is_marked(decimal_text: str) -> bool:
    """Whether a p-value carries the mark: below 0.05, compared exactly, before any rounding (M31)."""
    return Decimal(decimal_text) < ALPHA


def shown(cell: Cell, kind: Kind, language: Language = ENGLISH) -> Shown:
    """A cell of a figure as words."""
    if isinstance(cell, Missing):
        if cell.suppressed:
            return Shown(language(SUPPRESSED), "suppressed", language(WHY_SUPPRESSED))
        return Shown(language(WITHOUT_NUMBER), "none", reason(cell.reason, language))
    if not is_number(cell):
        return Shown(language(words(str(cell))), "text")
    return Shown(language.number(number(str(cell), kind)).replace("-", MINUS), "number")


def number(value: str, kind: Kind) -> str:
    """Decimal text in the manner of its kind, with an ASCII minus."""
    if kind == "count":
        return rounded(value, 0)
    if kind == "share":
        return f"{percentage(value)} %"
    if kind == "probability":
        return probability(value)
    return rounded(value, DECIMALS.get(kind, 1))


def is_number(value: int | str) -> bool:
    """Whether a value is a number: an integer, or plain decimal text."""
    if isinstance(value, int):
        return True
    digits = value.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


def reason(text: str | None, language: Language = ENGLISH) -> str:
    """Why there is no number, as a sentence without a full stop."""
    if not text:
        return language(_("no number is defined here"))
    return language(REASONS[text]) if text in REASONS else words(text)


def words(code: str) -> str:
    """A code as words: `no-follow_up` is `no follow up`."""
    return code.replace("_", " ").replace("-", " ")


def instant(text: str, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """An RFC 3339 instant as day, time to the second and zone: `14 March 2019, 09:05:07 CET`."""
    return language.instant(datetime.fromisoformat(text), zone)


def day(text: str, language: Language = ENGLISH) -> str:
    """A calendar day in words: `2019-03-14` is `14 March 2019`."""
    return language.day(date.fromisoformat(text))


def count(number_: int, language: Language = ENGLISH) -> str:
    """A whole number, thousands apart."""
    return language.number(f"{number_:,}")


def plain(text: str, language: Language = ENGLISH) -> str:
    """Decimal text as it is, with all of its digits and the language's signs; a word in the language."""
    if not is_number(text):
        return language(text)
    whole, point, decimals = text.removeprefix("-").partition(".")
    return (MINUS if text.startswith("-") else "") + language.number(f"{int(whole):,}{point}{decimals}")
