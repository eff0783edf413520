"""Histories of FHIR resources from one hospital, whose versions can be ordered without knowing when they arrived (M11, M14)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.lib import builders, reference
from tests.lib.histories import rarely

Resource = dict[str, Any]

PATIENTS = ("p1", "p2")
T0_DAYS = (date(2012, 12, 31), date(2014, 3, 3), date(2014, 4, 20))
ENDS = (10, 32, 33, 60, 200, 500, 1500)


def _stated(version: int) -> Resource:
    """A sender's clock that grows from version to version."""
    return {"lastUpdated": datetime(2019, 5, 1 + version, 23, 30, tzinfo=UTC).isoformat()}


@st.composite
def _patients(draw: st.DrawFn) -> list[Resource]:
    """One to three versions of each patient. The second may turn out to be the first, and the first may have died."""
    found = []
    for name in PATIENTS:
        for version in range(draw(st.integers(1, 3))):
            more: Resource = {"meta": _stated(version)}
            fate = draw(st.sampled_from(("lives", "lives", "lives", "lives", "dated", "undated")))
            if name == "p2":
                if rarely(draw):
                    more["link"] = [{"other": {"identifier": builders.named(builders.PSEUDONYMS, "p1")}, "type": "replaced-by"}]
            elif fate == "dated":
                more["deceasedDateTime"] = (T0_DAYS[1] + timedelta(draw(st.sampled_from(ENDS)) + 1)).isoformat()
            elif fate == "undated":
                more["deceasedBoolean"] = True
            found.append(builders.patient(name, **more))
    return found


@st.composite
def _episodes(draw: st.DrawFn) -> list[Resource]:
    found = []
    for name in ("e1", "e2"):
        of, t0 = "p2" if rarely(draw) else "p1", draw(st.sampled_from(T0_DAYS))
        for version in range(draw(st.integers(1, 3))):
            t0 = draw(st.sampled_from(T0_DAYS)) if rarely(draw) else t0
            status = draw(
                st.sampled_from(
                    ("finished", "finished", "finished", "finished", "finished", "active", "onhold", "cancelled", "entered-in-error")
                )
            )
            ended = draw(st.sampled_from((None, (t0 + timedelta(60)).isoformat())))
            found.append(builders.episode(name, of=of, t0=t0.isoformat(), status=status, ended=ended, meta=_stated(version)))
    return found


@st.composite
def _consents(draw: st.DrawFn) -> list[Resource]:
    found = []
    for version in range(draw(st.sampled_from((0, 0, 1, 2)))):
        since = T0_DAYS[1] + timedelta(draw(st.sampled_from(ENDS)))
        refuses = draw(st.sampled_from(("collect", "collect", "use")))
        status = draw(st.sampled_from(("active", "active", "inactive")))
        episode = draw(st.sampled_from((None, "e1")))
        one = builders.consent("c1", of="p1", since=since.isoformat(), refuses=refuses, status=status, episode=episode)
        found.append(one | {"meta": _stated(version)})
    return found


@st.composite
def _answers(draw: st.DrawFn, name: str, starts: list[date]) -> list[Resource]:
    """One to four versions of one answer: drafts, the form, amendments, a retraction; no two alike in status and `authored`."""
    instrument, of = draw(st.sampled_from(("vas-pain", "vas-pain", "qbpds"))), "p2" if rarely(draw) else "p1"
    opens, target, closes = reference.windows(draw(st.sampled_from(starts)))[draw(st.sampled_from(("t0", "t0", "t1", "t1", "t2", "t4")))]
    day = draw(st.sampled_from((target, target, opens, closes, opens - timedelta(1), closes + timedelta(1))))
    first = datetime(day.year, day.month, day.day, draw(st.sampled_from((0, 9, 22))), tzinfo=UTC)
    kinds = st.tuples(
        st.sampled_from(("in-progress", "completed", "completed", "completed", "amended", "amended", "amended", "entered-in-error")),
        st.integers(0, 3),
    )
    make = builders.vas if instrument == "vas-pain" else builders.qbpds
    return [
        make(
            name,
            draw(st.sampled_from((0, 10, 35, 50, 100))),
            of=of,
            authored=(first + timedelta(hours=hours)).isoformat(),
            status=status,
            episode=draw(st.sampled_from((None, None, None, "e1", "e2"))),
            moment=draw(st.sampled_from((None, None, None, None, "t0", "t1", "t3"))),
        )
        for status, hours in draw(st.lists(kinds, min_size=1, max_size=4, unique=True))
    ]


@st.composite
def sent(draw: st.DrawFn) -> list[Resource]:
    """Everything that one hospital sent, each version once."""
    found = draw(_patients()) + draw(_episodes()) + draw(_consents())
    starts = [date.fromisoformat(one["period"]["start"]) for one in found if one["resourceType"] == "EpisodeOfCare"]
    for number in range(draw(st.integers(1, 6))):
        found += draw(_answers(f"r{number}", starts))
    for name, t0 in (("e1", starts[0]), ("e2", starts[-1])):
        found += [
            builders.vas(f"{name}-{moment}", draw(st.sampled_from((0, 10, 35, 50))), authored=f"{target}T10:00:00Z", episode=name)
            for moment, (_, target, _) in reference.windows(t0).items()
            if draw(st.booleans())
        ]
    return found


@st.composite
def arrivals(draw: st.DrawFn, history: list[Resource]) -> list[list[Resource]]:
    """In any order, some of it twice, in batches of different size."""
    order = list(draw(st.permutations(history)))
    for again in draw(st.lists(st.sampled_from(history), max_size=4)):
        order.insert(draw(st.integers(0, len(order))), again)
    size = draw(st.sampled_from((1, 3, 100)))
    return [order[start : start + size] for start in range(0, len(order), size)]
