"""A programme as data: its moments, their windows, and what is asked when (M1, M4, M5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfoNotFoundError

from beklijf_domain import move
from beklijf_domain.calendar import add_months, treatment_year, zone
from beklijf_domain.document import Document
from beklijf_domain.item import LANGUAGES
from beklijf_domain.move import Move

Anchor = Literal["start", "end-of-treatment"]
"""From which day a moment is counted: t0, or the reported end of treatment. Before that end is known its moments are not scheduled."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days of one moment of one episode, both ends inside: opens <= target <= closes."""

    opens: date
    target: date
    closes: date

    def holds(self, day: date) -> bool:
        """Whether the day lies inside."""
        return self.opens <= day <= self.closes


@dataclass(frozen=True, slots=True)
class Moment:
    """One planned measurement. `months` or `days` after its anchor, or `months_by_year` by treatment year; `before` and `after` in days.

    `title` is English; `titles` has it in every language of the programme. `instruments` are the codes of what is asked; an answer to
    another instrument is unscheduled here (M5). `baseline` is the moment with which a change is compared (M25), None for the baseline
    itself.
    """

    code: str
    title: str
    months: int | None
    before: int
    after: int
    instruments: tuple[str, ...]
    baseline: str | None
    months_by_year: Mapping[int, int] = field(default_factory=dict, hash=False)
    days: int | None = None
    anchor: Anchor = "start"
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)

    def offset_months(self, year: int) -> int | None:
        """Calendar months from t0 to the target for that treatment year; None when nothing is scheduled (M4)."""
        return self.months if self.months is not None else self.months_by_year.get(year)


@dataclass(frozen=True, slots=True)
class Protocol:
    """One programme at one version. `years` are the treatment years it was written for; any other t0 is accepted (M4).

    `planned` names the instruments that moments ask for and the registry does not have yet: nobody can answer them,
    and every service says so when it starts.
    """

    code: str
    version: str
    title: str
    time_zone: str
    years: tuple[int, ...]
    moments: tuple[Moment, ...]
    planned: tuple[str, ...]
    citation: str
    rules: tuple[str, ...] = ()
    """The codes of the rules by which its pairs are judged, side by side."""
    since: date | None = None
    until: date | None = None
    """This version holds for episodes that began on or after `since` and before `until`; None: no limit on that side."""
    former: tuple[Protocol, ...] = ()
    """The versions before this one, the latest first."""
    moved: tuple[Move, ...] = ()
    """Whom this version takes over, on purpose, from those before it."""
    taken: tuple[Move, ...] = ()
    """Whom later versions take over from this one."""
    languages: tuple[str, ...] = ("en",)
    """In which it has titles, for those who fill in and those who read."""
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)
    lasts: tuple[str, str] | None = None
    """The two follow-ups that say whether a result lasted (M27); None: the first and the last."""

    @property
    def name(self) -> str:
        """Code and version."""
        return f"{self.code}@{self.version}"

    def covers(self, t0: date, episode: str = "") -> bool:
        """Whether this episode, which began on that day, is under this version: by its day, unless another version takes it over."""
        if any(each.takes(t0, episode) for each in self.taken):
            return False
        by_day = (self.since is None or self.since <= t0) and (self.until is None or t0 < self.until)
        return by_day or any(each.takes(t0, episode) for each in self.moved)

    def at(self, t0: date, episode: str = "") -> Protocol:
        """The version under which an episode that began on that day is, and stays: a newer one leaves it where it is, unless it says
        that it takes it over."""
        return next((version for version in (self, *self.former) if version.covers(t0, episode)), self)

    @property
    def names_episodes(self) -> bool:
        """Whether some version takes over episodes by name, so that their day of start is not enough to know their version."""
        return any(each.episodes for version in (self, *self.former) for each in version.moved)

    def moment(self, code: str) -> Moment | None:
        """The moment of that code, or None: this programme lacks it."""
        return next((moment for moment in self.moments if moment.code == code), None)

    def window(self, moment: Moment, t0: date, ended: date | None = None) -> Window | None:
        """The window of a moment for an episode that began at t0, and whose treatment ended on that day if it did (M1).

        None = not scheduled: for that treatment year (M4), or as long as the treatment goes on.
        """
        anchor = t0 if moment.anchor == "start" else ended
        if anchor is None:
            return None
        if moment.days is not None:
            target = anchor + timedelta(days=moment.days)
        else:
            months = moment.offset_months(treatment_year(t0))
            if months is None:
                return None
            target = add_months(anchor, months)
        return Window(target - timedelta(days=moment.before), target, target + timedelta(days=moment.after))

    def windows(self, t0: date, ended: date | None = None) -> dict[str, Window]:
        """All windows of an episode by moment code, in the order of the protocol; what is not scheduled is left out."""
        result: dict[str, Window] = {}
        for moment in self.moments:
            window = self.window(moment, t0, ended)
            if window is not None:
                result[moment.code] = window
        return result

    def is_scheduled(self, moment: str, instrument: str) -> bool:
        """Whether this instrument is asked at this moment (M5)."""
        found = self.moment(moment)
        return found is not None and instrument in found.instruments

    @property
    def counts_from_end(self) -> bool:
        """Whether any moment is counted from the end of treatment."""
        return any(moment.anchor == "end-of-treatment" for moment in self.moments)

    @property
    def baseline_moments(self) -> tuple[str, ...]:
        """The moments that others compare themselves with."""
        return tuple(dict.fromkeys(moment.baseline for moment in self.moments if moment.baseline is not None))


