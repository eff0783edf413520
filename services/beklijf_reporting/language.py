"""The reader's language: English in the source, Dutch in a catalogue; and how numbers and days are written in each.

A message is English text in the code or a template, marked with `_`. Its Dutch stands in `locale/nl/LC_MESSAGES/beklijf.po`, which is
read as it is when the service starts. A test says that no message lacks its Dutch. Titles that are data (instruments, moments, rules)
and what figures say of themselves are looked up in the same catalogue; what a site adds of its own is shown as it wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po

SOURCE = "en"
CODES = ("en", "nl")
FOLDER = Path(__file__).parent / "locale"
DAY = "d MMMM y"


def marked(message: str) -> str:
    """Marks a text as a message for the catalogue, and leaves it as it is; imported as `_`."""
    return message


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its messages, and its signs in numbers."""

    code: str
    locale: Locale = field(hash=False)
    catalogue: Mapping[str, str] = field(hash=False, repr=False)

    def __call__(self, message: str, **values: object) -> str:
        """The message in this language, with values in the places that it names in braces; itself where the catalogue has none."""
        found = self.catalogue.get(message) or message
        return found.format(**values) if values else found

    def number(self, text: str) -> str:
        """English digits (`1,234.5`) with this language's signs: `1.234,5`."""
        return text if self.code == SOURCE else text.translate(self._signs())

    def day(self, on: date) -> str:
        """A calendar day in words: 14 March 2019, 14 maart 2019."""
        return format_date(on, DAY, self.locale)

    def instant(self, at: datetime, zone: ZoneInfo) -> str:
        """An instant as day, time to the second and zone: `14 March 2019, 09:05:07 CET`."""
        local = at.astimezone(zone)
        return f"{self.day(local.date())}, {local:%H:%M:%S %Z}"

    @property
    def name(self) -> str:
        """What it calls itself."""
        return (self.locale.get_display_name(self.locale) or self.code).capitalize()

    def _signs(self) -> dict[int, str]:
        symbols = self.locale.number_symbols["latn"]
        return {ord(","): symbols["group"], ord("."): symbols["decimal"]}


@cache
def of(code: str) -> Language:
    """One of the languages in CODES."""
    return Language(code, Locale.parse(code), MappingProxyType({} if code == SOURCE else _catalogue(code)))


def wanted(asked: str | None, accepted: str | None) -> Language:
    """The language that was asked for in the address, else the first of `Accept-Language` that is here, else English."""
    if asked in CODES:
        return of(asked)
    for code in _by_preference(accepted or ""):
        if code in CODES:
            return of(code)
    return of(SOURCE)


def _by_preference(accepted: str) -> list[str]:
    """The languages of an `Accept-Language` header, the most wanted first; what cannot be read is left out."""
    ranked = []
    for place, part in enumerate(accepted.split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            wish = float(weight or 1)
        except ValueError:
            continue
        if wish > 0:
            ranked.append((-wish, place, name.partition("-")[0].strip().lower()))
    return [code for _, _, code in sorted(ranked)]


def _catalogue(code: str) -> dict[str, str]:
    with (FOLDER / code / "LC_MESSAGES" / "beklijf.po").open("rb") as file:
        messages = read_po(file, locale=code)
    return {str(each.id): str(each.string) for each in messages if each.id and each.string and not each.fuzzy}


ENGLISH = of(SOURCE)
