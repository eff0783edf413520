"""Which episodes belong, and in which box of the flow they lie on a day (M15, M20)."""

from __future__ import annotations

from datetime import date

from beklijf_cohorts.domain.facts import Episode
from beklijf_domain.calendar import treatment_year
from beklijf_domain.cohort import Cohort
from beklijf_domain.states import EpisodeBox


def belongs(episode: Episode, cohort: Cohort) -> bool:
    """Whether the episode is one of the programme, under the cohort's version of it, and of its treatment years (M4), whatever became
    of it. The version is that by which scoring judged it: who is moved to another one is so everywhere at once."""
    under = (episode.programme, episode.protocol_version) == (cohort.programme, cohort.protocol_version)
    return under and treatment_year(episode.t0) in cohort.years


def box(episode: Episode, day: date) -> EpisodeBox | None:
    """The box of the flow on that day, the first that applies; None for entered-in-error: as if it never was (M14).

    Objected is out of every figure from the first day, whatever the data date (M16); an end dated after it is hidden (M9).
    """
    if episode.treatment == "entered-in-error":
        return None
    if episode.participation == "objected":
        return "objected"
    if episode.treatment == "in-treatment" or (episode.treatment_ended is not None and episode.treatment_ended > day):
        return "in-treatment"
    return episode.treatment


def ended(episode: Episode, day: date) -> date | None:
    """Since when the episode is over for follow-up, as known on that day (M16); None = it is followed."""
    if episode.participation not in ("withdrawn", "deceased"):
        return None
    since = episode.participation_since or episode.t0
    return since if since <= day else None


def has_left(episode: Episode, day: date) -> bool:
    """Whether nobody is to be asked any more: ended, objected, stopped early or entered-in-error (M23)."""
    return box(episode, day) not in ("in-treatment", "completed") or ended(episode, day) is not None
