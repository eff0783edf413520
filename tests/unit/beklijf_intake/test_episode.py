"""The two dated facts of an episode, and for whom a patient stands (M14, M15)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from beklijf_intake.domain.episode import Consent, Episode, Facts, MergeCycle, Patient, Stamp, chain, facts

NIGHT = datetime(2014, 5, 31, 22, 30, tzinfo=UTC)
"""Half past midnight of 1 June in Amsterdam."""
ARRIVED = datetime(2020, 3, 2, 12, 0, tzinfo=UTC)
STAMP = Stamp(None, ARRIVED)


def episode(status: Any = "active", ended: date | None = None, stamp: Stamp = STAMP) -> Episode:
    """An episode that began on 3 March 2014."""
    return Episode("imsr", status, date(2014, 3, 3), ended, stamp)


def patient(*, deceased: bool = False, deceased_on: date | None = None, stamp: Stamp = STAMP) -> Patient:
    """A woman born in 1970."""
    return Patient("female", 1970, deceased, deceased_on, stamp)


def refusal(refuses: Any, day: date, about: str | None = None) -> Consent:
    """A Consent of that day."""
    return Consent(day, refuses, about, STAMP)


def derive(one: Episode, of: Patient | None = None, *consents: Consent) -> Facts:
    """The facts of the episode e1 in Amsterdam."""
    return facts("e1", one, of, consents, "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("status", "ended", "treatment", "on"),
    [
        ("active", date(2014, 5, 1), "in-treatment", None),
        ("onhold", None, "in-treatment", None),
        ("finished", date(2014, 5, 1), "completed", date(2014, 5, 1)),
        ("cancelled", date(2014, 5, 1), "stopped-early", date(2014, 5, 1)),
        ("entered-in-error", date(2014, 5, 1), "entered-in-error", None),
    ],
)
def test_treatment_follows_the_status(status: str, ended: date | None, treatment: str, on: date | None) -> None:
    derived = derive(episode(status, ended))

    assert (derived.treatment, derived.treatment_ended) == (treatment, on)


def test_end_without_a_date_is_dated_by_the_local_day_of_the_statement_else_of_arrival() -> None:
    stated = derive(episode("finished", stamp=Stamp(NIGHT, ARRIVED)))
    arrived = derive(episode("finished"))

    assert (stated.treatment_ended, arrived.treatment_ended) == (date(2014, 6, 1), date(2020, 3, 2))


def test_unknown_patient_follows_with_unknown_sex() -> None:
    derived = derive(episode())

    assert (derived.sex, derived.birth_year, derived.participation, derived.participation_since) == ("unknown", None, "following", None)


def test_earliest_of_withdrawn_and_deceased_counts() -> None:
    dead = patient(deceased=True, deceased_on=date(2014, 7, 1))

    before = derive(episode(), dead, refusal("collect", date(2014, 6, 1)))
    after = derive(episode(), dead, refusal("collect", date(2014, 8, 1)))
    same = derive(episode(), dead, refusal("collect", date(2014, 7, 1)))

    assert (before.participation, before.participation_since) == ("withdrawn", date(2014, 6, 1))
    assert (after.participation, after.participation_since) == ("deceased", date(2014, 7, 1))
    assert same.participation == "deceased"


def test_death_without_a_date_is_dated_by_the_local_day_of_the_statement() -> None:
    derived = derive(episode(), patient(deceased=True, stamp=Stamp(NIGHT, ARRIVED)))

    assert (derived.participation, derived.participation_since) == ("deceased", date(2014, 6, 1))


def test_objection_wins_whatever_came_first() -> None:
    consents = refusal("collect", date(2014, 6, 1)), refusal("use", date(2016, 1, 1)), refusal("use", date(2015, 1, 1))

    derived = derive(episode(), patient(deceased=True, deceased_on=date(2014, 5, 1)), *consents)

    assert (derived.participation, derived.participation_since) == ("objected", date(2015, 1, 1))


def test_consent_about_another_episode_and_a_permit_have_no_effect() -> None:
    consents = refusal("use", date(2014, 6, 1), "e2"), refusal(None, date(2014, 6, 1))

    derived = derive(episode(), patient(), *consents)

    assert derived.participation == "following"
    assert derive(episode(), patient(), refusal("collect", date(2014, 6, 1), "e1")).participation == "withdrawn"


def test_received_is_the_latest_of_what_the_facts_rest_on() -> None:
    late, latest = datetime(2021, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)

    derived = derive(episode(), patient(stamp=Stamp(None, late)), Consent(date(2014, 6, 1), None, None, Stamp(None, latest)))

    assert derived.received_at == late


def test_a_replaced_patient_stands_for_the_last_of_the_chain() -> None:
    assert chain("a", {"a": "b", "b": "c", "x": "y"}) == ["a", "b", "c"]
    assert chain("c", {"a": "b"}) == ["c"]


@pytest.mark.parametrize("links", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}], ids=str)
def test_a_ring_is_refused(links: dict[str, str]) -> None:
    with pytest.raises(MergeCycle):
        chain("a", links)
