"""What deriving anew would change, counted and shown by examples: the difference between what was told and what would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import msgspec

from beklijf_domain.calendar import treatment_year
from beklijf_domain.cohort import Cohort
from beklijf_shared import topics
from beklijf_shared.events import EpisodeScored, McicChanged, Result, ScoreComputed
from beklijf_shared.outbox import Statement, Told

EXAMPLES_MAXIMUM = 5
"""Of each kind of change; the counts are of all."""

_SCORE = msgspec.json.Decoder(ScoreComputed)
_PAIR = msgspec.json.Decoder(McicChanged)
_EPISODE = msgspec.json.Decoder(EpisodeScored)
VALUES = "values"
"""What a figure is of that no rule has judged."""


class Turn(NamedTuple):
    """One verdict that becomes another. None: there was or will be no verdict by this rule."""

    instrument: str
    moment: str
    rule: str
    before: str | None
    after: str | None


class Figure(NamedTuple):
    """One figure of a cohort: the values of one instrument at one moment, or its verdicts by one rule ("code@version"), of one treatment
    year. Every number that is shown of them is a function of these counts (design, section 5)."""

    cohort: str
    year: int
    instrument: str
    moment: str
    of: str


class Example(NamedTuple):
    """One change that somebody can look at: what it is about, what stands there now and what would."""

    about: str
    before: str
    after: str


@dataclass(slots=True)
class Effect:
    """Counts of what would change. `episodes` are those that would be counted anew; `counts`: how many more or fewer a figure would then
    have of one value or verdict, whatever the data date."""

    cohorts: tuple[Cohort, ...] = ()
    subjects: int = 0
    answers: int = 0
    scores: int = 0
    places: int = 0
    pairs: int = 0
    episodes: int = 0
    counts: Counter[tuple[Figure, str]] = field(default_factory=Counter)
    turns: Counter[Turn] = field(default_factory=Counter)
    moves: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Episodes that come under another version: programme, version before, version after."""
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, before: Mapping[tuple[str, str], Told], rows: Mapping[tuple[str, str], Statement], follow_ups: Mapping[str, str]) -> None:
        """Counts the differences of some subjects: what was told of them, and what would be told otherwise. `follow_ups`: the answer
        that each pair rests on, so that an example can be traced (`beklijf why`)."""
        for place, row in rows.items():
            told = before.get(place)
            if place[0] == topics.EPISODE_SCORED.name:
                self.episodes += 1
                said = None if told is None else _EPISODE.decode(told.body), _EPISODE.decode(row.body)
                self._moved(*said)
                self._episode(*said)
            elif place[0] == topics.SCORE_COMPUTED.name:
                self._score(None if told is None else _SCORE.decode(told.body), _SCORE.decode(row.body))
            elif place[0] == topics.MCIC_CHANGED.name:
                self._pair(None if told is None else _PAIR.decode(told.body), _PAIR.decode(row.body), follow_ups.get(place[1]))

    @property
    def figures(self) -> dict[Figure, dict[str, int]]:
        """The figures that would change, each with what it would have more or fewer of."""
        found: dict[Figure, dict[str, int]] = {}
        for (figure, what), n in sorted(self.counts.items()):
            if n:
                found.setdefault(figure, {})[what] = n
        return found

    def _episode(self, before: EpisodeScored | None, after: EpisodeScored) -> None:
        for cohort in self.cohorts:
            self.counts.subtract(_counted(before, cohort) if before is not None else ())
            self.counts.update(_counted(after, cohort))

    def _score(self, before: ScoreComputed | None, after: ScoreComputed) -> None:
        about = f"response {after.response} ({after.instrument})"
        if before is None or (before.scorable, before.results) != (after.scorable, after.results):
            self.scores += 1
            self._example("scores", Example(about, _score_text(before), _score_text(after)))
        if before is None or (before.counts, before.moment, before.episode) != (after.counts, after.moment, after.episode):
            self.places += 1
            self._example("places", Example(about, _place_text(before), _place_text(after)))

    def _moved(self, before: EpisodeScored | None, after: EpisodeScored) -> None:
        if before is not None and before.protocol_version != after.protocol_version:
            self.moves[after.programme, before.protocol_version, after.protocol_version] += 1

    def _pair(self, before: McicChanged | None, after: McicChanged, follow_up: str | None) -> None:
        old = {} if before is None else {each.rule: each.verdict for each in before.verdicts}
        new = {each.rule: each.verdict for each in after.verdicts}
        turned = [rule for rule in sorted(old.keys() | new.keys()) if old.get(rule) != new.get(rule)]
        self.pairs += bool(turned)
        for rule in turned:
            self.turns[Turn(after.instrument, after.moment, rule, old.get(rule), new.get(rule))] += 1
            whose = f"response {follow_up}" if follow_up is not None else f"episode {after.episode}"
            about = f"{whose}, {after.instrument} at {after.moment}, {rule}"
            self._example("verdicts", Example(about, _verdict_text(before, old.get(rule)), _verdict_text(after, new.get(rule))))

    def _example(self, kind: str, example: Example) -> None:
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES_MAXIMUM:
            shown.append(example)

    def as_json(self) -> dict[str, Any]:
        """The effect as plain data."""
        turns = [{**turn._asdict(), "n": n} for turn, n in sorted(self.turns.items(), key=str)]
        examples = {kind: [each._asdict() for each in shown] for kind, shown in self.examples.items()}
        counts = {name: getattr(self, name) for name in ("subjects", "answers", "scores", "places", "pairs", "episodes")}
        moves = [{"programme": code, "before": old, "after": new, "n": n} for (code, old, new), n in sorted(self.moves.items())]
        figures = [{**figure._asdict(), "differences": differences} for figure, differences in self.figures.items()]
        return {**counts, "moves": moves, "verdicts": turns, "figures": figures, "examples": examples}

    def as_text(self) -> str:
        """The effect in lines for a person."""
        figures = self.figures
        lines = [
            f"{self.subjects} patients with {self.answers} answers were derived anew, and nothing was written",
            f"{self.scores} scores would change, {self.places} answers would count otherwise",
            f"{sum(self.turns.values())} verdicts of {self.pairs} pairs would change; {self.episodes} episodes would be counted anew",
            f"{len(figures)} figures of {len({figure.cohort for figure in figures})} cohorts would change",
        ]
        lines += [f"  {n} episodes move from {code}@{old} to {code}@{new}" for (code, old, new), n in sorted(self.moves.items())]
        for turn, n in sorted(self.turns.items(), key=str):
            lines.append(f"  {n} x {turn.rule}, {turn.instrument} at {turn.moment}: {turn.before or 'none'} -> {turn.after or 'none'}")
        for kind, shown in self.examples.items():
            lines.append(f"examples of {kind}:")
            lines += [f"  {each.about}: {each.before} -> {each.after}" for each in shown]
        if figures:
            lines.append("examples of figures:")
            lines += [_figure_text(*each) for each in list(figures.items())[:EXAMPLES_MAXIMUM]]
        return "\n".join(lines)


