"""What can happen to some patients at two hospitals, drawn by Hypothesis, and the events that tell of it: amendments, retractions,
refusals, deaths, and patients who turn out to be one, or not to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from beklijf_shared.events import Answer, EpisodeChanged, Event, ResponseAccepted
from tests.lib import builders
from tests.lib.worlds import FORM, LINKS

PATIENTS = ("p1", "p2", "p3")
T0_DAYS = (date(2014, 8, 31), date(2014, 12, 31), date(2015, 1, 1), date(2015, 1, 20))
"""Around the day on which another version of the programme begins; the last two lie so close that an answer may fit both."""
MONTHS = {"start": 0, "later": 92, "latest": 121, "year": 365}
OFF = (0, 0, 0, -10, 10, -11, 11, 21, 60, 61)
TREATMENTS = ("completed", "completed", "completed", "in-treatment", "stopped-early", "entered-in-error")
STATUSES = ("completed", "completed", "amended", "amended", "entered-in-error")
FATES = ("following", "following", "withdrawn", "deceased", "objected")
ENDS = (5, 72, 73, 100, 400)
ITEMS = ((0, 0, 10), (10, 10, 0), (10, 0, 5), (4, 3, 9), (7, 0, 10), (10, 10, 10), (0, 0, 0), (1, None, 2), (None, None, None))


@dataclass
class Intake:
    """The least that intake does: who is who, what came of each patient, and a new version of every event that changed thereby."""

    replaced: dict[str, str] = field(default_factory=dict)
    fates: dict[str, tuple[str, str]] = field(default_factory=dict)
    episodes: dict[str, tuple[str, EpisodeChanged]] = field(default_factory=dict)
    answers: dict[str, tuple[str, ResponseAccepted]] = field(default_factory=dict)
    said: list[Event] = field(default_factory=list)
    newest: dict[str, Event] = field(default_factory=dict)

    def chain(self, patient: str) -> list[str]:
        """This patient, who stands for them, and so on."""
        found = [patient]
        while found[-1] in self.replaced:
            found.append(self.replaced[found[-1]])
        return found

    def person(self, patient: str) -> str:
        """Who stands for this patient in the end."""
        return self.chain(patient)[-1]

    def tell(self) -> None:
        """Says whatever is not as it was said last."""
        for name, (patient, episode) in self.episodes.items():
            self._tell(name, replace(episode, subject=self.person(patient), **self._participation(self.person(patient))))
        for name, (patient, answer) in self.answers.items():
            self._tell(name, replace(answer, subject=self.person(patient)))

    def _participation(self, subject: str) -> dict[str, Any]:
        """Objected wins, else the earliest (M15); of all who are this person."""
        fates = [fate for patient, fate in self.fates.items() if self.person(patient) == subject and fate[0] != "following"]
        if not fates:
            return {"participation": "following", "participation_since": None}
        kind, since = min(fates, key=lambda fate: (fate[0] != "objected", fate[1], fate[0]))
        return {"participation": kind, "participation_since": since}

    def _tell(self, name: str, event: EpisodeChanged | ResponseAccepted) -> None:
        known = self.newest.get(name)
        version = 0 if known is None else known.version
        received = f"2016-01-01T00:00:{len(self.said) % 60:02d}Z" if known is None else getattr(known, "received")  # noqa: B009
        if known is None or replace(event, version=version, received=received) != known:
            said = replace(event, version=version + 1, received=f"2016-01-01T00:{len(self.said) // 60:02d}:{len(self.said) % 60:02d}Z")
            self.newest[name] = said
            self.said.append(said)


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Every version of everything, in the order in which it happened: up to three episodes, and twenty more happenings."""
    intake = Intake()
    for number in range(draw(st.integers(1, 3))):
        _episode(draw, intake, f"e{number}")
    intake.tell()
    for episode in list(intake.episodes):
        _course(draw, intake, episode)
    for _ in range(draw(st.integers(0, 20))):
        what = draw(st.sampled_from(("answer", "answer", "answer", "answer", "episode", "merge", "merge", "undo", "fate")))
        if what == "answer":
            _answer(draw, intake, f"r{draw(st.integers(0, 6))}")
        elif what == "episode":
            _episode(draw, intake, draw(st.sampled_from(sorted(intake.episodes))))
        elif what == "merge":
            one, other = draw(st.permutations(PATIENTS))[:2]
            if one not in intake.chain(other):  # nobody is replaced in a circle
                intake.replaced[one] = other
        elif what == "undo":
            intake.replaced.pop(draw(st.sampled_from(PATIENTS)), None)
        else:
            since = draw(st.sampled_from(T0_DAYS)) + timedelta(draw(st.sampled_from(ENDS)))
            intake.fates[draw(st.sampled_from(PATIENTS))] = (draw(st.sampled_from(FATES)), str(since))
        intake.tell()
    return intake.said


def _episode(draw: st.DrawFn, intake: Intake, name: str) -> None:
    t0 = draw(st.sampled_from(T0_DAYS))
    patient, organisation = draw(st.sampled_from(PATIENTS)), "o1" if name != "e2" else "o2"
    treatment = draw(st.sampled_from(TREATMENTS))
    ended = None if treatment == "in-treatment" else str(t0 + timedelta(60))
    facts: dict[str, Any] = {
        "programme": "care",
        "organisation": organisation,
        "t0": str(t0),
        "treatment": treatment,
        "treatment_ended": ended,
    }
    intake.episodes[name] = patient, builders.episode_changed(name, **facts)


def _course(draw: st.DrawFn, intake: Intake, episode: str) -> None:
    """What most patients send: a start and two follow-ups, each where it belongs."""
    patient, about = intake.episodes[episode]
    for moment in ("start", "later", "year"):
        day = date.fromisoformat(about.t0) + timedelta(MONTHS[moment])
        items = draw(st.sampled_from(ITEMS[:7]))
        answer = _response(f"{episode}-{moment}", items, day, 9, organisation=about.organisation)
        intake.answers[answer.response] = patient, answer
        intake.tell()


def _answer(draw: st.DrawFn, intake: Intake, name: str) -> None:
    """A new answer, or another version of one: nearly everything about it may differ, but not when it was measured (M3)."""
    _, about = intake.episodes[draw(st.sampled_from(sorted(intake.episodes)))]
    known = intake.answers.get(name)
    day = date.fromisoformat(about.t0) + timedelta(MONTHS[draw(st.sampled_from(sorted(MONTHS)))] + draw(st.sampled_from(OFF)))
    answer = _response(
        name,
        draw(st.sampled_from(ITEMS)),
        day,
        draw(st.sampled_from((0, 9, 23))),
        organisation=about.organisation if known is None else known[1].organisation,
        status=draw(st.sampled_from(STATUSES)),
        stated_episode=draw(st.sampled_from((None, None, None, about.episode, about.episode, "e9"))),
        stated_moment=draw(st.sampled_from((None, None, None, "start", "later", "year", "halfway"))),
    )
    if known is not None:
        answer = replace(answer, measured=known[1].measured)
    intake.answers[name] = draw(st.sampled_from(PATIENTS)), answer


def _response(name: str, items: tuple[int | None, ...], day: date, hour: int, **facts: Any) -> ResponseAccepted:
    given = tuple(Answer(link=link, integer=item) for link, item in zip(LINKS, items, strict=True) if item is not None)
    measured = datetime(day.year, day.month, day.day, hour, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    return replace(builders.response_accepted(name, measured=measured, **facts), questionnaire=FORM, answers=given)