def read(document: Document) -> Protocol:
    """A protocol from its contract file, proven free of overlapping windows. Raises ContractError."""
    languages = _languages(document)
    result = Protocol(
        code=document.text("code"),
        version=document.text("version"),
        title=document.text("title"),
        time_zone=document.text("time_zone"),
        years=document.integers("years"),
        moments=tuple(document.each("moments", lambda entry: _moment(entry, languages))),
        planned=document.texts("planned", default=()),
        citation=document.text("citation"),
        rules=document.texts("rules", default=()),
        since=move.day(document, "since"),
        moved=tuple(move.read(document)),
        languages=languages,
        titles=_titles(document, languages),
        lasts=_lasts(document),
    )
    _check_names(result, document)
    _check_holes(result, document)
    overlap = find_overlap(result) if document.is_read("moments") and document.is_read("years") else None
    if overlap is not None:
        t0, first, second = overlap
        document.complain("moments", f"windows of {first} and {second} overlap for t0 = {t0}")
    document.finish()
    return result


def _languages(document: Document) -> tuple[str, ...]:
    languages = document.texts("languages", default=("en",))
    if "en" in languages and set(languages) <= set(LANGUAGES):
        return languages
    document.complain("languages", f"must be some of {', '.join(LANGUAGES)}, and en among them")
    return ("en",)


def _titles(document: Document, languages: tuple[str, ...]) -> Mapping[str, str]:
    """A title in each language of the programme: `title` is the English one, `nl` the Dutch."""
    return MappingProxyType({each: document.text("title" if each == "en" else each) for each in languages})


def _lasts(document: Document) -> tuple[str, str] | None:
    if not document.has("lasting"):
        return None
    between = document.texts("lasting")
    if len(between) != 2:
        document.complain("lasting", "names two follow-ups: improved at the first, and still at the second")
        return None
    return between[0], between[1]


def in_turn(versions: Iterable[Protocol]) -> Protocol:
    """The newest of several versions of one programme, knowing the others and until when each holds. Raises ValueError."""
    ordered = sorted(versions, key=lambda each: each.since or date.min)
    days = [each.since for each in ordered]
    if days[0] is not None or len(set(days)) != len(days):
        raise ValueError("exactly one version holds from the beginning, and every other one since a day of its own")
    until = [*days[1:], None]
    if ordered[0].moved:
        raise ValueError("moved: there is no version before the first from which it could take anybody over")
    later = [tuple(each for version in ordered[place + 1 :] for each in version.moved) for place in range(len(ordered))]
    limited = [replace(each, until=end, taken=taken) for each, end, taken in zip(ordered, until, later, strict=True)]
    return replace(limited[-1], former=tuple(reversed(limited[:-1])))