def _counted(said: EpisodeScored, cohort: Cohort) -> Iterator[tuple[Figure, str]]:
    """What one episode adds to the figures of a cohort: nothing unless it belongs to it, was completed, and nobody objected (M15)."""
    year = treatment_year(date.fromisoformat(said.t0))
    is_in = (said.programme, said.protocol_version) == (cohort.programme, cohort.protocol_version) and year in cohort.years
    if not is_in or said.treatment != "completed" or said.participation == "objected":
        return
    for each in said.results:
        yield Figure(cohort.code, year, each.instrument, each.moment, VALUES), _values_text(each.results)
    for pair in said.verdicts:
        for judged in pair.verdicts:
            rule = f"{judged.rule}@{judged.rule_version}"
            if rule in cohort.rules:
                yield Figure(cohort.code, year, pair.instrument, pair.moment, rule), judged.verdict


def _values_text(results: Iterable[Result]) -> str:
    return ", ".join(f"{each.measure} {result_text(each)}" for each in results) or "not scorable"


def _figure_text(figure: Figure, differences: Mapping[str, int]) -> str:
    shown = list(differences.items())[:EXAMPLES_MAXIMUM]
    more = f" and {len(differences) - len(shown)} more" if len(differences) > len(shown) else ""
    changes = ", ".join(f"{what} {n:+d}" for what, n in shown)
    return f"  {figure.cohort} {figure.year}, {figure.instrument} at {figure.moment}, {figure.of}: {changes}{more}"


def _score_text(said: ScoreComputed | None) -> str:
    if said is None:
        return "none"
    if not said.scorable:
        return f"not scorable ({said.not_scorable_reason})"
    return _values_text(said.results)


def _place_text(said: ScoreComputed | None) -> str:
    return "none" if said is None else said.counts + (f" at {said.moment}" if said.moment else "")


def _verdict_text(said: McicChanged | None, verdict: str | None) -> str:
    if said is None or verdict is None:
        return "no verdict"
    ends = [result_text(each) for each in (said.baseline, said.follow_up) if each is not None]
    return f"{verdict} ({' to '.join(ends)})"


def result_text(result: Result) -> str:
    """A result as text: its number with all decimals of its scale, or its code."""
    if result.code is not None:
        return result.code
    digits = str(abs(result.integer or 0)).rjust(result.scale + 1, "0")
    sign = "-" if (result.integer or 0) < 0 else ""
    return sign + (f"{digits[: -result.scale]}.{digits[-result.scale :]}" if result.scale else digits)
