"""The reference cohort as it is sent, and what must come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from beklijf.reference import resources
from beklijf.reference.imsr.affairs import affairs
from beklijf.reference.imsr.arrangement import SCORES
from beklijf.reference.imsr.dirt import letters, strays
from beklijf.reference.imsr.histories import EARLY, Story, stories
from beklijf.reference.imsr.letters import AT_ONCE, Letter
from beklijf.reference.resources import Resource


@dataclass(frozen=True, slots=True)
class Expected:
    """What the receipt must say, and how the answers stand in the end, by disposition (M8; drafts stay in intake)."""

    sent: int
    accepted: int
    duplicate: int
    refused: int
    answers: dict[str, int]

    @property
    def stored_answers(self) -> int:
        """Answers that left intake, by identifier."""
        return sum(number for ends, number in self.answers.items() if ends != "draft")


@dataclass(frozen=True, slots=True)
class Truth:
    """One episode as it is in the end. `scores`: by instrument and moment; `codes`: by instrument, moment and linkId."""

    number: int
    pseudonym: str
    episode: str
    hospital: int
    group: str
    year: int
    t0: str
    female: bool
    age: int
    scores: dict[tuple[str, str], int]
    codes: dict[tuple[str, str, str], str]

    @property
    def stopped_early(self) -> bool:
        """In the flow and nowhere else."""
        return self.group == EARLY


def sent() -> Iterator[Letter]:
    """Everything in order of arrival, with who sends it and what becomes of it: each episode's own mail, then what came late."""
    everybody = stories()
    dirty = affairs(everybody)
    late: list[Letter] = []
    for story in everybody:
        for letter in letters(story, dirty.get(story.history.number)):
            if letter.wave == AT_ONCE:
                yield letter
            else:
                late.append(letter)
    for letter in strays(everybody):
        if letter.wave == AT_ONCE:
            yield letter
        else:
            late.append(letter)
    yield from sorted(late, key=lambda letter: letter.wave)


def generate(hospital: int | None = None) -> Iterator[Resource]:
    """All resources in order of arrival, or those that one hospital sends (0 or 1)."""
    return (letter.resource for letter in sent() if hospital is None or letter.hospital == hospital)


def expected(hospital: int | None = None) -> Expected:
    """What must come of `generate`, of all or of one hospital."""
    effects: Counter[str] = Counter()
    ends: dict[str, str] = {}
    for letter in sent():
        if hospital in (None, letter.hospital):
            effects[letter.effect] += 1
            if letter.ends is not None:
                identifier = letter.resource["identifier"]
                ends[f"{identifier['system']}|{identifier['value']}"] = letter.ends
    total, duplicate, refused = effects.total(), effects["repeated"], effects["refused"]
    return Expected(total, total - duplicate - refused, duplicate, refused, dict(sorted(Counter(ends.values()).items())))


def truth() -> tuple[Truth, ...]:
    """Every episode of the study and those that stopped early, with the answers that count in the end."""
    return tuple(_truth(story) for story in stories())


def _truth(story: Story) -> Truth:
    history = story.history
    return Truth(
        number=history.number,
        pseudonym=resources.pseudonym(history)["value"],
        episode=resources.episode_name(history)["value"],
        hospital=history.hospital,
        group=story.group,
        year=history.t0.year,
        t0=history.t0.isoformat(),
        female=history.female,
        age=story.age,
        scores={
            (one.instrument, one.moment): sum(one.items) if one.items else one.value
            for one in history.measurements
            if one.instrument in SCORES
        },
        codes={(one.instrument, one.moment, link): code for one in history.measurements for link, _, code in one.choices},
    )
