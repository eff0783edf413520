"""What is answered by code: perceived effect (Table 5) and care use (the text), and who answers what.

The study's care use is read as M29 reads it: its printed categories overlap and have holes, ours do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from beklijf.reference import draw
from beklijf.reference.imsr.arrangement import Column, Person, answering
from beklijf.reference.imsr.dice import Dice
from beklijf.reference.imsr.targets import GROUPS, NON_RESPONDERS, QBPDS, RESPONDERS, VAS, YEARS, perceived, targets
from beklijf.reference.resources import BASE

GPE_6, GPE_3, CARE_USE = "gpe-6", "gpe-3", "care-use"
ANSWER_CODES = {instrument: f"{BASE}/CodeSystem/{instrument}-answer" for instrument in (GPE_6, GPE_3, CARE_USE)}

Choices = tuple[tuple[str, str, str], ...]
"""linkId, system and code of each answer."""

Columns = dict[tuple[str, str], Column]

PERCEIVED_BY_OTHERS = {"completely-recovered": 1, "much-better": 48, "slightly-better": 36, "same": 8, "slightly-worse": 5, "much-worse": 2}
"""In percent, of non-responders: Figure 4 of the article prints no numbers."""

SHARES: dict[str, dict[str, dict[str, int]]] = {
    "care-use-paramedical": {
        "t0": {"none": 15, "incidental": 185, "regular": 800},
        "t4": {"none": 400, "incidental": 200, "regular": 400},
    },
    "care-use-specialist": {
        "t0": {"none": 220, "once": 260, "twice": 240, "more-than-twice": 280},
        "t4": {"none": 640, "once": 150, "twice": 10, "more-than-twice": 200},
    },
    "care-use-imaging": {"t0": {"no": 160, "yes": 840}, "t4": {"no": 650, "yes": 350}},
    "care-use-medication": {
        "t0": {"none": 370, "over-the-counter": 100, "prescription": 530},
        "t4": {"none": 520, "over-the-counter": 200, "prescription": 280},
    },
    "care-use-aids": {"t0": {"no": 680, "yes": 320}, "t4": {"no": 820, "yes": 180}},
}
"""Per mille by question and moment, the least use first. 78 % saw a specialist and half saw one or two: what is printed beside
them (25 % three or more, 21 % none) cannot be true as well."""


def perceived_effect(columns: Columns) -> dict[tuple[Person, str], Choices]:
    """GPE-6 at t1 of everybody who answered then, GPE-3 at t4 of the responders of Table 5, by person and moment."""
    found: dict[tuple[Person, str], Choices] = {}
    for year in YEARS:
        people = answering(RESPONDERS, year, "t1")[: len(perceived()[year])]
        people.sort(key=lambda person: (-_gain(person, "t0", "t1", columns), person))
        blocks: dict[str, list[Person]] = {}
        for person, (at_t1, _) in zip(people, perceived()[year], strict=True):
            found[person, "t1"] = _choice(GPE_6, at_t1)
            blocks.setdefault(at_t1, []).append(person)
        for at_t1, block in blocks.items():
            later = [at_t4 for first, at_t4 in perceived()[year] if first == at_t1]
            for person, at_t4 in zip(_later_order(block, later.count(None), columns), later, strict=True):
                if at_t4 is not None:
                    found[person, "t4"] = _choice(GPE_3, at_t4)
        others = answering(NON_RESPONDERS, year, "t1")[: _most(NON_RESPONDERS, year, "t1")]
        others.sort(key=lambda person: (-_gain(person, "t0", "t1", columns), person))
        for person, code in zip(others, shared_out(PERCEIVED_BY_OTHERS, len(others)), strict=True):
            found[person, "t1"] = _choice(GPE_6, code)
    return found


def care_use(columns: Columns) -> dict[tuple[Person, str], Choices]:
    """Care use of everybody who answered at t0, and of all responders at t4, by person and moment."""
    found: dict[tuple[Person, str], Choices] = {}
    for moment, groups in (("t0", GROUPS), ("t4", (RESPONDERS,))):
        for group in groups:
            people = [person for year in YEARS for person in answering(group, year, moment)[: _most(group, year, moment)]]
            answers: dict[Person, list[tuple[str, str, str]]] = {person: [] for person in people}
            for question, shares in SHARES.items():
                ranked = sorted(people, key=lambda person: (_need(person, question, moment, columns), person))
                for person, code in zip(ranked, shared_out(shares[moment], len(ranked)), strict=True):
                    answers[person].append((question, ANSWER_CODES[CARE_USE], code))
            found.update({(person, moment): tuple(given) for person, given in answers.items()})
    return found


def shared_out(shares: dict[str, int], n: int) -> list[str]:
    """N codes in the given proportions, the largest remainders rounded up."""
    whole = sum(shares.values())
    exact = {code: Fraction(share * n, whole) for code, share in shares.items()}
    counts = {code: floor(number) for code, number in exact.items()}
    for code in sorted(exact, key=lambda code: (counts[code] - exact[code], code))[: n - sum(counts.values())]:
        counts[code] += 1
    return [code for code, count in counts.items() for _ in range(count)]


def _choice(instrument: str, code: str) -> Choices:
    return ((instrument, ANSWER_CODES[instrument], code),)


def _most(group: str, year: int, moment: str) -> int:
    """How many answered anything then."""
    return max(targets()[instrument, group, year, moment].n for instrument in (QBPDS, VAS))


def _later_order(block: Sequence[Person], without: int, columns: Columns) -> list[Person]:
    """From best to worst since t1; who did not answer at t4 stands last, whoever that is."""
    silent = Dice("imsr", "no perceived effect at t4", *block[0]).shuffled(block)[:without]
    rest = [person for person in block if person not in silent]
    return sorted(rest, key=lambda person: (-_gain(person, "t1", "t4", columns), person)) + silent


def _gain(person: Person, since: str, until: str, columns: Columns) -> int:
    """How much better someone would say to be: the points gained in both scores, and the day's mood."""
    gain = 0
    for instrument in (QBPDS, VAS):
        before, after = columns[instrument, since].get(person), columns[instrument, until].get(person)
        if before is not None and after is not None:
            gain += before - after
    return gain + draw.bell(0, 14, "imsr", *person, until, "mood")


def _need(person: Person, question: str, moment: str, columns: Columns) -> int:
    """How much care someone uses: by pain and disability then, by habit, and by chance."""
    scores = sum(columns[instrument, moment].get(person, 40) for instrument in (QBPDS, VAS))
    return scores + draw.bell(0, 25, "imsr", *person, question) + draw.bell(0, 25, "imsr", *person, question, moment)