def _moment(document: Document, languages: tuple[str, ...]) -> Moment:
    by_year = document.table("months_by_year", optional=True)
    result = Moment(
        code=document.text("code"),
        title=document.text("title"),
        months=document.integer("months", low=0) if document.has("months") else None,
        before=document.integer("before", low=0),
        after=document.integer("after", low=0),
        instruments=document.texts("instruments"),
        baseline=document.optional_text("baseline"),
        months_by_year=MappingProxyType({int(year): by_year.integer(year, low=0) for year in by_year.names() if year.isdecimal()}),
        days=document.integer("days", low=0) if document.has("days") else None,
        anchor=cast(Anchor, document.one_of("anchor", get_args(Anchor))) if document.has("anchor") else "start",
        titles=_titles(document, languages),
    )
    if sum((result.months is not None, bool(result.months_by_year), result.days is not None)) != 1:
        document.complain("months", "give either months or months_by_year or days")
    for part in (by_year, document):
        part.finish()
    return result


def _check_names(protocol: Protocol, document: Document) -> None:
    codes = [moment.code for moment in protocol.moments]
    if len(set(codes)) != len(codes):
        document.complain("moments", "names a code twice")
    for moment in protocol.moments:
        if moment.baseline is not None and (moment.baseline not in codes or moment.baseline == moment.code):
            document.complain(
                "moments", f"{moment.code} compares itself with {moment.baseline!r}, which is no other moment of this protocol"
            )
        strangers = set(moment.months_by_year) - set(protocol.years)
        if strangers:
            strange = f"{moment.code} has months for {min(strangers)}, which is not one of the protocol's years"
            document.complain("moments", strange, rests=("years",))
    follow_ups = {moment.code for moment in protocol.moments if moment.baseline is not None}
    if not set(protocol.lasts or ()) <= follow_ups:
        document.complain("lasting", "names a moment that is no follow-up of this protocol", rests=("moments",))
    try:
        zone(protocol.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        document.complain("time_zone", f"{protocol.time_zone!r} is not a known time zone")


def _check_holes(protocol: Protocol, document: Document) -> None:
    """A year of the protocol without an offset, and a moment at which nothing is asked, are forgotten rather than meant."""
    for moment in protocol.moments:
        if moment.months_by_year and (missing := set(protocol.years) - set(moment.months_by_year)):
            document.complain("moments", f"{moment.code} has no months for {min(missing)}, which is one of the protocol's years")
        if not moment.instruments:
            document.complain("moments", f"{moment.code} asks nothing")


def find_overlap(protocol: Protocol) -> tuple[date, str, str] | None:
    """A t0 for which two windows overlap, with the two moments; None is a proof that there is none, whatever t0 (M1).

    Moments of one anchor are held against each other. How far the end of a treatment lies from its start is nobody's to say: windows
    of different anchors may meet, and then the nearest target decides (M5).
    """
    for t0 in representative_days(protocol):
        for anchor in get_args(Anchor):
            moments = [(moment.code, protocol.window(moment, t0, t0)) for moment in protocol.moments if moment.anchor == anchor]
            windows = sorted(((code, window) for code, window in moments if window is not None), key=lambda entry: entry[1].opens)
            for (first, earlier), (second, later) in pairwise(windows):
                if later.opens <= earlier.closes:
                    return t0, first, second
    return None


def representative_days(protocol: Protocol) -> Iterator[date]:
    """Days of t0 that stand for all: if windows overlap for any t0 at all, they overlap for one of these.

    How far two targets lie apart depends on three things only. (1) The treatment year, through `months_by_year`: each of the
    protocol's years is tried itself, and other years have no such moments. (2) The month and the day, where days up to the 28th
    are never clamped and so behave alike: the 1st, 28th, 29th, 30th and 31st of every month are tried. (3) Which of the years
    that follow are leap years: a stretch shorter than ninety years holds at most one century that is not a leap year, so the
    years from one stretch before 1900 to four after it show every pattern.
    """
    offsets = [months for moment in protocol.moments for months in (moment.months, *moment.months_by_year.values()) if months is not None]
    reach_years = max(offsets, default=0) // 12 + 2
    if reach_years > 90:
        raise ValueError("a moment more than 88 years after t0 is beyond this proof")
    for year in (*protocol.years, *range(1900 - reach_years, 1905)):
        for month in range(1, 13):
            first = date(year, month, 1)
            yield first
            for day in (28, 29, 30, 31):
                if (last := first + timedelta(days=day - 1)).month == month:
                    yield last
